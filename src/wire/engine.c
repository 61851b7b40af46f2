#include "wire/engine.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "mail/offers.h"

enum { TRANSACTIONS_SEEN = 256 }; /* begun between two looks for those that are over */

/* What is over may still be named: an answer is awaited that will not count, or other recipients wait for its end. */
static void hold_used(struct engine *e)
{
	for (struct transaction *t = e->made; t; t = t->next_made)
		t->held = !t->answered;
	for (struct delivery *d = e->made_mails; d; d = d->next_made)
		d->held = !d->done;
	for (size_t i = 0; i < e->queued; i++)
		e->queue[(e->head + i) % e->room].t->held = true;
	for (struct transaction *t = e->ends; t; t = t->next_unflushed)
		t->held = true;
	for (struct retry *r = e->retry; r; r = r->next)
		r->before->held = r->delivery->held = true;
	for (struct transaction *t = e->made; t; t = t->next_made)
		t->delivery->held |= t->held;
}

static void find_spare(struct engine *e)
{
	struct transaction *t = e->made;
	struct delivery *d = e->made_mails;

	hold_used(e);
	e->made = NULL;
	e->made_mails = NULL;
	for (struct transaction *next; t; t = next) {
		struct transaction **list = t->held ? &e->made : &e->spare;

		next = t->next_made;
		t->next_made = *list;
		*list = t;
	}
	for (struct delivery *next; d; d = next) {
		struct delivery **list = d->held ? &e->made_mails : &e->spare_mails;

		next = d->next_made;
		d->next_made = *list;
		*list = d;
	}
}

struct transaction *engine_make_transaction(struct engine *e)
{
	struct transaction *t;

	if (e->begun++ == TRANSACTIONS_SEEN) {
		find_spare(e);
		e->begun = 0;
	}
	t = e->spare;
	if (t)
		e->spare = t->next_made;
	else
		t = arena_zeroed(&e->scratch, 1, sizeof *t);
	*t = (struct transaction){.next_made = e->made};
	return e->made = t;
}

struct delivery *engine_make_delivery(struct engine *e)
{
	struct delivery *d = e->spare_mails;

	if (d)
		e->spare_mails = d->next_made;
	else
		d = arena_zeroed(&e->scratch, 1, sizeof *d);
	*d = (struct delivery){.next_made = e->made_mails};
	return e->made_mails = d;
}

int64_t engine_deadline(int64_t seconds)
{
	return clock_steady() + seconds * 1000;
}

int64_t engine_clip(const struct engine *e, int64_t until)
{
	int64_t end = e->limits->until;

	return end && end < until ? end : until;
}

int engine_flush(struct engine *e, int64_t until, struct failure *f)
{
	int rc = session_write(e->session, buf_slice_of(&e->out), until, f);

	/* A message whose end was not written was never sent, whatever became of the connection. */
	for (; e->ends; e->ends = e->ends->next_unflushed)
		e->ends->sent = e->ends->out_end <= session_written(e->session);
	if (rc < 0) {
		f->stage = e->in_message ? AT_BODY : AT_SENDER;
		e->waited = clock_steady() >= until;
	}
	buf_clear(&e->out);
	if (e->out.room > 4 * PIECE) /* a transaction with a thousand recipients has made it large */
		buf_free(&e->out);
	return rc;
}

void engine_name_relay(const struct engine *e, struct failure *f)
{
	session_name(e->session, f);
}

void engine_await(struct engine *e, enum verb verb, size_t recipient)
{
	if (e->queued == e->room) {
		size_t room = e->room ? e->room * 2 : 32;
		struct awaited *q = arena_zeroed(&e->scratch, room, sizeof *q);

		for (size_t i = 0; i < e->queued; i++)
			q[i] = e->queue[(e->head + i) % e->room];
		e->queue = q;
		e->head = 0;
		e->room = room;
	}
	e->queue[(e->head + e->queued++) % e->room] = (struct awaited){verb, recipient, e->writing};
}

void engine_done(struct engine *e, struct delivery *d)
{
	if (e->lost)
		envelope_blame(d->envelope, d->mail->in, e->lost);
	d->done = true;
	e->client->done(e->client->ctx, d->client_mail);
}

void engine_put_retry(struct engine *e, struct transaction *t, size_t first, size_t count, unsigned without)
{
	struct retry **last = &e->retry;

	while (*last && (*last)->next)
		last = &(*last)->next;
	if (*last && (*last)->delivery == t->delivery && (*last)->first + (*last)->count == first && (*last)->without == without && (*last)->before == t) {
		(*last)->count += count;
		return;
	}
	if (*last)
		last = &(*last)->next;
	*last = arena_zeroed(&e->scratch, 1, sizeof **last);
	**last = (struct retry){t->delivery, first, count, without, t, NULL};
	t->delivery->open++;
}

/* Recipients that were refused only because their whole transaction was. */
static void repeat(struct engine *e, struct transaction *t)
{
	for (size_t i = t->first; i < t->first + t->count; i++)
		if (t->delivery->mail->envelope.recipient[i].why == t->why)
			engine_put_retry(e, t, i, 1, t->without);
}

static const struct failure *refusal_of(const struct transaction *t)
{
	const struct envelope *v = &t->delivery->mail->envelope;

	for (size_t i = t->first + t->count; i-- > t->first;)
		if (v->recipient[i].verdict == REFUSED || v->recipient[i].verdict == DEFERRED)
			return v->recipient[i].why;
	return t->why;
}

void engine_end(struct engine *e, struct transaction *t)
{
	struct delivery *u = t->delivery;
	bool answered = t->answered;

	if (e->writing == t)
		e->writing = NULL;
	t->answered = true;
	u->under_way--;
	e->past.used = true;
	e->under_way--;
	e->octets_under_way -= t->octets->size;
	/* After a goodbye that was there before MAIL the relay has not read it. */
	if (e->client->end)
		e->client->end(e->client->ctx, u->client_mail, t->ticket, t->heard || (t->asked && !e->over), refusal_of(t));
	if (t->repeat)
		repeat(e, t);
	if (--u->open == 0 && u != e->mail)
		engine_done(e, u);
	else if (answered && e->client->part)
		e->client->part(e->client->ctx, u->client_mail);
}

void engine_no_chunking(struct engine *e, struct transaction *t)
{
	t->delivery->envelope->without |= OFFER_CHUNKING;
	t->without |= OFFER_CHUNKING;
	session_forgo(e->session, OFFER_CHUNKING);
}

int engine_out_of_order(const struct engine *e, struct failure *f)
{
	fail(f, AT_SENDER, EX_PROTOCOL, "the relay answers what it was not asked: none of its answers can be trusted");
	engine_name_relay(e, f);
	return -1;
}

int engine_check_order(struct engine *e, struct failure *f)
{
	/* A line that comes after a transaction, and that nobody asked for, is a goodbye, whatever its code. */
	if (e->queued || (!e->writing && e->past.used) || !session_is_ahead(e->session))
		return 0;
	return engine_out_of_order(e, f);
}
