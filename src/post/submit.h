/*
 * post/submit - hands a mail to the account's relay: where the promise is made
 *
 * Use: submit(&job, &link, f). Afterwards each recipient has its verdict; PENDING is for a session that failed. submit_verify asks
 * the relay for its word on each, and sends nothing. Who cannot get it now waits in the spool, if the account has one. The session stays, for the next mail, unless it failed.
 * Owns: nothing. Bounds: the account's timeouts.
 * Errors: -1 and *f when the session failed, at whatever stage; recipients may have verdicts all the same.
 * Threads: the job's. Source: DESIGN (CONTRIBUTING.md), promise 1.
 */
#ifndef POST_SUBMIT_H
#define POST_SUBMIT_H

#include "post/job.h"
#include "post/link.h"

MUST_CHECK int submit(struct job *j, struct link *l, struct failure *f);
/* For a mail of the spool: what waits stays there. */
MUST_CHECK int submit_again(struct job *j, struct link *l, struct failure *f);
MUST_CHECK int submit_verify(struct job *j, struct link *l, struct failure *f);

#endif
