#include "wire/smtp.h"

#include <sysexits.h>

#include "base/clock.h"
#include "base/ending.h"
#include "mail/offers.h"
#include "wire/engine.h"

enum {
	OCTETS_UNDER_WAY = 1024 * 1024,	  /* octets that may be written and not yet answered */
	COMMANDS_MAX = 16 * 1024 * 1024,  /* octets of commands in one write */
};

/* Notes the command that stands in e->out from `start` on as written, and which answer it awaits. */
static void said(struct engine *e, size_t start, enum verb verb, size_t recipient)
{
	session_show(e->session, (struct slice){e->out.p + start, e->out.len - start});
	engine_await(e, verb, recipient);
}

static int say(struct engine *e, enum verb verb, const char *line, struct failure *f)
{
	size_t start = e->out.len;

	if (buf_text(&e->out, line) < 0)
		return fail(f, AT_SENDER, EX_OSERR, "no memory for the commands");
	said(e, start, verb, 0);
	return WENT_ON;
}

static void start_transaction(struct engine *e, struct transaction *t)
{
	const struct mail *m = t->delivery->mail;

	e->now = *e->caps;
	caps_forgo(&e->now, t->without | m->envelope.without);
	t->octets = mail_form(m, e->now.eightbit);
	t->delivery->envelope->octets = t->octets->size;
	t->until = engine_deadline(e->limits->timeout);
	e->writing = t;
	e->rcpt = t->first;
	e->step = e->needs_reset ? STEP_RSET : STEP_MAIL;
	t->delivery->under_way++;
	e->under_way++;
	e->octets_under_way += t->octets->size;
}

/* Recipients that have a verdict already were in a transaction of an earlier session. */
static void pass_over_known(struct delivery *u)
{
	const struct envelope *v = &u->mail->envelope;

	while (u->begun < v->recipients && v->recipient[u->begun].verdict != PENDING)
		u->begun++;
}

static size_t at_most(const struct engine *e, size_t recipients)
{
	return recipients < e->most ? recipients : e->most;
}

/* How many recipients of the mail the next transaction has. */
static size_t count_next(const struct engine *e, const struct delivery *u)
{
	const struct envelope *v = &u->mail->envelope;
	size_t i = u->begun;

	while (i < v->recipients && i - u->begun < e->most && v->recipient[i].verdict == PENDING)
		i++;
	return i - u->begun;
}

static bool may_begin(struct engine *e, const struct delivery *u, size_t recipients, void **ticket)
{
	*ticket = NULL;
	e->ask_at = 0;
	return !e->client->begin || e->client->begin(e->client->ctx, u->client_mail, recipients, ticket, &e->ask_at);
}

/* Recipients that were in a transaction before. */
static bool next_retry(struct engine *e)
{
	struct transaction *t;
	void *ticket;

	if (!may_begin(e, e->retry->delivery, at_most(e, e->retry->count), &ticket))
		return false;
	t = retry_take(e);
	t->ticket = ticket;
	start_transaction(e, t);
	return true;
}

/* Makes and starts a transaction for the next recipients that have none: those of the mail at hand, or of the client's next mail. */
static bool next_transaction(struct engine *e)
{
	const struct envelope *v;
	struct transaction *t;
	struct mail *m;
	void *ticket;
	size_t count;

	if (e->retry && e->retry->before->answered)
		return next_retry(e);
	if (!e->mail) {
		e->ask_at = 0;
		m = e->client->next(e->client->ctx, &e->ask_at);
		if (!m)
			return false;
		e->mail = engine_make_delivery(e);
		e->mail->client_mail = m;
		e->mail->mail = m;
		e->mail->envelope = &m->envelope;
		pass_over_known(e->mail);
	}
	v = &e->mail->mail->envelope;
	count = count_next(e, e->mail);
	if (!may_begin(e, e->mail, count, &ticket))
		return false;
	t = engine_make_transaction(e);
	t->delivery = e->mail;
	t->first = e->mail->begun;
	t->count = count;
	t->ticket = ticket;
	e->mail->begun += count;
	e->mail->open++;
	pass_over_known(e->mail);
	if (e->mail->begun == v->recipients)
		e->mail = NULL;
	start_transaction(e, t);
	return true;
}

