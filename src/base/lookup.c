#include "base/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { CLASS_OF_INTERNET = 1 }; /* C_IN, which not every <arpa/nameser.h> has */

struct question { /* the thread owns it, and frees it */
	int to; /* the pipe to the caller, which may have given up waiting */
	int type; /* of records, or 0: the host's full name */
	char host[LOOKUP_NAME + 1];
};

struct answer {
	int code;
	char full[LOOKUP_NAME + 1];
	struct dns_answer dns;
	unsigned four, six;
};

/* The packet says more than h_errno, which some C libraries leave alone; but without a packet there is no other word. */
static void ask_records(const char *name, int type, struct dns_answer *out)
{
	unsigned char packet[LOOKUP_PACKET];
	int n;

	h_errno = 0;
	n = res_query(name, CLASS_OF_INTERNET, type, packet, sizeof packet);
	if (n < 0)
		*out = (struct dns_answer){.found = h_errno == HOST_NOT_FOUND ? DNS_NO_NAME : h_errno == NO_DATA ? DNS_NOTHING : DNS_LATER};
	else
		dns_read(out, (struct slice){(char *)packet, (size_t)n < sizeof packet ? (size_t)n : sizeof packet}, type);
}

static void ask_host(const char *host, struct answer *a)
{
	const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;

	*a = (struct answer){.code = getaddrinfo(host, NULL, &hints, &found)};
	if (a->code == 0 && found && found->ai_canonname && strlen(found->ai_canonname) < sizeof a->full)
		snprintf(a->full, sizeof a->full, "%s", found->ai_canonname);
	for (const struct addrinfo *i = found; a->code == 0 && i; i = i->ai_next) {
		a->four += i->ai_family == AF_INET;
		a->six += i->ai_family == AF_INET6;
	}
	if (found)
		freeaddrinfo(found);
}

static void ask(const char *host, int type, struct answer *a)
{
	if (type)
		ask_records(host, type, &a->dns);
	else
		ask_host(host, a);
}

static void *run(void *own)
{
	struct question *q = own;
	struct answer a = {.code = 0};

	ask(q->host, q->type, &a);
	(void)!file_write(q->to, &a, sizeof a);
	close(q->to);
	free(q);
	return NULL;
}

/* 0: a thread has begun the look-up, and will close `to`. */
static int start_lookup(const char *host, int type, int to)
{
	struct question *q = calloc(1, sizeof *q);
	sigset_t all, before;
	pthread_t thread;
	int rc = -1;

	if (!q)
		return -1;
	q->to = to;
	q->type = type;
	snprintf(q->host, sizeof q->host, "%s", host);
	/* Signals are blocked in this thread, so that the caller's thread gets them; a SIGPIPE is lost. */
	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) == 0) {
		rc = pthread_create(&thread, NULL, run, q) == 0 ? 0 : -1;
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	if (rc == 0)
		pthread_detach(thread);
	else
		free(q);
	return rc;
}

static bool await(int from, int64_t until)
{
	struct pollfd p = {.fd = from, .events = POLLIN};

	for (;;) {
		int64_t left = until - clock_steady();
		int n = poll(&p, 1, left > 0 ? (int)left : 0);

		if (n > 0 || (n < 0 && errno != EINTR))
			return n > 0;
		if (left <= 0)
			return false;
	}
}

/* A pipe may give an answer in two pieces. */
static bool read_answer(int from, struct answer *a)
{
	size_t have = 0;

	while (have < sizeof *a) {
		ssize_t n = file_read(from, (char *)a + have, sizeof *a - have);

		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

static bool ask_beside(const char *host, int type, unsigned ms, struct answer *a)
{
	int ends[2];
	bool begun;

	if (pipe(ends) < 0)
		return false;
	for (int i = 0; i < 2; i++)
		(void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	begun = start_lookup(host, type, ends[1]) == 0;
	if (!begun)
		close(ends[1]);
	else if (!await(ends[0], clock_steady() + ms) || !read_answer(ends[0], a))
		*a = (struct answer){.code = EAI_AGAIN, .dns = {.found = DNS_LATER}};
	close(ends[0]);
	return begun;
}

static struct answer look_up(const char *host, unsigned ms)
{
	struct answer a = {.code = EAI_NONAME};

	if (strlen(host) <= LOOKUP_NAME && !ask_beside(host, 0, ms, &a))
		ask(host, 0, &a);
	return a;
}

int lookup_host(const char *host, unsigned ms, char *full, size_t room)
{
	struct answer a = look_up(host, ms);
	size_t len = room ? strnlen(a.full, room - 1) : 0; /* what has no room is cut */

	memcpy(full, a.full, len);
	if (room)
		full[len] = '\0';
	return a.code;
}

void lookup_records(const char *name, int type, unsigned ms, struct dns_answer *out)
{
	struct answer a = {.dns = {.found = DNS_NO_NAME}};

	if (strlen(name) <= LOOKUP_NAME && !ask_beside(name, type, ms, &a))
		ask(name, type, &a);
	*out = a.dns;
}

int lookup_count(const char *host, unsigned ms, unsigned *four, unsigned *six)
{
	struct answer a = look_up(host, ms);

	*four = a.four;
	*six = a.six;
	return a.code;
}
