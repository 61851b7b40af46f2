/* Recipients that are tried again in the same session: in a transaction of their own, or without an offer that the relay does not
 * keep. That an offer does not hold is noted for the session once a transaction has gone well without it; where the relay has
 * refused a command by name, it is noted at once. */
#include <sysexits.h>

#include "mail/offers.h"
#include "wire/engine.h"
#include "wire/meaning.h"

static void forget(const struct mail *m, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		m->envelope.recipient[i].verdict = PENDING;
		m->envelope.recipient[i].why = NULL;
	}
}

struct transaction *retry_take(struct engine *e)
{
	struct transaction *t = engine_make_transaction(e);
	struct retry *a = e->retry;

	t->delivery = a->delivery;
	t->retried = true;
	t->first = a->first;
	t->count = a->count > e->most ? e->most : a->count;
	t->without = a->without;
	forget(t->delivery->mail, t->first, t->count);
	a->first += t->count;
	a->count -= t->count;
	if (a->count)
		a->delivery->open++; /* the mail goes on in another transaction */
	else
		e->retry = a->next;
	return t;
}

void retry_drop(struct engine *e)
{
	for (; e->retry; e->retry = e->retry->next) {
		forget(e->retry->delivery->mail, e->retry->first, e->retry->count);
		if (--e->retry->delivery->open == 0 && e->retry->delivery != e->mail)
			engine_done(e, e->retry->delivery);
	}
}

/* Which of the offers that were made use of to leave out: the one that the relay names, else one after the other, the least missed
 * first. */
static unsigned suspect(unsigned said, const char *text)
{
	static const struct { unsigned offer; const char *word; } names[] = {
		{OFFER_8BITMIME, "8BITMIME"}, {OFFER_8BITMIME, "BODY"}, {OFFER_SIZE, "SIZE"},	{OFFER_SMTPUTF8, "UTF8"},
		{OFFER_DSN, "RET="},	      {OFFER_DSN, "ENVID"},	{OFFER_DSN, "NOTIFY"}, {OFFER_DSN, "ORCPT"},
	};
	static const unsigned order[] = {OFFER_SIZE, OFFER_8BITMIME, OFFER_DSN, OFFER_SMTPUTF8};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (said & names[i].offer && slice_mentions(slice_of(text), names[i].word))
			return names[i].offer;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (said & order[i])
			return order[i];
	return 0;
}

void retry_without_parameter(struct transaction *t, const struct failure *why)
{
	unsigned said = t->said;

	if (meaning_of(why) != MEANS_NO_PARAMETER)
		return;
	if (said & OFFER_SMTPUTF8 && command_needs_utf8(t->delivery->mail))
		said &= ~(unsigned)OFFER_SMTPUTF8; /* its addresses cannot be written without SMTPUTF8 */
	said = suspect(said, why->text);
	t->without |= said;
	t->repeat = said != 0;
}

bool retry_without_dsn(struct engine *e, struct transaction *t, size_t recipient, const struct failure *why)
{
	const struct envelope *v = &t->delivery->mail->envelope;

	if (meaning_of(why) != MEANS_NO_PARAMETER || !(t->said & OFFER_DSN) || !command_has_wishes(v, &v->recipient[recipient]))
		return false;
	engine_put_retry(e, t, recipient, 1, t->without | OFFER_DSN);
	if (e->writing == t)
		caps_forgo(&e->now, OFFER_DSN);
	return true;
}

void retry_after_end(struct engine *e, struct transaction *t, enum verb verb, const struct failure *why)
{
	enum meaning means = meaning_of(why);

	if (!t->accepted || t->failed)
		return;
	if (verb == V_BDAT && (means == MEANS_NO_SEQUENCE || means == MEANS_NO_COMMAND)) {
		engine_no_chunking(e, t);
		t->repeat = true;
	} else if (means == MEANS_NO_8BIT && t->octets != t->delivery->mail->form7) {
		t->without |= OFFER_8BITMIME;
		t->repeat = true;
	}
}

bool retry_in_another_session(struct engine *e, const struct awaited *a, const struct reply *r, struct failure *f)
{
	struct failure why;

	/* A relay that has taken a message by BDAT knows the command: then this is the answer to this BDAT, and the answers to the
	 * next commands follow in their order. */
	if (a->verb != V_BDAT || e->past.chunked || a->t->failed || !a->t->accepted || reply_is_positive(r))
		return false;
	reply_failure(r, AT_END, EX_PROTOCOL, &why);
	if (meaning_of(&why) != MEANS_NO_COMMAND)
		return false;
	/* The relay has read the lines of the message as commands, and answers each of them. A relay that does not know BDAT has
	 * taken no message by it. */
	*f = why;
	engine_name_relay(e, f);
	for (size_t i = 0; i < e->queued; i++) {
		struct transaction *t = e->queue[(e->head + i) % e->room].t;

		t->sent = false;
		engine_no_chunking(e, t);
	}
	e->over = true;
	return true;
}

void retry_stalled(struct engine *e, const struct failure *f)
{
	if (!e->queued || e->queue[e->head].verb != V_BDAT || e->past.chunked || e->over || f->code == 421 || f->exit != EX_TEMPFAIL)
		return;
	for (size_t i = 0; i < e->queued; i++)
		if (e->queue[(e->head + i) % e->room].verb == V_BDAT)
			engine_no_chunking(e, e->queue[(e->head + i) % e->room].t);
}

bool retry_is_over(struct engine *e, struct failure *f)
{
	struct reply r;

	if (!session_is_over(e->session, &r))
		return false;
	if (r.lines)
		reply_failure(&r, AT_SENDER, EX_UNAVAILABLE, f);
	else
		fail(f, AT_SENDER, EX_TEMPFAIL, "the relay has ended the session");
	f->exit = EX_TEMPFAIL;
	engine_name_relay(e, f);
	e->over = true;
	return true;
}

bool retry_after_goodbye(struct engine *e, struct failure *f)
{
	return !e->queued && e->past.used && retry_is_over(e, f);
}

bool retry_lost_idle(const struct engine *e, const struct failure *f)
{
	for (size_t i = 0; i < e->queued; i++)
		if (e->queue[(e->head + i) % e->room].t->sent)
			return false;
	return e->kept && !e->answers && !e->waited && f->exit == EX_TEMPFAIL && !f->code;
}
