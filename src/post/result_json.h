/*
 * post/result_json - what became of a mail, as one JSON object on a line: --json
 *
 * All names are always there, those of -bp --json where they mean the same; null where there is nothing to say. The words are those
 * of standard error, the failure is the one that decides (post/verdict).
 * Use: struct tally t = tally_of(&envelope); result_json(&buf, &job, &t, tally_exit(&t)); of what failed before anybody was tried
 * &(struct tally){.decides = f, .status = f->exit} and f->exit, with whatever the job has by then: an account and a mail may lack.
 *
 * Owns: nothing. Units: octets, milliseconds. Bounds: recipients beyond RESULT_JSON_MAX / 2 octets are only counted.
 * Errors: -1 when the buf is full, which one of RESULT_JSON_MAX never is. Threads: any.
 * Source: RFC 8259; mysend(1), "Results for programs".
 */
#ifndef POST_RESULT_JSON_H
#define POST_RESULT_JSON_H

#include "base/bytes.h"
#include "post/job.h"
#include "post/verdict.h"

enum { RESULT_JSON_MAX = 64 * 1024 * 1024 };

/* The object, with its line end, of a mail that a signal ended before anything was done: for a handler, which cannot compose one. */
extern const char result_json_ended[];
enum { RESULT_JSON_ENDED = 75 }; /* the status in it, EX_TEMPFAIL */

/* status: that of the process. */
MUST_CHECK int result_json(struct buf *out, const struct job *j, const struct tally *t, int status);

#endif
