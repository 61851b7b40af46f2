/*
 * wire/facts - what was learnt on the way into a session, for who asks: mysend --probe
 *
 * session_open fills it in, as far as it came, also where it fails. A mail pays nothing for it, since nobody asks then.
 * Use: struct session_facts facts = {.began = false}; struct tracer w = {.facts = &facts}; session_open(&s, account, &w, f); which begins
 * anew with it.
 *
 * Owns: nothing. Units: milliseconds; -1: not known. Bounds: FACTS_TRIED addresses are kept, all are counted; texts are cut.
 * Errors: none: what libcurl does not tell stays "" or -1. Threads: the session's.
 * Source: CURLOPT_OPENSOCKETFUNCTION(3), curl_easy_getinfo(3).
 */
#ifndef WIRE_FACTS_H
#define WIRE_FACTS_H

#include <stdint.h>

#include "base/bytes.h"
#include "wire/certificate.h"

enum { FACTS_TRIED = 8, FACTS_ADDRESS = 64 };

/* Of the token that the account logs in with, where it has one of OAuth 2.0 (wire/token). */
struct token_facts {
	bool taken;    /* there is one */
	bool fetched;  /* the provider was asked for it just now; else it was in its file or in memory */
	int64_t lasts; /* seconds */
	int64_t ms;    /* that fetching took */
	bool dated;    /* the provider has said what time it is, by which its clock is ahead of ours: */
	int64_t skew;  /* seconds */
	char host[100]; /* of the provider */
};

struct session_facts {
	bool began; /* libcurl's part has begun: what comes before it, POP before SMTP too, has gone well */
	char tried[FACTS_TRIED][FACTS_ADDRESS]; /* addresses, in the order in which a connection was tried; a proxy's, if there is one */
	unsigned tries;
	char won[FACTS_ADDRESS + 8]; /* [ADDRESS]:PORT that we are connected to; "": none, or a socket of this host */
	int64_t resolve_ms, connect_ms, tls_ms, login_ms;
	bool connected;
	char greeting[256]; /* the relay's first words, behind the code */
	bool greeted;	    /* EHLO or HELO was answered, and not refused */
	bool encrypted;	    /* there was a TLS session */
	char tls[32];	    /* its version, as "TLSv1.3" */
	struct certificate certificate; /* of the relay, where libcurl tells: */
	bool certified;
	char mechanism[32]; /* the word behind AUTH */
	struct token_facts token;
	int64_t tls_began, login_began; /* clock_steady, or 0 */
};

void facts_start(struct session_facts *f);
/* A line of libcurl's about what it does: one of them names the version of TLS. */
void facts_text(struct session_facts *f, struct slice text);

#endif
