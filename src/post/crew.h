/*
 * post/crew - mails from one feed, over up to so many sessions with one account's relay at a time
 *
 * next() is asked for mails, and done() is told of each, once. The first session is opened in the caller's thread; only when it
 * is in, and there is mail for more, others get threads of their own. With sessions 1 there is no thread at all.
 * What a lost or refused session means for the others is decided here, what it means for the mail by the client:
 * a relay that takes no more sessions while some are open keeps those, and is asked again after a minute, then two ...; a 421
 * between two mails is no fault, and once it came twice after the same number of mails, a session ends by itself after that many;
 * a lost line makes each session take one mail at a time until 100 have passed.
 * Use: crew_run(&order, &client, &sum, f).
 *
 * Owns: its sessions, but for that of order.link. Units: milliseconds of clock_steady. Bounds: order.sessions at a time, and
 * order.others in place of lost ones. Errors: -1 and *f where the relay lets nobody in (nobody() was called) or too many
 * sessions were lost: what the feed still has was not tried. Threads: the caller's; the client's functions are called
 * one at a time, from any of the crew's threads. Source: RFC 5321 3.8, 4.2.1, 4.5.4.1.
 */
#ifndef POST_CREW_H
#define POST_CREW_H

#include "post/job.h"
#include "post/link.h"

enum crew_end {
	CREW_DONE, /* its verdicts are what became of it */
	CREW_BACK, /* that was no attempt: who is PENDING in it is free to be given again */
	CREW_LOST  /* in hand when its session was lost: its verdicts tell how far it was */
};

struct crew_client { /* called one at a time, but for sync */
	void *ctx;
	/* alone: what may make the relay hang up, or is in doubt, can be given now: nothing else is under way in that session.
	 * NULL: none; *when: ask again then; 0: no more, unless one comes back. */
	struct job *(*next)(void *ctx, bool alone, int64_t *when);
	void (*done)(void *ctx, struct job *j, enum crew_end how);
	/* Some of its recipients have their answers, and others come next, behind this call. NULL: they need not wait. */
	void (*part)(void *ctx, struct job *j);
	void (*nobody)(void *ctx, const struct failure *why); /* the relay lets nobody in: what is left of the feed is not tried */
	/* Nothing is to be read from the relay just now: time to write to the disk. By several threads at a time; or NULL. */
	void (*sync)(void *ctx);
};

struct crew_order {
	const struct account *account;
	unsigned sessions;  /* at a time */
	struct link *link;  /* whose session is used, and kept; then sessions is 1; or NULL */
	bool along;	    /* its mail goes along with another: whoever lent the session is told of his own mail only */
	const struct tracer *tracer; /* of the caller's thread's session */
	int64_t end;	    /* a message that is not written by then is given up; 0: never */
	unsigned others;    /* sessions that may take the place of lost ones */
};

struct crew_sum {
	size_t sessions, most, lost; /* opened; at a time; lost with something in them */
	unsigned mails;		     /* that the relay takes in one session, as it has shown; 0: it has not */
	unsigned limit;		     /* sessions that it takes at a time; 0 */
};

MUST_CHECK int crew_run(const struct crew_order *o, const struct crew_client *client, struct crew_sum *sum, struct failure *f);

#endif
