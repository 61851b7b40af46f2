/*
 * wire/redirect - the browser's way back from a login: what its address says, and a port of this host that takes it
 *
 * A provider sends the browser to http://127.0.0.1:PORT/?code=...&state=... (RFC 8252 7.3). Where the browser is on another host,
 * that page does not load, and its address is pasted: the same octets, by another way. redirect_read.c reads them, redirect.c has
 * the port.
 * Use: struct redirect r; redirect_open(&r, state, f); n = redirect_watch(&r, fds); poll(fds, n, ms); redirect_serve(&r, fds, &answer);
 * and so on until answer.kind says more than REDIRECT_NOTHING; redirect_close(&r). answer is wiped by redirect_answer_wipe.
 *
 * Owns: the sockets. What was read is wiped when a connection ends.
 * Bounds: REDIRECT_VISITORS connections, the oldest gives way; REDIRECT_LINE octets of a request line; REDIRECT_VISIT_MS each.
 * Errors: redirect_open: AT_USAGE EX_OSERR. What strangers send is no error: it is answered, and ignored.
 * Threads: one. Source: RFC 6749 4.1.2, RFC 8252 7.3 and 8.3, RFC 9112 3.
 */
#ifndef WIRE_REDIRECT_H
#define WIRE_REDIRECT_H

#include <poll.h>
#include <stdint.h>

#include "base/bytes.h"

enum { REDIRECT_VISITORS = 8, REDIRECT_LINE = 8192, REDIRECT_VISIT_MS = 10 * 1000, REDIRECT_FDS = REDIRECT_VISITORS + 1, REDIRECT_STATE = 64 };

enum redirect_kind {
	REDIRECT_NOTHING, /* no answer of a provider */
	REDIRECT_OTHER,	  /* one, but its state is not that of this login */
	REDIRECT_REFUSED, /* error and description */
	REDIRECT_CODE
};

struct redirect_answer {
	enum redirect_kind kind;
	char code[4096];
	char error[64], description[200]; /* printable */
};

/* The path and query behind a request line, or an address that a person has pasted: whole, or its query alone, with the blanks and
 * line ends that a terminal has put in. state: that of this login. */
void redirect_read_query(struct redirect_answer *out, struct slice query, const char *state);
void redirect_read_pasted(struct redirect_answer *out, struct slice text, const char *state);
/* The first line of a request; returns the status of HTTP that it is to be answered with. *body: the answer has one (no HEAD). */
int redirect_read_request(struct redirect_answer *out, struct slice line, const char *state, bool *body);
void redirect_answer_wipe(struct redirect_answer *a);

struct redirect_visitor {
	int fd;	       /* own; -1: none */
	int64_t until; /* clock_steady */
	unsigned number; /* the lowest is the oldest */
	bool answered; /* what still comes is dropped, so that the page gets there (RFC 9112 9.6) */
	bool line_ended;
	unsigned ends; /* line ends one after the other: two end the head */
	size_t len;
	char line[REDIRECT_LINE];
};

struct redirect {
	int fd; /* listening */
	unsigned port, visits;
	char state[REDIRECT_STATE];
	struct redirect_visitor visitor[REDIRECT_VISITORS];
};

MUST_CHECK int redirect_open(struct redirect *r, const char *state, struct failure *f);
/* What to poll for; returns how many. */
nfds_t redirect_watch(const struct redirect *r, struct pollfd to[static REDIRECT_FDS]);
/* Takes and answers what has come. out->kind: the answer, if one came; else REDIRECT_NOTHING. */
void redirect_serve(struct redirect *r, const struct pollfd polled[static REDIRECT_FDS], struct redirect_answer *out);
void redirect_close(struct redirect *r); /* waits half a second at most until the browser has its page */

#endif
