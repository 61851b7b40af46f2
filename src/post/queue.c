#include "post/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/ending.h"
#include "base/log.h"
#include "post/due.h"
#include "post/logline.h"
#include "post/unconfigured.h"
#include "wire/smtp.h"

/* After a session that was lost: how many others an account has in a run, and after how many in a row that nothing came of it has none. */
enum { OTHER_SESSIONS = 5, BARREN_SESSIONS = 2 };

/* A mail that is being tried. */
struct carried {
	struct job job;
	struct entry entry;
	size_t at; /* in due */
};

struct run {
	struct spool *spool;
	const struct queue_order *order;
	struct arena in; /* of the list */
	struct due_list due; /* their accounts are as due_key has it */
	size_t at;	  /* in it, for the account at hand */
	const char *name; /* of the account at hand */
	struct link *link; /* to its relay */
	bool alone;	  /* they go one at a time, and those in doubt with them */
	bool left;	  /* the session is lost: what is done from now on has not been answered */
	bool strange;	  /* its mail was meant for another configuration than this run's: nobody else's relay gets to read it */
	struct carried *last; /* the one in hand when it was, of which nothing else is known */
	size_t answered;
	struct outcome outcome;
	bool cramped; /* the disk is full */
};

static const struct account *account_of(struct run *r, struct failure *f)
{
	const struct queue_order *o = r->order;
	const char *config = strchr(r->name, '\n');
	char *name = arena_printf(&r->in, "%s", r->name);

	if (o->only)
		return o->only;
	if (config)
		name[config - r->name] = '\0';
	return o->account(o->ctx, name, config ? config + 1 : NULL, f);
}

static void forget(struct carried *c)
{
	spool_release(&c->entry);
	arena_free(&c->job.arena);
	free(c);
}

/* Taken again, since it was let go: by now somebody else may have tried it. */
static struct carried *carry(struct run *r, const char *id)
{
	struct carried *c = calloc(1, sizeof *c);
	struct failure f;
	int got;

	if (!c)
		return NULL;
	got = spool_take(r->spool, &c->job.arena, id, r->due.patience, &c->entry, &f);
	if (got < 0)
		r->outcome.sum->failed += due_set_aside(r->spool, &c->entry, id, &f);
	/* Somebody was cut short. */
	else if (got == SPOOL_TAKEN && outcome_go_on(&r->outcome, &c->job.arena, &c->entry, &f) < 0)
		log_warning("%s", f.text);
	/* Who of several has it could not be written down on a full disk: they would get it at every run. */
	else if (got == SPOOL_TAKEN && due_now(r->order, &c->entry, clock_wall()) && !entry_is_settled(&c->entry) &&
		 !(r->cramped && entry_pending(&c->entry) > 1))
		return c;
	forget(c);
	return NULL;
}

/* Of a mail that came before any relay was set, in the arena of the run: it may stand under another name now. */
static struct carried *carry_known(struct run *r, struct due *d)
{
	struct carried *c = carry(r, d->id);
	const char *id = NULL;
	struct failure f;
	int got = c && !r->strange ? unconfigured_requeue(r->spool, &c->entry, &c->job.arena, r->outcome.with, &id, &f) : 0;

	if (got < 0) { /* as it is, the relay would find nobody of that name: it waits */
		log_warning("%s", f.text);
		forget(c);
		return NULL;
	}
	if (got > 0) {
		d->id = arena_text(&r->in, id, strlen(id));
		forget(c);
		c = carry(r, d->id);
	}
	return c;
}

/* The job has only the recipients that are not settled. */
static void prepare(struct run *r, struct carried *c)
{
	struct envelope *all = &c->entry.envelope, *v = &c->job.mail.envelope;
	struct arena *in = &c->job.arena;

	*v = *all;
	v->recipient = NULL;
	v->slot = NULL;
	v->recipients = v->room = v->slots = 0;
	v->beyond_ascii = false;
	for (size_t i = 0; i < all->recipients; i++) {
		const struct recipient *from = &all->recipient[i];
		struct recipient *to;

		if (verdict_is_settled(from->verdict))
			continue;
		c->job.twice |= from->verdict == UNSURE;
		if (from->verdict == UNSURE)
			log_debug("%s may arrive twice at %s", c->entry.id, from->address);
		to = envelope_add(v, in, from->address);
		to->notify = from->notify;
		to->orcpt = from->orcpt;
	}
	if (r->strange) /* a bounce says of it only what its header says */
		c->entry.envelope.ret = RET_HDRS;
	c->job.account = r->outcome.with;
	c->job.began = clock_steady();
	c->job.spooled = c->entry.id;
	mail_of(&c->job.mail, in, source_file(in, c->entry.fd, c->entry.offset, c->entry.size), c->entry.eightbit);
	if (r->link->session && r->link->account == r->outcome.with) {
		c->job.encrypted = session_is_encrypted(r->link->session);
		c->job.authenticated = session_is_authenticated(r->link->session);
		if (!r->order->link) /* nobody is told of the mail that goes along with his */
			link_warn(r->link, &c->job.mail);
	}
}

