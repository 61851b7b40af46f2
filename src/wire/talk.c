#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "wire/inside.h"

enum { LINE_MAX_OCTETS = 64 * 1024, PACE_MS = 500 };

/* From here on only what has already come can be read. */
static int lost(struct session *s, int exit, const char *words, struct failure *f)
{
	s->closed = true;
	fail(f, AT_CONNECT, exit, "%s", words);
	snprintf(f->relay, sizeof f->relay, "%s", s->relay);
	return -1;
}

/* Takes in what has come, without waiting. */
static int fill(struct session *s, struct failure *f)
{
	CURLcode code = CURLE_OK;
	size_t got = 1;

	buf_consume(&s->in, s->taken);
	s->taken = 0;
	while (!s->closed && s->in.len < ANSWERS_MAX / 2) {
		if (buf_reserve(&s->in, 16 * 1024) < 0)
			return lost(s, EX_OSERR, "no memory for the relay's answers", f);
		code = curl_easy_recv(s->easy, s->in.p + s->in.len, 16 * 1024, &got);
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

/* 1 ready, 0 out of time. */
static int wait_for(const struct session *s, short events, int64_t until)
{
	struct pollfd p = {.fd = s->socket, .events = events};

	for (;;) {
		int64_t left = until - clock_steady();
		int n;

		if (left <= 0)
			return 0;
		n = poll(&p, 1, left > PACE_MS ? PACE_MS : (int)left);
		if (n > 0 || (n < 0 && errno != EINTR))
			return 1; /* whatever it is, the next call tells */
		session_pace(s, 0, 0);
	}
}

int session_write(struct session *s, struct slice bytes, int64_t until, struct failure *f)
{
	s->written = 0;
	while (bytes.len) {
		size_t sent = 0;
		CURLcode code = curl_easy_send(s->easy, bytes.p, bytes.len, &sent);

		if (code == CURLE_OK) {
			bytes = (struct slice){bytes.p + sent, bytes.len - sent};
			s->written += sent;
			continue;
		}
		if (fill(s, f) < 0)
			return -1;
		if (code != CURLE_AGAIN)
			return lost(s, EX_TEMPFAIL, "the connection was lost", f);
		if (s->closed)
			return lost(s, EX_TEMPFAIL, "the relay closed the connection", f);
		/* With the answers' buffer full only writing can help. */
		if (!wait_for(s, s->in.len < ANSWERS_MAX / 2 ? POLLOUT | POLLIN : POLLOUT, until))
			return lost(s, EX_TEMPFAIL, "the relay took nothing more within the time allowed", f);
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

int session_reply(struct session *s, int64_t until, struct reply *r, struct failure *f)
{
	*r = (struct reply){0};
	for (;;) {
		struct slice line;
		int whole;

		while (next_line(s, &line)) {
			transcript_show(&s->transcript, '<', line);
			whole = reply_line(r, line, f);
			if (whole < 0) {
				s->closed = true; /* who knows what the next line answers? */
				s->taken = s->in.len;
				snprintf(f->relay, sizeof f->relay, "%s", s->relay);
			}
			if (whole)
				return whole < 0 ? -1 : 0;
		}
		if (s->in.len - s->taken > LINE_MAX_OCTETS)
			return lost(s, EX_PROTOCOL, "the relay's answer is a line without end", f);
		if (s->closed)
			return lost(s, EX_TEMPFAIL, "the relay closed the connection", f);
		if (fill(s, f) < 0)
			return -1;
		if (memchr(s->in.p ? s->in.p : "", '\n', s->in.len) || s->closed)
			continue;
		if (!wait_for(s, POLLIN, until))
			return lost(s, EX_TEMPFAIL, "the relay did not answer within the time allowed", f);
	}
}

bool session_is_ahead(struct session *s)
{
	struct failure ignored;
	const char *rest;

	if (fill(s, &ignored) < 0)
		return false;
	rest = s->in.p ? s->in.p + s->taken : "";
	return (*rest == '2' || *rest == '3') && memchr(rest, '\n', s->in.len - s->taken);
}
