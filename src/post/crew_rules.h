/*
 * post/crew_rules - what a refused, ended or lost session means for the other sessions with that relay
 *
 * Pure: numbers in, numbers out; post/crew acts on them.
 * Use: struct crew_rules r; crew_rules_begin(&r, window, others, patience); then one call for each thing that happens.
 *
 * Owns: nothing. Units: milliseconds of clock_steady; mails; sessions. Bounds: none. Errors: none. Threads: one at a time.
 * Source: RFC 5321 3.8 (421), 4.5.4.1; RFC 3463 (4.3.2).
 */
#ifndef POST_CREW_RULES_H
#define POST_CREW_RULES_H

#include <stdint.h>

#include "base/failure.h"

struct crew_rules {
	unsigned usual;		 /* mails under way in a session: the account's window */
	unsigned window, passed; /* the same after a lost session, or 0; how many mails have passed since then */
	unsigned others;	 /* how many sessions may still replace lost ones */
	unsigned fruitless;	 /* sessions lost in a row with no mail answered */
	bool closed;		 /* no session is opened any more */
	unsigned limit;		 /* how many sessions the relay takes at a time; 0: not known */
	int64_t retry_at, pause; /* when one session more than the limit is tried; how long the next pause is */
	unsigned goodbye;	 /* after how many mails of a session the last 421 came */
	unsigned mails;		 /* how many mails the relay takes in a session; 0: not known */
	unsigned alike;		 /* so many mails in a row had the same temporary failure, which is: */
	int code;
	char enhanced[12];
	bool slowed;		 /* the relay has asked for less, and taken nothing since then: */
	int64_t slowed_at;
	bool asked_again;	 /* the password was looked for once more after a refused login, */
	int64_t asked_at;	 /* then */
	int64_t patience;	 /* how long a relay that lets nobody in is asked again */
	bool absent;		 /* it lets nobody in, */
	int64_t since;		 /* since then; */
	int64_t probe_at, probe; /* one session asks again then; how long the next pause is */
};

enum crew_refusal {
	CREW_SIT_DOWN,	/* other sessions are open: they go on, and this one is tried later */
	CREW_ASK_AGAIN, /* the password may have changed since it was found: look for it once more */
	CREW_PROBE,	/* the relay lets no session in: one asks again at probe_at */
	CREW_NOBODY	/* the relay lets no session in */
};

/* others: UINT_MAX: any number. patience: seconds. */
void crew_rules_begin(struct crew_rules *r, unsigned window, unsigned others, unsigned patience);
unsigned crew_rules_window(const struct crew_rules *r);
bool crew_rules_passed(struct crew_rules *r); /* a mail has all its answers. True: the relay was absent before */
/* The relay has as many sessions as it takes, and the pause before one more is not over. */
bool crew_rules_is_full(const struct crew_rules *r, unsigned sessions, int64_t now);
/* A session could not be opened; `sessions` others are open or being opened, or were when it was begun; before: some session was open
 * before. */
enum crew_refusal crew_rules_refused(struct crew_rules *r, const struct failure *f, unsigned sessions, bool before, int64_t now);
enum crew_answer {
	CREW_FINAL,	/* it is about the mail */
	CREW_TOO_FAST,	/* all sessions pause, and go on slower */
	CREW_TOO_MANY,	/* this session is one too many, and ends; another one is tried as after CREW_SIT_DOWN */
	CREW_THROUGH	/* this session has had as many mails as the relay takes in one, and ends */
};

/* A mail has its answer, or a transaction of it; NULL: it was taken. sessions: that are open, with this one. */
enum crew_answer crew_rules_answered(struct crew_rules *r, const struct failure *why, unsigned sessions, int64_t now);
/* The relay has taken nothing for so long since it asked for less, that mail is not given to it again. */
bool crew_rules_is_fed_up(const struct crew_rules *r, int64_t now);
void crew_rules_let_in(struct crew_rules *r, unsigned sessions, int64_t now); /* a session was opened, and so many are open now */
/* A 421 came to MAIL after so many mails of that session. */
void crew_rules_goodbye(struct crew_rules *r, unsigned mails);
/* A session was lost; answered: some mail in it had an answer. */
void crew_rules_lost(struct crew_rules *r, const struct failure *f, bool answered, int64_t now);

#endif
