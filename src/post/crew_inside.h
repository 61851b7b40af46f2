/*
 * post/crew_inside - the inside of post/crew: what its threads share, and what each has
 *
 * Included only by crew.c (threads, and when a session is opened), crew_session.c (what happens in one session), crew_pace.c (how
 * fast, and what the relay thinks of it) and crew_wait.c (what is waited for, and who is told). A thread that
 * reads a struct crew, or calls the client, holds the crew's lock; no thread holds the lock while it talks to the relay.
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

/* All fields, and the client's functions, may be used only with the lock held. */
struct crew {
	const struct crew_order *order;
	const struct crew_client *client;
	struct crew_sum *sum;
	struct crew_rules rules;
	struct pace *pace; /* own */
	struct member *member;
	unsigned members; /* how many members there are */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned working;	/* members that have mail in hand, or are asking for it; at 0 all is done */
	unsigned open, opening; /* sessions that are open, and those being opened */
	unsigned news;		/* counts the events that a member without mail may wait for */
	unsigned without;	/* offers (mail/offers) that did not hold */
	const struct account *relay; /* the account, or its fallback, whose relay let the first session in */
	unsigned ahead;		/* as the client was told: how many mails may be taken together */
	bool paced;		/* the last mail had to wait for the rate for long */
	char awaits[FAILURE_WORDS]; /* why no mail may go, "": one may, or until: */
	int64_t awaits_until;
	bool told, differs;	/* the client was told so; the words have changed since */
	int64_t ticked;		/* when the client's tick was called */
	bool last_pass;		/* mails that are left are given one at a time */
	bool over;		/* no more mail is begun */
	bool failed;
	struct failure why;
};

struct member {
	struct crew *crew;
	struct link own, *link;
	struct smtp_limits limits;
	pthread_t thread;
	struct job *first;   /* a mail that was taken before the session is opened, so that none is opened in vain */
	struct job *suspect; /* the first mail without an answer when the session was lost: counts as tried */
	bool between;	     /* the session ended by a 421 between two mails, which is no fault */
	bool through;	     /* it has had as many mails as the relay takes, or is one session too many: it is given no more */
	bool excused;	     /* the relay has ended it, or will, and says that it was sent too much */
	bool lost;	     /* the session is lost: mails that end from now on have no answer */
	bool paused;	     /* the session ends since the rate does not let the rest of a mail go */
	bool fruitless;	     /* the member's last session ended without a fault, and with no mail answered */
	size_t answered;     /* mails answered in this run of the engine */
	bool held;	     /* its mail has had to wait for the rate */
	int64_t away;	     /* the rate lets nothing go before then, and the session is ended meanwhile; 0: it does */
	unsigned given, mails, in_hand; /* mails given to this session; those of them that are answered; those under way */
};

enum { CREW_AWAY_MS = 60 * 1000 }; /* for longer than this no session is kept without mail */

struct job *crew_fetch(struct crew *c, int64_t *when); /* the next mail of the feed, or NULL */
void crew_give_back(struct crew *c, struct job *j);
void crew_tell_news(struct crew *c);
/* Asks the rate for the mail in m->first. False: the mail has to wait until *when, or without a session until m->away; or it was
 * refused, and m->first is NULL; or the crew ends. */
bool crew_may_go(struct member *m, int64_t *when);
struct job *crew_job_of(struct mail *mail);
/* Of struct smtp_client: the rate is asked for each transaction, and the relay's answers are heeded. */
bool crew_begin_transaction(void *member, struct mail *mail, size_t recipients, void **ticket, int64_t *when);
void crew_end_transaction(void *member, struct mail *mail, void *ticket, bool counted, const struct failure *why);
/* The relay was sent too much, and that was no attempt of those whom it refused for it. False: nobody is left of them. */
bool crew_forget_refusals(struct envelope *v);
void crew_end(struct crew *c, const struct failure *why); /* no more mail is begun, and this is why */
/* Waits without mail, until mail comes back or `until` has come (0: no such time). False: no member has mail in hand, so that none
 * can come back. */
bool crew_rest(struct member *m, int64_t until);
void crew_wait(struct crew *c, int64_t until); /* until then, or until there is news */
bool crew_is_over(const struct crew *c);
/* Why no mail may go before then; NULL: one goes. The client is told if no mail is under way. */
void crew_awaits(struct crew *c, const char *words, int64_t until);
void crew_tick(struct crew *c); /* to be called about each half second */
bool crew_is_alone(const struct crew *c); /* mails go one at a time */
bool crew_is_through(const struct member *m); /* the session has had as many mails as the relay takes in one session */
/* Sends the feed's mails over the member's session; returns as smtp_run. The lock is held at the call and at the return, and
 * released meanwhile. */
MUST_CHECK int crew_run_session(struct member *m, struct failure *f);

#endif
