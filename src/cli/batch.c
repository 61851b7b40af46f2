#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/ending.h"
#include "cli/modes.h"
#include "cli/trace.h"
#include "intake/input_files.h"
#include "intake/input_rows.h"
#include "intake/input_survey.h"
#include "intake/intake.h"
#include "post/batch.h"

struct many {
	const struct options *options;
	struct intake intake;
	struct input_rows *rows;   /* of a table, or */
	struct input_files *files; /* of mails */
	struct batch_input input;
	struct ledger *ledger;
	struct batch_sum sum;
	uint64_t count;
};

/* The file beside the input, unless --ledger names one; each shard has its own. */
static const char *ledger_path(const struct batch_options *b, struct arena *run)
{
	const char *path = b->ledger, *slash = strrchr(b->input[0], '/');
	size_t len = strlen(b->input[0]);

	while (len > 1 && b->input[0][len - 1] == '/')
		len--;
	if (!path && b->inputs == 1)
		path = arena_printf(run, "%.*s.ledger", (int)len, b->input[0]);
	else if (!path)
		path = arena_printf(run, "%.*smysend-batch.ledger", slash ? (int)(slash - b->input[0] + 1) : 0, b->input[0]);
	return b->shards ? arena_printf(run, "%s.%uof%u", path, b->shard, b->shards) : path;
}

static int open_table(struct many *m, struct arena *run, struct failure *f)
{
	const struct batch_options *b = &m->options->batch;
	const struct input_rows_order order = {
		.merge = {.table = b->input[0], .text = b->text, .html = b->html, .charset = b->charset, .unsubscribe = b->unsubscribe,
			  .option = b->option, .options = b->options, .request = &m->options->request},
		.key = b->key,
	};
	struct input_survey survey;

	if (input_rows_open(&m->rows, run, &order, &m->intake, f) < 0)
		return -1;
	m->input = input_rows_input(m->rows);
	if (input_survey(&m->input, &survey, NULL, NULL, f) < 0)
		return -1;
	m->count = survey.mails;
	if (survey.bad && b->stop_on_error)
		return fail(f, AT_INPUT, EX_DATAERR, "%s: bad rows, and nothing is sent", b->input[0]);
	return 0;
}

static int open_files(struct many *m, struct arena *run, struct failure *f)
{
	const struct batch_options *b = &m->options->batch;
	const struct input_files_order order = {.path = b->input, .paths = b->inputs, .request = &m->options->request, .intake = &m->intake};

	if (input_files_open(&m->files, run, &order, f) < 0)
		return -1;
	m->input = *input_files_input(m->files);
	return 0;
}

static int open_ledger(struct many *m, struct arena *run, struct failure *f)
{
	const struct batch_options *b = &m->options->batch;
	const struct ledger_order order = {
		.path = ledger_path(b, run),
		.input = b->input[0],
		.template = m->rows ? input_rows_digest(m->rows) : "-",
		.rule = m->rows ? input_rows_rule(m->rows) : INPUT_FILES_RULE,
		.template_changed = b->template_changed,
	};

	return ledger_open(&m->ledger, &order, f);
}

static int open_input(struct many *m, struct arena *run, struct failure *f)
{
	if ((m->options->batch.kind == BATCH_OF_MAILS ? open_files(m, run, f) : open_table(m, run, f)) < 0 || open_ledger(m, run, f) < 0)
		return -1;
	if (m->rows)
		input_rows_use(m->rows, m->ledger);
	if (m->files)
		input_files_use(m->files, m->ledger);
	return 0;
}

static void tell(void *ctx, const struct batch_event *e)
{
	(void)ctx;
	if (e->what == BATCH_BAD)
		fprintf(stderr, "mysend: %s\n", e->why->text);
}

/* Where the rows go that were refused; each shard has its own file. */
static const char *failed_path(const struct many *m, struct arena *run)
{
	const struct batch_options *b = &m->options->batch;

	if (!m->rows || b->failed || !b->shards)
		return !m->rows ? NULL : b->failed ? b->failed : arena_printf(run, "%s.failed.csv", b->input[0]);
	return arena_printf(run, "%s.%uof%u.failed.csv", b->input[0], b->shard, b->shards);
}

static int run_input(struct many *m, struct arena *run, struct failure *f)
{
	const struct batch_options *b = &m->options->batch;
	struct batch_order order = {
		.input = &m->input, .ledger = m->ledger, .pauses = b->pauses, .retry_failed = b->retry_failed, .hold_unsure = b->hold_unsure,
		.stop_on_error = b->stop_on_error, .spool_rest = b->spool_rest, .limit = b->limit, .count = m->count, .shard = b->shard, .shards = b->shards,
		.patience = b->patience, .failed = failed_path(m, run), .on_event = tell, .ctx = m,
	};
	struct trace trace;
	int rc;

	memcpy(order.pause, b->pause, sizeof order.pause);
	order.tracer = trace_open(&trace, m->options);
	rc = batch_run(&order, &m->sum, f);
	trace_close(&trace);
	return rc;
}

static int status_of(const struct batch_sum *s)
{
	return s->waits || s->doubtful || s->left || s->told_to_end ? EX_TEMPFAIL : s->refused || s->bad ? EX_DATAERR : EX_OK;
}

static void print_sum(const struct batch_sum *s)
{
	fprintf(stderr, "mysend: %llu of %llu sent, %llu refused, %llu bad, %llu wait, %llu in doubt, %llu left\n", (unsigned long long)(s->accepted + s->before),
		(unsigned long long)s->seen, (unsigned long long)s->refused, (unsigned long long)s->bad, (unsigned long long)s->waits,
		(unsigned long long)s->doubtful, (unsigned long long)s->left);
}

int mode_batch(const struct options *o, struct arena *run, struct failure *f)
{
	struct many m = {.options = o};
	struct ending held;
	struct failure why;
	int rc;

	rc = intake_open(&m.intake, &o->request, o->config, o->called, run, f);
	if (rc == 0)
		rc = open_input(&m, run, f);
	ending_hold(&held);
	if (rc == 0) {
		rc = run_input(&m, run, f);
		print_sum(&m.sum);
	}
	if (m.ledger && ledger_close(m.ledger, &why) < 0 && rc == 0) {
		*f = why;
		rc = -1;
	}
	input_rows_close(m.rows);
	input_files_close(m.files);
	intake_close(&m.intake);
	return rc < 0 ? -1 : status_of(&m.sum);
}
