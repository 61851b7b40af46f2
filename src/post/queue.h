/*
 * post/queue - a run of the queue: the feed from the spool to a crew of sessions for each account
 *
 * Each account has one turn in a run; the account whose mail has been due for longest comes first. All mail of the account goes over
 * the sessions of one crew. A relay that lets no session in counts as an attempt of all mail that is due. Where a session is lost
 * midway, the mail under way counts as tried, and the others go on in another session; mail that was not tried stays due.
 * Use: queue_run(&spool, &order, &sum, f).
 *
 * Owns: nothing. Units: seconds. Bounds: order.most mails, order.until and order.end (clock_steady, milliseconds).
 * Errors: AT_SPOOL where the queue cannot be read or written; a mail that cannot be read is moved to failed/, with a warning.
 * Threads: the caller's, and those of post/crew. Any number of runners may be at work.
 * Source: CONTRIBUTING.md, "Spool"; RFC 5321 4.5.4.1.
 */
#ifndef POST_QUEUE_H
#define POST_QUEUE_H

#include "post/link.h"
#include "post/outcome.h"
#include "post/select.h"

struct queue_order {
	void *ctx;
	/* Finds the account of that name in that configuration file (NULL: the usual ones); NULL and *f: there is none. */
	const struct account *(*account)(void *ctx, const char *name, const char *config, struct failure *f);
	const struct tracer *tracer;
	struct filter which;
	const struct account *only; /* only mail of this account is tried; NULL: of any */
	/* Limits for failed/ (NULL: what was given up stays); ages and bounces mail whose account cannot be loaded. */
	const struct account *fallback;
	struct link *link;   /* the link whose session is used, and kept; or NULL */
	size_t most;	     /* how many mails are tried; 0: all */
	int64_t until, end;  /* when no more mail is begun, and when a message that is not written yet is broken off; 0: never */
};

MUST_CHECK int queue_run(struct spool *s, const struct queue_order *o, struct queue_sum *sum, struct failure *f);

#endif
