/*
 * post/submit - sends a mail to the account's relay: where the promise is made
 *
 * Recipients that cannot get the mail now wait in the spool, if the account has one. The session stays open for the next mail, unless
 * it failed. submit_verify asks the relay for its answer on each recipient, and sends nothing.
 * Use: submit_job(&job, &link). Afterwards each recipient has its verdict and its failure; PENDING: not tried, since the session
 * failed.
 *
 * Owns: nothing. Bounds: the account's timeouts. Errors: those of the recipients. Threads: the job's.
 * Source: CONTRIBUTING.md, "The design", promise 1.
 */
#ifndef POST_SUBMIT_H
#define POST_SUBMIT_H

#include "post/job.h"
#include "post/link.h"

void submit_job(struct job *j, struct link *l);
/* After a try by post/crew: puts the mail into the spool for recipients that may get it later. */
void submit_rest(struct job *j);
void submit_verify(struct job *j, struct link *l);

#endif
