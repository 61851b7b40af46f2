#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ending.h"
#include "cli/background.h"
#include "cli/dry_run.h"
#include "cli/modes.h"
#include "cli/smtpd_answer.h"
#include "cli/trace.h"
#include "intake/feed_bsmtp.h"
#include "post/crew.h"
#include "post/defer.h"
#include "post/enqueue.h"
#include "post/result.h"
#include "post/submit.h"

/* How many items may wait for the one in front of them, so that a file with many faults needs no more memory. */
enum { ITEMS = 256 };

/* A message of the file, or a command that could not be taken. Items are reported in the order of the file, whenever their results
 * are known. */
struct item {
	struct arena in; /* the item's own */
	struct item *next;
	struct job *job; /* own; NULL: no mail, and why says why */
	struct failure why;
	size_t number; /* the number of the message in the file; outside of any, of the message before */
	enum { ITEM_READY, ITEM_GIVEN, ITEM_DONE } state;
	bool refused;
	bool by_itself;	   /* the message is sent in a session of its own */
	unsigned sessions; /* how many sessions had been opened when it was given */
	int64_t given;
};

/* A file of SMTP commands on standard input (-bS): a feed of a crew. */
struct bsmtp {
	const struct options *options;
	struct feed_bsmtp feed;
	struct link link;
	const struct account *account; /* the account of the open session, which takes all mail for that account */
	int64_t asked;		       /* when that session was asked for (clock_steady) */
	const struct account *silent;  /* this account's relay was waited for in vain: it is not asked again; or NULL. Its failure: */
	struct failure silence;
	struct item *first, **end;     /* items that are not reported yet */
	size_t items, messages;	       /* how many items are in that list; messages read so far */
	size_t taken, refused;	       /* messages that were reported, by their result */
	size_t bad_outside;	       /* commands outside of a message that could not be taken */
	bool queued_any;	       /* at least one message was queued */
	bool told_waits;	       /* it was told that a message waits for a person */
	bool over, failed;	       /* nothing more is read; reading failed: */
	struct failure why;
};

/* The mail waits for what only a person can mend. That is told of the first such mail: those behind it wait for the same, as a rule. */
static bool waits_in_vain(struct bsmtp *b, const struct item *item)
{
	const struct failure *why = item->job && item->job->spooled ? smtpd_answer_why(&item->job->mail.envelope) : NULL;

	if (b->told_waits || !why || !defer_needs_admin(why))
		return false;
	return b->told_waits = true;
}

/* Reports a failure on standard error, with the number of the message: nobody reads SMTP replies here. */
static void tell(struct bsmtp *b, const struct item *item)
{
	struct smtpd_answer a;
	int rc = item->job ? smtpd_answer_verdicts(&a, item->job) : smtpd_answer_failure(&a, &item->why);
	struct slice rest = slice_of(rc == 0 ? a.lines.p : "no memory for an answer"), line;
	bool more = a.code >= 400 || waits_in_vain(b, item);

	if (item->job && item->refused)
		result_unkept(item->job);
	while (more) {
		more = slice_cut(&rest, '\n', &line);
		if (!more)
			line = rest;
		fprintf(stderr, "mysend: message %zu: %d %.*s\n", item->number, a.code, (int)line.len, line.p);
	}
	smtpd_answer_free(&a);
}

static void forget_first(struct bsmtp *b)
{
	struct item *item = b->first;
	struct arena in = item->in;

	b->first = item->next;
	if (!b->first)
		b->end = &b->first;
	b->items--;
	receiver_free(item->job);
	arena_free(&in);
}

static void end_item(struct bsmtp *b, struct item *item)
{
	item->state = ITEM_DONE;
	for (; b->first && b->first->state == ITEM_DONE; forget_first(b))
		if (!b->options->quiet)
			tell(b, b->first);
}

/* The mail has its verdicts: writes the log line, and counts it. */
static void end_mail(struct bsmtp *b, struct item *item)
{
	item->refused = result_log(item->job) != EX_OK;
	b->taken += !item->refused;
	b->refused += item->refused;
	b->queued_any |= item->job->spooled != NULL;
	end_item(b, item);
}

