#include <stdio.h>
#include <sysexits.h>

#include "post/batch_inside.h"
#include "wire/meaning.h"

/* Counts what has become of the mail, as the ledger has it. */
static enum batch_class count(struct batch *b, struct batch_slot *s)
{
	const struct envelope *e = &s->job->mail.envelope;
	enum batch_class worst = s->others;
	bool wait = s->others_wait, also;

	for (size_t i = 0; i < e->recipients; i++) {
		enum batch_class is = batch_class_of(ledger_find(b->order->ledger, s->key, e->recipient[i].address));

		wait |= is == BATCH_WAITING;
		worst = is > worst ? is : worst;
	}
	batch_count(b->sum, s->counted, worst);
	also = worst == BATCH_DOUBTFUL && wait;
	b->also = b->also + also - s->also;
	return worst;
}

static void note(struct batch *b, const struct batch_slot *s)
{
	ledger_note(b->order->ledger, s->key, &s->job->mail.envelope, s->job->spooled);
}

/* A recipient has no answer since the session was lost. */
static bool is_lost(const struct envelope *e)
{
	for (size_t i = 0; i < e->recipients; i++)
		if (e->recipient[i].verdict == PENDING && e->recipient[i].why && !e->recipient[i].why->code)
			return true;
	return false;
}

static void finish(struct batch *b, struct batch_slot *s)
{
	struct batch_event e = {.what = BATCH_RESULT, .again = !b->last && !b->failed && !batch_is_shut(b)};
	enum batch_class is;
	bool lost;

	note(b, s);
	is = count(b, s);
	lost = is == BATCH_WAITING && is_lost(&s->job->mail.envelope);
	b->lost += lost;
	e.again = (e.again && is == BATCH_WAITING) || (lost && b->pass == BATCH_NEW);
	batch_tell(b, &e, s);
	b->order->input->release(b->order->input->ctx, s->job);
}

/* The relay wants a login, or encryption, before it takes any mail (RFC 4954 6). To RCPT only 530 says so without doubt: the enhanced
 * codes may be about the recipient's account there. */
static bool wants_login(const struct failure *why)
{
	return meaning_of(why) == MEANS_LOGIN && why->code >= 500 && (why->stage == AT_SENDER || why->code == 530);
}

/* An answer that is about how much we send, or about our login, is no refusal of the mail: it waits. True, and *stop: the answer
 * after which nothing more is taken. */
static bool wait_for_us(struct envelope *e, struct failure *stop)
{
	bool stops = false;

	for (size_t i = 0; i < e->recipients; i++) {
		struct recipient *r = &e->recipient[i];
		bool refused = r->why && (r->verdict == REFUSED || r->verdict == DEFERRED), login = refused && wants_login(r->why);
		enum limit is = refused ? limits_of(r->why) : LIMIT_NONE;

		if (is != LIMIT_NONE || login)
			r->verdict = DEFERRED;
		if (is != LIMIT_STOP && !login)
			continue;
		*stop = *r->why;
		stop->exit = login ? EX_NOPERM : EX_TEMPFAIL;
		stops = true;
	}
	return stops;
}

/* Who was refused with the mail as a whole, which may come of a limit that post/limits does not know. */
static void set_refused(struct envelope *e, enum verdict from, enum verdict to)
{
	for (size_t i = 0; i < e->recipients; i++)
		if (e->recipient[i].verdict == from && e->recipient[i].why && limits_guard_counts(e->recipient[i].why) &&
		    limits_of(e->recipient[i].why) == LIMIT_NONE)
			e->recipient[i].verdict = to;
}

static const struct failure *refusal_of(const struct envelope *e)
{
	for (size_t i = 0; i < e->recipients; i++)
		if (e->recipient[i].verdict == REFUSED && e->recipient[i].why && limits_guard_counts(e->recipient[i].why))
			return e->recipient[i].why;
	return NULL;
}

void batch_believe(struct batch *b)
{
	struct batch_slot *s;

	while ((s = batch_list_take(&b->doubted))) {
		set_refused(&s->job->mail.envelope, DEFERRED, REFUSED);
		finish(b, s);
	}
}

/* The relay refuses all that it is sent, with the same words: the mails are not what it is about. */
static void stop_for_row(struct batch *b, const struct failure *why)
{
	struct failure f = *why;
	struct batch_slot *s;

	f.exit = EX_TEMPFAIL;
	failure_in(&f, "%d mails in a row were refused with the same words, and wait", LIMITS_ROW);
	batch_shut(b, &f);
	while ((s = batch_list_take(&b->doubted)))
		finish(b, s);
}

/* Notes as "later" what may be a limit, until an answer of another kind shows that it was the mail. After a crash such mails are
 * tried again. */
static void doubt(struct batch *b, struct batch_slot *s, const struct failure *refusal)
{
	bool fires = limits_guard_note(&b->guard, refusal);

	if (b->guard.in_row == 1)
		batch_believe(b);
	set_refused(&s->job->mail.envelope, REFUSED, DEFERRED);
	if (b->guard.in_row > LIMITS_ROW) { /* was under way when the row was full */
		finish(b, s);
		return;
	}
	note(b, s);
	batch_list_add(&b->doubted, s);
	if (fires)
		stop_for_row(b, refusal);
}

void batch_settle(struct batch *b, struct batch_slot *s)
{
	struct envelope *e = &s->job->mail.envelope;
	const struct failure *refusal;
	struct failure f;

	/* One alone with the words of a limit may be about its recipient: then it would keep all others back, in each run. */
	if (wait_for_us(e, &f) && (f.exit == EX_NOPERM || ++b->stops == LIMITS_STOPS))
		batch_shut(b, &f);
	refusal = refusal_of(e);
	if (refusal) {
		doubt(b, s, refusal);
		return;
	}
	if (envelope_count(e, ACCEPTED)) {
		b->stops = 0;
		limits_guard_note(&b->guard, NULL);
		batch_believe(b);
	}
	finish(b, s);
}

void batch_drop(struct batch *b, struct batch_slot *s)
{
	note(b, s);
	(void)count(b, s);
	b->order->input->release(b->order->input->ctx, s->job);
}
