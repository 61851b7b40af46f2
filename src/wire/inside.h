/*
 * wire/inside - the inside of a session: included by session.c (which opens it), session_io.c (which writes and
 * reads) and goodbye.c (which closes it), by nobody else
 *
 * Owns: see wire/session. Bounds: ANSWERS_MAX octets of answers not yet asked for; reading stops at half of that.
 * Errors: none. Threads: the session's. Source: wire/session.
 */
#ifndef WIRE_INSIDE_H
#define WIRE_INSIDE_H

#include "wire/handle.h"
#include "wire/session.h"

enum { ANSWERS_MAX = 1024 * 1024 };

struct session {
	CURL *easy;
	curl_socket_t socket;
	struct transcript transcript;
	struct login login;
	struct mask mask;
	struct limit limit;   /* of libcurl's part */
	struct failure heard; /* why transcript_heard stopped libcurl */
	bool stopped;
	bool opened;  /* libcurl came to an end: what follows is ours to write */
	bool refused; /* and was not shown that the relay had refused */
	bool sealed;  /* the proxy's TLS is around all of it */
	bool parted;  /* QUIT went while libcurl closed it */
	bool closed; /* the relay closed its end */
	struct past past;
	struct buf in;
	size_t taken; /* of in, by session_reply */
	struct arena arena;
	char relay[272]; /* to be shown: a long path is cut */
	unsigned grace; /* milliseconds for an answer, from told on */
	int64_t told;	/* when we first saw that we are told to end, or 0 */
	void (*before_wait)(void *ctx); /* or NULL */
	void *wait_ctx;
	size_t written; /* of what session_write was given last */
	char words[CURL_ERROR_SIZE];
};

/* goodbye.c */
void goodbye_prepare(struct session *s, const struct account *a, struct setup *taken);
/* The code of a reply's last line, where libcurl will read it: a refusal that would make it close without QUIT is covered. */
void goodbye_cover(struct session *s, char code[static 3]);

#endif
