/*
 * post/crew - sends the mails of one feed over several sessions at a time with one account's relay
 *
 * next() is asked for mails, and done() gets each back, once. The first session is opened in the caller's thread; only when it is
 * open, and there is mail for more, other sessions get threads of their own. With sessions 1 there is no thread at all.
 * The crew decides what a lost or refused session means for the other sessions, and its client what it means for the mail. A relay
 * that takes no more sessions while some are open keeps these, and is asked again after a pause (FIRST_PAUSE_MS and
 * its doubles, post/crew_rules.c). A 421 between two
 * mails is no fault; if it came twice after the same number of mails, each session ends by itself after that many. After a lost
 * session each session takes one mail at a time until NARROW_MAILS have passed. Where nobody is let in, one session asks again and
 * again until order.patience is over, and the others wait for it.
 * An answer which says that too much is sent (post/limits), or a third temporary failure of one kind in a row in a run with patience,
 * makes all sessions pause and go on slower; its mail comes back as CREW_BACK, and was not tried.
 * A mail goes again for such words eight times at the most (post/crew_pace.c): then they may be about it alone.
 * Use: crew_run(&order, &client, &sum, f).
 *
 * Owns: its sessions, except that of order.link. Units: milliseconds of clock_steady. Bounds: order.sessions at a time, and
 * order.others in place of lost ones. Errors: -1 and *f where the relay lets no session in (turned_away() was called), or too many
 * sessions were lost, or the rate lets none go: mails left in the feed were not tried. Threads: the caller's; the client's functions are called one at a
 * time, from any of the crew's threads. Source: RFC 5321 3.8, 4.2.1, 4.5.4.1.
 */
#ifndef POST_CREW_H
#define POST_CREW_H

#include "post/job.h"
#include "post/link.h"
#include "post/pace.h"

enum crew_end {
	CREW_DONE, /* its verdicts are final for this run */
	CREW_BACK, /* the mail was not tried: its PENDING recipients may be given again */
	CREW_TRIED /* the mail was under way when its session was lost, or no session was to be had: its verdicts tell how far it came */
};

struct crew_client { /* functions that are called one at a time, except for sync */
	void *ctx;
	/* The next mail. alone: no other mail is under way in that session, so that an UNSURE mail, or one at which the relay may
	 * end the session, can be given. NULL: none now; *when: the time to ask again; 0: none any more, unless one comes back. */
	struct job *(*next)(void *ctx, bool alone, int64_t *when);
	void (*done)(void *ctx, struct job *j, enum crew_end how);
	/* A transaction of the mail begins, for whatever its PENDING recipients had to wait. Or NULL. */
	void (*begins)(void *ctx, struct job *j);
	/* Some recipients of the mail have their answers, and the transaction of the others begins after this call. NULL: nothing
	 * is to be done between them. */
	void (*part)(void *ctx, struct job *j);
	/* The relay lets nobody in, and will be asked again. before: it had let us in. Or NULL. */
	void (*kept_out)(void *ctx, const struct failure *why, bool before);
	void (*turned_away)(void *ctx, const struct failure *why); /* the relay lets no session in: mails left in the feed are not tried */
	/* The relay is waited for: time to write to the disk. May be called by several threads at a time; or NULL. */
	void (*sync)(void *ctx);
	/* How many mails may be taken ahead together, from now on: those of a window, or one. Called before the first next(); or NULL. */
	void (*window)(void *ctx, unsigned mails);
	/* No mail is under way, and none may go: words tell why, `until` when one may, 0: not known. words NULL: it is over. Or NULL. */
	void (*waits)(void *ctx, const char *words, int64_t until);
	void (*tick)(void *ctx); /* about each half second, while a session waits for something else than an answer; or NULL */
	bool (*over)(void *ctx); /* no more mail is to be begun, not even one that next() has given; or NULL */
};

struct crew_order {
	const struct account *account;
	unsigned sessions;  /* how many sessions at a time */
	struct link *link;  /* the link whose session is used, and kept; `sessions` is 1 then; or NULL */
	bool along;	    /* the crew's mail goes along with the caller's: failures of it are not shown to the caller */
	const struct tracer *tracer; /* of the session in the caller's thread */
	int64_t end;	    /* when a message that is not written yet is broken off; 0: never */
	bool stays;	    /* the account's rate is waited for, however long; else the crew ends where that takes more than a minute */
	unsigned others;    /* sessions that may take the place of lost ones; UINT_MAX: any number */
	unsigned patience;  /* seconds for which a relay that lets nobody in is asked again; 0: it is not */
};

struct crew_sum {
	size_t sessions, most, lost; /* sessions that were opened; the most at a time; sessions that were lost with mail under way */
	unsigned open;		     /* sessions that are open, while the crew runs */
	unsigned mails;		     /* how many mails the relay takes in one session, if it has shown that; or 0 */
	unsigned limit;		     /* how many sessions the relay takes at a time, if it has shown that; or 0 */
};

MUST_CHECK int crew_run(const struct crew_order *o, const struct crew_client *client, struct crew_sum *sum, struct failure *f);

#endif
