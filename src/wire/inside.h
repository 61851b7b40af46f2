/*
 * wire/inside - the inside of a session: included by session.c (which opens it), session_io.c (which writes and
 * reads), explain.c (which tells why it did not open), goodbye.c (which closes it) and facts.c (which notes what is learnt), by
 * nobody else
 *
 * Owns: see wire/session. Bounds: ANSWERS_MAX octets of answers not yet asked for; reading stops at half of that.
 * Errors: none. Threads: the session's. Source: wire/session.
 */
#ifndef WIRE_INSIDE_H
#define WIRE_INSIDE_H

#include "wire/curl_setup.h"
#include "wire/session.h"

enum { ANSWERS_MAX = 1024 * 1024 };

struct session {
	CURL *easy;
	curl_socket_t socket;
	struct transcript transcript;
	struct login login;
	struct mask mask;
	struct limit limit;   /* on the time of libcurl's part */
	struct failure heard; /* why transcript_heard stopped libcurl */
	bool stopped;
	bool opened;  /* libcurl's part is over: from now on we write */
	bool refused; /* goodbye_cover hid a refusal of the relay from libcurl */
	bool sealed;  /* the whole session is inside TLS with a proxy */
	bool parted;  /* QUIT was written while libcurl closed the connection */
	bool closed; /* the relay closed the connection */
	struct past past;
	struct buf in;
	size_t taken; /* octets of `in` that session_reply has taken */
	struct arena arena;
	const char *ehlo, *user, *account; /* the name that we say in EHLO, the account's user, and its name; in the arena */
	char relay[272]; /* HOST:PORT or a path, as it is shown; a long path is cut */
	unsigned grace; /* milliseconds that an answer is waited for, from `told` on */
	int64_t told;	/* when we first saw that we are told to end, or 0 */
	void (*before_wait)(void *ctx); /* or NULL */
	void *wait_ctx;
	size_t written; /* octets of what session_write was given last */
	char words[CURL_ERROR_SIZE];
};

/* facts.c; they do nothing where nobody asks */
void facts_watch(const struct session *s, struct setopt *taken);
void facts_said(const struct session *s, struct slice line);
void facts_heard(const struct session *s);
void facts_debug(const struct session *s, struct slice text);
void facts_collect(const struct session *s); /* libcurl's part is over */

/* goodbye.c */
void goodbye_prepare(struct session *s, const struct account *a, struct setopt *taken);
/* Overwrites the code of a reply's last line, where libcurl will read it, if it is a refusal at which libcurl would close without
 * QUIT. */
void goodbye_cover(struct session *s, char code[static 3]);

/* libcurl could not open the session: why, and what to change. Returns -1. */
int explain_open(struct session *s, const struct account *a, CURLcode code, struct failure *f);
/* libcurl has opened it: 0, or -1 where it is not encrypted, or we are not logged in. */
MUST_CHECK int explain_opened(const struct session *s, const struct account *a, struct failure *f);

#endif