static void append(struct bsmtp *b, const struct bsmtp_item *got)
{
	struct arena in = {.block = NULL};
	struct item *item = arena_zeroed(&in, 1, sizeof *item);

	b->messages += !got->outside;
	*item = (struct item){.in = in, .job = got->job, .number = b->messages};
	*b->end = item;
	b->end = &item->next;
	b->items++;
	if (got->job)
		return;
	item->why = got->why;
	b->bad_outside += got->outside;
	b->refused += !got->outside;
	end_item(b, item);
}

/* Reads one more item. False: there is none, or none yet. */
static bool read_on(struct bsmtp *b, bool wait)
{
	struct bsmtp_item got;
	int rc = b->over ? FEED_END : feed_bsmtp_next(&b->feed, wait, &got, &b->why);

	b->failed |= rc < 0;
	b->over |= rc < 0 || rc == FEED_END;
	if (rc != FEED_GOT)
		return false;
	append(b, &got);
	return true;
}

static struct item *first_ready(const struct bsmtp *b)
{
	struct item *item = b->first;

	while (item && item->state != ITEM_READY)
		item = item->next;
	return item;
}

static struct item *item_of(const struct bsmtp *b, const struct job *j)
{
	struct item *item = b->first;

	while (item->job != j)
		item = item->next;
	return item;
}

static bool travels(const struct bsmtp *b, const struct item *item)
{
	const struct job *j = item->job;

	return !b->options->dry_run && !item->by_itself && !j->later && !j->account->unconfigured;
}

/* Where the next message has not come yet, it is not waited for while answers to other messages are. */
static struct job *bsmtp_next(void *ctx, bool alone, int64_t *when)
{
	struct bsmtp *b = ctx;
	struct item *item;

	(void)alone; /* no message of the file has been tried before */
	*when = 0;
	if (ending_asked())
		return NULL;
	while (!(item = first_ready(b)) && b->items < ITEMS + b->account->window && read_on(b, false))
		;
	if (!item || item->job->account != b->account || !travels(b, item))
		return NULL;
	item->state = ITEM_GIVEN;
	item->sessions = b->link.sessions;
	item->given = clock_steady();
	return item->job;
}

/* The relay has closed the connection after the mail before this one, as some relays do after so many mails: nothing of this mail
 * was sent, and nothing is wrong with it. A relay that was silent until the time limit is not asked again. */
static bool is_goodbye(const struct bsmtp *b, const struct item *item)
{
	const struct envelope *e = &item->job->mail.envelope;
	const struct failure *why = e->recipient[0].why;

	return envelope_progress(e) == UNTOUCHED && why && why->stage == AT_SENDER && failure_is_temporary(why) && !why->code &&
	       item->sessions == b->link.sessions && clock_steady() - item->given < item->job->account->timeout * INT64_C(1000) &&
	       !ending_asked();
}

static void bsmtp_done(void *ctx, struct job *j, enum crew_end how)
{
	struct item *item = item_of(ctx, j);

	item->by_itself = how == CREW_TRIED && is_goodbye(ctx, item);
	for (size_t i = 0; item->by_itself && i < j->mail.envelope.recipients; i++)
		j->mail.envelope.recipient[i].why = NULL;
	if (how == CREW_BACK || item->by_itself) {
		item->state = ITEM_READY;
		return;
	}
	submit_rest(j);
	end_mail(ctx, item);
}

/* The relay let no session in for this mail. The next mail tries again, unless the relay was silent. */
static void not_let_in(struct bsmtp *b, struct item *item, const struct failure *why)
{
	envelope_blame(&item->job->mail.envelope, &item->job->arena, why);
	submit_rest(item->job);
	end_mail(b, item);
}

/* A relay that did not answer at all would be waited for once more for each message of the file. Where they may wait, the others go
 * into the queue at once. */
static void note_silence(struct bsmtp *b, const struct failure *why)
{
	int64_t patience = b->account->connect_timeout * INT64_C(1000);

	if (!failure_is_temporary(why) || why->code || clock_steady() - b->asked < patience / 2 || !enqueue_is_allowed(b->account))
		return;
	b->silent = b->account;
	b->silence = *why;
}

