#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ending.h"
#include "base/file.h"
#include "cli/batch_ahead.h"
#include "cli/batch_events.h"
#include "cli/batch_status.h"
#include "cli/modes.h"
#include "cli/trace.h"
#include "post/enqueue.h"
#include "post/logline.h"
#include "post/result.h"

struct many {
	const struct options *options;
	struct batch_source source;
	struct batch_show show;
	struct batch_sum sum;
	struct input_survey survey;
	uint64_t all; /* mails of the input; 0: not known */
};

/* It has no account, as nobody knows of whom it is: the log of the first mail's has it. */
static void log_bad(const struct many *m, const struct failure *why)
{
	struct job j = {.account = m->survey.account, .began = clock_steady()};

	if (j.account)
		logline_write(&j, &(struct tally){.decides = why, .status = why->exit});
	arena_free(&j.arena);
}

static void on_event(void *ctx, const struct batch_event *e)
{
	struct many *m = ctx;

	batch_show_event(&m->show, e);
	if (e->what == BATCH_RESULT)
		(void)result_log(e->job);
	else if (e->what == BATCH_BAD)
		log_bad(m, e->why);
	if (m->options->json)
		batch_event_print(e);
}

/* What is left of an input that nobody can give again goes to the queue, where there is one. */
static bool keeps_rest(const struct many *m)
{
	return !m->source.path && m->survey.account && enqueue_is_allowed(m->survey.account);
}

static int send_all(struct many *m, struct failure *f)
{
	const struct batch_options *b = &m->options->batch;
	struct batch_order order = {
		.input = &m->source.input, .ledger = m->source.ledger, .pauses = b->pauses, .retry_failed = b->retry_failed, .hold_unsure = b->hold_unsure,
		.stop_on_error = b->stop_on_error, .spool_rest = b->spool_rest || keeps_rest(m), .limit = b->limit, .count = m->all, .shard = b->shard,
		.shards = b->shards, .patience = b->patience, .failed = m->source.failed, .on_event = on_event, .ctx = m,
	};
	struct ending_watch watch;
	struct trace trace;
	int rc;

	memcpy(order.pause, b->pause, sizeof order.pause);
	trace_open(&trace, m->options);
	if (trace.tracer.line) {
		trace.tracer.pace = NULL; /* of one mail; there is a line for all */
		order.tracer = &trace.tracer;
	}
	ending_watch(&watch);
	batch_show_begin(&m->show, b->shards ? 0 : m->all);
	rc = batch_run(&order, &m->sum, f);
	batch_show_end(&m->show);
	ending_unwatch(&watch);
	trace_close(&trace);
	return rc;
}

/* Where to see what was refused: the rows in a file that is an input itself, of mails the ledger; NULL: nothing was. */
static const char *where_refused(const struct many *m, struct arena *in)
{
	if (m->source.failed)
		return m->sum.failed_rows ? m->source.failed : NULL;
	return m->source.path && m->sum.refused + m->sum.before_refused ? arena_printf(in, "mysend --report %s", m->source.path) : NULL;
}

/* Sends, and tells what became of it; from the ledger's first line on nothing ends us but our own end, or a second signal. */
static int run(struct many *m, struct failure *f)
{
	const struct batch_options *b = &m->options->batch;
	const char *refused;
	struct failure why;
	struct ending held;
	int rc, status;

	ending_hold(&held);
	if (!m->source.ledger && batch_source_ledger(&m->source, f) < 0) {
		ending_release(&held);
		return -1;
	}
	rc = send_all(m, f);
	if (rc < 0)
		why = *f;
	m->sum.whole |= m->all && m->sum.seen == m->all && !b->shards;
	if (rc == 0 && !m->sum.told_to_end && m->sum.left)
		m->show.limit = b->limit;
	status = batch_status(&m->sum, rc < 0 ? &why : NULL);
	refused = where_refused(m, m->source.run);
	if (!m->source.path)
		m->show.again = "give what is left again; with --ledger FILE the same input goes on";
	batch_show_sum(&m->show, refused);
	if (m->options->json)
		batch_event_print_sum(&m->sum, m->source.path ? m->source.path : "", m->source.failed ? refused : NULL, status);
	if (rc < 0) {
		f->exit = status;
		return -1;
	}
	return m->options->json && file_end_output(f) < 0 ? -1 : status;
}

/* Only the survey of a table tells its rows apart (intake/input_rows); mails are read ahead where somebody looks on. */
static int look_ahead(struct many *m, struct failure *f)
{
	const struct options *o = m->options;

	if (o->batch.kind == BATCH_OF_MAILS && !batch_ahead_is_asked(o) && !m->show.terminal)
		return batch_ahead_try(&m->survey, &m->source, &m->show, f);
	if (batch_ahead_look(&m->survey, &m->source, &m->show, f) < 0)
		return -1;
	m->all = m->survey.mails + m->survey.bad;
	return 0;
}

/* A ledger that is there is opened before anybody is asked, for it may refuse this input; a new one is made once it is wanted. */
static int open_old_ledger(struct many *m, struct failure *f)
{
	return m->source.path && access(m->source.path, F_OK) == 0 ? batch_source_ledger(&m->source, f) : 0;
}

/* Neither a mail nor a bad one: no ledger is made. */
static int tell_empty(const struct many *m)
{
	const struct batch_options *b = &m->options->batch;
	char path[600];

	slice_printable(path, sizeof path, slice_of(strcmp(b->input[0], "-") == 0 ? "standard input" : b->input[0]));
	if (!m->options->quiet)
		fprintf(stderr, "mysend: %s%s: there is no mail in it\n", path, b->inputs > 1 ? " and the others" : "");
	if (m->options->json)
		batch_event_print_sum(&m->sum, "", NULL, EX_OK);
	return EX_OK;
}

/* 1: go; 0: somebody was asked, and said no. Where nothing is left to be sent nobody is asked. */
static int ask(struct many *m, struct failure *f)
{
	int left = batch_ahead_is_asked(m->options) ? batch_ahead_is_left(&m->survey, &m->source, f) : 0;

	return left < 0 ? -1 : left == 0 || batch_ahead_ask(&m->survey, &m->source);
}

static int work(struct many *m, struct failure *f)
{
	const struct options *o = m->options;
	int go;

	if (o->dry_run || o->batch.preview)
		return batch_ahead_print(&m->source, &m->show, f);
	if (look_ahead(m, f) < 0 || open_old_ledger(m, f) < 0)
		return -1;
	if (!m->survey.mails && !m->survey.bad)
		return tell_empty(m);
	go = ask(m, f);
	if (go < 0)
		return -1;
	if (!go) {
		fputs("mysend: nothing was sent\n", stderr);
		return BATCH_DECLINED;
	}
	return run(m, f);
}

int mode_batch(const struct options *o, struct arena *in, struct failure *f)
{
	struct many m = {.options = o};
	struct failure why;
	int rc;

	batch_show_open(&m.show, o, &m.sum);
	rc = batch_source_open(&m.source, o, in, f) < 0 ? batch_ahead_no_input(o, f) : work(&m, f);
	if (batch_source_close(&m.source, &why) < 0 && rc >= 0) {
		*f = why;
		rc = -1;
	}
	return rc;
}
