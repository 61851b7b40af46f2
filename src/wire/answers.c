#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/ending.h"
#include "wire/engine.h"
#include "wire/meaning.h"

static const struct failure *keep(struct transaction *t, const struct failure *f)
{
	return arena_failure(t->delivery->mail->in, f);
}

static enum verdict verdict_of(const struct failure *f)
{
	return failure_is_temporary(f) || f->exit == EX_PROTOCOL ? DEFERRED : REFUSED;
}

/* Gives the verdict to all recipients of the transaction that have none yet. */
static void give_verdict(struct transaction *t, enum verdict v, const struct failure *why)
{
	struct envelope *e = t->delivery->envelope;

	for (size_t i = t->first; i < t->first + t->count; i++)
		if (e->recipient[i].verdict == PENDING) {
			e->recipient[i].verdict = v;
			e->recipient[i].why = why;
		}
}

/* The relay has told a limit, perhaps; it may also have one that it does not tell. */
static void hint_of_size(const struct engine *e, const struct transaction *t, struct failure *f)
{
	char size[24], limit[24];

	if (f->code < 500 || meaning_of(f) != MEANS_TOO_LARGE || !t->octets)
		return;
	snprintf(size, sizeof size, "%llu", (unsigned long long)t->octets->size);
	snprintf(limit, sizeof limit, "%llu", (unsigned long long)e->now.size_limit);
	if (e->now.size_limit && e->now.size_limit < t->octets->size)
		failure_hint(f, HINT_TOO_LARGE_SIZES, size, limit);
	else
		failure_hint(f, HINT_TOO_LARGE_SIZE, size);
}

static void refuse(struct engine *e, struct transaction *t, struct failure *f)
{
	hint_of_size(e, t, f);
	engine_name_relay(e, f);
	t->why = t->delivery->envelope->answer = keep(t, f);
	give_verdict(t, t->repeat ? DEFERRED : verdict_of(f), t->why); /* until the recipient has been tried again */
	t->failed = true;
}

/* Nothing to do here: where RSET was refused, answers_next ends the session. */
static void answer_reset(struct engine *e, const struct awaited *a, const struct reply *r)
{
	(void)e;
	(void)a;
	(void)r;
}

/* The answer as a failure: temporary or final by its first digit. */
static void failure_of(const struct reply *r, enum stage at, struct failure *f)
{
	reply_failure(r, at, EX_UNAVAILABLE, f);
	if (f->exit == EX_UNAVAILABLE)
		f->exit = meaning_exit(at, meaning_of(f));
}

static void answer_mail(struct engine *e, const struct awaited *a, const struct reply *r)
{
	struct failure f;

	a->t->heard = true;
	if (reply_is_positive(r))
		return;
	failure_of(r, AT_SENDER, &f);
	retry_without_parameter(a->t, &f);
	refuse(e, a->t, &f);
}

static void answer_rcpt(struct engine *e, const struct awaited *a, const struct reply *r)
{
	struct recipient *to = &a->t->delivery->envelope->recipient[a->recipient];
	struct failure f;

	if (reply_is_positive(r) && e->limits->verify && to->verdict == PENDING) {
		reply_failure(r, AT_RECIPIENT, EX_OK, &f);
		f.exit = EX_OK;
		to->why = keep(a->t, &f);
		to->verdict = ACCEPTED;
	}
	if (reply_is_positive(r)) {
		if (!a->t->accepted++ && a->t->without) /* a transaction without the offer goes well */
			session_forgo(e->session, a->t->without);
		return;
	}
	a->t->refused++;
	if (to->verdict != PENDING) /* MAIL was refused: that is the reason */
		return;
	failure_of(r, AT_RECIPIENT, &f);
	engine_name_relay(e, &f);
	if (f.code >= 500 && meaning_of(&f) == MEANS_NOBODY && slice_begins(slice_of(to->address), "root@"))
		failure_hint(&f, HINT_ROOT_TO);
	to->why = keep(a->t, &f);
	to->verdict = verdict_of(&f);
	if (retry_without_dsn(e, a->t, a->recipient, &f))
		to->verdict = DEFERRED; /* until the recipient has been tried again */
	if (meaning_of(&f) != MEANS_TOO_MANY || e->limits->verify)
		return;
	/* RFC 5321 4.5.3.1.10: "too many recipients" does not refuse this recipient, if the relay has taken others in this
	 * transaction or before. */
	if (a->t->accepted || a->t->retried) {
		f.exit = EX_TEMPFAIL;
		to->why = keep(a->t, &f);
		to->verdict = DEFERRED;
	}
	if (!a->t->accepted)
		return;
	if (a->t->accepted < e->most)
		e->most = a->t->accepted;
	engine_put_retry(e, a->t, a->recipient, 1, a->t->without);
}