static bool over(const struct run *r)
{
	const struct queue_order *o = r->order;

	return ending_asked() || (o->most && r->outcome.sum->tried >= o->most) || (o->until && clock_steady() >= o->until);
}

static bool any_left(const struct run *r)
{
	for (size_t i = 0; i < r->due.count && !over(r); i++)
		if (due_is_of(&r->due.mail[i], r->name))
			return true;
	return false;
}

static struct mail *next_mail(void *ctx)
{
	struct run *r = ctx;

	for (; r->at < r->due.count && !over(r); r->at++) {
		struct due *d = &r->due.mail[r->at];
		struct carried *c;

		if (!due_is_of(d, r->name) || (d->doubt && !r->alone))
			continue;
		d->account = NULL;
		c = carry_known(r, d);
		if (!c)
			continue;
		c->at = r->at;
		prepare(r, c);
		r->outcome.sum->tried++;
		return &c->job.mail;
	}
	return NULL;
}

static struct carried *carried_of(struct mail *m)
{
	return (struct carried *)(void *)((char *)m - offsetof(struct carried, job.mail));
}

/* It has not been tried. */
static void put_back(struct run *r, const struct carried *c)
{
	r->due.mail[c->at].account = r->name;
	r->outcome.sum->tried--;
}

/* Answers come in order: the first that has none is what the session was lost at, and has been tried. What was said ahead of
 * them for those behind it is as good as unsaid. */
static void mail_done(void *ctx, struct mail *m)
{
	struct carried *c = carried_of(m);
	struct run *r = ctx;
	bool left = outcome_was_left(&m->envelope), told = ending_asked(), behind = left && (r->left || told);

	r->left |= left;
	r->answered += !left;
	if (left && !behind && !envelope_count(&m->envelope, UNSURE)) {
		r->last = c;
		return;
	}
	if (left && outcome_is_open(&m->envelope)) {
		put_back(r, c);
	} else if (told && envelope_count(&m->envelope, PENDING) && !envelope_count(&m->envelope, UNSURE)) {
		outcome_leave(&r->outcome, &c->job, &c->entry);
	} else {
		outcome_note(&r->outcome, &c->job, &c->entry);
	}
	forget(c);
}

static void mail_part(void *ctx, struct mail *m)
{
	struct carried *c = carried_of(m);
	struct run *r = ctx;

	r->answered++;
	outcome_so_far(&r->outcome, &c->job, &c->entry);
}

/* The relay lets nobody in: that is an attempt of all, or most would never be tried, warned of and given up. */
static void nobody_in(struct run *r, const struct failure *why)
{
	struct mail *m;

	r->at = 0;
	r->alone = true;
	while ((m = next_mail(r))) {
		struct carried *c = carried_of(m);

		envelope_blame(&c->job.mail.envelope, &c->job.arena, why);
		outcome_note(&r->outcome, &c->job, &c->entry);
		forget(c);
	}
}

/* The mail in hand when the session ended: tried, unless that was no fault; then it goes on where it was. */
static void note_last(struct run *r, int ok)
{
	struct carried *c = r->last;
	bool open = outcome_is_open(&c->job.mail.envelope);

	if (ok == SMTP_ANOTHER) {
		put_back(r, c);
		if (!open)
			outcome_so_far(&r->outcome, &c->job, &c->entry);
	} else {
		outcome_note(&r->outcome, &c->job, &c->entry);
	}
	forget(c);
}

