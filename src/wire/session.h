/*
 * wire/session - an open, greeted, encrypted and authenticated connection to one relay, by libcurl
 *
 * session_open does all up to and including AUTH (curl_easy_perform with CURLOPT_CONNECT_ONLY); what
 * follows goes through session_write and session_reply. session_write reads while it waits to write, so
 * that two full pipes cannot block each other (RFC 2920 3.1).
 *
 * Use: session_open(&s, account, tracer, f); ... session_close(s, true); what was learnt on the way: wire/facts.
 * Owns: the easy handle and its socket. libcurl treats the connection as aborted when it is closed: QUIT is
 * session_close's own.
 * Units: until: milliseconds of clock_steady. Bounds: 64 KiB a line without an end; half of ANSWERS_MAX (wire/inside) of answers not yet asked for.
 * Errors: session_open: AT_CONFIG, AT_RESOLVE .. AT_LOGIN; afterwards AT_CONNECT, until the caller says what was going on.
 * f->relay is set. A token of oauth that the relay refuses, and that was not fetched just now, costs another connection, with a new one.
 * Threads: one session, one thread.
 * Source: RFC 5321 3.1, 4.3.1; RFC 2920 3.1; CURLOPT_CONNECT_ONLY(3).
 */
#ifndef WIRE_SESSION_H
#define WIRE_SESSION_H

#include <stdint.h>

#include "conf/credential.h"
#include "conf/settings.h"
#include "wire/transcript.h"

struct session;

struct past { /* what has happened in the session before, for wire/smtp */
	bool open;    /* a transaction was left without an end: RSET has to go before the next MAIL */
	bool used;    /* a transaction has ended */
	bool chunked; /* a message has gone well by BDAT: the relay knows the command */
};

MUST_CHECK int session_open(struct session **out, const struct account *a, const struct tracer *w,
			    struct failure *f);
/* Takes the password, or the secret that a token is fetched with, as session_open does, and with its failure; credential_release it. *wanted: the account
 * logs in at all. */
MUST_CHECK int session_secret(const struct account *a, struct credential *password, bool *wanted, struct failure *f);
bool session_is_local(const struct account *a); /* what is said to the account's relay never leaves this host */
bool session_tls_first(const struct account *a); /* TLS comes before the relay's first word, as in smtps:// */
const struct caps *session_caps(const struct session *s);
const char *session_relay(const struct session *s); /* HOST:PORT, or the path of the socket */
/* The failure is this relay's: who it is, and who we are there. */
void session_name(const struct session *s, struct failure *f);
bool session_is_encrypted(const struct session *s);
bool session_is_authenticated(const struct session *s);
struct past session_past(const struct session *s);
void session_remember(struct session *s, struct past past);
/* From now on these offers of the relay (mail/offers) are not made use of. */
void session_forgo(struct session *s, unsigned offers);
/* Shows a line of ours to the tracer; the message itself is not shown. */
void session_show(const struct session *s, struct slice line);
void session_pace(const struct session *s, uint64_t sent, uint64_t size); /* tells the tracer how much of the message is sent */
MUST_CHECK int session_write(struct session *s, struct slice bytes, int64_t until, struct failure *f);
size_t session_written(const struct session *s); /* how many octets the last session_write wrote, also where it failed */
/* awaited: how many answers are awaited, this one included; all commands that they answer have been written. */
MUST_CHECK int session_reply(struct session *s, int64_t until, unsigned awaited, struct reply *r, struct failure *f);
/* Waits until something has come, or the connection is closed; false: it is time, or we are told to end. */
bool session_wait(struct session *s, int64_t until);
/* Once we are told to end (base/ending), an answer is waited for so many milliseconds more, and a write not at all. */
void session_grace(struct session *s, unsigned ms);
/* What to call each time before the relay is waited for, with nothing to read or write; NULL: nothing. */
void session_before_wait(struct session *s, void (*call)(void *ctx), void *ctx);
void session_close(struct session *s, bool politely); /* QUIT's answer is awaited only with a tracer, 2 s at most */
/* More whole replies have come than answers are awaited, and none of them is a 421. Does not wait. */
bool session_has_more(struct session *s, unsigned awaited);
/* A 2yz or 3yz has come that answers no command: the next replies would be matched to the wrong commands. Does not wait. */
bool session_is_ahead(struct session *s);
/* Nothing has been asked, and the relay has said something (a goodbye, most likely: then *r has it) or closed the connection: the
 * session is of no more use. Does not wait. */
bool session_is_over(struct session *s, struct reply *r);

#endif
