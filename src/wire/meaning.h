/*
 * wire/meaning - what an answer of the relay means: stage, code and enhanced code taken together, as one table
 *
 * A code alone says too little (552 is a full mailbox, a message too large, or too many recipients), and so does an enhanced
 * code alone. Where there is an enhanced code that says something, it decides; a bare code, and X.0.0, mean what RFC 5321 says.
 * Use: if (meaning_of(&f) == MEANS_TOO_LARGE) ...; for a failure that holds an answer, f.code.
 *
 * Owns: nothing. Errors: MEANS_NOTHING_MORE: its first digit says all. Threads: any.
 * Source: RFC 5321 4.2, 4.5.3.1.10; RFC 3463; RFC 5248 (its registry).
 */
#ifndef WIRE_MEANING_H
#define WIRE_MEANING_H

#include "base/failure.h"

enum meaning {
	MEANS_NOTHING_MORE,
	MEANS_TOO_MANY,	   /* recipients in one transaction */
	MEANS_TOO_LARGE,   /* the message */
	MEANS_FULL,	   /* a mailbox, or the relay's disk */
	MEANS_MAILBOX,	   /* it is there, and takes no mail */
	MEANS_NOBODY,	   /* no such recipient */
	MEANS_LOGIN,	   /* first log in, or encrypt, or otherwise: the configuration is to blame, not the mail */
	MEANS_NOT_YOURS,   /* the sender's address is not one that this user may send as */
	MEANS_NO_SENDER,   /* the sender's address does not exist */
	MEANS_DENIED,	   /* by a rule of the relay's */
	MEANS_NO_PARAMETER, /* of MAIL or RCPT, perhaps: what EHLO offered does not hold */
	MEANS_NO_COMMAND,  /* the relay does not know the command that it offered */
	MEANS_NO_SEQUENCE, /* it knows the command, but not here */
	MEANS_NO_8BIT	   /* it would have to convert the message, and cannot */
};

enum meaning meaning_of(const struct failure *f);
/* The status of sysexits where it is for good. */
int meaning_exit(enum stage at, enum meaning means);

#endif
