/*
 * post/shelf - which recipients wait for another try, and the spool that keeps the mail for them
 *
 * Use: shelf_put_rest(&job) after a try: recipients that may get it later have the verdict WAITS
 * then, and job.spooled is set; or shelf_put_all(&job, NULL, f) instead of a try.
 *
 * Owns: nothing. Bounds: none. Errors: of a mail that cannot wait the job says why (post/report tells it), and its recipients keep their verdicts.
 * Threads: one. Source: DESIGN (CONTRIBUTING.md), "Spool".
 */
#ifndef POST_SHELF_H
#define POST_SHELF_H

#include "post/job.h"

void shelf_put_rest(struct job *j);
/* why: it counts as a try that has come to this; NULL: nobody has tried. */
MUST_CHECK int shelf_put_all(struct job *j, const struct failure *why, struct failure *f);
/* Mails its sender about those whom the relay has refused, if that was asked for (job.told). */
void shelf_tell_sender(struct job *j);
/* It is worth another try: the relay is not to be had, or says "later", or what is wrong is the configuration. */
bool shelf_waits(const struct recipient *r);
/* What the log says of who waits for that: EX_TEMPFAIL, or the status of what only an administrator can mend. */
int shelf_status(const struct failure *why);
/* What was said last, and where: as mailq tells it. "" without a failure. */
const char *shelf_words(struct arena *in, const struct failure *why);
/* The account has a queue, and its relay is the one that the next run will know, too: no option chose it. */
bool shelf_may_wait(const struct account *a);

#endif
