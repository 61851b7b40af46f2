/*
 * wire/transcript - what is said and heard while libcurl opens a session
 *
 * libcurl speaks SMTP up to AUTH; this listens: it learns the relay's extensions, whether the login took
 * place, keeps the relay's last answer for whoever must explain a failure, and passes every line on to a
 * tracer (mysend -v) with secrets masked. It stops a session that would send a password in clear text.
 *
 * Use: struct transcript t = {.tracer = w, ...}; transcript_said(&t, line); transcript_heard(&t, line, f).
 * Owns: nothing; lines are borrowed for the call.
 * Bounds: as wire/reply. Errors: -1 from transcript_heard: the session must not go on; *f says why.
 * Threads: one session's. Source: RFC 5321 4.1.1.1, RFC 3207, RFC 4954.
 */
#ifndef WIRE_TRANSCRIPT_H
#define WIRE_TRANSCRIPT_H

#include "wire/command.h"
#include "wire/mask.h"
#include "wire/reply.h"

struct session_facts;

struct tracer { /* a caller that is shown the conversation; either function may be NULL */
	void *ctx;
	void (*line)(void *ctx, char way, struct slice line); /* '>' we said, '<' we heard */
	/* Called now and then while a message takes its time; size 0: the relay is waited for. */
	void (*pace)(void *ctx, const char *relay, uint64_t sent, uint64_t size);
	struct session_facts *facts; /* filled in while a session is opened (wire/facts), or NULL */
};

struct transcript {
	const struct tracer *tracer; /* NULL: nobody watches */
	struct mask *mask;	       /* what answers must not show, borrowed; NULL: nothing */
	bool login;		       /* the account has a name to log in with */
	bool clear_login;	       /* the password may go in clear text: the account says so */
	bool demanded;		       /* TLS is required: without it libcurl ends the session, with words of its own */
	bool encrypted;		       /* TLS is on (or from the start) */
	bool authenticated;	       /* 235 was heard */
	bool starttls_said;
	bool token_said; /* the token of XOAUTH2 was said, and nothing follows it */
	bool xoauth2;
	char why_token[512]; /* why the token was refused, in JSON: behind 334; or "" */
	enum { SAID_NOTHING, SAID_EHLO, SAID_HELO, SAID_STARTTLS, SAID_AUTH } said;
	struct caps caps;
	struct reply reply; /* the last reply, or as much of it as has come */
	bool whole;	    /* the reply is whole */
	bool stray;	    /* the last line was a stray */
	struct reply refusal; /* the last 4yz or 5yz; code 0: none */
	enum stage refused_at;
};

void transcript_said(struct transcript *t, struct slice line);
MUST_CHECK int transcript_heard(struct transcript *t, struct slice line, struct failure *f);
bool transcript_is_offer(const struct transcript *t); /* the last line heard names an extension */
/* The last reply is a refusal; with XOAUTH2 also the 334 that tells why the token was refused. */
bool transcript_is_refused(const struct transcript *t);
/* The relay offers STARTTLS and libcurl passed over the offer: two readers of one answer to EHLO that disagree. */
bool transcript_tls_missed(const struct transcript *t);
/* The line as it may be shown and kept; it is copied to room if something has to be masked. first: an answer begins. */
struct slice transcript_masked(const struct transcript *t, struct slice line, bool first, char room[static MASK_ANSWER]);
bool transcript_may_log_in(const struct transcript *t); /* there is no password, or it may be sent now */
/* Shows a line unchanged to the tracer: for what is said after libcurl's part. */
void transcript_show(const struct transcript *t, char way, struct slice line);
enum stage transcript_stage(const struct transcript *t); /* the stage that the session has come to */

#endif