static void bsmtp_turned_away(void *ctx, const struct failure *why)
{
	struct item *item = first_ready(ctx);

	note_silence(ctx, why);
	if (item)
		not_let_in(ctx, item, why);
}

static int alone(struct bsmtp *b, struct item *item, struct failure *f)
{
	if (!b->options->dry_run) {
		submit_job(item->job, &b->link);
		end_mail(b, item);
		return 0;
	}
	if (dry_run_print(item->job, f) < 0)
		return -1;
	b->taken++;
	forget_first(b);
	return 0;
}

/* Sends this mail, and all that follow for the same account, in one session as long as it lasts. */
static int submit_item(struct bsmtp *b, struct item *item, struct failure *f)
{
	const struct crew_client client = {.ctx = b, .next = bsmtp_next, .done = bsmtp_done, .turned_away = bsmtp_turned_away};
	const struct crew_order order = {.account = item->job->account, .sessions = 1, .link = &b->link, .others = 5};
	size_t through = b->taken + b->refused;
	struct failure why;
	struct crew_sum sum;

	if (!travels(b, item))
		return alone(b, item, f);
	if (b->silent == item->job->account) {
		not_let_in(b, item, &b->silence);
		return 0;
	}
	b->account = item->job->account;
	b->asked = clock_steady();
	/* The crew gives up after some sessions with no mail answered: then this mail is tried by itself, so that the file goes
	 * on. */
	if (crew_run(&order, &client, &sum, &why) < 0 && b->taken + b->refused == through && !ending_asked())
		return alone(b, first_ready(b), f);
	return 0;
}

/* We are told to end, and mails that were under way have their answers. Mails that were read and not sent are queued, where there
 * is a queue. */
static int end_as_told(struct bsmtp *b, struct failure *f)
{
	struct failure why;
	struct item *item;

	while ((item = first_ready(b))) {
		fail(&why, AT_SENDER, EX_TEMPFAIL, ENDING_TOLD);
		snprintf(why.relay, sizeof why.relay, "%s", b->link.session ? session_relay(b->link.session) : item->job->account->host);
		not_let_in(b, item, &why);
	}
	return fail(f, AT_INPUT, EX_TEMPFAIL, ENDING_TOLD ": %zu of %zu messages have been handed over, what follows has not been read",
		    b->taken, b->taken + b->refused);
}

static int take_all(struct bsmtp *b, struct failure *f)
{
	struct item *item;

	while ((item = first_ready(b)) || read_on(b, true)) {
		struct ending held;

		if (!item)
			continue;
		ending_hold(&held);
		if (submit_item(b, item, f) < 0)
			return -1;
		if (ending_asked())
			return end_as_told(b, f);
		ending_release(&held);
	}
	if (b->failed)
		*f = b->why;
	return b->failed ? -1 : 0;
}

static int status_of(const struct bsmtp *b)
{
	if (!b->refused && !b->bad_outside)
		return EX_OK;
	if (!b->options->quiet)
		fprintf(stderr, "mysend: %zu of %zu messages have been handed over\n", b->taken, b->taken + b->refused);
	return b->taken ? 1 : 2;
}

int mode_bsmtp(const struct options *o, struct arena *run, struct failure *f)
{
	struct bsmtp b = {.options = o, .end = &b.first};
	struct intake intake;
	struct trace trace;
	int rc;

	b.link.tracer = trace_open(&trace, o);
	rc = intake_open(&intake, &o->request, o->config, o->called, run, f);
	if (rc == 0)
		rc = feed_bsmtp_open(&b.feed, &o->request, &intake, STDIN_FILENO, f);
	if (rc == 0)
		rc = take_all(&b, f);
	if (b.queued_any && o->background)
		background_try(o, run, NULL);
	intake_close(&intake);
	link_leave(&b.link, rc == 0);
	trace_close(&trace);
	while (b.first)
		forget_first(&b);
	feed_bsmtp_close(&b.feed);
	return rc < 0 ? -1 : status_of(&b);
}
