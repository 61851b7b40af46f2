/*
 * cli/trace - shows what goes on with the relay: -v the conversation on standard error, -X at the end of a
 * file; on a terminal how far it is, once it takes more than two seconds
 *
 * Use: tracer = trace_open(&w, options); ... trace_close(&w). NULL when nobody asked.
 * Owns: the file's stream. Units: lines as sendmail -v prints them, ">>> " ours and "<<< " the relay's.
 * Errors: a file that can't be opened is a warning. Threads: one.
 */
#ifndef CLI_TRACE_H
#define CLI_TRACE_H

#include <stdio.h>

#include "cli/options.h"
#include "wire/transcript.h"

struct trace {
	struct tracer tracer;
	bool aloud;
	FILE *file;	      /* own */
	int64_t began, shown; /* clock_steady: when the message began, when progress was shown last; 0: no progress is on the screen */
};

const struct tracer *trace_open(struct trace *w, const struct options *o);
void trace_close(struct trace *w);

#endif
