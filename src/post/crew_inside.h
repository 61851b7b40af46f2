/*
 * post/crew_inside - the inside of post/crew: what its threads share, and what each has
 *
 * Included by crew.c (threads, and who opens a session when) and crew_session.c (what happens in one), by nobody else. Whoever
 * looks at a struct crew, or calls its client, holds its lock; nobody holds it while the relay is spoken to.
 *
 * Owns: nothing. Units: milliseconds of clock_steady. Bounds: as post/crew. Errors: none. Threads: by the lock.
 * Source: POSIX pthread_cond_timedwait.
 */
#ifndef POST_CREW_INSIDE_H
#define POST_CREW_INSIDE_H

#include <pthread.h>

#include "post/crew.h"
#include "post/crew_rules.h"
#include "wire/smtp.h"

/* All that is in it, and the client, belongs to who has the lock. */
struct crew {
	const struct crew_order *order;
	const struct crew_client *client;
	struct crew_sum *sum;
	struct crew_rules rules;
	struct member *member;
	unsigned members; /* begun */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned working;	/* members that have mail in hand, or ask for it; when there is none, all is done */
	unsigned open, opening; /* sessions */
	unsigned news;		/* counts what a member may wait for that has nothing to do */
	unsigned without;	/* mail/offers that did not hold */
	const struct account *relay; /* the account or its fallback: whoever let the first session in */
	bool last_pass;		/* what is left is given one by one */
	bool over;		/* no mail is begun any more */
	bool failed;
	struct failure why;
};

struct member {
	struct crew *crew;
	struct link own, *link;
	struct smtp_limits limits;
	pthread_t thread;
	struct job *first;   /* taken, so that no session is opened for nothing */
	struct job *suspect; /* the first mail without an answer when the session was lost: counts as tried */
	bool between;	     /* it ended by a 421 between two mails: no fault */
	bool lost;	     /* what ends from now on has not been answered */
	size_t answered;     /* in this run of the engine */
	unsigned given, mails, in_hand; /* in this session; and of these answered; under way */
};


struct job *crew_fetch(struct crew *c, int64_t *when); /* the feed's next, or NULL */
void crew_give_back(struct crew *c, struct job *j);
void crew_tell_news(struct crew *c);
bool crew_is_alone(const struct crew *c); /* mails go one by one */
bool crew_is_through(const struct member *m); /* the session has had as many mails as the relay takes in one */
/* Sends what the feed has over the member's session: as smtp_run. The lock is held before and after, not meanwhile. */
MUST_CHECK int crew_run_session(struct member *m, struct failure *f);

#endif
