#include "cli/batch_ahead.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/dry_run.h"
#include "conf/rate.h"

struct look {
	struct batch_show *show;
	struct arena *run;
	uint64_t *bad; /* numbers of the bad mails */
	size_t bads, bad_room;
	bool prints, alone; /* a mail is printed; it alone is looked for */
	bool tries;	    /* only the first is looked at */
	uint64_t looked;
	uint64_t number;    /* of the mail that is printed; 0: the first that can be sent */
	bool found;
	bool failed;
	struct failure why;
};

bool batch_ahead_is_asked(const struct options *o)
{
	return !o->batch.yes && !o->quiet && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* The mail that is to be printed, or why it cannot be. */
static void print_one(struct look *l, const struct batch_mail *m, const struct failure *why)
{
	l->found = true;
	if (why) {
		l->why = *why;
		l->why.exit = EX_DATAERR;
	}
	l->failed = why || dry_run_print(m->job, &l->why) < 0;
}

/* No relay, no sender: it is the same for all mails, and no row's fault; but a row may have a name without a domain. */
static bool is_for_all(const struct look *l, const struct failure *why)
{
	return l->looked == 1 && why && why->exit == EX_CONFIG && why->hint_id != HINT_RECIPIENT_DOMAIN;
}

static bool look_at(void *ctx, const struct batch_mail *m, const struct failure *why)
{
	struct look *l = ctx;
	bool this = l->prints && !l->found && (l->number ? m->number == l->number : !why);

	l->looked++;
	if (is_for_all(l, why)) {
		l->why = *why;
		l->failed = true;
	} else if (this) {
		print_one(l, m, why);
	} else if (why && !l->alone && !l->tries) {
		batch_show_bad(l->show, why);
		l->bad = arena_grow(l->run, l->bad, l->bads, &l->bad_room, sizeof *l->bad);
		l->bad[l->bads++] = m->number;
	}
	return !l->failed && !l->tries && !(l->alone && l->found);
}

int batch_ahead_no_input(const struct options *o, struct failure *f)
{
	if (o->batch.kind == BATCH_OF_TABLE && f->exit == EX_DATAERR)
		f->exit = EX_CONFIG;
	return -1;
}

static int look(struct look *l, struct batch_source *s, struct input_survey *survey, struct failure *f)
{
	if (input_survey(&s->input, survey, look_at, l, f) < 0)
		return batch_ahead_no_input(s->options, f);
	if (l->failed)
		*f = l->why;
	return l->failed ? -1 : 0;
}

int batch_ahead_try(struct input_survey *survey, struct batch_source *s, struct batch_show *show, struct failure *f)
{
	struct look l = {.show = show, .tries = true};

	return look(&l, s, survey, f);
}

static int stop(const struct options *o, const struct input_survey *survey, struct failure *f)
{
	if (!o->batch.stop_on_error || !survey->bad)
		return 0;
	return fail(f, AT_INPUT, EX_DATAERR, "%s: %" PRIu64 " of %" PRIu64 " are bad, and nothing is sent (--stop-on-error)", o->batch.input[0],
		    survey->bad, survey->bad + survey->mails);
}

static void warn(const struct options *o, const struct input_survey *survey)
{
	if (o->batch.kind == BATCH_OF_TABLE && !o->quiet && survey->mails > AHEAD_MANY && survey->unsubscribes < survey->mails)
		log_warning("more than %d mails, and no List-Unsubscribe in them: providers refuse that; --unsubscribe URL adds one", AHEAD_MANY);
}

int batch_ahead_look(struct input_survey *survey, struct batch_source *s, struct batch_show *show, struct failure *f)
{
	struct look l = {.show = show, .run = s->run};

	if (look(&l, s, survey, f) < 0)
		return -1;
	show->bad = l.bad;
	show->bads = l.bads;
	warn(s->options, survey);
	return stop(s->options, survey, f);
}

/* How long the rates make it take, in words; "": they do not. */
static void time_words(char to[static PROGRESS_TIME], const struct account *a, uint64_t mails, uint64_t recipients)
{
	struct failure ignored;
	struct rate rate;
	double ms = 0;

	*to = '\0';
	if (rate_parse(&rate, slice_of(a->rate), &ignored) < 0)
		return;
	for (unsigned i = 0; i < rate.limits; i++) {
		uint64_t n = rate.limit[i].recipients ? recipients : mails, spans = n ? (n - 1) / rate.limit[i].count : 0;
		double takes = (double)spans * (double)rate.limit[i].span;

		ms = takes > ms ? takes : ms;
	}
	if (ms > 0)
		progress_time(to, ms / 1000);
}

static void print_way(const struct input_survey *survey, const struct options *o)
{
	const struct account *a = survey->account;
	uint64_t mails = o->batch.limit && o->batch.limit < survey->mails ? o->batch.limit : survey->mails;
	char time[PROGRESS_TIME];

	fprintf(stderr, "mysend: from %s by account %s, relay ", *survey->sender ? survey->sender : "<>", a->name);
	if (*a->socket)
		fputs(a->socket, stderr);
	else
		fprintf(stderr, "%s:%u", *a->host ? a->host : "(none)", a->port);
	time_words(time, a, mails, survey->recipients * mails / survey->mails);
	if (*a->rate)
		fprintf(stderr, ", at %s", a->rate);
	if (*time)
		fprintf(stderr, ": %s at least", time);
	fputs(survey->accounts ? "; others by other accounts\n" : "\n", stderr);
}

/* What earlier runs have done. */
static void print_before(const struct batch_source *s)
{
	char number[PROGRESS_TIME], path[600];
	struct ledger_sum sum;

	if (!s->ledger)
		return;
	sum = ledger_sum(s->ledger);
	slice_printable(path, sizeof path, slice_of(s->path));
	fprintf(stderr, "mysend: %s of the recipients have it already (%s)\n", progress_number(number, sum.recipients[LEDGER_DONE] + sum.recipients[LEDGER_SPOOLED]), path);
}

static void print_ahead(const struct input_survey *survey, const struct batch_source *s)
{
	const struct batch_options *b = &s->options->batch;
	char mails[PROGRESS_TIME], bad[PROGRESS_TIME], path[600];

	slice_printable(path, sizeof path, slice_of(b->input[0]));
	fprintf(stderr, "mysend: %s mail%s of %s%s", progress_number(mails, survey->mails), survey->mails == 1 ? "" : "s", path, b->inputs > 1 ? " and others" : "");
	if (survey->mails)
		fprintf(stderr, ": to %s first, to %s last", survey->first, survey->last);
	if (survey->bad)
		fprintf(stderr, "; %s cannot be sent", progress_number(bad, survey->bad));
	fputc('\n', stderr);
	if (b->shards)
		fprintf(stderr, "mysend: of these part %u of %u\n", b->shard, b->shards);
	if (survey->mails)
		print_way(survey, s->options);
	print_before(s);
}

/* How many recipients the ledger says are done with; of this input or of one that was longer. */
static uint64_t done_with(const struct batch_source *s)
{
	const struct batch_options *b = &s->options->batch;
	const struct ledger_sum sum = ledger_sum(s->ledger);
	uint64_t done = 0;

	for (unsigned i = 0; i < LEDGER_STATES; i++)
		if (ledger_turn((enum ledger_state)i, b->retry_failed, b->hold_unsure) == LEDGER_NOTHING)
			done += sum.recipients[i];
	return done;
}

struct search {
	const struct batch_source *source;
	bool due;
};

static bool find_due(void *ctx, const struct batch_mail *m, const struct failure *why)
{
	struct search *s = ctx;
	const struct batch_options *b = &s->source->options->batch;
	const struct envelope *e = why ? NULL : &m->job->mail.envelope;

	for (size_t i = 0; e && i < e->recipients && !s->due; i++)
		s->due = ledger_turn(ledger_find(s->source->ledger, m->key, e->recipient[i].address), b->retry_failed, b->hold_unsure) != LEDGER_NOTHING;
	return !s->due;
}

int batch_ahead_is_left(const struct input_survey *survey, struct batch_source *s, struct failure *f)
{
	struct search search = {.source = s};
	struct input_survey unused;

	if (!s->ledger || done_with(s) < survey->recipients) /* mostly that is told without reading the input once more */
		return 1;
	if (input_survey(&s->input, &unused, find_due, &search, f) < 0)
		return batch_ahead_no_input(s->options, f);
	return search.due;
}

bool batch_ahead_ask(const struct input_survey *survey, const struct batch_source *s)
{
	char answer[80];

	if (!survey->mails)
		return true;
	print_ahead(survey, s);
	fputs("mysend: send? [y/N] ", stderr);
	fflush(stderr);
	if (!fgets(answer, sizeof answer, stdin)) {
		fputc('\n', stderr);
		return false;
	}
	return *answer == 'y' || *answer == 'Y';
}

int batch_ahead_print(struct batch_source *s, struct batch_show *show, struct failure *f)
{
	const struct options *o = s->options;
	struct look l = {.show = show, .run = s->run, .prints = true, .number = o->batch.preview, .alone = !o->dry_run};
	struct input_survey survey;

	if (look(&l, s, &survey, f) < 0)
		return -1;
	if (l.number && !l.found)
		return fail(f, AT_USAGE, EX_USAGE, "--preview %" PRIu64 ": there are %" PRIu64 " mails", l.number, survey.mails + survey.bad);
	if (l.alone)
		return EX_OK;
	if (!o->quiet) {
		batch_show_more(show);
		print_ahead(&survey, s);
	}
	warn(o, &survey);
	return survey.bad ? EX_DATAERR : EX_OK;
}