/* This mail cannot be sent to this relay at all (command_mail says why): not even MAIL is written. */
static int refuse_mail_locally(struct engine *e, struct failure *f)
{
	struct transaction *t = e->writing;
	struct envelope *env = t->delivery->envelope;
	const struct failure *why;

	engine_name_relay(e, f);
	why = arena_failure(t->delivery->mail->in, f);
	env->answer = why;
	for (size_t i = t->first; i < t->first + t->count; i++) {
		env->recipient[i].verdict = REFUSED;
		env->recipient[i].why = why;
	}
	engine_end(e, t);
	return WENT_ON;
}

static int emit_mail(struct engine *e, struct failure *f)
{
	size_t start = e->out.len;

	if (command_mail(&e->out, &e->now, e->writing->delivery->mail, f) < 0)
		return f->exit == EX_DATAERR ? refuse_mail_locally(e, f) : -1;
	e->writing->said = command_uses(&e->now, e->writing->delivery->mail);
	e->writing->asked = true;
	said(e, start, V_MAIL, 0);
	e->step = STEP_RCPT;
	return WENT_ON;
}

/* The address needs SMTPUTF8, which the relay lacks: this recipient is refused, and no other. */
static void refuse_recipient_locally(struct engine *e, struct recipient *r, struct failure *f)
{
	engine_name_relay(e, f);
	r->why = arena_failure(e->writing->delivery->mail->in, f);
	r->verdict = REFUSED;
	e->writing->refused++;
}

static int emit_rcpt(struct engine *e, struct failure *f)
{
	const struct envelope *env = &e->writing->delivery->mail->envelope;
	struct recipient *to = &env->recipient[e->rcpt];
	size_t start = e->out.len;

	if (command_rcpt(&e->out, &e->now, e->writing->delivery->mail, to, f) == 0) {
		e->writing->said |= e->now.dsn && command_has_wishes(env, to) ? OFFER_DSN : 0;
		said(e, start, V_RCPT, e->rcpt);
	} else if (f->exit == EX_DATAERR) {
		refuse_recipient_locally(e, to, f);
	} else {
		return -1;
	}
	if (++e->rcpt == e->writing->first + e->writing->count)
		e->step = STEP_LAST;
	return WENT_ON;
}

/* No recipient is left: the transaction ends without a message. */
static int abandon(struct engine *e)
{
	struct transaction *t = e->writing;

	e->needs_reset = true;
	engine_end(e, t);
	return WENT_ON;
}

/* limits.verify: the transaction ends after RCPT, with RSET. */
static int emit_verified(struct engine *e, struct failure *f)
{
	int rc = say(e, V_VERIFIED, "RSET\r\n", f);

	e->writing = NULL;
	return rc;
}

static bool must_wait(const struct engine *e)
{
	const struct transaction *t = e->writing;

	if (!e->queued)
		return false;
	if (!(t ? &e->now : e->caps)->pipelining)
		return true;
	/* With a deadline this mail's answer is waited for before the next one begins: to abort the next would leave this one UNSURE. */
	if (!t && e->limits->until)
		return true;
	/* A relay that offers CHUNKING may still not know BDAT, take the octets of the message for commands, and answer each. Until
	 * one message has gone well by BDAT, no other is under way, since its answers could not be told from those. */
	if (!t && e->caps->chunking && !e->past.chunked && e->under_way)
		return true;
	if (!t) /* may the next transaction begin? */
		return e->caps->chunking && (e->under_way >= e->limits->window ||
					     e->octets_under_way >= OCTETS_UNDER_WAY);
	if (e->step == STEP_LAST && t->refused == t->count)
		return true; /* no recipient is left: the transaction is given up once MAIL has its answer */
	if (e->step == STEP_BODY)
		return true; /* wait for 354, and for the answers to all commands before DATA */
	/* What became of the transaction before it is recorded first (client->part). */
	if (e->step == STEP_LAST && e->client->part && t->delivery->under_way > 1)
		return true;
	/* A large message waits for the answers to RCPT, since all may be refusals; so does a message with a deadline, whose
	 * answers may come too late. */
	return e->step == STEP_LAST && e->now.chunking && (e->limits->until || t->octets->size > OCTETS_UNDER_WAY);
}

