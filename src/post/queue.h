/*
 * post/queue - mail that waits: what is due, another try, how long until the next, when to give up
 *
 * Where the promise of submit is kept. One session carries all that goes to the same account, pipelined as a batch; who
 * has been due for longest goes first. A relay that lets nobody in is asked once a run, and that is an attempt of all that
 * is due. Where a session is lost midway, the mail that was in hand has been tried, and the others go on in another
 * session, one at a time, a few times; what was not tried keeps its time.
 * Use: queue_run(&spool, &order, &sum, f).
 *
 * Owns: nothing. Units: seconds. Bounds: order.most mails, order.until and order.end (clock_steady, milliseconds).
 * Errors: AT_SPOOL where the queue cannot be read or written; a mail that cannot be read is moved to failed/ and named.
 * Threads: one. Any number of runners may be at work. Source: DESIGN (CONTRIBUTING.md), "Spool"; RFC 5321 4.5.4.1.
 */
#ifndef POST_QUEUE_H
#define POST_QUEUE_H

#include "post/link.h"
#include "post/outcome.h"
#include "spool/spool.h"

struct queue_order {
	void *ctx;
	/* The account of that name in that configuration file (NULL: the usual ones); NULL and *f: there is none. */
	const struct account *(*account)(void *ctx, const char *name, const char *config, struct failure *f);
	const struct watcher *watcher;
	bool all;	     /* due or not */
	const char *id;	     /* only those whose name, recipient, sender has it in it; NULL: any */
	const char *recipient, *sender;
	const struct account *only; /* mail of this account; NULL: of any */
	const struct account *keeps; /* how much of what was given up (NULL: all); and looks after mail whose account is gone */
	struct link *link;   /* whose session is used, and kept; or NULL */
	size_t most;	     /* mails that are tried; 0: all */
	size_t names;	     /* how many are looked at, by chance, so that none is left out for ever; 0: all */
	uint64_t largest;    /* octets; what is larger is left where it is; 0: any */
	int64_t until, end;  /* when no more is begun, and when a message that is not written yet is given up; 0: never */
};

MUST_CHECK int queue_run(struct spool *s, const struct queue_order *o, struct queue_sum *sum, struct failure *f);

#endif
