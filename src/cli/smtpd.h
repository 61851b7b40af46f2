/*
 * cli/smtpd - SMTP with a client on standard input: what it has said so far
 *
 * smtpd.c has the session from its greeting on; smtpd_commands.c takes a command and answers it; smtpd_mail.c takes the
 * message and hands it over, and puts the relay's verdict into an answer. Included by those three only.
 *
 * Owns: the dialogue, the session with the relay, and what the transaction at hand holds.
 * Bounds: SMTPD_RECIPIENTS a transaction; SMTPD_ERRORS commands that cannot be taken, and of a service's client that lead
 * to nothing, from one message to the next; smtpd_limit octets a message. Threads: one.
 * Errors: -1 and *f: the client is gone or the host is out of something. Source: RFC 5321 4, RFC 6409.
 */
#ifndef CLI_SMTPD_H
#define CLI_SMTPD_H

#include "intake/dialogue.h"
#include "intake/intake.h"
#include "cli/options.h"
#include "cli/service.h"
#include "intake/smtp_words.h"
#include "post/link.h"

enum { SMTPD_RECIPIENTS = 10000, SMTPD_ERRORS = 100, SMTPD_PATIENCE = 300 /* seconds, RFC 5321 4.5.3.2.7 */ };

struct smtpd {
	struct dialogue io;
	bool batch; /* -bS: nobody reads the answers */
	bool lf;    /* its lines end in LF */
	const struct options *options;
	struct intake intake;
	struct link link;
	struct peer peer;
	bool extended; /* it said EHLO */
	struct job job; /* of the transaction at hand */
	struct request request; /* what the options and its MAIL and RCPT ask for */
	bool mail;	  /* MAIL was taken */
	bool bdat;	  /* a BDAT was, and LAST has not come */
	bool spoilt;	  /* of a batch's transaction: something was refused, so that nothing of it is sent */
	struct failure why; /* the first thing that went wrong with its message */
	bool wrong;	    /* there is one */
	uint64_t octets; /* that came behind DATA or BDAT */
	bool looked;	 /* for the usual account: */
	const struct account *usual; /* of mail that says nothing of itself; or NULL */
	unsigned errors; /* commands that led to nothing, since the last message */
	unsigned full;	 /* recipients that were one too many, likewise */
	bool behind;	    /* something is in the queue now */
	size_t taken, refused; /* messages */
	size_t strays;	       /* of a batch: commands outside of any that could not be taken */
	bool quit;
};

/* One line of the client's, and the answer to it; DATA and BDAT with what follows them. */
MUST_CHECK int smtpd_command(struct smtpd *s, struct slice line, bool too_long, struct failure *f);
/* The input ended in a message, or nothing more came of it. */
MUST_CHECK int smtpd_cut_short(struct smtpd *s, struct failure *f);
/* The client has said nothing for too long. */
MUST_CHECK int smtpd_leave(struct smtpd *s, struct failure *f);
/* In a batch nobody reads the answers: what went wrong is told on standard error, with the message's number. */
void smtpd_tell_batch(const struct smtpd *s, int code, const char *lines);
/* One more thing that led to nothing, and it is one too many; then the answer to it. */
bool smtpd_is_too_much(struct smtpd *s);
MUST_CHECK int smtpd_too_much(struct smtpd *s, struct failure *f);
/* The account of mail that says nothing of itself, or NULL. */
const struct account *smtpd_usual(struct smtpd *s);
/* The most octets that a message of the transaction at hand may have; before MAIL, of any that says nothing of itself. 0: any. */
uint64_t smtpd_limit(struct smtpd *s);
/* A service reads no more of what it will not keep. */
bool smtpd_is_endless(struct smtpd *s, uint64_t more);
/* Begins the message; its text follows with smtpd_text. */
void smtpd_begin_message(struct smtpd *s);
void smtpd_text(void *smtpd, char *p, size_t len);
/* The message is whole: hands it over, and answers. */
MUST_CHECK int smtpd_end_message(struct smtpd *s, struct failure *f);
void smtpd_reset(struct smtpd *s);
MUST_CHECK int smtpd_say(struct smtpd *s, int code, const char *lines, struct failure *f);
/* The failure as an answer. */
MUST_CHECK int smtpd_say_failure(struct smtpd *s, const struct failure *why, struct failure *f);

#endif
