/*
 * wire/token_answer - what a provider of tokens answers, read: JSON into a struct, strictly
 *
 * Use: struct token_answer a; token_answer_read(&a, 200, SLICE("{}"), ANSWER_TOKEN, f); ... token_answer_free(&a), also where the
 * reading has failed. An answer that says why there is no token is read well (0): a.error is set. What follows from it is
 * wire/token_fault's.
 * expires_in may be missing (RFC 6749 5.1 only recommends it), be a text of digits, or nonsense: without a number above 0 a token is
 * taken to last TOKEN_LASTS, and never longer than TOKEN_LASTS_MOST. A token_type that is missing is Bearer; another one is a failure.
 *
 * Owns: its texts, in memory of its own, wiped by token_answer_free. Units: seconds.
 * Bounds: TOKEN_MOST octets of a token or a code, TOKEN_WORDS of words to be shown; what has more is a failure, words are cut.
 * Errors: AT_TOKEN EX_PROTOCOL: no JSON object, a name twice, no token, a token that cannot be sent (RFC 6750 2.1); EX_TEMPFAIL where
 * a status of 429 or 5xx says so; AT_TOKEN EX_TEMPFAIL where jansson cannot be loaded. No text of an answer is shown but its error and
 * description. Threads: any.
 * Source: RFC 6749 5.1, 5.2, 7.1; RFC 8628 3.2; RFC 7009 2.2; RFC 8259.
 */
#ifndef WIRE_TOKEN_ANSWER_H
#define WIRE_TOKEN_ANSWER_H

#include <stdint.h>

#include "conf/private.h"

enum { TOKEN_MOST = 16 * 1024, TOKEN_WORDS = 256, TOKEN_LASTS = 15 * 60, TOKEN_LASTS_MOST = 365 * 24 * 60 * 60 };

enum token_wanted {
	ANSWER_TOKEN,	/* to a token request */
	ANSWER_DEVICE,	/* to a device authorization request (RFC 8628 3.2) */
	ANSWER_REVOKED, /* to a revocation: a body means nothing where the status is 200 */
};

struct token_answer {
	int status;
	const char *access, *refresh; /* "": none */
	const char *scope;	      /* "" or the scope that the token has, printable */
	unsigned lasts;		      /* of the token, or of the device code */
	bool lasts_said;
	const char *error;	 /* "" or "invalid_grant", printable */
	const char *description; /* "" or words, printable, cut where Microsoft's trace begins */
	unsigned number;	 /* Microsoft's AADSTS number, or 0 */
	const char *device_code, *user_code, *verification_uri, *verification_uri_complete; /* the last one may be "" */
	unsigned interval; /* of polling */
	int64_t skew;	   /* how far their clock is ahead of ours */
	bool dated;	   /* they have said it */
	struct private text;
};

MUST_CHECK int token_answer_read(struct token_answer *out, int status, struct slice body, enum token_wanted wanted, struct failure *f);
void token_answer_free(struct token_answer *a);
/* A provider's words as they may be shown, cut where room or Microsoft's trace begins; and its AADSTS number in them, or 0. */
void token_answer_words(char *to, size_t room, struct slice said);
unsigned token_answer_number(const char *description);

#endif
