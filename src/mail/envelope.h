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
	PENDING,  /* nothing known; at the end of a run: not sent, free to try again */
	ACCEPTED, /* the relay has it */
	DEFERRED, /* the relay said 4yz, or 5yz to what another try may do without */
	REFUSED,  /* the relay said 5yz (whether it waits all the same: post/defer), or its time is over */
	BOUNCED,  /* REFUSED, and a bounce has told the sender of it, or nobody wanted one */
	UNSURE,	  /* all was sent, no answer came: trying again may deliver twice */
	WAITS	  /* none of these for now: the spool has it */
};

struct recipient {
	const char *address;
	enum verdict verdict;
	const struct failure *why; /* NULL where nothing has failed; of who is PENDING: why he was not tried; in the job's arena */
	bool expired;		   /* REFUSED or BOUNCED, since the time for another try is over */
	unsigned notify;	   /* NOTIFY_ bits; 0: the envelope's */
	const char *orcpt;	   /* TYPE;ADDRESS in xtext, as the caller said it; NULL: the address */
};

enum { NOTIFY_NEVER = 1, NOTIFY_SUCCESS = 2, NOTIFY_FAILURE = 4, NOTIFY_DELAY = 8 };
enum ret { RET_UNSAID, RET_FULL, RET_HDRS };
enum body_kind { BODY_UNSAID, BODY_7BIT, BODY_8BITMIME };

struct envelope {
	const char *sender;
	struct recipient *recipient;
	size_t recipients, room;
	bool beyond_ascii;	/* one of them is */
	size_t *slot, slots;	/* envelope_add's own: a hash table of indices + 1 */
	unsigned notify;	/* NOTIFY_ bits; 0: unsaid */
	enum ret ret;
	const char *envid;	/* NULL: none */
	enum body_kind body;	/* what the caller said with -B */
	bool smtputf8;		/* the caller said that it is needed, or -U */
	unsigned without;	/* mail/offers that proved not to hold for it: the next try does without them */
	struct failure *answer; /* the relay's last word on the mail as a whole; in the arena, or NULL */
	uint64_t octets;	/* of the form of the message that a relay got last; 0: none did */
};

/* Once: no second time (address_same), then NULL. Good until the next is added. The recipient's address is this pointer, no copy. */
struct recipient *envelope_add(struct envelope *e, struct arena *in, const char *address);
/* Adds another envelope's recipient, at this address, with what was asked for him; nothing has become of him yet. */
struct recipient *envelope_add_like(struct envelope *e, struct arena *in, const char *address, const struct recipient *like);
/* All that is asked of the mail, and nobody who is to get it. */
struct envelope envelope_without_recipients(const struct envelope *e);
size_t envelope_count(const struct envelope *e, enum verdict v); /* of how many that became */
/* It was not sent, and this is why: each recipient that is PENDING gets a copy as its failure. */
void envelope_blame(struct envelope *e, struct arena *in, const struct failure *why);
/* How far the mail was when its session ended. */
enum progress {
	UNTOUCHED, /* nothing is known of any recipient */
	LEFT_OPEN, /* the session ended before all answers were there, or with a 421 */
	ANSWERED
};
enum progress envelope_progress(const struct envelope *e);
bool envelope_needs_utf8(const struct envelope *e); /* SMTPUTF8 (RFC 6531): it was said, or an address is not ASCII */

#endif
