/*
 * wire/engine - the inside of wire/smtp: transactions under way and the answers they await
 *
 * Included by engine.c (which has what all of these need), smtp.c (which writes commands), body.c (which writes messages), answers.c (which reads replies) and again.c
 * (which knows what is tried again, and without what), by nobody else.
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
struct delivery {
	struct mail *client_mail; /* for the client's done() and part() alone */
	const struct mail *mail;  /* the same: nothing here changes it, */
	struct envelope *envelope; /* but what becomes of its recipients */
	size_t begun; /* recipients in transactions so far */
	size_t open;  /* transactions without an end */
	size_t under_way; /* and of these begun */
};

struct transaction {
	struct delivery *delivery;
	size_t first, count; /* its recipients */
	size_t refused;	     /* how many of them */
	size_t accepted;     /* and of these */
	int64_t until;
	struct source *octets; /* the form of the message that it sends */
	unsigned said;	/* mail/offers that its commands made use of */
	unsigned without; /* those that it does without, since they did not hold */
	bool again;	/* its recipients have been in another */
	bool repeat;	/* those who were refused together with it will be, when it has ended: without some offer */
	const struct failure *why; /* it was refused as a whole */
	bool failed;	/* MAIL or DATA was refused: the message is not wanted */
	bool go;	/* 354 came */
	bool sent;	/* wholly written */
	size_t out_end; /* where it ends in out, until that is written */
	struct transaction *next_unflushed; /* another whose end stands in out */
	bool answered;	/* its last command was */
};

/* Recipients whom the relay wants in another transaction (RFC 5321 4.5.3.1.10), or who get one without some offer. */
struct again {
	struct delivery *delivery;
	size_t first, count;
	unsigned without;
	const struct transaction *behind; /* in which they were: its answers are not for them any more when they begin anew */
	struct again *next;
};

struct awaited {
	enum verb verb;
	size_t recipient; /* V_RCPT: its index in the envelope */
	struct transaction *t;
};

struct engine {
	struct session *session;
	const struct caps *caps; /* the session's */
	struct caps now;	 /* those of the transaction that is being written */
	struct past past;	 /* what the session has been through */
	bool kept;		 /* when this run began, it had been idle */
	bool over;		 /* it cannot go on, and nothing has failed: another may */
	const struct failure *lost; /* why the session is of no more use, or NULL */
	unsigned answers;	 /* so far */
	bool waited;		 /* it has not answered, or taken what was written, within the time allowed */
	const struct smtp_limits *limits;
	const struct smtp_client *client;
	struct arena scratch;
	struct awaited *queue; /* a ring */
	size_t head, queued, room;
	struct buf out; /* commands not yet written */
	struct transaction *ends; /* those whose end stands in out */
	struct delivery *mail; /* with recipients that no transaction has yet, or NULL */
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
/* The earlier of `until` and limits->until; not for the answer to the end of data, which has time of its own. */
int64_t engine_clip(const struct engine *e, int64_t until);
/* Writes what stands in out. */
MUST_CHECK int engine_flush(struct engine *e, int64_t until, struct failure *f);
void engine_await(struct engine *e, enum verb verb, size_t recipient);
/* The relay is ahead of us: -1 and *f, or 0. */
MUST_CHECK int engine_check_order(struct engine *e, struct failure *f);
int engine_out_of_order(const struct engine *e, struct failure *f); /* -1 and *f: no answer counts from here on */
/* The message and its end, behind 354 or with BDAT: EMITTED, or -1. */
MUST_CHECK int body_data(struct engine *e, struct failure *f);
MUST_CHECK int body_bdat(struct engine *e, struct failure *f);
/* Reads one reply and does what it means. */
MUST_CHECK int answers_next(struct engine *e, struct failure *f);
/* The connection is lost, or good for nothing: settles what is under way, reports it, fills in *f. */
void answers_lost(struct engine *e, struct failure *f);
/* The transaction is over; engine_done() when it was its mail's last. */
void engine_end(struct engine *e, struct transaction *t);
/* Hands the mail back to the client; who is PENDING in a lost session has its failure. */
void engine_done(struct engine *e, struct delivery *d);
/* These recipients of the transaction get another one. */
void engine_put_again(struct engine *e, const struct transaction *t, size_t first, size_t count, unsigned without);
/* CHUNKING does not hold: for the session, and for the mail, which may be tried in another one. */
void engine_no_chunking(struct engine *e, struct transaction *t);

struct transaction *again_take(struct engine *e); /* the next, of e->again */
void again_drop(struct engine *e); /* the session is lost: they are as free to be sent as if they had never been tried */
/* Whether an answer is about an offer that does not hold: to MAIL (its transaction is repeated then), to a RCPT (true), to the
 * end, or to a BDAT that the relay does not know at all (true and *f: nothing can be read any more). */
void again_without_parameter(struct transaction *t, const struct failure *why);
bool again_without_wishes(struct engine *e, struct transaction *t, size_t recipient, const struct failure *why);
void again_after_end(struct engine *e, struct transaction *t, enum verb verb, const struct failure *why);
bool again_in_another_session(struct engine *e, const struct awaited *a, const struct reply *r, struct failure *f);
/* Nothing has been asked, and yet the relay has said something or gone: true and *f, a goodbye and no answer to what comes now. */
bool again_after_goodbye(struct engine *e, struct failure *f);
/* The session had been idle, and is gone before anything has come: it was lost then, and what was not wholly sent goes over
 * another. Not after a silence: the time for the message is over, and another session would have as much again. */
bool again_lost_idle(const struct engine *e, const struct failure *f);
/* The session is lost: if that was in its first BDAT, the next try does without. */
void again_stalled(struct engine *e, const struct failure *f);

#endif
