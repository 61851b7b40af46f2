#include "cli/batch_options.h"

#include <limits.h>
#include <string.h>
#include <sysexits.h>

#include "cli/options.h"
#include "cli/usage.h"
#include "conf/value.h"

enum { PATIENCE = 3600, SHARDS = 1000000 };

/* The pauses before the passes over what had a temporary failure. */
static const unsigned usual_pause[] = {5 * 60, 15 * 60, 30 * 60};

enum { USUAL_PAUSES = sizeof usual_pause / sizeof *usual_pause };

static void set_pauses(struct batch_options *b, unsigned count)
{
	b->pauses = count;
	for (unsigned i = 0; i < count; i++)
		b->pause[i] = usual_pause[i < USUAL_PAUSES ? i : USUAL_PAUSES - 1];
}

struct batch_options batch_options_usual(void)
{
	struct batch_options b = {.patience = PATIENCE};

	set_pauses(&b, USUAL_PAUSES);
	return b;
}

static int set_kind(struct options *o, enum batch_kind kind, const char *value, struct failure *f)
{
	if (o->batch.kind != BATCH_NONE && o->batch.kind != kind)
		return fail(f, AT_USAGE, EX_USAGE, "--batch sends mails that are there, --merge makes them of a table: only one is done at a time");
	if (o->batch.report)
		return fail(f, AT_USAGE, EX_USAGE, "--report only reads a ledger: it does not go with --batch and --merge");
	o->batch.kind = kind;
	o->batch.first = *value ? value : o->batch.first;
	if (o->mode != MODE_HELP)
		o->mode = MODE_BATCH;
	return 0;
}

int batch_options_mails(struct options *o, const char *value, struct failure *f)
{
	return set_kind(o, BATCH_OF_MAILS, value, f);
}

int batch_options_table(struct options *o, const char *value, struct failure *f)
{
	return set_kind(o, BATCH_OF_TABLE, value, f);
}

int batch_options_report(struct options *o, const char *value, struct failure *f)
{
	if (o->batch.kind != BATCH_NONE)
		return fail(f, AT_USAGE, EX_USAGE, "--report only reads a ledger: it does not go with --batch and --merge");
	o->batch.report = value;
	o->mode = MODE_REPORT;
	return 0;
}

/* Digits alone; -1: it is no number from least to most. */
static int read_number(struct slice text, uint64_t least, uint64_t most, uint64_t *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || n > most / 10)
			return -1;
		n = n * 10 + (uint64_t)(text.p[i] - '0');
	}
	if (!text.len || n < least || n > most)
		return -1;
	*out = n;
	return 0;
}

int batch_options_preview(struct options *o, const char *value, struct failure *f)
{
	o->batch.preview = 1;
	if (*value && read_number(slice_of(value), 1, INT64_MAX, &o->batch.preview) < 0)
		return usage_fail_batch(f, "--preview takes the number of a mail, from 1, not ", value);
	return 0;
}

int batch_options_limit(struct options *o, const char *value, struct failure *f)
{
	if (read_number(slice_of(value), 1, INT64_MAX, &o->batch.limit) < 0)
		return usage_fail_batch(f, "--limit takes a number of mails, from 1, not ", value);
	return 0;
}

int batch_options_shard(struct options *o, const char *value, struct failure *f)
{
	struct slice rest = slice_of(value), first;
	uint64_t shard, shards;

	if (!slice_cut(&rest, '/', &first) || read_number(rest, 1, SHARDS, &shards) < 0 || read_number(first, 1, shards, &shard) < 0)
		return usage_fail_batch(f, "--shard takes which part of how many, as 1/4, 2/4, 3/4 and 4/4, not ", value);
	o->batch.shard = (unsigned)shard;
	o->batch.shards = (unsigned)shards;
	return 0;
}

int batch_options_unsure(struct options *o, const char *value, struct failure *f)
{
	int which = value_choice("retry|hold", slice_of(value));

	if (which < 0)
		return usage_fail_batch(f, "--unsure takes retry or hold, not ", value);
	o->batch.hold_unsure = which == 1;
	return 0;
}

