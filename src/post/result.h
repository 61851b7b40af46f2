/*
 * post/result - what became of a mail, on standard error and in the log, and as a status
 *
 * Use: status = result_tell(&job, quiet); result_failure(&f) for what failed before there was a job.
 *
 * Owns: nothing. Units: none. Bounds: at most RESULT_LINES failures are told one by one.
 * Errors: none; the status is tally_exit of post/verdict.
 * Threads: one. Source: sysexits.h; mysend-compat(7), DECISIONS, STATUS.
 */
#ifndef POST_RESULT_H
#define POST_RESULT_H

#include "post/job.h"

enum { RESULT_LINES = 10 };
#define SERVICE_WAITS "it waits as " /* stands in the answer of mysend -bs to mail that its relay has not taken yet */
#define SERVICE_HINT "; hint: "	     /* stands behind that, before what to change */

void result_failure(const struct failure *f); /* "mysend: STAGE to HOST:PORT: CODE TEXT", and its hint */
/* As result_tell(), without the log line and the count: for -bv, which sends nothing. */
int result_verdicts(const struct job *j, bool quiet);
void result_unkept(const struct job *j); /* prints "mysend: warning: it cannot wait: ...", if the mail should have waited */
/* Prints the failures (quiet: none), writes the log line, and returns the status. */
int result_tell(const struct job *j, bool quiet);
/* Only the log line and the status: what became of the mail is told elsewhere. */
int result_log(const struct job *j);

#endif
