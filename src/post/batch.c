#include "post/batch.h"

#include <limits.h>
#include <time.h>

#include "base/clock.h"
#include "base/ending.h"
#include "post/batch_inside.h"
#include "post/defer.h"

enum { TICK_MS = ENDING_LOOK_MS, SYNC_MS = 100, LATE_MS = 1000 };

static void tick(struct batch *b)
{
	struct batch_event e = {.what = BATCH_TICK};
	int64_t now = clock_steady();

	if (now - b->ticked < TICK_MS)
		return;
	b->ticked = now;
	batch_tell(b, &e, NULL);
}

/* A ledger that cannot be written stops the run before the next mail leaves. */
static bool is_over(void *ctx)
{
	struct batch *b = ctx;
	struct failure f;

	if (ledger_check(b->order->ledger, &f) < 0)
		batch_fail(b, &f);
	return batch_is_over(b) || batch_is_shut(b);
}

/* --- the crew's client ------------------------------------------------------------------------ */

static struct job *next_job(void *ctx, bool alone, int64_t *when)
{
	struct batch *b = ctx;
	struct batch_slot *s;

	*when = 0;
	tick(b);
	if (is_over(b) || (b->pass == BATCH_DOUBT && !alone))
		return NULL;
	if (!b->ready.first)
		batch_read_ahead(b, alone ? 1 : b->ahead);
	s = is_over(b) ? NULL : batch_list_take(&b->ready);
	return s ? s->job : NULL;
}

static void job_done(void *ctx, struct job *j, enum crew_end how)
{
	struct batch *b = ctx;

	if (how == CREW_BACK && j->agains) /* words of a limit that may be about this mail alone keep no other from its turn */
		batch_list_add(&b->ready, j->slot);
	else if (how == CREW_BACK)
		batch_list_put_first(&b->ready, j->slot);
	else
		batch_settle(b, j->slot);
	tick(b);
}

/* A mail that had to wait, for the rate or for a relay, is leased once more when it goes: so the ledger shows how long its answer took. */
static void mail_begins(void *ctx, struct job *j)
{
	struct batch *b = ctx;
	struct batch_slot *s = j->slot;
	int64_t now = clock_steady();

	if (now - s->leased < LATE_MS)
		return;
	s->leased = now;
	ledger_lease_again(b->order->ledger, &(struct ledger_mail){s->key, &j->mail.envelope});
}

/* Where the crew goes one mail at a time, leases do too, so that few mails are in doubt after a crash. */
static void set_ahead(void *ctx, unsigned mails)
{
	struct batch *b = ctx;

	b->ahead = mails;
}

static void tell_waits(void *ctx, const char *words, int64_t until)
{
	struct batch_event e = {.what = BATCH_WAITS, .words = words, .until = until ? clock_wall() + (time_t)((until - clock_steady() + 999) / 1000) : 0};

	batch_tell(ctx, &e, NULL);
}

static void kept_out(void *ctx, const struct failure *why, bool before)
{
	struct batch *b = ctx;
	struct batch_event e = {.what = BATCH_KEPT_OUT, .why = why, .before = before || b->sum->crew.sessions};

	batch_tell(b, &e, NULL);
}

static void tick_now(void *ctx)
{
	tick(ctx);
}

static void turned_away(void *ctx, const struct failure *why)
{
	(void)ctx; /* crew_run returns it, too; the mails are the next run's */
	(void)why;
}

/* What was leased before the last lease has its results synced with that lease. So whoever is in doubt after a power cut is among as
 * many mails with these syncs as without them. One for each answer would only take the disk from a relay on the same host. */
static void sync_ledger(void *ctx)
{
	struct batch *b = ctx;
	int64_t now = clock_steady();

	if (now - b->synced < SYNC_MS)
		return;
	b->synced = now;
	ledger_sync(b->order->ledger);
}

/* --- passes ----------------------------------------------------------------------------------- */

/* Mails that the crew has handed back at its end. Some of their recipients may have their answers. */
static void put_away(struct batch *b)
{
	struct batch_slot *s;

	while ((s = batch_list_take(&b->ready)))
		if (envelope_progress(&s->job->mail.envelope) == UNTOUCHED)
			batch_drop(b, s);
		else
			batch_settle(b, s);
	batch_believe(b);
}

static void make_room(struct batch *b, size_t leases)
{
	if (b->leases >= leases)
		return;
	b->leases = leases;
	b->lease = arena_zeroed(&b->in, leases, sizeof *b->lease);
}

static void add_crew(struct crew_sum *to, const struct crew_sum *sum)
{
	to->sessions += sum->sessions;
	to->lost += sum->lost;
	to->most = sum->most > to->most ? sum->most : to->most;
	to->mails = sum->mails;
	to->limit = sum->limit;
}

/* Not more sessions than there are windows full of mail, and one where the conversation is shown. */
static unsigned sessions_for(const struct batch *b, const struct account *a)
{
	const struct batch_order *o = b->order;
	const struct batch_sum *sum = b->sum;
	uint64_t most = o->sessions ? o->sessions : a->sessions;
	uint64_t mails = b->pass == BATCH_NEW ? o->count : sum->waits, windows;

	if (b->ended)
		mails = b->ready.count;
	else if (b->pass == BATCH_NEW && o->limit && (o->limit < mails || !mails))
		mails = o->limit;
	windows = mails / a->window + (mails % a->window > 0);
	if (b->pass == BATCH_DOUBT || (o->tracer && o->tracer->line))
		return 1;
	return windows && windows < most ? (unsigned)windows : (unsigned)most;
}

