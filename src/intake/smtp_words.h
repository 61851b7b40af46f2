/*
 * intake/smtp_words - what a client's MAIL and RCPT say, in words
 *
 * Use: smtp_words_mail(&m, arena, slice_of("FROM:<a@b> SIZE=100"), f);
 * smtp_words_rcpt(&r, arena, slice_of("TO:<a@b> NOTIFY=NEVER"), utf8, f).
 * Blanks behind the colon and a path without <> are taken, as everybody does.
 *
 * Owns: nothing; texts in the arena. Bounds: a line is at most DIALOGUE_LINE octets.
 * Errors: AT_USAGE, with client_code and enhanced code in *f. Threads: any.
 * Source: RFC 5321 4.1.2, 1870, 6152, 6531, 3461.
 */
#ifndef INTAKE_SMTP_WORDS_H
#define INTAKE_SMTP_WORDS_H

#include "intake/request.h"

/* The largest number in SIZE and BDAT: 18 digits, so that a sum of them does not overflow. */
#define SMTP_WORDS_NUMBER UINT64_C(999999999999999999)

struct mail_said {
	const char *sender;
	uint64_t size; /* 0: not said */
	enum body_kind body;
	enum ret ret;
	const char *envid; /* or NULL */
	bool smtputf8;
};

MUST_CHECK int smtp_words_mail(struct mail_said *out, struct arena *in, struct slice words, struct failure *f);
MUST_CHECK int smtp_words_rcpt(struct request_recipient *out, struct arena *in, struct slice words, bool smtputf8, struct failure *f);
/* Fills in a failure with a code for the client; returns -1. */
int smtp_words_refuse(struct failure *f, int code, const char *enhanced, const char *text);

#endif
