/*
 * post/lifetime - when a mail of the queue is given up for its age, and when its sender is warned that it waits
 *
 * A mail's age is the time since it came, less the time in which nobody tried it though it was due (its idle time: the host was
 * off, the clock was set, or the mail was on hold). It is given up at the first try that fails when the age is above queue_lifetime:
 * never before one. Its sender is warned once, after a try, as soon as the age reaches queue_warning. That is all of time; which
 * failure ends a mail at once is in post/defer.
 * Use: lifetime_idle(&entry, now, beyond); if (lifetime_is_over(&entry, account, now)): its open recipients have expired.
 *
 * Pure: no clock, no file. Owns: nothing. Units: seconds since 1970. Bounds: the account's queue_lifetime, a year at the most.
 * Errors: none. Threads: whoever has the entry. Source: RFC 5321 4.5.4.1; mysend-spool(5), Idle and Since.
 */
#ifndef POST_LIFETIME_H
#define POST_LIFETIME_H

#include "conf/settings.h"
#include "spool/entry.h"

/* To be called before the others: where the mail's arrival or idle time lies in the future, the clock was set back, and the age
 * counts from now. */
void lifetime_correct(struct entry *e, time_t now);
/* Time in which the mail was due and not tried does not count as age, except for the first `beyond` seconds, since runs come only
 * now and then. */
void lifetime_idle(struct entry *e, time_t now, time_t beyond);
bool lifetime_is_over(const struct entry *e, const struct account *a, time_t now);
time_t lifetime_end(const struct entry *e, const struct account *a); /* when the mail will be given up, if it is tried from now on */
bool lifetime_warns(const struct entry *e, const struct account *a, time_t now); /* the mail's sender is to be warned now */

#endif
