/*
 * A TCP proxy on loopback that holds every piece back for a while, each way: a long line on a short machine.
 *
 *	proxy PORT MILLISECONDS		prints its own port; ends after half an hour, or with its parent
 *
 * One loop, poll(2), whole pieces in a queue by the time at which they are due, so that the delay is one of
 * time and not of speed. The connection itself is not delayed: the kernel makes it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAIRS = 16, PIECE = 65536, MOST = 512 };

struct piece {
	struct piece *next;
	int64_t due;
	size_t len, sent;
	char bytes[];
};

/* One way of a connection: from `in` to the socket of the other way. */
struct way {
	int in;
	bool ended, passed; /* nothing more comes; the other side was told */
	unsigned count;
	struct piece *first, **last;
};

static struct way ways[PAIRS][2];
static char room[PIECE];
static int64_t delay;

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void way_open(struct way *w, int fd)
{
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	*w = (struct way){.in = fd};
	w->last = &w->first;
}

static void accept_one(int listener, int port)
{
	struct sockaddr_in to = loopback(port);
	int a = accept(listener, NULL, NULL), b = socket(AF_INET, SOCK_STREAM, 0), i = 0;

	while (i < PAIRS && ways[i][0].in >= 0)
		i++;
	if (i == PAIRS || connect(b, (struct sockaddr *)&to, sizeof to) < 0) {
		close(a);
		close(b);
		return;
	}
	way_open(&ways[i][0], a);
	way_open(&ways[i][1], b);
}

static void take(struct way *w)
{
	ssize_t got = recv(w->in, room, sizeof room, MSG_DONTWAIT);
	struct piece *p;

	if (got < 0)
		got = 0;
	p = malloc(sizeof *p + (size_t)got);
	if (!p)
		abort();
	*p = (struct piece){.due = now() + delay, .len = (size_t)got};
	memcpy(p->bytes, room, (size_t)got);
	w->ended = got == 0;
	*w->last = p;
	w->last = &p->next;
	w->count++;
}

/* Sends what is due; an empty piece is the end. False: the socket has no room. */
static bool pass(struct way *w, int to)
{
	while (w->first && w->first->due <= now()) {
		struct piece *p = w->first;

		if (!p->len) {
			shutdown(to, SHUT_WR);
			w->passed = true;
		} else {
			ssize_t sent = send(to, p->bytes + p->sent, p->len - p->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

			if (sent < 0 && errno == EAGAIN)
				return false;
			p->sent += sent < 0 ? p->len - p->sent : (size_t)sent; /* nobody there: it is lost */
			if (p->sent < p->len)
				return false;
		}
		w->first = p->next;
		if (!w->first)
			w->last = &w->first;
		w->count--;
		free(p);
	}
	return true;
}

static void turn(int listener, int port)
{
	struct pollfd fds[1 + PAIRS * 2] = {{listener, POLLIN, 0}};
	int64_t due = INT64_MAX, wait;
	struct timespec pause;

	for (int i = 0; i < PAIRS * 2; i++) {
		struct way *w = &ways[i / 2][i % 2], *other = &ways[i / 2][1 - i % 2];
		bool full = w->in >= 0 && !pass(w, other->in);

		if (w->in >= 0 && w->first && !full && w->first->due < due)
			due = w->first->due;
		fds[1 + i] = (struct pollfd){w->in, 0, 0};
		if (w->in >= 0 && !w->ended && w->count < MOST)
			fds[1 + i].events |= POLLIN;
		if (full)
			due = now() + 200;
		if (i % 2 && w->passed && other->passed) {
			close(w->in);
			close(other->in);
			w->in = other->in = fds[i].fd = fds[1 + i].fd = -1;
		} else if (!fds[1 + i].events) {
			fds[1 + i].fd = -1;
		}
	}
	wait = due == INT64_MAX ? 1000000 : due - now() > 0 ? due - now() : 0;
	pause = (struct timespec){wait / 1000000, wait % 1000000 * 1000};
	if (ppoll(fds, 1 + PAIRS * 2, &pause, NULL) <= 0)
		return;
	for (int i = 0; i < PAIRS * 2; i++)
		if (fds[1 + i].revents)
			take(&ways[i / 2][i % 2]);
	if (fds[0].revents)
		accept_one(listener, port);
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = loopback(0);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (argc != 3)
		return 64;
	delay = (int64_t)(atof(argv[2]) * 1000);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(1800);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 64) < 0 ||
	    getsockname(listener, (struct sockaddr *)&at, &(socklen_t){sizeof at}) < 0)
		return 71;
	for (int i = 0; i < PAIRS * 2; i++)
		ways[i / 2][i % 2].in = -1;
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	for (;;)
		turn(listener, atoi(argv[1]));
}
