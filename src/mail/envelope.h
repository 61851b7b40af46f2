/*
 * mail/envelope - who sends, who is to get it, and what became of each (RFC 5321 2.3.1)
 *
 * Use: struct envelope e = {.sender = ""}; envelope_add(&e, arena, "bob@example.org").
 * Owns: nothing; addresses and failures live in the arena of the mail's job.
 * Bounds: addresses are bare (no <>), checked: no control character, at most 254 octets; "" is the null
 * sender. Errors: none. Threads: whoever holds the mail. Source: RFC 5321 2.3.1, RFC 3461 4 (the wishes).
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/failure.h"

enum verdict {
	PENDING,  /* no result yet; after a try: not sent, may be tried again */
	ACCEPTED, /* the relay has it */
	DEFERRED, /* the relay said 4yz, or 5yz to what another try may do without */
	REFUSED,  /* the relay said 5yz (whether it waits all the same: post/defer), or its time is over */
	BOUNCED,  /* REFUSED, and a bounce was made, or none is wanted */
	UNSURE,	  /* the message was wholly sent and no answer came: another try may deliver it twice */
	WAITS	  /* not delivered yet: the spool keeps the mail */
};

struct recipient {
	const char *address;
	enum verdict verdict;
	const struct failure *why; /* the failure, in the job's arena; for PENDING: why it was not tried; NULL: none */
	bool expired;		   /* REFUSED or BOUNCED since the mail was given up for its age */
	unsigned notify;	   /* NOTIFY_ bits; 0: those of the envelope */
	const char *orcpt;	   /* TYPE;ADDRESS in xtext, as the caller said it; NULL: not said */
};

enum { NOTIFY_NEVER = 1, NOTIFY_SUCCESS = 2, NOTIFY_FAILURE = 4, NOTIFY_DELAY = 8 };
enum ret { RET_UNSAID, RET_FULL, RET_HDRS };
enum body_kind { BODY_UNSAID, BODY_7BIT, BODY_8BITMIME };

struct envelope {
	const char *sender;
	struct recipient *recipient;
	size_t recipients, room;
	bool beyond_ascii;	/* an address of a recipient has octets above 127 */
	size_t *slot, slots;	/* envelope_add's own: a hash table of indices + 1 */
	unsigned notify;	/* NOTIFY_ bits; 0: not said */
	enum ret ret;
	const char *envid;	/* NULL: none */
	enum body_kind body;	/* as -B said */
	bool smtputf8;		/* the client's MAIL said SMTPUTF8, or -U was given */
	unsigned without;	/* offers (mail/offers) that did not hold for this mail: the next try does without them */
	const struct failure *answer; /* the relay's last word on the mail as a whole; in the arena, or NULL */
	uint64_t octets;	/* octets of the form of the message that a relay got last; 0: none got it */
};

/* Once: no second time (address_same), then NULL. Good until the next is added. The recipient's address is this pointer, no copy. */
struct recipient *envelope_add(struct envelope *e, struct arena *in, const char *address);
/* Adds another envelope's recipient, at this address, with what was asked for him; nothing has become of him yet. */
struct recipient *envelope_add_like(struct envelope *e, struct arena *in, const char *address, const struct recipient *like);
/* Leaves only those recipients, in their order, for whom `stays` says true. */
void envelope_keep(struct envelope *e, bool (*stays)(void *ctx, const struct recipient *r), void *ctx);
/* All that is asked of the mail, and nobody who is to get it. */
struct envelope envelope_without_recipients(const struct envelope *e);
size_t envelope_count(const struct envelope *e, enum verdict v); /* how many recipients have this verdict */
/* The mail was not sent: each PENDING recipient gets a copy of `why` as its failure. */
void envelope_blame(struct envelope *e, struct arena *in, const struct failure *why);
/* The same, and each of them is REFUSED. */
void envelope_refuse(struct envelope *e, struct arena *in, const struct failure *why);
/* How far the mail had come when its session ended. */
enum progress {
	UNTOUCHED, /* no recipient has an answer */
	LEFT_OPEN, /* the session ended before all answers were there, or with a 421 */
	ANSWERED
};
enum progress envelope_progress(const struct envelope *e);
bool envelope_needs_utf8(const struct envelope *e); /* SMTPUTF8 (RFC 6531) was said, or an address is not ASCII */

#endif
