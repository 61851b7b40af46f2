#define _GNU_SOURCE /* accept4 */
#include "wire/redirect.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"

enum { LEAVE_MS = 500, PIECE = 4096, PAGE = 1024 };

static void drop(struct redirect_visitor *v)
{
	if (v->fd >= 0)
		close(v->fd);
	explicit_bzero(v, sizeof *v); /* the code was in it */
	v->fd = -1;
}

int redirect_open(struct redirect *r, const char *state, struct failure *f)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;

	*r = (struct redirect){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
	for (size_t i = 0; i < REDIRECT_VISITORS; i++)
		r->visitor[i].fd = -1;
	snprintf(r->state, sizeof r->state, "%s", state);
	if (r->fd < 0 || bind(r->fd, (struct sockaddr *)&at, len) < 0 || listen(r->fd, REDIRECT_VISITORS) < 0 ||
	    getsockname(r->fd, (struct sockaddr *)&at, &len) < 0) {
		fail_errno(f, AT_USAGE, EX_OSERR, "a port at 127.0.0.1, for the browser to come back to");
		redirect_close(r);
		return -1;
	}
	r->port = ntohs(at.sin_port);
	return 0;
}

nfds_t redirect_watch(const struct redirect *r, struct pollfd to[static REDIRECT_FDS])
{
	to[0] = (struct pollfd){.fd = r->fd, .events = POLLIN};
	for (size_t i = 0; i < REDIRECT_VISITORS; i++) /* poll passes over -1 */
		to[i + 1] = (struct pollfd){.fd = r->visitor[i].fd, .events = POLLIN};
	return REDIRECT_FDS;
}

/* What the person sees in the browser. Nothing of what the browser sent is repeated there. */
static const char *page_of(const struct redirect_answer *a, int status)
{
	if (status == 404)
		return "There is nothing here.\n";
	if (status == 405 || (status == 400 && a->kind == REDIRECT_NOTHING))
		return "This is no answer to a login.\n";
	switch (a->kind) {
	case REDIRECT_CODE:
		return "mysend has got the answer. This page can be closed; mysend goes on in its terminal.\n";
	case REDIRECT_REFUSED:
		return "The provider has refused the login. This page can be closed; mysend tells more in its terminal.\n";
	case REDIRECT_OTHER:
	case REDIRECT_NOTHING:
		break;
	}
	return "This answer belongs to another login than the one that mysend waits for. It is ignored.\n";
}

static void answer(const struct redirect_visitor *v, const struct redirect_answer *a, int status, bool body)
{
	const char *page = page_of(a, status), *words = status == 200 ? "OK" : status == 404 ? "Not Found" : status == 405 ? "Method Not Allowed" : "Bad Request";
	char text[PAGE];
	int n = snprintf(text, sizeof text,
			 "HTTP/1.1 %d %s\r\n%sContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
			 "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
			 status, words, status == 405 ? "Allow: GET, HEAD\r\n" : "", strlen(page), body ? page : "");

	if (n > 0 && (size_t)n < sizeof text)
		(void)!send(v->fd, text, (size_t)n, MSG_NOSIGNAL); /* the first octets that we send: there is room for them */
	shutdown(v->fd, SHUT_WR);
}

/* Of the head only the first line is kept. True: the head has ended, or it has too long a line. */
static bool add(struct redirect_visitor *v, const char *p, size_t len)
{
	for (; len && v->ends < 2; p++, len--) {
		if (*p == '\n') {
			v->line_ended = true;
			v->ends++;
		} else if (*p != '\r') {
			v->ends = 0;
			if (!v->line_ended && v->len == sizeof v->line)
				return true;
			if (!v->line_ended)
				v->line[v->len++] = *p;
		}
	}
	return v->ends >= 2;
}

static void read_more(struct redirect *r, struct redirect_visitor *v, struct redirect_answer *out)
{
	struct redirect_answer a;
	char piece[PIECE];
	ssize_t n = recv(v->fd, piece, sizeof piece, 0);
	bool body;
	int status;

	if (n <= 0)
		drop(v);
	else if (!v->answered && add(v, piece, (size_t)n)) {
		status = redirect_read_request(&a, (struct slice){v->line, v->line_ended ? v->len : 0}, r->state, &body);
		answer(v, &a, status, body);
		v->answered = true;
		explicit_bzero(v->line, sizeof v->line);
		if (a.kind > out->kind)
			*out = a;
		redirect_answer_wipe(&a);
	}
	explicit_bzero(piece, sizeof piece);
}

/* The place for another connection: a free one, or that of the oldest. */
static struct redirect_visitor *place(struct redirect *r)
{
	struct redirect_visitor *oldest = r->visitor;

	for (size_t i = 0; i < REDIRECT_VISITORS; i++) {
		if (r->visitor[i].fd < 0)
			return &r->visitor[i];
		if (r->visitor[i].number < oldest->number)
			oldest = &r->visitor[i];
	}
	drop(oldest);
	return oldest;
}

static void take_in(struct redirect *r)
{
	int fd = accept4(r->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct redirect_visitor *v;

	if (fd < 0)
		return;
	v = place(r);
	*v = (struct redirect_visitor){.fd = fd, .until = clock_steady() + REDIRECT_VISIT_MS, .number = r->visits++};
}

void redirect_serve(struct redirect *r, const struct pollfd polled[static REDIRECT_FDS], struct redirect_answer *out)
{
	int64_t now = clock_steady();

	*out = (struct redirect_answer){.kind = REDIRECT_NOTHING};
	for (size_t i = 0; i < REDIRECT_VISITORS; i++) {
		struct redirect_visitor *v = &r->visitor[i];

		if (v->fd >= 0 && v->fd == polled[i + 1].fd && polled[i + 1].revents)
			read_more(r, v, out);
		if (v->fd >= 0 && now > v->until)
			drop(v);
	}
	if (polled[0].revents)
		take_in(r);
}

/* Some connection was answered, and the browser has not closed it: it may not have read its page yet. */
static bool is_read(const struct redirect *r, struct pollfd fds[static REDIRECT_FDS])
{
	bool all = true;

	redirect_watch(r, fds);
	fds[0].fd = -1;
	for (size_t i = 0; i < REDIRECT_VISITORS; i++) {
		if (!r->visitor[i].answered)
			fds[i + 1].fd = -1;
		all = all && !r->visitor[i].answered;
	}
	return all;
}

void redirect_close(struct redirect *r)
{
	struct pollfd fds[REDIRECT_FDS];
	struct redirect_answer late = {.kind = REDIRECT_NOTHING}; /* another answer is too late */
	int64_t until = clock_steady() + LEAVE_MS, left;

	while (r->fd >= 0 && !is_read(r, fds) && (left = until - clock_steady()) > 0 && poll(fds, REDIRECT_FDS, (int)left) > 0)
		for (size_t i = 0; i < REDIRECT_VISITORS; i++)
			if (fds[i + 1].fd >= 0 && fds[i + 1].revents)
				read_more(r, &r->visitor[i], &late);
	redirect_answer_wipe(&late);
	for (size_t i = 0; i < REDIRECT_VISITORS; i++)
		drop(&r->visitor[i]);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}
