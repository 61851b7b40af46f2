/*
 * cli/batch_show - what a batch says on standard error: bad and refused mails by name, on a terminal how far it is, in the end the sum
 *
 * Use: struct batch_show show; batch_show_open(&show, &options, &sum); batch_show_bad(&show, &why) for mails that are found bad before the
 * run; batch_show_begin(&show, all); batch_show_event(&show, &event) for each; batch_show_end(&show); batch_show_sum(&show, failed).
 * The sum is post/batch's, and is read at each event.
 *
 * Owns: a thread between begin and end, on a terminal, for a relay may be slow to answer. Units: milliseconds of clock_steady. Bounds: SHOW_LINES lines of each kind are printed, the others are counted; the
 * progress is drawn once a second. Errors: none. Threads: one at a time, as post/batch calls on_event.
 * Source: mysend-batch(7).
 */
#ifndef CLI_BATCH_SHOW_H
#define CLI_BATCH_SHOW_H

#include <pthread.h>

#include "cli/options.h"
#include "cli/progress.h"
#include "post/batch.h"

enum { SHOW_LINES = 20, SHOW_KINDS = 5 };

struct batch_show {
	const struct batch_sum *sum;
	bool quiet, terminal, of_table, holds;
	const char *again; /* how to go on with what is left; NULL: with the same command */
	const uint64_t *bad; /* the numbers of the bad mails that were told before the run, in their order */
	size_t bads, bad_at;
	uint64_t limit; /* --limit ends the run, with mail left; or 0 */
	unsigned patience;
	bool kept_out; /* the relay has let nobody in since then */
	uint64_t all; /* mails of the input; 0: not known */
	uint64_t told[SHOW_KINDS];
	pthread_mutex_t lock; /* for all that follows, while the thread draws */
	pthread_cond_t changed;
	pthread_t thread;
	bool draws, over; /* there is a thread; it is to end */
	bool drawn;
	struct batch_sum now; /* as it was at the last event */
	char waits[200]; /* what is waited for, or "" */
	time_t until;
	struct progress_speed speed;
};

void batch_show_open(struct batch_show *s, const struct options *o, const struct batch_sum *sum);
void batch_show_begin(struct batch_show *s, uint64_t all);
void batch_show_end(struct batch_show *s);
void batch_show_bad(struct batch_show *s, const struct failure *why);
void batch_show_event(struct batch_show *s, const struct batch_event *e);
/* How many of each kind were not told one by one. */
void batch_show_more(const struct batch_show *s);
/* failed: the file of the rows that were refused, or how to see them; or NULL. */
void batch_show_sum(struct batch_show *s, const char *failed);

#endif
