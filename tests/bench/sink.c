/*
 * A relay on loopback that takes every message and keeps none, fast enough not to be what is measured.
 *
 *	sink [-p] [-c] [-t CERT-AND-KEY.pem] [-a]	prints its port; ends after half an hour, or with its parent
 *
 * Offers 8BITMIME and SIZE; with -p PIPELINING, with -c CHUNKING, with -t STARTTLS, with -a AUTH PLAIN, and takes
 * mail only after it. A handful of threads, one a connection, blocking. Without OpenSSL's headers (-DWITHOUT_TLS) -t is refused.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#ifndef WITHOUT_TLS
#include <openssl/ssl.h>
#else
typedef struct ssl_st SSL;
#endif

struct peer {
	int fd;
	SSL *tls;
	bool in, data;	 /* logged in; a transaction with a recipient */
	size_t at, end;	 /* what is read and not yet used */
	size_t said;	 /* answers not yet sent */
	char bytes[262144], answers[65536];
};

/* Threads that are there before anybody calls: a new one would wait for its turn on a busy machine. */
static struct peer peers[8];

static bool pipelining, chunking, auth;
static const char *pem;

#ifndef WITHOUT_TLS
static SSL_CTX *context;

static bool tls_prepare(void)
{
	context = SSL_CTX_new(TLS_server_method());
	return SSL_CTX_use_certificate_chain_file(context, pem) == 1 &&
	       SSL_CTX_use_PrivateKey_file(context, pem, SSL_FILETYPE_PEM) == 1;
}

static bool tls_start(struct peer *p)
{
	p->tls = SSL_new(context);
	SSL_set_fd(p->tls, p->fd);
	return SSL_accept(p->tls) == 1;
}

static ssize_t take(struct peer *p, char *to, size_t room)
{
	return p->tls ? SSL_read(p->tls, to, (int)room) : read(p->fd, to, room);
}

static ssize_t give(struct peer *p)
{
	return p->tls ? SSL_write(p->tls, p->answers, (int)p->said) : send(p->fd, p->answers, p->said, MSG_NOSIGNAL);
}

static void end(struct peer *p)
{
	if (p->tls)
		SSL_free(p->tls);
}
#else
static bool tls_prepare(void) { return false; }
static bool tls_start(struct peer *p) { return !p; }
static ssize_t take(struct peer *p, char *to, size_t room) { return read(p->fd, to, room); }
static ssize_t give(struct peer *p) { return send(p->fd, p->answers, p->said, MSG_NOSIGNAL); }
static void end(struct peer *p) { (void)p; }
#endif

static void flush(struct peer *p)
{
	if (p->said && give(p) < 0)
		p->end = p->at;
	p->said = 0;
}

static void say(struct peer *p, const char *text)
{
	size_t len = strlen(text);

	if (p->said + len > sizeof p->answers)
		flush(p);
	memcpy(p->answers + p->said, text, len);
	p->said += len;
}

/* More bytes behind those that are there; answers go out first, all in one piece (RFC 2920 3.2). */
static bool more(struct peer *p)
{
	ssize_t got;

	flush(p);
	if (p->at) {
		memmove(p->bytes, p->bytes + p->at, p->end - p->at);
		p->end -= p->at;
		p->at = 0;
	}
	if (p->end == sizeof p->bytes)
		return false;
	got = take(p, p->bytes + p->end, sizeof p->bytes - p->end);
	if (got <= 0)
		return false;
	p->end += (size_t)got;
	return true;
}

/* The next line, ended by a NUL in place of its CR or LF; NULL at the end. */
static char *line(struct peer *p)
{
	char *from, *lf;

	while (!(lf = memchr(p->bytes + p->at, '\n', p->end - p->at)))
		if (!more(p))
			return NULL;
	from = p->bytes + p->at;
	p->at = (size_t)(lf + 1 - p->bytes);
	if (lf > from && lf[-1] == '\r')
		lf--;
	*lf = '\0';
	return from;
}

static bool skip_chunk(struct peer *p, size_t len)
{
	while (len) {
		size_t have = p->end - p->at, step = have < len ? have : len;

		p->at += step;
		len -= step;
		if (len && !more(p))
			return false;
	}
	return true;
}

