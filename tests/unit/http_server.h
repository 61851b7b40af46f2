/* A server of HTTP on loopback that takes one request and answers it with octets that are given, whatever they are. */
#ifndef UNIT_HTTP_SERVER_H
#define UNIT_HTTP_SERVER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum server_end {
	THEN_CLOSE, /* after the answer */
	THEN_HANG,  /* nothing more comes, until the client goes */
	THEN_DRIP,  /* one octet more each 20 ms, until the client goes */
	THEN_FLOOD, /* octets without an end, until the client goes */
};

struct server {
	const char *answer; /* what is said once the request is there */
	enum server_end end;
	const char *more; /* what drips and floods */
	int tells;	  /* a signal that this process gets once the request is there; 0: none */
	unsigned port;
	char url[64];
	char request[140 * 1024]; /* what has come */
	size_t len;
	int listens;
	pthread_t thread;
};

static inline bool server_has_all(struct server *s)
{
	const char *body, *length;

	s->request[s->len] = '\0';
	body = strstr(s->request, "\r\n\r\n");
	length = body ? strstr(s->request, "Content-Length: ") : NULL;
	return body && length && s->len >= (size_t)(body + 4 - s->request) + strtoul(length + 16, NULL, 10);
}

static inline bool server_is_left(int fd)
{
	char octet;

	return recv(fd, &octet, 1, MSG_DONTWAIT) == 0;
}

static inline void server_goes_on(const struct server *s, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t n = strlen(s->more ? s->more : "");

	for (size_t i = 0;; i++) {
		if (poll(&p, 1, s->end == THEN_DRIP ? 20 : s->end == THEN_FLOOD ? 0 : -1) > 0 && server_is_left(fd))
			return;
		if (s->end == THEN_DRIP && send(fd, s->more + i % n, 1, MSG_NOSIGNAL) < 0)
			return;
		if (s->end == THEN_FLOOD && send(fd, s->more, n, MSG_NOSIGNAL) < 0)
			return;
	}
}

static inline void *server_runs(void *ctx)
{
	struct server *s = ctx;
	int fd = accept(s->listens, NULL, NULL);
	ssize_t got = 1;

	while (fd >= 0 && got > 0 && !server_has_all(s) && s->len < sizeof s->request - 1) {
		got = recv(fd, s->request + s->len, sizeof s->request - 1 - s->len, 0);
		s->len += got > 0 ? (size_t)got : 0;
	}
	if (s->tells)
		(void)!kill(getpid(), s->tells);
	if (fd >= 0 && s->answer)
		(void)!send(fd, s->answer, strlen(s->answer), MSG_NOSIGNAL);
	if (fd >= 0 && s->end != THEN_CLOSE)
		server_goes_on(s, fd);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static inline void server_start(struct server *s)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;

	s->len = 0;
	s->listens = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(s->listens >= 0 && bind(s->listens, (struct sockaddr *)&at, n) == 0 && listen(s->listens, 8) == 0);
	assert_int_equal(getsockname(s->listens, (struct sockaddr *)&at, &n), 0);
	s->port = ntohs(at.sin_port);
	snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u/token", s->port);
	assert_int_equal(pthread_create(&s->thread, NULL, server_runs, s), 0);
}

/* Ends also where nobody came. */
static inline void server_stop(struct server *s)
{
	shutdown(s->listens, SHUT_RDWR);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	close(s->listens);
}

#endif
