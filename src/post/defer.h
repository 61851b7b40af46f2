/*
 * post/defer - the policy: what is done about a failure, now or later, and when it is tried again
 *
 * One table: at which stage, of which kind the answer is, what it means, and what the recipient has come to. Whether a failure is
 * temporary is decided where the reply is read (failure.exit); what to do about it is decided here and nowhere else; that an answer is
 * about how much we send stands in post/limits. How many
 * sessions a run replaces is in post/crew_rules; when a mail is given up for its age is in post/lifetime.
 * Use: if (defer_waits(&recipient)) next = now + defer_pause(attempts, chance);
 * Pure: no clock, no file. Owns: nothing. Units: seconds. Bounds: an hour, and a tenth of it, between two tries.
 * Errors: none. Threads: any. Source: RFC 5321 4.2.1, 4.5.4.1; RFC 3463; CONTRIBUTING.md, "Spool".
 */
#ifndef POST_DEFER_H
#define POST_DEFER_H

#include <time.h>

#include "conf/settings.h"
#include "mail/envelope.h"

enum fate {
	FATE_DONE,	    /* nothing is left to do */
	FATE_WAIT,	    /* another try, later; the run opens one other session at the most for the mails after it (crew_rules_lost) */
	FATE_OTHER_RELAY,   /* another try now, by the account's fallback; where there is none, later */
	FATE_OTHER_SESSION, /* another try, later; the mails after it go on at once, in as many other sessions as a run may open (crew_rules_lost) */
	FATE_GIVE_UP	    /* the sender is told; mail of the queue that was not sent at all stays until its time is over */
};

enum { DEFER_FAR = 7200 }; /* no mail waits longer for its next try: if it seems so, the clock was set back */

enum fate defer_fate(const struct failure *why, enum verdict v);
/* This recipient is worth another try. */
bool defer_waits(const struct recipient *r);
/* Every try will fail so until a person mends something: a login, a certificate, the relay's name, a setting. The one rule of who is
 * told at once that a mail waits: in the log and in syslog as an error, on standard error, in the answer of -bs, each time with the
 * hint. What passes by itself is told on a terminal only. */
bool defer_needs_admin(const struct failure *why);
/* The status for a recipient that waits after this failure: EX_TEMPFAIL, or the failure's own where only an administrator can mend
 * the cause. */
int defer_status(const struct failure *why);
/* The account whose relay is asked next, after the relay of `a` has failed so; or NULL. */
const struct account *defer_next_relay(const struct account *a, const struct failure *why);

/* Seconds until the next try, after so many attempts. chance: a random number, so that mails which failed together are not tried
 * together for ever. DEFER_EVEN: the middle of the range, used after the first try, so that mails stay in the order in which they
 * came. */
enum { DEFER_EVEN = 500 };
time_t defer_pause(unsigned attempts, unsigned chance);
bool defer_is_due(time_t next, time_t now);

#endif
