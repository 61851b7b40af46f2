/*
 * wire/engine - the inside of wire/smtp: transactions under way and the answers they await
 *
 * Included by smtp.c (which writes commands), body.c (which writes messages) and answers.c (which reads replies), by
 * nobody else.
 * A command written appends to the queue what answer it awaits; answers_next matches each reply to the head and
 * is the one place that moves on, so that no branch can forget to.
 *
 * Owns: its pieces live in scratch, which smtp_run frees.
 * Units: milliseconds of clock_steady. Bounds: as wire/smtp.
 * Errors: -1 and *f: the session is of no more use. Threads: the session's.
 * Source: RFC 5321 3.8, 4.2, 4.5.3.2 (patience); RFC 2920 3.1; RFC 3030 2.
 */
#ifndef WIRE_ENGINE_H
#define WIRE_ENGINE_H

#include "wire/smtp.h"

enum { PIECE = 128 * 1024 }; /* of a message, for one write */

enum emitted { WAIT, IDLE, EMITTED };

enum verb { V_RSET, V_MAIL, V_RCPT, V_DATA, V_DOT, V_BDAT, V_VERIFIED };

/* One mail, from its first transaction to done(). */
struct under_way {
	struct mail *mail;
	size_t begun; /* recipients in transactions so far */
	size_t open;  /* transactions without an end */
	size_t under_way; /* and of these begun */
};

struct transaction {
	struct under_way *of;
	size_t first, count; /* its recipients */
	size_t refused;	     /* how many of them */
	size_t accepted;     /* and of these */
	int64_t until;
	bool again;	/* of those for whom there was no room in another */
	bool failed;	/* MAIL or DATA was refused: the message is not wanted */
	bool go;	/* 354 came */
	bool sent;	/* wholly written */
	size_t end;	/* where it ends in out, until that is written */
	struct transaction *also; /* the next that ends there */
	bool answered;	/* its last command was */
};

/* Recipients whom the relay wants in another transaction (RFC 5321 4.5.3.1.10). */
struct again {
	struct under_way *of;
	size_t first, count;
	struct again *next;
};

struct awaited {
	enum verb verb;
	size_t recipient; /* V_RCPT: its index in the envelope */
	struct transaction *t;
};

struct engine {
	struct session *session;
	const struct caps *caps;
	const struct smtp_limits *limits;
	const struct smtp_client *client;
	struct arena scratch;
	struct awaited *queue; /* a ring */
	size_t head, queued, room;
	struct buf out; /* commands not yet written */
	struct transaction *ends; /* those whose end stands in out */
	struct under_way *mail; /* with recipients that no transaction has yet, or NULL */
	struct again *again;	/* before any other */
	size_t most;		/* recipients of a transaction: the limit's, or what the relay took before it said so */
	struct transaction *writing;
	enum { STEP_RSET, STEP_MAIL, STEP_RCPT, STEP_LAST, STEP_BODY } step;
	size_t rcpt; /* of writing, next to be named */
	size_t under_way;
	uint64_t octets_under_way;
	bool needs_reset; /* the last transaction was left open, or may have been */
	bool in_message;  /* its octets are being written, to be answered as message_verb */
	enum verb message_verb;
};

int64_t engine_deadline(int64_t seconds); /* in so many */
int64_t engine_before_end(const struct engine *e, int64_t until); /* but not beyond the run's end: until the message is written */
/* Writes what stands in out. */
MUST_CHECK int engine_flush(struct engine *e, int64_t until, struct failure *f);
void engine_await(struct engine *e, enum verb verb, size_t recipient);
/* The relay is ahead of us: -1 and *f, or 0. */
MUST_CHECK int engine_check_order(struct engine *e, struct failure *f);
/* The message and its end, behind 354 or with BDAT: EMITTED, or -1. */
MUST_CHECK int body_data(struct engine *e, struct failure *f);
MUST_CHECK int body_bdat(struct engine *e, struct failure *f);
/* Reads one reply and does what it means. */
MUST_CHECK int answers_next(struct engine *e, struct failure *f);
/* The connection is lost, or good for nothing: settles what is under way, reports it, fills in *f. */
void answers_lost(struct engine *e, struct failure *f);
/* The transaction is over; done() when it was its mail's last. */
void engine_end(struct engine *e, struct transaction *t);

#endif
