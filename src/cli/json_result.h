/*
 * cli/json_result - --json of a mail: its object (post/result_json) on standard output, once, however the mail ends
 *
 * Use: json_result_guard() before the message is read: a signal that ends us then prints the object that says so, and the status is
 * EX_TEMPFAIL; json_result_print(&job, &tally, status) once the mail has its result, json_result_failure(&f) for what failed before there
 * was a job. From then on a signal ends us as usual. Who holds signals meanwhile (base/ending) puts the object off, too.
 *
 * Owns: the handlers of SIGTERM, SIGINT and SIGHUP from the guard to the object. Bounds: those of post/result_json.
 * Errors: where standard output cannot be written, a warning, and the failure as without --json; the status stays that of the mail, since
 * another one would have it sent again. BUGS: no object when memory runs out while the message is read, or at SIGKILL.
 * Threads: one. Source: mysend(1), "Results for programs".
 */
#ifndef CLI_JSON_RESULT_H
#define CLI_JSON_RESULT_H

#include "cli/options.h"
#include "post/job.h"
#include "post/verdict.h"

/* The user wants an object for the mail, and not text. */
bool json_result_is_asked(const struct options *o);
void json_result_guard(void);
void json_result_print(const struct job *j, const struct tally *t, int status);
void json_result_failure(const struct failure *f);

#endif
