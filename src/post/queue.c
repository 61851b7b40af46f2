#include "post/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "post/logline.h"
#include "post/shelf.h"
#include "wire/smtp.h"

/* How long a mail that somebody has just now is waited for: one of many, and one that was named. */
enum { PATIENCE_MS = 5, NAMED_MS = 1000 };

/* A mail that is being tried. */
struct carried {
	struct job job;
	struct entry entry;
	struct carried *next; /* of those not in use */
};

struct run {
	struct spool *spool;
	const struct queue_order *order;
	struct arena in; /* of the list */
	struct spool_names names;
	const char **account; /* of each name, as account_key has it; NULL: not to be tried */
	size_t at;	      /* in names, for the account at hand */
	const char *name;     /* of the account at hand */
	struct outcome outcome;
	bool cramped; /* the disk is full */
	unsigned patience;
};

static bool has(const char *text, const char *part)
{
	size_t len = part ? strlen(part) : 0;

	for (; part && *text; text++)
		if (strncasecmp(text, part, len) == 0)
			return true;
	return !part;
}

static bool fits(const struct queue_order *o, const struct entry *e)
{
	bool found = !o->recipient;

	for (size_t i = 0; !found && i < e->envelope.recipients; i++)
		found = has(e->envelope.recipient[i].address, o->recipient);
	return found && (!o->largest || e->size <= o->largest) && has(e->id, o->id) && has(e->envelope.sender, o->sender);
}

/* The wall clock may have been set back: what seems to be due in a long time is due. */
static bool is_due(const struct queue_order *o, const struct entry *e, time_t now)
{
	return !e->held && (o->all || e->next <= now || e->next > now + QUEUE_FAR);
}

/* A file that is none of ours, or has been changed, is moved aside and named; never sent, never deleted. */
static void set_aside(struct run *r, struct entry *e, const char *id, const struct failure *why)
{
	struct failure f;

	log_warning("%s", why->text);
	if (why->exit != EX_DATAERR)
		return;
	snprintf(e->id, sizeof e->id, "%s", id);
	if (spool_finish(r->spool, e, true, &f) < 0)
		log_warning("%s", f.text);
	r->outcome.sum->failed++;
}

/* The account, and in a second line its configuration file, if that is none of the usual ones. */
static const char *account_key(struct arena *in, const char *name, const char *config)
{
	return arena_printf(in, "%s%s%s", name, config ? "\n" : "", config ? config : "");
}

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

/* It was looked at without a lock. */
static void look_again(struct run *r, const char *id, const struct failure *first)
{
	struct arena scratch = {.block = NULL};
	struct failure f = *first;
	struct entry e = {.fd = -1};
	int got = first->exit == EX_DATAERR ? spool_take(r->spool, &scratch, id, r->patience, &e, &f) : -1;

	if (got < 0)
		set_aside(r, &e, id, &f);
	spool_release(&e);
	arena_free(&scratch);
}

/* Which account each belongs to; what is not to be tried has none. Nothing is locked: somebody may want to try it just now. */
static void look(struct run *r)
{
	time_t now = clock_wall();

	r->account = arena_zeroed(&r->in, r->names.count + 1, sizeof *r->account);
	for (size_t i = 0; i < r->names.count; i++) {
		struct arena scratch = {.block = NULL};
		struct failure f;
		struct entry e;
		int got = spool_look(r->spool, false, &scratch, r->names.name[i], &e, &f);

		if (got < 0)
			look_again(r, r->names.name[i], &f);
		else if (got == SPOOL_SEEN && fits(r->order, &e) && is_due(r->order, &e, now))
			r->account[i] = account_key(&r->in, e.account, e.config);
		arena_free(&scratch);
	}
}

static size_t pending(const struct entry *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->envelope.recipients; i++)
		n += !verdict_is_settled(e->envelope.recipient[i].verdict);
	return n;
}

static bool anything(const struct run *r)
{
	for (size_t i = 0; i < r->names.count; i++)
		if (r->account[i])
			return true;
	return false;
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
	c->job.mail.message.held = -1;
	got = spool_take(r->spool, &c->job.arena, id, r->patience, &c->entry, &f);
	if (got < 0)
		set_aside(r, &c->entry, id, &f);
	/* Somebody was cut short. */
	else if (got == SPOOL_TAKEN && outcome_go_on(&r->outcome, &c->job.arena, &c->entry, &f) < 0)
		log_warning("%s", f.text);
	/* Who of several has it could not be written down on a full disk: they would get it at every run. */
	else if (got == SPOOL_TAKEN && is_due(r->order, &c->entry, clock_wall()) && !entry_is_settled(&c->entry) &&
		 !(r->cramped && pending(&c->entry) > 1))
		return c;
	forget(c);
	return NULL;
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
	c->job.account = r->outcome.with;
	c->job.began = clock_steady();
	c->job.spooled = c->entry.id;
	c->job.mail.in = in;
	c->job.mail.message.facts.eightbit = c->entry.eightbit;
	c->job.mail.wire = source_file(in, c->entry.fd, c->entry.offset, c->entry.size);
}