static void answer_data(struct engine *e, const struct awaited *a, const struct reply *r)
{
	struct failure f;

	if (r->code == 354) /* the message is written next: write_next had waited for this answer */
		return;
	e->needs_reset = true;
	failure_of(r, AT_DATA, &f);
	if (!a->t->failed) /* else MAIL's refusal is the reason */
		refuse(e, a->t, &f);
	a->t->answered = true;
	engine_end(e, a->t); /* it was about to write its message, which is not wanted */
}

/* A 2yz to a message whose MAIL was refused is ignored: its recipients stay refused. Without MAIL there is no transaction that it
 * could be about (RFC 5321 3.3, 4.1.4; RFC 3030 2 has 503 for it), and as UNSURE the mail would be sent again. */
static void answer_end(struct engine *e, const struct awaited *a, const struct reply *r)
{
	struct failure f;

	a->t->answered = true; /* perhaps in the middle of the message */
	if (reply_is_positive(r) && a->t->sent && !a->t->failed) {
		e->past.chunked |= a->verb == V_BDAT && a->t->accepted;
		if (!e->queued)
			e->needs_reset = false;
		give_verdict(a->t, ACCEPTED, NULL);
		reply_failure(r, AT_END, EX_OK, &f);
		f.exit = EX_OK;
		engine_name_relay(e, &f);
		a->t->delivery->envelope->answer = keep(a->t, &f);
	} else if (!reply_is_positive(r)) {
		/* RFC 3030 2: after a BDAT that failed only RSET leads on. */
		e->needs_reset = a->verb == V_BDAT;
		failure_of(r, AT_END, &f);
		retry_after_end(e, a->t, a->verb, &f);
		if (!a->t->failed)
			refuse(e, a->t, &f);
	}
	engine_end(e, a->t);
}

/* The answer to the RSET that ends a transaction of limits.verify is the last word on the mail; it decides nothing. */
static void answer_verified(struct engine *e, const struct awaited *a, const struct reply *r)
{
	struct failure f;

	reply_failure(r, AT_RECIPIENT, reply_is_positive(r) ? EX_OK : EX_UNAVAILABLE, &f);
	engine_name_relay(e, &f);
	a->t->delivery->envelope->answer = keep(a->t, &f);
	engine_end(e, a->t);
}

static const struct {
	const char *name;
	enum stage stage;
	unsigned patience; /* seconds, RFC 5321 4.5.3.2 */
	void (*answer)(struct engine *e, const struct awaited *a, const struct reply *r);
} rows[] = {
	[V_RSET] = {"RSET", AT_SENDER, 300, answer_reset}, [V_MAIL] = {"MAIL FROM", AT_SENDER, 300, answer_mail},
	[V_RCPT] = {"RCPT TO", AT_RECIPIENT, 300, answer_rcpt}, [V_DATA] = {"DATA", AT_DATA, 120, answer_data},
	[V_DOT] = {"end of data", AT_END, 600, answer_end},	[V_BDAT] = {"BDAT", AT_END, 600, answer_end},
	[V_VERIFIED] = {"RSET", AT_RECIPIENT, 300, answer_verified},
};

/* 421: the relay ends the session, and took nothing of what it has not answered yet (RFC 5321 3.8). Where the session had been idle
 * and 421 is the first line since, the 421 answers no command of ours: the relay's time limit was over. */
