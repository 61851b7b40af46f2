#include "post/queue.h"

#include "base/clock.h"
#include "base/ending.h"
#include "base/log.h"
#include "post/claim.h"
#include "post/crew.h"

/* How many sessions may replace lost ones in a run of one account. */
enum { OTHER_SESSIONS = 5 };

struct run {
	const struct queue_order *order;
	struct arena in; /* holds the list */
	struct selection list;
	size_t group; /* the group of the account whose turn it is */
	struct outcome outcome;
	struct claims claims;
};

static bool over(const struct run *r)
{
	const struct queue_order *o = r->order;

	return ending_asked() || (o->most && r->outcome.sum->tried >= o->most) || (o->until && clock_steady() >= o->until);
}

static struct claim *next_claim(struct run *r, bool doubt)
{
	while (!over(r)) {
		struct candidate *d = select_next(&r->list, r->group, doubt);
		struct claim *c = d ? claim_take(&r->claims, d) : NULL;

		if (c)
			r->outcome.sum->tried++;
		if (c || !d)
			return c;
	}
	return NULL;
}

/* The next mail. UNSURE mail goes alone: if the relay ends the session at it, no other mail becomes UNSURE. */
static struct job *queue_next(void *ctx, bool alone, int64_t *when)
{
	struct claim *c = next_claim(ctx, alone);

	*when = 0;
	return c ? &c->job : NULL;
}

static void queue_part(void *ctx, struct job *j)
{
	struct run *r = ctx;

	/* On the disk before the next transaction's message goes: after a power cut its recipients would get theirs again. */
	r->outcome.spool->grouped = false;
	outcome_so_far(&r->outcome, j, &claim_of(j)->entry);
	r->outcome.spool->grouped = true;
}

/* Takes a mail back that was not tried. Some of its recipients may have their answers already. */
static void put_back(struct run *r, struct claim *c)
{
	bool untouched = envelope_progress(&c->job.mail.envelope) == UNTOUCHED;

	if (!untouched && ending_asked()) {
		outcome_leave(&r->outcome, &c->job, &c->entry);
		return;
	}
	if (!untouched)
		outcome_so_far(&r->outcome, &c->job, &c->entry);
	select_put_back(&r->list, c->of);
	r->outcome.sum->tried--;
}

static void queue_done(void *ctx, struct job *j, enum crew_end how)
{
	struct claim *c = claim_of(j);
	struct run *r = ctx;

	if (how == CREW_BACK)
		put_back(r, c);
	else
		outcome_note(&r->outcome, j, &c->entry);
	claim_release(c);
}

static void queue_sync(void *ctx)
{
	struct run *r = ctx;

	spool_sync(r->outcome.spool);
}

/* The relay lets no session in: that counts as an attempt of every mail, or most mails would never be warned of and given up. */
static void queue_turned_away(void *ctx, const struct failure *why)
{
	struct run *r = ctx;
	struct claim *c;

	while ((c = next_claim(r, true))) {
		envelope_blame(&c->job.mail.envelope, &c->job.arena, why);
		queue_done(r, &c->job, CREW_TRIED);
	}
}

/* How many sessions there may be: not more than there are windows full of mail, and one where the conversation is shown (-v). */
static unsigned sessions_for(const struct run *r, const struct account *a)
{
	const struct tracer *w = r->order->tracer;
	size_t mails = r->list.group[r->group].mails, windows = mails / a->window + (mails % a->window > 0);

	return r->order->link || (w && w->line) || windows < 1 ? 1 : windows < a->sessions ? (unsigned)windows : a->sessions;
}

static void run_account(struct run *r, const struct account *a)
{
	const struct queue_order *o = r->order;
	const struct crew_client client = {.ctx = r, .next = queue_next, .done = queue_done, .part = queue_part, .turned_away = queue_turned_away, .sync = queue_sync};
	/* A session that the caller has lent (order->link) is not replaced if it is lost: the caller is waiting. */
	const struct crew_order order = {
		.account = a, .sessions = sessions_for(r, a), .link = o->link, .along = o->link != NULL, .tracer = o->tracer, .end = o->end, .others = o->link ? 0 : OTHER_SESSIONS};
	struct crew_sum sum;
	struct failure f;

	r->outcome.with = a;
	/* Mail that was not tried stays due; post/crew has shown the reason to the tracer. */
	if (crew_run(&order, &client, &sum, &f) < 0)
		log_debug("account %s: not all was tried: %s", a->name, f.text);
}

/* The account of this group is no longer in the configuration. Its mail is not sent, but ages, is warned of and given up, by
 * order->fallback. */
static void age_orphans(struct run *r, const struct failure *why)
{
	log_warning("%s", why->text);
	r->outcome.with = r->order->fallback;
	r->claims.orphaned = true;
	if (r->outcome.with)
		queue_turned_away(r, why);
	r->claims.orphaned = false;
}

static void run_all(struct run *r)
{
	const struct queue_order *o = r->order;
	struct failure f;

	if (o->only)
		select_only(&r->list, o->only->name, o->only->config);
	while (!over(r) && select_group(&r->list, &r->group)) {
		const struct group *g = &r->list.group[r->group];
		const struct account *a = o->only ? o->only : o->account(o->ctx, g->account, g->config, &f);

		if (a)
			run_account(r, a);
		else
			age_orphans(r, &f);
		if (ending_asked())
			break;
		select_drop(&r->list, r->group); /* each account has one turn in a run, whatever came of it */
	}
}

static void clear_away(const struct run *r, const struct spool *s)
{
	const struct account *a = r->order->fallback;

	if (!r->list.whole)
		return;
	spool_sweep(s);
	if (a)
		spool_prune(s, (time_t)a->failed_lifetime, a->failed_max);
}

int queue_run(struct spool *s, const struct queue_order *o, struct queue_sum *sum, struct failure *f)
{
	struct run r = {.order = o, .outcome = {.spool = s, .sum = sum}};
	bool room = true;
	int rc;

	*sum = (struct queue_sum){0};
	if (select_find(&r.list, s, &o->which, &r.in, f) < 0) {
		arena_free(&r.in);
		return -1;
	}
	sum->failed = r.list.set_aside;
	rc = r.list.count ? spool_has_room(s, &room, f) : 0;
	r.claims = (struct claims){
		.spool = s, .which = &o->which, .outcome = &r.outcome, .in = &r.in, .patience = r.list.patience, .cramped = !room};
	if (!room)
		log_warning("spool %s: no room: mail to several recipients waits for it", s->path);
	if (rc == 0) {
		s->grouped = true;
		run_all(&r);
		s->grouped = false;
		spool_sync(s);
		sum->cut += ending_asked() ? select_left(&r.list) : 0;
		if (!ending_asked())
			clear_away(&r, s);
	}
	arena_free(&r.in);
	return rc;
}
