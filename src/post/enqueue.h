/*
 * post/enqueue - puts a mail into the spool, for the recipients that wait for another try (post/defer)
 *
 * Use: enqueue_rest(&job) after a try: recipients that may get the mail later then have the verdict WAITS, and job.spooled is set; or
 * enqueue_all(&job, NULL, f) instead of a try.
 *
 * Owns: nothing. Bounds: none. Errors: where the mail cannot wait, job.unkept says why (post/result tells it), and its recipients
 * keep their verdicts. Threads: one. Source: CONTRIBUTING.md, "Spool".
 */
#ifndef POST_ENQUEUE_H
#define POST_ENQUEUE_H

#include "post/job.h"

void enqueue_rest(struct job *j);
/* why: the failure of a try, which counts as an attempt; NULL: the mail was not tried. */
MUST_CHECK int enqueue_all(struct job *j, const struct failure *why, struct failure *f);
/* Mails a bounce about the recipients that the relay has refused, if that was asked for (job.mail_errors). */
void enqueue_bounce(struct job *j);
/* The account has a queue, and the next run would use the same relay: no option chose it. */
bool enqueue_is_allowed(const struct account *a);

#endif