static int leaving(struct engine *e, const struct awaited *a, const struct reply *r, struct failure *f)
{
	reply_failure(r, rows[a->verb].stage, EX_TEMPFAIL, f);
	engine_name_relay(e, f);
	e->over = e->kept && !e->answers;
	if (!e->over && !a->t->answered) /* a mail that was refused behind RSET is the client's again */
		give_verdict(a->t, DEFERRED, keep(a->t, f));
	for (size_t i = 0; i < e->queued; i++)
		e->queue[(e->head + i) % e->room].t->sent = false;
	return -1;
}

/* A 2yz to the end of the message, and more replies have come than are awaited: an earlier reply may have been one too many, so
 * that this one answers an earlier command, and the next one the message. Not so for a refusal: a relay that refuses a message half
 * way may read the rest of the message as commands, and answer these. */
static bool is_one_too_many(const struct engine *e, const struct awaited *a, const struct reply *r)
{
	return (a->verb == V_DOT || a->verb == V_BDAT) && reply_is_positive(r) && a->t->sent && !a->t->failed && a->t->accepted &&
	       session_has_more(e->session, (unsigned)e->queued - 1);
}

int answers_next(struct engine *e, struct failure *f)
{
	const struct awaited *a = &e->queue[e->head];
	int64_t until = engine_deadline(rows[a->verb].patience), mine = a->t->until;
	int64_t own = engine_deadline(e->limits->timeout < 60 ? e->limits->timeout : 60);
	struct awaited it = *a;
	struct reply r;

	/* The answer to the end of data has time of its own, however long the message took: if we stopped waiting, the message
	 * would be sent twice. */
	if (it.verb == V_DOT || it.verb == V_BDAT)
		mine = mine > own ? mine : own;
	if (mine < until)
		until = mine;
	/* The relay may have taken what is wholly written: whoever ends the session without that answer has to send the message
	 * again. */
	if (!it.t->sent || it.t->failed)
		until = engine_clip(e, until);
	session_grace(e->session, it.t->sent ? ENDING_MS : 0);
	if (session_reply(e->session, until, (unsigned)e->queued, &r, f) < 0) {
		e->waited = clock_steady() >= until;
		f->stage = rows[it.verb].stage;
		return -1;
	}
	if (r.code == 421)
		return leaving(e, &it, &r, f);
	if (retry_in_another_session(e, &it, &r, f))
		return -1;
	if (is_one_too_many(e, &it, &r)) { /* the reply is not matched: the message counts as one without an answer */
		engine_out_of_order(e, f);
		f->stage = AT_END;
		return -1;
	}
	e->answers++;
	e->head = (e->head + 1) % e->room;
	e->queued--;
	rows[it.verb].answer(e, &it, &r);
	/* Without RSET the next transaction might still have the recipients of this one. */
	if (it.verb == V_RSET && !reply_is_positive(&r)) {
		reply_failure(&r, AT_SENDER, EX_TEMPFAIL, f);
		engine_name_relay(e, f);
		return -1;
	}
	return 0;
}

static void lose_transaction(struct engine *e, struct transaction *t, const struct failure *why)
{
	if (t->sent && !t->failed)
		give_verdict(t, UNSURE, why);
	engine_end(e, t);
}

void answers_lost(struct engine *e, struct failure *f)
{
	const struct failure *why;
	struct transaction *last = NULL;

	retry_stalled(e, f);
	e->lost = e->over ? NULL : f;
	while (e->queued) {
		struct transaction *t = e->queue[e->head].t;

		e->head = (e->head + 1) % e->room;
		e->queued--;
		if (t == last || t->answered)
			continue;
		last = t;
		why = keep(t, f);
		lose_transaction(e, t, why);
	}
	if (e->writing)
		engine_end(e, e->writing);
	retry_drop(e);
	if (e->mail && e->mail->open == 0)
		engine_done(e, e->mail);
	e->mail = NULL;
}
