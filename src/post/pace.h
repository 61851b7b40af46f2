/*
 * post/pace - mail goes no faster than the account's rate, over all processes of a user
 *
 * One file for an account and its login at a relay says how much has gone (post/pace_state): all processes of the user look there, right before
 * MAIL. Where the account has no rate there is no file: nothing waits until pace_slower() is called, and then this process alone
 * sends less, as post/throttle has it.
 * Use: struct grant g; pace_open_account(&p, account, f); wait = pace_take(p, 1, &g, f): at 0 the mail goes, then pace_done(p, &g),
 * pace_slower(p, &g), or pace_drop(p, &g); else it is asked again so many milliseconds later. A mail
 * of several transactions takes one for each, since the relay counts them so. At the end pace_close(p).
 *
 * Owns: the descriptor and the map, until pace_close. Units: milliseconds. Bounds: as post/pace_state.
 * Errors: AT_SPOOL: EX_CANTCREAT for a file or folder that is not as ours are, EX_TEMPFAIL where the disk is full or
 * the lock is not to be had: the mail must not go. PACE_NEVER: AT_RECIPIENT EX_UNAVAILABLE, more recipients than a limit has. A file that
 * is damaged is begun anew as if the rate had just been used up, with a warning.
 * Threads: any share one struct pace; not across fork(2). Source: flock(2), clock_gettime(2), proc(5).
 * BUGS: a wall clock that is set while the host is off, or while no mail goes and before it is restarted, makes stamps older or younger.
 * With a folder on a disk of several hosts their wall clocks count. The relay may count a mail after its sender was killed.
 */
#ifndef POST_PACE_H
#define POST_PACE_H

#include "conf/settings.h"
#include "post/pace_state.h"

struct pace;

MUST_CHECK int pace_open(struct pace **out, const char *folder, const struct account *a, const struct rate *r, struct failure *f);
MUST_CHECK int pace_open_account(struct pace **out, const struct account *a, struct failure *f); /* its rate, in the user's own folder */
/* -1 and *f: more recipients than a limit has, so that a mail which goes to all of them could never go. AT_RECIPIENT EX_UNAVAILABLE. */
MUST_CHECK int pace_check(const struct pace *p, size_t recipients, struct failure *f);
/* For one transaction. *f: for PACE_NEVER and PACE_FAILED. */
void pace_be_wary(struct pace *p); /* before the first mail: where there is no rate, few go until the relay has taken some */
int64_t pace_take(struct pace *p, size_t recipients, struct grant *g, struct failure *f);
void pace_done(struct pace *p, const struct grant *g);	 /* answered */
void pace_slower(struct pace *p, const struct grant *g); /* answered: there were too many; all processes pause */
void pace_drop(struct pace *p, const struct grant *g);	 /* never sent */
const char *pace_words(struct pace *p, struct arena *in); /* what the next mail waits for: "30/min: next in 2 s", "5000/day: next at 09:14"; "": nothing */
const char *pace_why(struct pace *p, struct arena *in); /* the same without the time: "the rate 5000/day is used up", "the relay wants less" */
/* The next mail has to wait: AT_SPOOL EX_TEMPFAIL, with those words. Returns -1. */
int pace_late(struct pace *p, struct failure *f);
void pace_close(struct pace *p);

#endif
