/*
 * wire/session - an open, greeted, encrypted and authenticated connection to one relay, by libcurl
 *
 * session_open does all up to and including AUTH (curl_easy_perform with CURLOPT_CONNECT_ONLY); what
 * follows goes through session_write and session_reply. session_write reads while it waits to write, so
 * that two full pipes cannot block each other (RFC 2920 3.1).
 *
 * Use: session_open(&s, account, watcher, f); ... session_close(s, true);
 * Owns: the easy handle and its socket. libcurl treats the connection as aborted when it is closed: QUIT is
 * session_close's own.
 * Units: until: milliseconds of clock_steady. Bounds: 64 KiB a line without an end; half a MiB of answers not yet asked for.
 * Errors: session_open: AT_CONFIG, AT_RESOLVE .. AT_LOGIN; afterwards AT_CONNECT, until the caller says what was going on.
 * f->relay is set. Threads: one session, one thread.
 * Source: RFC 5321 3.1, 4.3.1; RFC 2920 3.1; CURLOPT_CONNECT_ONLY(3).
 */
#ifndef WIRE_SESSION_H
#define WIRE_SESSION_H

#include <stdint.h>

#include "conf/settings.h"
#include "wire/transcript.h"

struct session;

struct past { /* what it has been through, for whoever runs transactions on it */
	bool open;    /* a transaction has been left without an end: RSET has to go before the next MAIL */
	bool used;    /* a transaction has ended */
	bool chunked; /* a message has gone well by BDAT: the relay knows it */
};

MUST_CHECK int session_open(struct session **out, const struct account *a, const struct watcher *w,
			    struct failure *f);
const struct caps *session_caps(const struct session *s);
const char *session_relay(const struct session *s); /* HOST:PORT, or the path of the socket */
bool session_is_encrypted(const struct session *s);
bool session_is_authenticated(const struct session *s);
struct past session_past(const struct session *s);
void session_remember(struct session *s, struct past past);
/* Offers (mail/offers) of this relay's are not made use of any more. */
void session_forgo(struct session *s, unsigned offers);
/* What the watcher is to see of what goes out; the message itself is not shown. */
void session_show(const struct session *s, struct slice line);
void session_pace(const struct session *s, uint64_t sent, uint64_t size); /* how far the message is */
MUST_CHECK int session_write(struct session *s, struct slice bytes, int64_t until, struct failure *f);
size_t session_written(const struct session *s); /* how much of it went out, also where that failed */
/* awaited: how many answers are, this one included; all that they answer has been said. */
MUST_CHECK int session_reply(struct session *s, int64_t until, unsigned awaited, struct reply *r, struct failure *f);
/* From when we are told to end (base/ending), an answer is waited for so many milliseconds more; nothing to write is. */
void session_grace(struct session *s, unsigned ms);
/* What to do each time when there is nothing to read or write, and the relay is waited for; NULL: nothing. */
void session_before_wait(struct session *s, void (*call)(void *ctx), void *ctx);
void session_close(struct session *s, bool politely); /* with QUIT; waits for its answer only where watched, 2 s at most */
/* More whole replies have come than answers are awaited, and none of them is a 421. Does not wait. */
bool session_has_more(struct session *s, unsigned awaited);
/* A 2yz or 3yz has come that nobody asked for: what comes next would count for something else. Does not wait. */
bool session_is_ahead(struct session *s);
/* Nothing has been asked, and the relay has said something (a goodbye, most likely: then *r has it) or has gone: the session
 * is good for nothing more. Does not wait. */
bool session_is_over(struct session *s, struct reply *r);

#endif
