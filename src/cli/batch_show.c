#include "cli/batch_show.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "post/hint.h"

enum { DRAW_SECONDS = 1, COLUMNS = 80, COLUMNS_MOST = 400 };

enum kind { BAD, FAILED, DOUBT, LATER, ABSENT };

/* A line can be drawn over itself. */
static bool can_draw(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && (!term || strcmp(term, "dumb") != 0);
}

void batch_show_open(struct batch_show *s, const struct options *o, const struct batch_sum *sum)
{
	*s = (struct batch_show){.sum = sum, .quiet = o->quiet, .of_table = o->batch.kind == BATCH_OF_TABLE, .holds = o->batch.hold_unsure, .patience = o->batch.patience,
				 .terminal = !o->quiet && !o->verbose && can_draw()};
}

/* One less than there are, so that the cursor does not go to the next line. */
static size_t columns(void)
{
	struct winsize w;
	size_t n = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : COLUMNS;

	return n < COLUMNS_MOST ? n : COLUMNS_MOST;
}

static struct progress_counts progress_of(const struct batch_show *s, const struct batch_sum *sum)
{
	return (struct progress_counts){
		.all = sum->whole ? sum->seen : s->all,
		.sent = sum->before - sum->before_refused + sum->accepted,
		.refused = sum->before_refused + sum->refused,
		.waiting = sum->waits, .doubtful = sum->doubtful, .bad = sum->bad, .spooled = sum->spooled, .holds = s->holds,
		.left = s->limit ? sum->left : 0, .limit = s->limit, .sessions = sum->crew.open,
	};
}

static void wipe(struct batch_show *s)
{
	if (s->drawn)
		fputs("\r\033[K", stderr);
	s->drawn = false;
}

static void draw(struct batch_show *s)
{
	struct progress_counts p = progress_of(s, &s->now);
	char line[COLUMNS_MOST];
	int64_t now = clock_steady();

	progress_note(&s->speed, now, s->now.accepted + s->now.refused); /* of this run: those before it would count as sent in its first second */
	p.rate = progress_rate(&s->speed, now);
	p.held = *s->waits ? s->waits : NULL;
	p.until = s->until;
	progress_line(line, columns(), &p, clock_wall());
	fprintf(stderr, "\r\033[K%s", line);
	fflush(stderr);
	s->drawn = true;
}

