/*
 * wire/command - what we say to a relay behind EHLO and AUTH (which libcurl says), as text; what its EHLO says it understands
 *
 * Use: caps_line() for each line of the answer to EHLO; command_mail(), command_rcpt() append a line.
 * No descriptor, no clock; a domain beyond ASCII is written with libcurl's help (wire/idn). Addresses come checked from the envelope.
 * Parameters are written only where the relay offers the extension.
 *
 * Owns: nothing. Bounds: the buf's limit.
 * Errors: AT_SENDER EX_DATAERR when the mail needs SMTPUTF8 or is larger than the relay takes: told before
 * MAIL. Threads: any. Source: RFC 5321 3.3, 4.1.1; SIZE 1870, 8BITMIME 6152, SMTPUTF8 6531, DSN 3461.
 */
#ifndef WIRE_COMMAND_H
#define WIRE_COMMAND_H

#include "mail/mail.h"

struct caps { /* what EHLO offered */
	bool pipelining, chunking, eightbit, smtputf8, dsn, size, starttls;
	uint64_t size_limit; /* octets; 0: none told */
	const char *host;    /* the relay's name, or NULL */
	unsigned forgone;    /* offers (mail/offers) that are not made use of */
	char auth[160];	     /* the mechanisms as offered; "": no AUTH */
};

void caps_line(struct caps *c, struct slice line); /* one line of the answer to EHLO, code aside */
bool caps_auth(const struct caps *c, struct slice mechanism); /* the relay offers this mechanism */
/* Rewrites a line of the answer to EHLO in place, if it is about STARTTLS or AUTH, in the one spelling that every libcurl reads:
 * "auth=login plain" becomes "AUTH LOGIN PLAIN". The length of the line stays the same. */
void caps_spell(char *line, size_t len);
void caps_forgo(struct caps *c, unsigned offers);
/* Which offers MAIL makes use of for this mail; whether its addresses can be written with SMTPUTF8 only; whether one of its RCPT
 * has parameters of DSN. */
unsigned command_uses(const struct caps *c, const struct mail *m);
bool command_needs_utf8(const struct mail *m);
bool command_has_wishes(const struct envelope *e, const struct recipient *r);
MUST_CHECK int command_mail(struct buf *out, const struct caps *c, const struct mail *m, struct failure *f);
MUST_CHECK int command_rcpt(struct buf *out, const struct caps *c, const struct mail *m, const struct recipient *r,
			    struct failure *f);

#endif
