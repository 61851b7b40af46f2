/*
 * post/defer - the policy: who waits for another try, until when, and what only an administrator can mend
 *
 * Use: if (defer_waits(&recipient)) next = now + defer_pause(attempts, chance);
 * Pure: no clock, no file. Owns: nothing. Units: seconds. Bounds: an hour, and a tenth of it, between two tries.
 * Errors: none. Threads: any. Source: RFC 5321 4.5.4.1; DESIGN (CONTRIBUTING.md), "Spool".
 */
#ifndef POST_DEFER_H
#define POST_DEFER_H

#include <time.h>

#include "mail/envelope.h"

/* It is worth another try: the relay is not to be had, or says "later", or what is wrong is the configuration. */
bool defer_waits(const struct recipient *r);
/* It will come to the same at every try, until an administrator mends something: a login, a certificate, a setting. */
bool defer_needs_admin(const struct failure *why);
/* The status of who waits for that: EX_TEMPFAIL, or that of what only an administrator can mend. */
int defer_status(const struct failure *why);
/* Seconds until the next try after so many. */
time_t defer_pause(unsigned attempts, unsigned chance);

#endif
