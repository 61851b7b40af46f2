#include <string.h>
#include <sysexits.h>

#include "wire/engine.h"

/* Octets as they are: a few go with the commands around them in one write, many without a copy. */
static int write_run(struct engine *e, struct slice run, struct failure *f)
{
	int64_t until = engine_clip(e, e->writing->until);

	if (run.len >= PIECE / 4) {
		if (e->out.len && engine_flush(e, until, f) < 0)
			return -1;
		if (session_write(e->session, run, until, f) == 0)
			return 0;
		f->stage = AT_BODY;
		return -1;
	}
	if (buf_slice(&e->out, run) < 0)
		return fail(f, AT_BODY, EX_OSERR, "no memory for the message");
	return e->out.len >= PIECE / 2 ? engine_flush(e, until, f) : 0;
}

/* The message, with every leading dot doubled for DATA (RFC 5321 4.5.2). Dots are rarer than lines: the search is for dots, and
 * then for the line end in front of each. */
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

/* The message cannot be read to its end, so the relay waits for octets that will not come, and does not answer the message. The
 * commands before it are written, so that their answers can come. A message without its end is never taken. */
static int unreadable(struct engine *e)
{
	struct failure ignored;

	e->in_message = false;
	(void)!engine_flush(e, engine_clip(e, e->writing->until), &ignored);
	return -1;
}

static int write_message(struct engine *e, enum verb verb, struct failure *f)
{
	struct transaction *t = e->writing;
	struct source *s = t->octets;
	char piece[PIECE];
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
	struct transaction *t = e->writing;

	t->sent = !e->out.len;
	if (e->out.len) {
		t->out_end = e->out.len;
		t->next_unflushed = e->ends;
		e->ends = t;
	}
	e->in_message = false;
	engine_await(e, verb, 0);
	e->writing = NULL;
	return WENT_ON;
}

/* What follows 354: the message and the final dot; the dot alone where no recipient is left, since a relay that said 354 waits for
 * one (RFC 2920 3.1). */
int body_data(struct engine *e, struct failure *f)
{
	struct transaction *t = e->writing;
	bool wanted = !t->failed && t->refused < t->count;

	t->failed |= !wanted;
	if (wanted && write_message(e, V_DOT, f) < 0)
		return -1;
	/* A reply that has come before the end of data was written cannot be the answer to it. */
	if (wanted && engine_check_order(e, f) < 0)
		return -1;
	if (buf_text(&e->out, ".\r\n") < 0)
		return fail(f, AT_BODY, EX_OSERR, "no memory for the message");
	session_show(e->session, SLICE("."));
	e->needs_reset = false;
	return end_message(e, V_DOT);
}

int body_bdat(struct engine *e, struct failure *f)
{
	size_t start = e->out.len;

	if (buf_printf(&e->out, "BDAT %llu LAST\r\n", (unsigned long long)e->writing->octets->size) < 0)
		return fail(f, AT_DATA, EX_OSERR, "no memory for the commands");
	session_show(e->session, (struct slice){e->out.p + start, e->out.len - start});
	if (write_message(e, V_BDAT, f) < 0)
		return -1;
	/* The transaction may fail after we have gone on; then RSET has to come before the next MAIL. */
	e->needs_reset = e->queued > 0;
	return end_message(e, V_BDAT);
}
