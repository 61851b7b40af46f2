/*
 * post/crew_rules - what a refused, ended or lost session means for the other sessions with that relay
 *
 * Pure: numbers in, numbers out; post/crew acts on them.
 * Use: struct crew_rules r; crew_rules_begin(&r, window, others); then one call for each thing that happens.
 *
 * Owns: nothing. Units: milliseconds of clock_steady; mails; sessions. Bounds: none. Errors: none. Threads: one at a time.
 * Source: RFC 5321 3.8 (421), 4.5.4.1; RFC 3463 (4.3.2).
 */
#ifndef POST_CREW_RULES_H
#define POST_CREW_RULES_H

#include <stdint.h>

#include "base/failure.h"

struct crew_rules {
	unsigned usual;		 /* mails under way in a session, by the account */
	unsigned window, passed; /* the same after a lost line, or 0; mails that have passed since it is so */
	unsigned others;	 /* sessions that may still take the place of lost ones */
	unsigned fruitless;	 /* lost ones in a row from which nothing came */
	bool closed;		 /* no session is opened any more */
	unsigned limit;		 /* sessions that the relay takes at a time; 0: it has not said so */
	int64_t retry_at, pause; /* when one more than that is tried; how long it will be after that */
	unsigned goodbye;	 /* after how many mails a 421 came last */
	unsigned mails;		 /* that the relay takes in a session; 0: it has not shown it */
	bool asked_again;	 /* the password was found anew */
};

enum crew_refusal {
	CREW_SIT_DOWN,	/* others are in: they go on, and this one waits */
	CREW_ASK_AGAIN, /* the password may have changed since it was found */
	CREW_NOBODY	/* that is the relay's answer to all */
};

void crew_rules_begin(struct crew_rules *r, unsigned window, unsigned others);
unsigned crew_rules_window(const struct crew_rules *r);
void crew_rules_passed(struct crew_rules *r); /* a mail has its answers */
/* The relay has as many sessions as it takes, and it is not yet time to try one more. */
bool crew_rules_is_full(const struct crew_rules *r, unsigned sessions, int64_t now);
/* A session could not be opened, while so many others are open or about to be, and others have been before. */
enum crew_refusal crew_rules_refused(struct crew_rules *r, const struct failure *f, unsigned sessions, bool before, int64_t now);
void crew_rules_let_in(struct crew_rules *r, unsigned sessions, int64_t now); /* so many are open now */
/* A 421 came to MAIL, after so many mails of that session had gone well. */
void crew_rules_goodbye(struct crew_rules *r, unsigned mails);
/* A session was lost; something had been answered in it. */
void crew_rules_lost(struct crew_rules *r, const struct failure *f, bool answered);

#endif
