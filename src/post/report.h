/*
 * post/report - what became of a mail, in words and as a status: the one place that prints
 *
 * Use: status = report(&job, quiet); report_failure(&f) for what failed before there was
 * a job.
 *
 * Owns: nothing. Units: none. Bounds: at most REPORT_LINES failures are told one by one.
 * Errors: none; the status is of sysexits.h: the worst final failure, else EX_TEMPFAIL, else EX_OK.
 * Threads: one. Source: sysexits.h; COMPAT.md 0.8, 9.
 */
#ifndef POST_REPORT_H
#define POST_REPORT_H

#include "post/job.h"

enum { REPORT_LINES = 10 };
#define SERVICE_WAITS "it waits as " /* in the answer of mysend -bs to mail that its relay has not taken yet */

void report_failure(const struct failure *f); /* "mysend: STAGE to HOST:PORT: CODE TEXT", and its hint */
/* The same as report(), but for the log line and the count: nothing was to be sent. */
int report_verdicts(const struct job *j, bool quiet);
void report_unkept(const struct job *j); /* "mysend: warning: it cannot wait: ...", if it should have waited */
/* Tells what is to be told (but quiet: nothing), and the status. */
int report(const struct job *j, bool quiet);

#endif
