#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/ending.h"
#include "wire/inside.h"

enum { LINE_MAX_OCTETS = 64 * 1024, PACE_MS = ENDING_LOOK_MS, DOUBT_MS = 5000 };

void session_show(const struct session *s, struct slice line)
{
	transcript_show(&s->transcript, '>', line);
}

void session_pace(const struct session *s, uint64_t sent, uint64_t size)
{
	const struct tracer *w = s->transcript.tracer;

	if (w && w->pace)
		w->pace(w->ctx, s->relay, sent, size);
}

static int fails(const struct session *s, int exit, const char *words, struct failure *f)
{
	fail(f, AT_CONNECT, exit, "%s", words);
	snprintf(f->relay, sizeof f->relay, "%s", s->relay);
	return -1;
}

/* The connection is lost. From here on only what has already come can be read. */
static int lose_connection(struct session *s, int exit, const char *words, struct failure *f)
{
	s->closed = true;
	return fails(s, exit, words, f);
}

/* Reads what has come into the buffer, without waiting. */
static int fill(struct session *s, struct failure *f)
{
	CURLcode code = CURLE_OK;
	size_t got = 1;

	buf_consume(&s->in, s->taken);
	s->taken = 0;
	while (!s->closed && s->in.len < ANSWERS_MAX / 2) {
		if (buf_reserve(&s->in, 16 * 1024) < 0)
			return lose_connection(s, EX_OSERR, "no memory for the relay's answers", f);
		code = libcurl.easy_recv(s->easy, s->in.p + s->in.len, 16 * 1024, &got);
		if (code == CURLE_AGAIN)
			return 0;
		if (code != CURLE_OK || got == 0) {
			s->closed = true;
			break;
		}
		s->in.len += got;
		s->in.p[s->in.len] = '\0';
	}
	return 0;
}

void session_grace(struct session *s, unsigned ms)
{
	s->grace = ms;
}

void session_before_wait(struct session *s, void (*call)(void *ctx), void *ctx)
{
	s->before_wait = call;
	s->wait_ctx = ctx;
}

static bool must_end(struct session *s, unsigned grace)
{
	if (!s->told && ending_asked())
		s->told = clock_steady();
	return s->told && clock_steady() - s->told >= grace;
}

/* The connection stays open, so that the relay can still answer what was sent. */
static int told_to_end(const struct session *s, struct failure *f)
{
	return fails(s, EX_TEMPFAIL, ENDING_TOLD, f);
}

/* 1 ready, 0 out of time, -1 told to end. */
static int wait_for(struct session *s, short events, int64_t until, unsigned grace)
{
	struct pollfd p = {.fd = s->socket, .events = events};

	for (;;) {
		int64_t left = until - clock_steady();
		int n;

		if (must_end(s, grace))
			return -1;
		if (left <= 0)
			return 0;
		if (s->before_wait)
			s->before_wait(s->wait_ctx);
		n = poll(&p, 1, left > PACE_MS ? PACE_MS : (int)left);
		if (n > 0 || (n < 0 && errno != EINTR))
			return 1; /* ready or broken: the next read or write tells which */
		session_pace(s, 0, 0);
	}
}

int session_write(struct session *s, struct slice bytes, int64_t until, struct failure *f)
{
	s->written = 0;
	while (bytes.len) {
		size_t sent = 0;
		int ready;
		CURLcode code = libcurl.easy_send(s->easy, bytes.p, bytes.len, &sent);

		if (code == CURLE_OK) {
			bytes = (struct slice){bytes.p + sent, bytes.len - sent};
			s->written += sent;
			continue;
		}
		if (fill(s, f) < 0)
			return -1;
		if (code != CURLE_AGAIN)
			return lose_connection(s, EX_TEMPFAIL, "the connection was lost", f);
		if (s->closed)
			return lose_connection(s, EX_TEMPFAIL, "the relay closed the connection", f);
		/* Where the buffer of answers is half full, nothing more is read: only writing is waited for. */
		ready = wait_for(s, s->in.len < ANSWERS_MAX / 2 ? POLLOUT | POLLIN : POLLOUT, until, 0);
		if (ready < 0)
			return told_to_end(s, f);
		if (!ready)
			return lose_connection(s, EX_TEMPFAIL, "the relay took nothing more within the time allowed", f);
	}
	return 0;
}

