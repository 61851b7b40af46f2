/*
 * post/submit - hands a mail to the account's relay: where the promise is made
 *
 * Use: submit_job(&job, &link). Afterwards each recipient has its verdict and its failure; PENDING is who was not tried, since the
 * session failed. submit_verify asks the relay for its word on each, and sends nothing. Who cannot get it now waits in the spool, if the account has one. The session stays, for the next mail, unless it failed.
 * Owns: nothing. Bounds: the account's timeouts.
 * Errors: those of the recipients.
 * Threads: the job's. Source: CONTRIBUTING.md, "The design", promise 1.
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
