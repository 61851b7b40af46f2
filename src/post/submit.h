/*
 * post/submit - hands a mail to the account's relay: where the promise is made
 *
 * Use: submit(&job, watcher, f). Afterwards every recipient of the job's envelope has its verdict.
 * Owns: nothing. Bounds: the account's timeouts.
 * Errors: -1 and *f when the session failed, at whatever stage; recipients may have verdicts all the same.
 * Threads: the job's. Source: DESIGN (CONTRIBUTING.md), promise 1.
 */
#ifndef POST_SUBMIT_H
#define POST_SUBMIT_H

#include "post/job.h"
#include "wire/transcript.h"

MUST_CHECK int submit(struct job *j, const struct watcher *w, struct failure *f);

#endif