static bool next_line(struct session *s, struct slice *line)
{
	struct slice rest = {s->in.p + s->taken, s->in.len - s->taken};

	if (!rest.len || !slice_cut(&rest, '\n', line))
		return false;
	s->taken = s->in.len - rest.len;
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* The order of the answers is lost: it cannot be said any more which command the next line answers. */
static int lose_order(struct session *s, struct failure *f)
{
	s->closed = true;
	s->taken = s->in.len;
	snprintf(f->relay, sizeof f->relay, "%s", s->relay);
	return -1;
}

/* How many whole replies have come and are not taken yet; 0 where one of them is a 421, which answers no command. */
static unsigned waiting(const struct session *s)
{
	struct slice rest = {s->in.p + s->taken, s->in.len - s->taken}, line;
	unsigned n = 0;

	while (rest.len && slice_cut(&rest, '\n', &line)) {
		if (slice_begins(line, "421"))
			return 0;
		n += reply_ends(line);
	}
	return n;
}

/* A stray line came while several answers are awaited. Either it stands for one of these answers, and each later reply belongs to a
 * later command; or it stands for none. As many whole replies as are awaited show that it stands for none, since all commands that
 * they answer have been said. */
static bool all_come(struct session *s, unsigned awaited, int64_t until)
{
	int64_t doubt = clock_steady() + DOUBT_MS;
	struct failure ignored;

	while (waiting(s) < awaited) {
		if (s->closed || s->in.len >= ANSWERS_MAX / 2 || wait_for(s, POLLIN, doubt < until ? doubt : until, s->grace) <= 0 || fill(s, &ignored) < 0)
			return waiting(s) >= awaited;
	}
	return true;
}

static int no_answer(struct session *s, int exit, const char *words, const struct reply *r, struct failure *f)
{
	lose_connection(s, exit, words, f);
	reply_is_none(r, exit, words, f);
	f->stage = AT_CONNECT;
	snprintf(f->relay, sizeof f->relay, "%s", s->relay);
	return -1;
}

/* Takes the lines that have come: 1: the reply is whole, 0: not yet, or -1. */
static int take_lines(struct session *s, int64_t until, unsigned awaited, struct reply *r, struct failure *f)
{
	char room[MASK_ANSWER];
	struct slice line;

	while (next_line(s, &line)) {
		unsigned strays = r->strays;
		int whole;

		line = transcript_masked(&s->transcript, line, !r->lines && !r->strays, room);
		transcript_show(&s->transcript, '<', line);
		whole = reply_line(r, line, f);
		if (whole == 0 && r->strays > strays && !r->lines && awaited > 1 && !all_come(s, awaited, until))
			whole = reply_is_none(r, EX_PROTOCOL, "the relay did not answer each command", f);
		if (whole < 0)
			return lose_order(s, f);
		if (whole)
			return 1;
	}
	return 0;
}

int session_reply(struct session *s, int64_t until, unsigned awaited, struct reply *r, struct failure *f)
{
	*r = (struct reply){0};
	for (;;) {
		int whole = take_lines(s, until, awaited, r, f), ready;

		if (whole)
			return whole < 0 ? -1 : 0;
		if (s->in.len - s->taken > LINE_MAX_OCTETS)
			return lose_connection(s, EX_PROTOCOL, "the relay's answer is a line without end", f);
		if (s->closed)
			return no_answer(s, EX_TEMPFAIL, "the relay closed the connection", r, f);
		if (fill(s, f) < 0)
			return -1;
		if (memchr(s->in.p ? s->in.p : "", '\n', s->in.len) || s->closed)
			continue;
		ready = wait_for(s, POLLIN, until, s->grace);
		if (ready < 0)
			return told_to_end(s, f);
		if (!ready)
			return no_answer(s, EX_TEMPFAIL, "the relay did not answer within the time allowed", r, f);
	}
}

bool session_wait(struct session *s, int64_t until)
{
	struct failure ignored;

	for (;;) {
		if (fill(s, &ignored) < 0 || s->closed || (s->in.len && memchr(s->in.p, '\n', s->in.len)))
			return true;
		if (wait_for(s, POLLIN, until, 0) <= 0)
			return false;
	}
}

/* The first whole line that has come although nothing was asked, strays left out; or NULL. */
static const char *unasked(struct session *s)
{
	struct failure ignored;
	struct slice rest, line;

	if (fill(s, &ignored) < 0 || !s->in.len)
		return NULL;
	rest = (struct slice){s->in.p + s->taken, s->in.len - s->taken};
	while (rest.len && slice_cut(&rest, '\n', &line))
		if (line.len > 2 && strspn(line.p, "0123456789") == 3)
			return line.p;
	return NULL;
}

bool session_is_ahead(struct session *s)
{
	const char *reply = unasked(s);

	return reply && (*reply == '2' || *reply == '3');
}

bool session_has_more(struct session *s, unsigned awaited)
{
	struct failure ignored;

	/* While answers are awaited only the buffer is looked at: session_reply reads from the connection soon. */
	if (!awaited && fill(s, &ignored) < 0)
		return false;
	return waiting(s) > awaited;
}

bool session_is_over(struct session *s, struct reply *r)
{
	char room[MASK_ANSWER];
	struct slice line;
	struct failure ignored;
	bool over = false;

	*r = (struct reply){0};
	if (fill(s, &ignored) < 0)
		return true;
	while (next_line(s, &line)) {
		line = transcript_masked(&s->transcript, line, !r->lines && !r->strays, room);
		transcript_show(&s->transcript, '<', line);
		over |= slice_trim(line).len > 0;
		if (!r->lines)
			(void)!reply_line(r, line, &ignored);
	}
	over |= s->in.len > s->taken || s->closed;
	s->closed |= over && (!r->lines || r->code == 421); /* a relay that has not ended the session gets QUIT */
	return over;
}