static void *draw_on(void *ctx)
{
	struct batch_show *s = ctx;
	struct timespec next;

	pthread_mutex_lock(&s->lock);
	while (!s->over) {
		draw(s);
		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_sec += DRAW_SECONDS;
		pthread_cond_timedwait(&s->changed, &s->lock, &next);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

void batch_show_begin(struct batch_show *s, uint64_t all)
{
	pthread_condattr_t steady;

	s->all = all;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &steady);
	pthread_condattr_destroy(&steady);
	log_wipes(s->terminal);
	s->draws = s->terminal && pthread_create(&s->thread, NULL, draw_on, s) == 0;
}

void batch_show_end(struct batch_show *s)
{
	if (s->draws) {
		pthread_mutex_lock(&s->lock);
		s->over = true;
		pthread_cond_signal(&s->changed);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	log_wipes(false);
	wipe(s);
}

/* Whether a line of this kind is printed, and not only counted. */
static bool is_told(struct batch_show *s, enum kind kind)
{
	if (s->quiet || s->told[kind]++ >= SHOW_LINES)
		return false;
	wipe(s);
	return true;
}

void batch_show_bad(struct batch_show *s, const struct failure *why)
{
	char words[FAILURE_WORDS];

	if (is_told(s, BAD))
		fprintf(stderr, "mysend: %s\n", failure_words(words, why, 0, NULL));
}

/* Where the mail is: "people.csv: line 12", "letters.mbox, message 3, line 41". */
static void print_place(const struct batch_show *s, const struct batch_event *e)
{
	char file[600];

	slice_printable(file, sizeof file, slice_of(strcmp(e->file, "-") == 0 ? "standard input" : e->file));
	fprintf(stderr, "mysend: %s", file);
	if (s->of_table)
		fprintf(stderr, ": line %" PRIu64, e->line);
	else if (e->line)
		fprintf(stderr, ", message %" PRIu64 ", line %" PRIu64, e->number, e->line);
}

static void tell(struct batch_show *s, const struct batch_event *e, enum kind kind, const struct recipient *to)
{
	static const char *const what[SHOW_KINDS] = {"", "", "in doubt, and may arrive twice: ", "not for now: ", ""};
	char words[FAILURE_WORDS], address[600];

	if (!to->why || !is_told(s, kind))
		return;
	slice_printable(address, sizeof address, slice_of(to->address));
	print_place(s, e);
	fprintf(stderr, ": %s: %s%s\n", address, what[kind], failure_words(words, to->why, to->why->code ? WORDS_CODE : WORDS_WHERE, NULL));
}

/* A temporary failure is told once it is known that no other try is made in this run. */
static void tell_result(struct batch_show *s, const struct batch_event *e)
{
	const struct envelope *to = &e->job->mail.envelope;

	for (size_t i = 0; i < to->recipients; i++)
		switch (to->recipient[i].verdict) {
		case REFUSED:
		case BOUNCED:
			tell(s, e, FAILED, &to->recipient[i]);
			break;
		case UNSURE:
			tell(s, e, DOUBT, &to->recipient[i]);
			break;
		case DEFERRED:
		case PENDING:
			if (!e->again)
				tell(s, e, LATER, &to->recipient[i]);
			break;
		case ACCEPTED:
		case WAITS:
			break;
		}
}

/* Bad mails come in their order, and each once. */
static bool was_told(struct batch_show *s, uint64_t number)
{
	while (s->bad_at < s->bads && s->bad[s->bad_at] < number)
		s->bad_at++;
	return s->bad_at < s->bads && s->bad[s->bad_at] == number;
}

/* Told at once and wherever standard error goes, as it may be long. A relay that has never let us in is perhaps set wrong. */
static void tell_kept_out(struct batch_show *s, const struct batch_event *e)
{
	char words[FAILURE_WORDS], hint[sizeof e->why->hint * 2], until[48], span[PROGRESS_TIME];
	struct failure f = *e->why;
	time_t now = clock_wall();

	if (s->kept_out || !is_told(s, ABSENT))
		return;
	s->kept_out = true;
	progress_until(until, now + s->patience, now);
	fprintf(stderr, "mysend: %s: asked again %s (--patience %s); Ctrl-C is safe\n", failure_words(words, &f, WORDS_WHERE | WORDS_CODE, NULL), until,
		progress_span(span, s->patience));
	if (e->before)
		return;
	hint_add(&f);
	slice_printable(hint, sizeof hint, slice_of(f.hint));
	if (*hint)
		fprintf(stderr, "mysend: hint: %s\n", hint);
}

void batch_show_event(struct batch_show *s, const struct batch_event *e)
{
	pthread_mutex_lock(&s->lock);
	s->now = *s->sum;
	switch (e->what) {
	case BATCH_BAD:
		if (!was_told(s, e->number))
			batch_show_bad(s, e->why);
		break;
	case BATCH_KEPT_OUT:
		tell_kept_out(s, e);
		break;
	case BATCH_RESULT:
		s->kept_out = false;
		tell_result(s, e);
		break;
	case BATCH_WAITS:
		slice_printable(s->waits, sizeof s->waits, slice_of(e->words ? e->words : ""));
		s->until = e->until;
		pthread_cond_signal(&s->changed);
		break;
	case BATCH_TICK:
		break;
	}
	pthread_mutex_unlock(&s->lock);
}

static void tell_more(const struct batch_show *s, enum kind kind, const char *words)
{
	if (s->told[kind] > SHOW_LINES)
		fprintf(stderr, "mysend: and %" PRIu64 " more %s\n", s->told[kind] - SHOW_LINES, words);
}

void batch_show_more(const struct batch_show *s)
{
	tell_more(s, BAD, "cannot be sent");
	tell_more(s, FAILED, "recipients were refused");
	tell_more(s, DOUBT, "recipients are in doubt");
	tell_more(s, LATER, "recipients not for now");
	tell_more(s, ABSENT, "times the relay let nobody in");
}

/* Mails that wait as those do which were tried: read ahead, or not even read. */
static uint64_t not_begun(const struct progress_counts *p, const struct batch_sum *sum)
{
	uint64_t known = p->sent + p->refused + p->bad + p->spooled + p->doubtful + p->waiting;

	return p->all > known ? p->all - known : sum->left;
}

void batch_show_sum(struct batch_show *s, const char *failed)
{
	const struct batch_sum *sum = s->sum;
	struct progress_counts p = progress_of(s, sum);
	char line[COLUMNS_MOST + PATH_MAX];

	if (s->quiet)
		return;
	batch_show_more(s);
	if (!s->limit)
		p.waiting += not_begun(&p, sum);
	p.before = sum->before && !sum->accepted && !sum->refused;
	p.again = s->again;
	progress_sum(line, sizeof line, &p, failed);
	fprintf(stderr, "mysend: %s\n", line);
}
