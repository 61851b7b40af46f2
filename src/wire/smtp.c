#include "wire/smtp.h"

#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "wire/engine.h"

enum {
	PIECE = 128 * 1024,		  /* of a message, for one write */
	OCTETS_UNDER_WAY = 1024 * 1024,	  /* without an answer */
	COMMANDS_MAX = 16 * 1024 * 1024,  /* in one write */
};

enum emitted { WAIT, IDLE, EMITTED };

static int flush(struct engine *e, int64_t until, struct failure *f)
{
	int ok = session_write(e->session, buf_slice_of(&e->out), until, f);

	buf_clear(&e->out);
	if (e->out.room > 4 * PIECE) /* a thousand recipients are behind us */
		buf_free(&e->out);
	return ok;
}

static void await(struct engine *e, enum verb verb, size_t recipient)
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

/* The command that stands in out from `start` on has been said. */
static void said(struct engine *e, size_t start, enum verb verb, size_t recipient)
{
	session_show(e->session, (struct slice){e->out.p + start, e->out.len - start});
	await(e, verb, recipient);
}

static int say(struct engine *e, enum verb verb, const char *line, struct failure *f)
{
	size_t start = e->out.len;

	if (buf_text(&e->out, line) < 0)
		return fail(f, AT_SENDER, EX_OSERR, "no memory for the commands");
	said(e, start, verb, 0);
	return EMITTED;
}

void engine_end(struct engine *e, struct transaction *t)
{
	struct under_way *u = t->of;

	t->answered = true;
	e->under_way--;
	e->octets_under_way -= u->mail->wire->size;
	if (--u->open == 0 && u != e->mail)
		e->client->done(e->client->ctx, u->mail);
}

/* The next recipients without a transaction: of the mail at hand, or of the client's next. */
static bool begin(struct engine *e)
{
	struct transaction *t;
	struct mail *m;

	if (!e->mail) {
		m = e->client->next(e->client->ctx);
		if (!m)
			return false;
		e->mail = arena_zeroed(&e->scratch, 1, sizeof *e->mail);
		e->mail->mail = m;
	}
	t = arena_zeroed(&e->scratch, 1, sizeof *t);
	t->of = e->mail;
	t->first = e->mail->begun;
	t->count = e->mail->mail->envelope.recipients - t->first;
	if (t->count > e->limits->recipients)
		t->count = e->limits->recipients;
	t->until = clock_steady() + (int64_t)e->limits->timeout * 1000;
	e->mail->begun += t->count;
	e->mail->open++;
	if (e->mail->begun == e->mail->mail->envelope.recipients)
		e->mail = NULL;
	e->writing = t;
	e->rcpt = t->first;
	e->step = e->needs_reset ? STEP_RSET : STEP_MAIL;
	e->under_way++;
	e->octets_under_way += t->of->mail->wire->size;
	return true;
}

/* The mail cannot be said to this relay at all: not even MAIL is. */
static int refuse_here(struct engine *e, struct failure *f)
{
	struct transaction *t = e->writing;
	struct envelope *env = &t->of->mail->envelope;
	struct failure *why = arena_zeroed(t->of->mail->in, 1, sizeof *why);

	memcpy(f->relay, session_relay(e->session), sizeof f->relay);
	*why = *f;
	env->answer = why;
	for (size_t i = t->first; i < t->first + t->count; i++) {
		env->recipient[i].verdict = REFUSED;
		env->recipient[i].why = why;
	}
	e->writing = NULL;
	engine_end(e, t);
	return EMITTED;
}

static int emit_mail(struct engine *e, struct failure *f)
{
	size_t start = e->out.len;

	if (command_mail(&e->out, e->caps, e->writing->of->mail, f) < 0)
		return f->exit == EX_DATAERR ? refuse_here(e, f) : -1;
	said(e, start, V_MAIL, 0);
	e->step = STEP_RCPT;
	return EMITTED;
}