/* Until CRLF . CRLF; the first line may be the dot. */
static bool skip_data(struct peer *p)
{
	static const char mark[] = "\r\n.\r\n";
	bool first = true;

	for (;;) {
		char *from = p->bytes + p->at;
		size_t have = p->end - p->at;
		char *dot = have >= 5 ? memmem(from, have, mark, 5) : NULL;

		if (first && have >= 3 && memcmp(from, mark + 2, 3) == 0) {
			p->at += 3;
			return true;
		}
		if (dot) {
			p->at = (size_t)(dot + 5 - p->bytes);
			return true;
		}
		if (have > 4) {
			p->at = p->end - 4;
			first = false;
		}
		if (!more(p))
			return false;
	}
}

static void ehlo(struct peer *p)
{
	say(p, "250-sink\r\n");
	if (pipelining)
		say(p, "250-PIPELINING\r\n");
	if (chunking)
		say(p, "250-CHUNKING\r\n");
	if (pem && !p->tls)
		say(p, "250-STARTTLS\r\n");
	if (auth && (p->tls || !pem))
		say(p, "250-AUTH PLAIN\r\n");
	say(p, "250-8BITMIME\r\n250 SIZE 1073741824\r\n");
}

static bool is(const char *command, const char *verb)
{
	return strncasecmp(command, verb, strlen(verb)) == 0;
}

static bool obey(struct peer *p, const char *command)
{
	if (is(command, "EHLO") || is(command, "HELO")) {
		ehlo(p);
	} else if (is(command, "STARTTLS") && pem && !p->tls) {
		say(p, "220 go ahead\r\n");
		flush(p);
		return tls_start(p);
	} else if (is(command, "AUTH PLAIN") && !command[10]) {
		say(p, "334 \r\n");
		p->in = line(p) != NULL;
		say(p, "235 welcome\r\n");
	} else if (is(command, "AUTH PLAIN ")) {
		p->in = true;
		say(p, "235 welcome\r\n");
	} else if (is(command, "QUIT")) {
		say(p, "221 bye\r\n");
		flush(p);
		return false;
	} else if (auth && !p->in) {
		say(p, "530 log in first\r\n");
	} else if (is(command, "RCPT TO:")) {
		p->data = true;
		say(p, "250 2.1.5 taken\r\n");
	} else if (is(command, "DATA") && p->data) {
		say(p, "354 go ahead\r\n");
		if (!skip_data(p))
			return false;
		p->data = false;
		say(p, "250 2.0.0 queued as SINK\r\n");
	} else if (is(command, "BDAT ")) {
		if (!skip_chunk(p, strtoul(command + 5, NULL, 10)))
			return false;
		p->data = p->data && !strcasestr(command, "LAST");
		say(p, "250 2.0.0 queued as SINK\r\n");
	} else {
		say(p, is(command, "DATA") ? "503 no recipient\r\n" : "250 2.0.0 ok\r\n");
	}
	return true;
}

static void serve(struct peer *p)
{
	const char *command;

	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	say(p, "220 sink ESMTP\r\n");
	while ((command = line(p)) && obey(p, command))
		;
	end(p);
	close(p->fd);
}

static int listener;

static void *wait_and_serve(void *ctx)
{
	struct peer *p = ctx;

	for (;;) {
		p->tls = NULL;
		p->in = p->data = false;
		p->at = p->end = p->said = 0;
		p->fd = accept(listener, NULL, NULL);
		if (p->fd < 0)
			exit(71);
		serve(p);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	pthread_t thread;
	int c;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	while ((c = getopt(argc, argv, "pcat:")) != -1) {
		pipelining |= c == 'p';
		chunking |= c == 'c';
		auth |= c == 'a';
		if (c == 't')
			pem = optarg;
		if (c == '?')
			return 64;
	}
	if (pem && !tls_prepare())
		return 78;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	alarm(1800);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 64) < 0 ||
	    getsockname(listener, (struct sockaddr *)&at, &(socklen_t){sizeof at}) < 0)
		return 71;
	for (size_t i = 0; i < sizeof peers / sizeof *peers; i++)
		if (pthread_create(&thread, NULL, wait_and_serve, &peers[i]))
			return 71;
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	for (;;)
		pause();
}