static bool over(const struct run *r)
{
	const struct queue_order *o = r->order;

	return (o->stop && o->stop(o->ctx)) || (o->most && r->outcome.sum->tried >= o->most) || (o->until && clock_steady() >= o->until);
}

static struct mail *next_mail(void *ctx)
{
	struct run *r = ctx;

	for (; r->at < r->names.count && !over(r); r->at++) {
		struct carried *c;

		if (!r->account[r->at] || strcmp(r->account[r->at], r->name) != 0)
			continue;
		r->account[r->at] = NULL;
		c = carry(r, r->names.name[r->at]);
		if (!c)
			continue;
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

static void mail_done(void *ctx, struct mail *m)
{
	struct carried *c = carried_of(m);

	outcome_note(&((struct run *)ctx)->outcome, &c->job, &c->entry, NULL);
	forget(c);
}

/* The relay lets nobody in: that is an attempt of all, or most would never be tried, warned of and given up. */
static void nobody_in(struct run *r, const struct failure *session)
{
	struct mail *m;

	while ((m = next_mail(r))) {
		struct carried *c = carried_of(m);

		outcome_note(&r->outcome, &c->job, &c->entry, session);
		forget(c);
	}
}

static void run_account(struct run *r, struct link *l)
{
	const struct account *a = r->outcome.with;
	struct smtp_limits limits = {a->window, a->max_recipients, a->timeout, r->order->end, false};
	struct smtp_client client = {r, next_mail, mail_done};
	struct failure f;

	r->at = 0;
	if (link_reach(l, a, &f) < 0)
		nobody_in(r, &f);
	else if (smtp_run(l->session, &limits, &client, &f) < 0)
		link_leave(l, false);
	else
		return;
	if (r->order->watcher)
		log_warning("account %s: %s", a->name, shelf_words(&r->in, &f));
}

/* Its account has left the configuration: its mail ages all the same, is told of and given up, by the account that is there. */
static void no_account(struct run *r, const struct failure *why)
{
	log_warning("%s", why->text);
	r->outcome.with = r->order->keeps;
	r->at = 0;
	if (r->outcome.with)
		nobody_in(r, why);
}

static void run_all(struct run *r)
{
	const struct account *only = r->order->only;
	const char *key = only ? account_key(&r->in, only->name, only->config) : NULL;
	struct link l = {.watcher = r->order->watcher};
	struct failure f;

	for (size_t i = 0; i < r->names.count && !over(r); i++) {
		if (!r->account[i] || (key && strcmp(r->account[i], key) != 0))
			continue;
		r->name = r->account[i];
		r->outcome.with = account_of(r, &f);
		if (r->outcome.with)
			run_account(r, r->order->link ? r->order->link : &l);
		else
			no_account(r, &f);
		/* Once a run for each account, however it went. */
		for (size_t k = r->names.count; k-- > i;)
			if (r->account[k] && strcmp(r->account[k], r->name) == 0)
				r->account[k] = NULL;
	}
	link_leave(&l, true);
}

/* One that is named in whole is gone to straight; else all are listed. */
static int list(struct run *r, struct failure *f)
{
	const char *id = r->order->id;

	if (!id || !spool_is_name(id))
		return spool_list(r->spool, false, &r->in, &r->names, f);
	r->patience = NAMED_MS;
	r->names.name = arena_grow(&r->in, NULL, 0, &r->names.room, sizeof *r->names.name);
	snprintf(r->names.name[r->names.count++], SPOOL_ID, "%s", id);
	return 0;
}

static void clear_away(const struct run *r)
{
	const struct account *keeps = r->order->keeps;

	if (r->patience == NAMED_MS)
		return;
	spool_sweep(r->spool);
	if (keeps)
		spool_prune(r->spool, (time_t)keeps->failed_lifetime, keeps->failed_max);
}

int queue_run(struct spool *s, const struct queue_order *o, struct queue_sum *sum, struct failure *f)
{
	struct run r = {.spool = s, .order = o, .outcome = {.spool = s, .sum = sum}, .patience = PATIENCE_MS};
	bool room = true;
	int ok;

	*sum = (struct queue_sum){0};
	if (list(&r, f) < 0) {
		arena_free(&r.in);
		return -1;
	}
	look(&r);
	ok = anything(&r) ? spool_has_room(s, &room, f) : 0;
	r.cramped = !room;
	if (r.cramped)
		log_warning("spool %s: no room: mail to several recipients waits for it", s->path);
	if (ok == 0) {
		run_all(&r);
		clear_away(&r);
	}
	arena_free(&r.in);
	return ok;
}