static void run_crew(struct batch *b, const struct account *a)
{
	const struct crew_client client = {.ctx = b, .next = next_job, .done = job_done, .begins = mail_begins, .kept_out = kept_out, .turned_away = turned_away, .sync = sync_ledger,
					   .window = set_ahead, .waits = tell_waits, .tick = tick_now, .over = is_over};
	struct crew_order order = {.account = a, .tracer = b->order->tracer, .stays = true, .others = UINT_MAX, .patience = b->order->patience};
	struct crew_sum sum;
	struct failure f;

	make_room(b, a->window);
	b->ahead = a->window;
	b->stops = 0;
	b->guard = (struct limits_guard){.in_row = 0}; /* another relay may say the same words */
	if (b->first && b->ready.first && a->window > 1) /* so that few mails have one session, also where nobody has counted them */
		batch_read_ahead(b, a->window - 1);
	order.sessions = sessions_for(b, a);
	b->crew = &sum;
	if (crew_run(&order, &client, &sum, &f) < 0)
		batch_shut(b, &f);
	b->crew = NULL;
	add_crew(&b->sum->crew, &sum);
	put_away(b);
}

/* One account's mails of this pass. While the input is read for the first time it is read to its end, whatever the relay says, so
 * that all mails are counted, and the accounts are known that mail is for. */
static void send_turn(struct batch *b)
{
	if (b->first)
		batch_read_ahead(b, 1); /* finds the first account */
	if (b->turn < b->accounts && !b->account[b->turn].shut)
		run_crew(b, b->account[b->turn].account);
	if (b->first) {
		b->counts_only = true;
		batch_read_ahead(b, 1);
		b->counts_only = b->first = false;
	}
	if (b->broken)
		batch_fail(b, &b->broken_by);
}

static void run_pass(struct batch *b, enum batch_pass pass)
{
	struct failure f;

	b->pass = pass;
	for (b->turn = 0; (b->first || b->turn < b->accounts) && !batch_is_over(b); b->turn++) {
		if (!b->first && batch_rewind(b, &f) < 0)
			batch_fail(b, &f);
		else
			send_turn(b);
	}
}

static bool has_open_account(const struct batch *b)
{
	for (size_t i = 0; i < b->accounts; i++)
		if (!b->account[i].shut)
			return true;
	return false;
}

/* Waits so many seconds, unless we are told to end. */
static void pause_for(struct batch *b, unsigned seconds)
{
	const struct timespec piece = {.tv_nsec = TICK_MS * 1000000L};
	struct batch_event e = {.what = BATCH_WAITS, .words = "mail with a temporary failure is tried again", .until = clock_wall() + (time_t)seconds};
	int64_t end = clock_steady() + seconds * INT64_C(1000);

	batch_tell(b, &e, NULL);
	while (!batch_is_over(b) && clock_steady() < end) {
		nanosleep(&piece, NULL);
		tick(b);
	}
	e = (struct batch_event){.what = BATCH_WAITS};
	batch_tell(b, &e, NULL);
}

static void run_all(struct batch *b)
{
	const struct batch_order *o = b->order;

	b->last = !o->pauses;
	run_pass(b, BATCH_NEW);
	if (b->lost && !batch_is_over(b))
		run_pass(b, BATCH_LOST);
	for (unsigned i = 0; i < o->pauses && (b->sum->waits || b->also) && has_open_account(b) && !batch_is_over(b); i++) {
		pause_for(b, o->pause[i]);
		b->last = i + 1 == o->pauses;
		if (!batch_is_over(b))
			run_pass(b, BATCH_AGAIN);
	}
	b->last = true;
	if (b->sum->doubtful && !o->hold_unsure && !batch_is_over(b))
		run_pass(b, BATCH_DOUBT);
	if (o->spool_rest)
		batch_spool_rest(b);
}

static uint64_t left_of(const struct batch_sum *s)
{
	return s->seen - s->before - s->accepted - s->refused - s->waits - s->doubtful - s->bad - s->spooled;
}

/* Why the run has stopped. That no relay is there is no matter once all mail is in the spool, unless somebody has to mend something. */
static int end_of(const struct batch *b, struct failure *f)
{
	const struct batch_sum *s = b->sum;

	if (!b->failed && (!b->shut || (b->order->spool_rest && !s->left && !s->waits && !s->doubtful && !defer_needs_admin(&b->why))))
		return 0;
	*f = b->why;
	return -1;
}

int batch_run(const struct batch_order *o, struct batch_sum *sum, struct failure *f)
{
	struct batch b = {.order = o, .sum = sum, .first = true};
	struct failure why;
	int rc;

	*sum = (struct batch_sum){0};
	batch_list_clear(&b.ready);
	batch_list_clear(&b.doubted);
	make_room(&b, 1);
	run_all(&b);
	sum->left = left_of(sum);
	sum->told_to_end = ending_asked();
	rc = end_of(&b, f);
	if (o->failed && batch_write_failed(&b, &why) < 0 && rc == 0) {
		*f = why;
		rc = -1;
	}
	arena_free(&b.in);
	return rc;
}
