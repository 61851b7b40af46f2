/*
 * wire/meaning - what an answer of the relay means: stage, code and enhanced code taken together, as one table
 *
 * A code alone says too little (552 is a full mailbox, a message too large, or too many recipients), and so does an enhanced
 * code alone. Where there is an enhanced code that says something, it decides; a bare code, and X.0.0, mean what RFC 5321 says.
 * Use: if (meaning_of(&f) == MEANS_TOO_LARGE) ...; for a failure that holds an answer, f.code.
 *
 * Many relays check the sender, and the name of EHLO, only at RCPT, with the codes of an unknown recipient: there their words decide.
 *
 * Owns: nothing. Errors: MEANS_NOTHING_MORE: its first digit says all. Threads: any.
 * Source: RFC 5321 4.2, 4.5.3.1.10; RFC 3463; RFC 5248 (its registry).
 */
#ifndef WIRE_MEANING_H
#define WIRE_MEANING_H

#include "base/failure.h"

enum meaning {
	MEANS_NOTHING_MORE,
	MEANS_TOO_MANY,	   /* too many recipients in one transaction */
	MEANS_TOO_LARGE,   /* the message is too large */
	MEANS_FULL,	   /* a mailbox is full, or the relay's disk */
	MEANS_MAILBOX,	   /* the mailbox exists, and takes no mail */
	MEANS_NOBODY,	   /* no such recipient */
	MEANS_LOGIN,	   /* the relay wants a login, another one, or encryption: the configuration is to blame, not the mail */
	MEANS_CLOSED,	   /* the login may not open the mailbox that it sends from: Exchange says so with 430, and no later try helps */
	MEANS_NOT_YOURS,   /* the sender's address is not one that this user may send as */
	MEANS_NO_SENDER,   /* the sender's address does not exist */
	MEANS_OUR_NAME,	   /* the name that we said in EHLO is refused, which some relays say to MAIL or RCPT only */
	MEANS_DENIED,	   /* refused by a rule of the relay's */
	MEANS_NO_PARAMETER, /* a parameter of MAIL or RCPT was refused, perhaps: what EHLO offered does not hold */
	MEANS_NO_COMMAND,  /* the relay does not know the command that it offered */
	MEANS_NO_SEQUENCE, /* the relay knows the command, but not at this point */
	MEANS_NO_8BIT	   /* the relay would have to convert the message, and cannot */
};

enum meaning meaning_of(const struct failure *f);
/* The status of sysexits.h for a final failure. */
int meaning_exit(enum stage at, enum meaning means);

#endif