/* Writes the next command, or tells what has to be waited for. */
static int write_next(struct engine *e, struct failure *f)
{
	struct transaction *t;

	if (must_wait(e))
		return MUST_WAIT;
	if (!e->writing) {
		if (!next_transaction(e))
			return NO_MAIL;
		if (retry_after_goodbye(e, f))
			return -1;
	}
	t = e->writing;
	/* Once every recipient, or the mail as a whole, is refused, the rest of the transaction is not written. */
	if (!e->limits->verify && !e->queued && (t->failed || t->refused == t->count) && e->step != STEP_BODY)
		return abandon(e);
	switch (e->step) {
	case STEP_RSET:
		e->step = STEP_MAIL;
		e->needs_reset = false;
		return say(e, V_RSET, "RSET\r\n", f);
	case STEP_MAIL:
		return emit_mail(e, f);
	case STEP_RCPT:
		return emit_rcpt(e, f);
	case STEP_LAST:
		if (e->limits->verify)
			return emit_verified(e, f);
		if (e->now.chunking)
			return body_bdat(e, f);
		e->step = STEP_BODY;
		return say(e, V_DATA, "DATA\r\n", f);
	case STEP_BODY:
		break;
	}
	return body_data(e, f);
}

/* We are told to end: the answers to messages that are wholly written are waited for. A message that is half written is left so,
 * and mails whose turn has not come stay PENDING. */
static bool is_cut(const struct engine *e, struct failure *f)
{
	if (!(e->writing || e->mail || e->retry) || !ending_asked())
		return false;
	fail(f, AT_SENDER, EX_TEMPFAIL, ENDING_TOLD);
	engine_name_relay(e, f);
	return true;
}

/* The client has no mail before e->ask_at. Answers that come earlier are read, and an answer that is late is a failure as always. */
static int wait_for_client(struct engine *e, struct failure *f)
{
	int64_t due = e->queued ? e->queue[e->head].t->until : e->ask_at;

	if (session_wait(e->session, due < e->ask_at ? due : e->ask_at))
		return e->queued ? answers_next(e, f) : retry_is_over(e, f) ? -1 : 0;
	return e->queued && clock_steady() >= due ? answers_next(e, f) : 0;
}

/* All is written and answered. But the client may have kept back a transaction: then its recipients stay PENDING. */
static int finish(struct engine *e, struct failure *f)
{
	if (!e->mail && !e->retry)
		return 0;
	e->over = true;
	return fail(f, AT_SENDER, EX_TEMPFAIL, "the rest of the mail is for another session");
}

static int run_transactions(struct engine *e, struct failure *f)
{
	for (;;) {
		int64_t until = engine_clip(e, engine_deadline(e->limits->timeout));
		int did;

		if (engine_check_order(e, f) < 0 || is_cut(e, f))
			return -1;
		do
			did = write_next(e, f);
		while (did == WENT_ON && e->out.len < PIECE);
		if (did < 0)
			return -1;
		if (e->out.len && engine_flush(e, until, f) < 0)
			return -1;
		if (did == NO_MAIL && e->ask_at) {
			if (wait_for_client(e, f) < 0)
				return -1;
			continue;
		}
		if (!e->queued && did == NO_MAIL)
			return finish(e, f);
		if (e->queued && did != WENT_ON && answers_next(e, f) < 0)
			return -1;
	}
}

/* The connection is lost. What the relay said before still counts: a 552 in the middle of a message, or a 421. */
static void end_lost_session(struct engine *e, struct failure *f)
{
	struct failure later = {0};
	bool told = ending_asked();

	if (e->in_message && e->writing && !told)
		engine_await(e, e->message_verb, 0);
	/* After a line that was no answer (EX_PROTOCOL) it is not known which command the next reply belongs to; after a 421 no
	 * reply is owed. */
	while (f->exit != EX_PROTOCOL && f->exit != EX_OSERR && f->code != 421 && e->queued &&
	       (!told || e->queue[e->head].t->sent) && answers_next(e, &later) == 0)
		;
	if (e->queued && later.code)
		*f = later;
	e->over |= retry_lost_idle(e, f);
	answers_lost(e, f);
}

int smtp_run(struct session *s, const struct smtp_limits *limits, const struct smtp_client *client,
	     struct failure *f)
{
	const struct past past = session_past(s);
	struct engine e = {.session = s, .caps = session_caps(s), .limits = limits, .client = client, .past = past,
			   .kept = past.used, .needs_reset = past.open, .most = limits->recipients};
	int rc;

	buf_start(&e.out, COMMANDS_MAX);
	rc = run_transactions(&e, f);
	if (rc < 0)
		end_lost_session(&e, f);
	e.past.open = e.needs_reset;
	session_remember(s, e.past);
	buf_free(&e.out);
	arena_free(&e.scratch);
	return rc < 0 && e.over ? SMTP_ANOTHER : rc;
}