static int emit_rcpt(struct engine *e, struct failure *f)
{
	const struct envelope *env = &e->writing->of->mail->envelope;
	size_t start = e->out.len;

	if (command_rcpt(&e->out, e->caps, env, &env->recipient[e->rcpt], f) < 0)
		return -1;
	said(e, start, V_RCPT, e->rcpt);
	if (++e->rcpt == e->writing->first + e->writing->count)
		e->step = STEP_LAST;
	return EMITTED;
}

/* Octets as they are: a few go with the commands around them in one write, many without a copy. */
static int write_run(struct engine *e, struct slice run, struct failure *f)
{
	int64_t until = e->writing->until;

	if (run.len >= PIECE / 4)
		return e->out.len && flush(e, until, f) < 0 ? -1 : session_write(e->session, run, until, f);
	if (buf_slice(&e->out, run) < 0)
		return fail(f, AT_BODY, EX_OSERR, "no memory for the message");
	return e->out.len >= PIECE / 2 ? flush(e, until, f) : 0;
}

/* The message, with every leading dot doubled for DATA (RFC 5321 4.5.2). Dots are rarer than lines: they are looked
 * for, and then whether a line begins there. */
static int write_piece(struct engine *e, struct slice piece, bool stuff, bool *line_starts, struct failure *f)
{
	const char *at = piece.p, *end = piece.p + piece.len, *written = at, *dot;

	for (; stuff && (dot = memchr(at, '.', (size_t)(end - at))); at = dot + 1) {
		if (dot == piece.p ? !*line_starts : dot[-1] != '\n')
			continue;
		if (write_run(e, (struct slice){written, (size_t)(dot - written)}, f) < 0 || write_run(e, SLICE("."), f) < 0)
			return -1;
		written = dot;
	}
	*line_starts = end[-1] == '\n';
	return write_run(e, (struct slice){written, (size_t)(end - written)}, f);
}

/* The relay waits for octets that will not come: no answer to them is to be waited for. The commands before them go, so
 * that theirs can be; without its end the message is none. */
static int unreadable(struct engine *e)
{
	struct failure ignored;

	e->in_message = false;
	(void)!flush(e, e->writing->until, &ignored);
	return -1;
}

static int write_message(struct engine *e, enum verb verb, struct failure *f)
{
	struct transaction *t = e->writing;
	struct source *s = t->of->mail->wire;
	char piece[PIECE / 2];
	bool line_starts = true;
	uint64_t done = 0;
	size_t got;

	e->in_message = true;
	e->message_verb = verb;
	if (s->rewind(s, f) < 0)
		return unreadable(e);
	for (;;) {
		if (s->pull(s, piece, sizeof piece, &got, f) < 0)
			return unreadable(e);
		if (!got)
			break;
		if (write_piece(e, (struct slice){piece, got}, verb == V_DOT, &line_starts, f) < 0)
			return -1;
		done += got;
		session_pace(e->session, done, s->size);
	}
	if (done != s->size) {
		fail(f, AT_BODY, EX_IOERR, "the message changed while it was sent");
		return unreadable(e);
	}
	return 0;
}

static int end_message(struct engine *e, enum verb verb)
{
	e->writing->sent = true;
	e->in_message = false;
	await(e, verb, 0);
	e->writing = NULL;
	return EMITTED;
}

/* DATA's second half: the message and its dot; the dot alone where nobody is left to get it, since a relay
 * that said 354 waits for one (RFC 2920 3.1). */
static int emit_data_body(struct engine *e, struct failure *f)
{
	struct transaction *t = e->writing;
	bool wanted = !t->failed && t->refused < t->count;

	t->failed |= !wanted;
	if (wanted && write_message(e, V_DOT, f) < 0)
		return -1;
	if (buf_text(&e->out, ".\r\n") < 0)
		return fail(f, AT_BODY, EX_OSERR, "no memory for the message");
	session_show(e->session, SLICE("."));
	e->needs_reset = false;
	return end_message(e, V_DOT);
}

