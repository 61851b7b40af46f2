/*
 * cli/batch_show - what a batch says on standard error: bad and refused mails by name, on a terminal how far it is, in the end the sum
 *
 * Use: struct batch_show show; batch_show_open(&show, &options, &sum, all); batch_show_event(&show, &event) for each; batch_show_sum(&show,
 * failed). batch_show_bad(&show, &why) for mails that were found bad before.
 * The sum is post/batch's, and is read while it grows.
 *
 * Owns: nothing. Units: milliseconds of clock_steady. Bounds: SHOW_LINES lines of each kind are printed, the others are counted; the
 * progress is drawn once a second. Errors: none. Threads: one at a time, as post/batch calls on_event.
 * Source: mysend-batch(7).
 */
#ifndef CLI_BATCH_SHOW_H
#define CLI_BATCH_SHOW_H

#include "cli/options.h"
#include "cli/progress.h"
#include "post/batch.h"

enum { SHOW_LINES = 20, SHOW_KINDS = 4 };

struct batch_show {
	const struct batch_sum *sum;
	bool quiet, terminal, of_table, holds;
	bool told_bad; /* the bad mails were told before the run */
	bool drawn;
	uint64_t all; /* mails of the input; 0: not known */
	uint64_t told[SHOW_KINDS];
	int64_t shown;
	char waits[200]; /* what is waited for, or "" */
	time_t until;
	struct progress_speed speed;
};

void batch_show_open(struct batch_show *s, const struct options *o, const struct batch_sum *sum, uint64_t all);
void batch_show_bad(struct batch_show *s, const struct failure *why);
void batch_show_event(struct batch_show *s, const struct batch_event *e);
/* Also takes the progress away. failed: the file of the rows that were refused, or how to see them; or NULL. */
void batch_show_sum(struct batch_show *s, const char *failed);

#endif