static int run_session(struct run *r, struct failure *f)
{
	const struct account *a = r->outcome.with;
	struct smtp_limits limits = {r->alone ? 1 : a->window, a->max_recipients, a->timeout, r->order->end, false};
	struct smtp_client client = {r, next_mail, mail_done, mail_part};
	int ok;

	r->at = r->answered = 0;
	r->left = false;
	r->last = NULL;
	ok = smtp_run(r->link->session, &limits, &client, f);
	if (r->last)
		note_last(r, ok);
	if (ok != 0)
		link_leave(r->link, false);
	return ok;
}

static void tell_watcher(struct run *r, const struct failure *f)
{
	char words[FAILURE_WORDS];

	if (r->order->watcher)
		log_warning("account %s: %s", r->outcome.with->name, failure_words(words, f, WORDS_WHERE | WORDS_CODE, NULL));
}

/* One mail at which the relay hangs up keeps no other from its turn; a relay that hangs up at all of them, or asks us to go
 * (421, RFC 5321 3.8), is not pestered. The session of somebody else is not replaced: he waits for us. */
static void run_account(struct run *r)
{
	unsigned others = r->order->link ? 0 : OTHER_SESSIONS, barren = 0;
	struct failure f;
	int ok;

	for (r->alone = false; any_left(r); r->alone = true) {
		do { /* a session that ends without a fault is no reason to stop, unless nothing comes of them */
			if (link_is_spent(r->link))
				return;
			if (link_reach(r->link, r->outcome.with, &f) < 0) {
				nobody_in(r, &f);
				tell_watcher(r, &f);
				return;
			}
			ok = run_session(r, &f);
		} while (ok == SMTP_ANOTHER && any_left(r) && (r->answered || !barren++));
		if (ok == SMTP_ANOTHER && !any_left(r))
			return;
		if (ok == 0) {
			if (r->alone)
				return;
			continue;
		}
		tell_watcher(r, &f);
		barren = r->answered ? 0 : barren + 1;
		if (f.code == 421 && others > 1)
			others = 1;
		if (!others || barren == BARREN_SESSIONS)
			return;
		others--;
	}
}

/* Its account has left the configuration: its mail ages all the same, is told of and given up, by the account that is there. */
static void no_account(struct run *r, const struct failure *why)
{
	log_warning("%s", why->text);
	r->outcome.with = r->order->keeps;
	r->strange = true;
	if (r->outcome.with)
		nobody_in(r, why);
	r->strange = false;
}

static void run_all(struct run *r)
{
	const struct account *only = r->order->only;
	const char *key = only ? due_key(&r->in, only->name, only->config) : NULL;
	struct link own = {.watcher = r->order->watcher};
	struct failure f;

	r->link = r->order->link ? r->order->link : &own;
	for (size_t i = 0; i < r->due.count && !over(r); i++) {
		if (!r->due.mail[i].account || (key && strcmp(r->due.mail[i].account, key) != 0))
			continue;
		r->name = r->due.mail[i].account;
		r->outcome.with = account_of(r, &f);
		if (r->outcome.with)
			run_account(r);
		else
			no_account(r, &f);
		if (ending_asked())
			break;
		/* Once a run for each account, however it went. */
		for (size_t k = r->due.count; k-- > i;)
			if (due_is_of(&r->due.mail[k], r->name))
				r->due.mail[k].account = NULL;
	}
	link_leave(&own, true);
	r->link = NULL;
}

static void clear_away(const struct run *r)
{
	const struct account *keeps = r->order->keeps;

	if (!r->due.whole)
		return;
	spool_sweep(r->spool);
	if (keeps)
		spool_prune(r->spool, (time_t)keeps->failed_lifetime, keeps->failed_max);
}

int queue_run(struct spool *s, const struct queue_order *o, struct queue_sum *sum, struct failure *f)
{
	struct run r = {.spool = s, .order = o, .outcome = {.spool = s, .sum = sum}};
	bool room = true;
	int ok;

	*sum = (struct queue_sum){0};
	if (due_find(&r.due, s, o, &r.in, f) < 0) {
		arena_free(&r.in);
		return -1;
	}
	sum->failed = r.due.set_aside;
	ok = r.due.count ? spool_has_room(s, &room, f) : 0;
	r.cramped = !room;
	if (r.cramped)
		log_warning("spool %s: no room: mail to several recipients waits for it", s->path);
	if (ok == 0) {
		run_all(&r);
		sum->cut += ending_asked() ? due_left(&r.due) : 0;
		if (!ending_asked())
			clear_away(&r);
	}
	arena_free(&r.in);
	return ok;
}