static int emit_bdat(struct engine *e, struct failure *f)
{
	size_t start = e->out.len;

	if (buf_printf(&e->out, "BDAT %llu LAST\r\n", (unsigned long long)e->writing->of->mail->wire->size) < 0)
		return fail(f, AT_DATA, EX_OSERR, "no memory for the commands");
	session_show(e->session, (struct slice){e->out.p + start, e->out.len - start});
	if (write_message(e, V_BDAT, f) < 0)
		return -1;
	/* It may fail before we know; then the next MAIL must find no transaction open. */
	e->needs_reset = e->queued > 0;
	return end_message(e, V_BDAT);
}

/* Nobody is left to get it: the transaction ends without a message. */
static int abandon(struct engine *e)
{
	struct transaction *t = e->writing;

	e->writing = NULL;
	e->needs_reset = true;
	engine_end(e, t);
	return EMITTED;
}

/* Only asked: the transaction ends here. */
static int emit_verified(struct engine *e, struct failure *f)
{
	int did = say(e, V_VERIFIED, "RSET\r\n", f);

	e->writing = NULL;
	return did;
}

static bool must_wait(const struct engine *e)
{
	const struct transaction *t = e->writing;

	if (!e->queued)
		return false;
	if (!e->caps->pipelining)
		return true;
	if (!t) /* the next one may begin? */
		return e->caps->chunking && (e->under_way >= e->limits->window ||
					     e->octets_under_way >= OCTETS_UNDER_WAY);
	if (e->step == STEP_BODY)
		return true; /* for 354, and for all that came before it */
	/* A large message is not sent on the chance that somebody wants it. */
	return e->step == STEP_LAST && e->caps->chunking && t->of->mail->wire->size > OCTETS_UNDER_WAY;
}

/* Writes the next command, or says why not. */
static int emit(struct engine *e, struct failure *f)
{
	struct transaction *t;

	if (must_wait(e))
		return WAIT;
	if (!e->writing && !begin(e))
		return IDLE;
	t = e->writing;
	/* With every answer in hand (or one that says enough) the rest need not be said. */
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
		if (e->caps->chunking)
			return emit_bdat(e, f);
		e->step = STEP_BODY;
		return say(e, V_DATA, "DATA\r\n", f);
	case STEP_BODY:
		break;
	}
	return emit_data_body(e, f);
}

static int run(struct engine *e, struct failure *f)
{
	for (;;) {
		int64_t until = clock_steady() + (int64_t)e->limits->timeout * 1000;
		int did;

		do
			did = emit(e, f);
		while (did == EMITTED && e->out.len < PIECE);
		if (did < 0)
			return -1;
		if (e->out.len && flush(e, until, f) < 0)
			return -1;
		if (!e->queued && did == IDLE)
			return 0;
		if (e->queued && did != EMITTED && answers_next(e, f) < 0)
			return -1;
	}
}

/* What the relay said before the connection went still counts: a 552 in the middle of a message, a 421. */
static void lost(struct engine *e, struct failure *f)
{
	struct failure later = {0};

	if (e->in_message && e->writing)
		await(e, e->message_verb, 0);
	/* After what was no answer, nobody knows whose the next one is. */
	while (f->exit != EX_PROTOCOL && e->queued && answers_next(e, &later) == 0)
		;
	if (e->queued && later.code)
		*f = later;
	answers_lost(e, f);
}

int smtp_run(struct session *s, const struct smtp_limits *limits, const struct smtp_client *client,
	     struct failure *f)
{
	struct engine e = {.session = s, .caps = session_caps(s), .limits = limits, .client = client,
			   .needs_reset = *session_in_transaction(s)};
	int ok;

	buf_start(&e.out, COMMANDS_MAX);
	ok = run(&e, f);
	if (ok < 0)
		lost(&e, f);
	*session_in_transaction(s) = e.needs_reset;
	buf_free(&e.out);
	arena_free(&e.scratch);
	return ok;
}