/* How many passes, or the pause before each of them. */
int batch_options_retries(struct options *o, const char *value, struct failure *f)
{
	struct slice rest = slice_of(value), one;
	static const char takes[] = "--retries takes how often, up to 16, or the pauses as 5m,15m,30m, not ";
	unsigned pause[BATCH_PAUSES], count = 0;
	uint64_t passes;
	bool more;

	if (read_number(rest, 0, BATCH_PAUSES, &passes) == 0) {
		set_pauses(&o->batch, (unsigned)passes);
		return 0;
	}
	if (read_number(rest, 0, UINT64_MAX / 10, &passes) == 0) /* 17 is no pause of so many seconds */
		return usage_fail_batch(f, takes, value);
	do {
		more = slice_cut(&rest, ',', &one);
		if (!more)
			one = rest;
		if (count == BATCH_PAUSES || value_seconds(slice_trim(one), 1, UINT_MAX - 1, &pause[count]) < 0)
			return usage_fail_batch(f, takes, value);
		count++;
	} while (more);
	memcpy(o->batch.pause, pause, sizeof pause[0] * count);
	o->batch.pauses = count;
	return 0;
}

static void add_input(struct batch_options *b, struct arena *run, const char *path)
{
	b->input = arena_grow(run, b->input, b->inputs, &b->input_room, sizeof *b->input);
	b->input[b->inputs++] = path;
}

/* A file that is the template's or the table's own, said twice, would mean two different mails. */
static int set_once(const char **to, const struct merge_option *said, struct failure *f)
{
	if (*to)
		return fail(f, AT_USAGE, EX_USAGE, "%s can be given once", said->spelled);
	*to = said->value;
	return 0;
}

static int take_for_table(struct batch_options *b, struct arena *run, const struct merge_option *said, struct failure *f)
{
	if (said->kind == DRAFT_HTML)
		return set_once(&b->html, said, f);
	if (said->kind == DRAFT_CHARSET)
		return set_once(&b->charset, said, f);
	if (said->kind == DRAFT_MESSAGE_ID)
		return fail(f, AT_USAGE, EX_USAGE, "%s would be the same in all mails: each has one of its own", said->spelled);
	b->option = arena_grow(run, b->option, b->options, &b->option_room, sizeof *b->option);
	b->option[b->options++] = *said;
	return 0;
}

static int check_table(const struct batch_options *b, struct failure *f)
{
	if (b->inputs == 0)
		return fail(f, AT_USAGE, EX_USAGE, "--merge needs a table: mysend --merge people.csv --template letter.eml");
	if (b->inputs > 1)
		return fail(f, AT_USAGE, EX_USAGE, "--merge takes one table, and here is %s, too: recipients are named as --to '{{COLUMN}}'", b->input[1]);
	if (!b->text && !b->html)
		return fail(f, AT_USAGE, EX_USAGE, "--merge needs --template FILE: the letter, with {{COLUMN}} where a value of the row is to stand");
	return 0;
}

static int check_mails(const struct batch_options *b, struct failure *f)
{
	const char *only = b->text ? "--template" : b->unsubscribe ? "--unsubscribe" : b->key ? "--key" : b->failed ? "--failed" :
			   b->template_changed ? "--template-changed" : NULL;

	if (only)
		return fail(f, AT_USAGE, EX_USAGE, "%s goes with --merge only: mails of --batch go as they are", only);
	if (b->inputs == 0)
		return fail(f, AT_USAGE, EX_USAGE, "--batch needs a mailbox file, a folder or mails: mysend --batch letters.mbox; - is standard input");
	return 0;
}

static int check_common(const struct options *o, struct failure *f)
{
	const struct batch_options *b = &o->batch;

	if (o->json && (o->dry_run || b->preview))
		return fail(f, AT_USAGE, EX_USAGE, "--json tells of mails that are sent: it does not go with --dry-run and --preview");
	if (o->request.later)
		return fail(f, AT_USAGE, EX_USAGE, "a batch is sent now: -odq and -odb do not go with it; --spool-rest puts into the queue what is left in the end");
	return 0;
}

int batch_options_settle(struct options *o, struct arena *run, const struct merge_option *said, size_t count, struct failure *f)
{
	struct batch_options *b = &o->batch;

	if (b->first)
		add_input(b, run, b->first);
	for (size_t i = 0; i < count; i++) {
		if (said[i].kind == DRAFT_ARGUMENT)
			add_input(b, run, said[i].value);
		else if (b->kind == BATCH_OF_MAILS)
			return fail(f, AT_USAGE, EX_USAGE, "%s makes a message, and those of --batch go as they are: --merge makes messages", said[i].spelled);
		else if (take_for_table(b, run, &said[i], f) < 0)
			return -1;
	}
	if (o->mode != MODE_BATCH) /* --help */
		return 0;
	if (check_common(o, f) < 0)
		return -1;
	return b->kind == BATCH_OF_TABLE ? check_table(b, f) : check_mails(b, f);
}

int batch_options_none(const char *only, struct failure *f)
{
	return usage_fail_batch(f, only, " goes with --batch and --merge only");
}
