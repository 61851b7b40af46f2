/*
 * wire/engine - the inside of wire/smtp: transactions under way and the answers they await
 *
 * Included by engine.c (which has what all of these need), smtp.c (which writes commands), body.c (which writes messages), answers.c (which reads replies) and retry.c
 * (which knows what is tried again, and without what), by nobody else.
 * A command written appends to the queue what answer it awaits; answers_next matches each reply to the head and
 * is the one place that reads and moves on, so that no branch can forget to; answers_lost empties the queue of a session that is lost.
 *
 * Owns: its pieces live in scratch, which smtp_run frees.
 * Units: milliseconds of clock_steady. Bounds: as wire/smtp.
 * Errors: -1 and *f: the session is of no more use. Threads: the session's.
 * Source: RFC 5321 3.8, 4.2, 4.5.3.2 (patience); RFC 2920 3.1; RFC 3030 2.
 */
#ifndef WIRE_ENGINE_H
#define WIRE_ENGINE_H

#include "wire/smtp.h"

enum { PIECE = 128 * 1024 }; /* octets of a message in one write */

enum emitted {
	MUST_WAIT, /* nothing more may be written before the next answer has come */
	NO_MAIL,   /* all is written, and the client has no more for now */
	WENT_ON	   /* a command or a message is in `out`, or a transaction was given up: there may be more to write */
};

enum verb { V_RSET, V_MAIL, V_RCPT, V_DATA, V_DOT, V_BDAT, V_VERIFIED };

/* One mail, from its first transaction to done(). */
struct delivery {
	struct mail *client_mail; /* for the client's done() and part() alone */
	const struct mail *mail;  /* the same mail; only its envelope is changed here: */
	struct envelope *envelope; /* the recipients' verdicts */
	size_t begun; /* how many of its recipients have had a transaction */
	size_t open;  /* its transactions that have not ended */
	size_t under_way; /* those of them that are begun */
	bool done;	  /* it was returned to the client */
	bool held;	  /* engine.c's */
	struct delivery *next_made;
};

struct transaction {
	struct delivery *delivery;
	size_t first, count; /* its recipients in the envelope */
	size_t refused;	     /* recipients that the relay refused */
	size_t accepted;     /* recipients that the relay accepted at RCPT */
	int64_t until;
	struct source *octets; /* the form of the message that is sent */
	unsigned said;	/* mail/offers that its commands made use of */
	unsigned without; /* those that it leaves out, since they did not hold */
	void *ticket;	/* the client's */
	bool asked, heard; /* MAIL was written; it has its answer */
	bool retried;	/* its recipients have been in another transaction */
	bool repeat;	/* when it has ended, the recipients that were refused with it get another, without some offer */
	const struct failure *why; /* why the transaction was refused as a whole */
	bool failed;	/* MAIL or DATA was refused: the message is not wanted */
	bool sent;	/* the message is wholly written */
	size_t out_end; /* where the end of the message stands in engine.out, until that is written */
	struct transaction *next_unflushed; /* the next transaction whose end stands in engine.out */
	bool answered;	/* it is over: its last command has its answer, or none will come */
	bool held;	/* engine.c's */
	struct transaction *next_made;
};

/* Recipients that the relay wants in another transaction (RFC 5321 4.5.3.1.10), or that get another one without some offer. */
struct retry {
	struct delivery *delivery;
	size_t first, count;
	unsigned without;
	struct transaction *before; /* the transaction in which they were; they begin anew once all its answers have come */
	struct retry *next;
};

struct awaited {
	enum verb verb;
	size_t recipient; /* V_RCPT: its index in the envelope */
	struct transaction *t;
};

struct engine {
	struct session *session;
	const struct caps *caps; /* the session's */
	struct caps now;	 /* the caps that the transaction being written makes use of */
	struct past past;	 /* what the session has been through */
	bool kept;		 /* the session had been idle when this run began */
	bool over;		 /* this session cannot go on, nothing has failed, and another session may go on */
	const struct failure *lost; /* why the session is of no more use, or NULL */
	unsigned answers;	 /* replies so far */
	bool waited;		 /* the relay has not answered, or not read what was written, within the time allowed */
	const struct smtp_limits *limits;
	const struct smtp_client *client;
	struct arena scratch;
	struct transaction *made, *spare; /* those that are in use; those that are not any more */
	struct delivery *made_mails, *spare_mails;
	unsigned begun; /* transactions since the last look for spare ones */
	struct awaited *queue; /* a ring */
	size_t head, queued, room;
	struct buf out; /* commands not yet written */
	struct transaction *ends; /* transactions whose end stands in out */
	int64_t ask_at; /* when the client wants to be asked for the next mail or transaction; 0: there is none for this session */
	struct delivery *mail; /* the mail with recipients that had no transaction yet, or NULL */
	struct retry *retry;	/* recipients that come before those of any other mail */
	size_t most;		/* recipients in one transaction: the limit, or how many the relay took before it said "too many" */
	struct transaction *writing; /* the one whose commands or message come next, or NULL */
	enum { STEP_RSET, STEP_MAIL, STEP_RCPT, STEP_LAST, STEP_BODY } step;
	size_t rcpt; /* the next recipient of `writing` to be named */
	size_t under_way;
	uint64_t octets_under_way;
	bool needs_reset; /* the last transaction is open, or may be */
	bool in_message;  /* octets of a message are being written; their answer is that to message_verb */
	enum verb message_verb;
};

int64_t engine_deadline(int64_t seconds); /* the time in so many seconds */
/* The earlier of `until` and limits->until; not for the answer to the end of data, which has time of its own. */
int64_t engine_clip(const struct engine *e, int64_t until);
/* Writes what stands in out. */
MUST_CHECK int engine_flush(struct engine *e, int64_t until, struct failure *f);
/* A transaction, or a delivery, that is all zero. Its memory is that of one that is over: a session carries any number of mails. */
struct transaction *engine_make_transaction(struct engine *e);
struct delivery *engine_make_delivery(struct engine *e);
void engine_name_relay(const struct engine *e, struct failure *f); /* the failure is this relay's */
void engine_await(struct engine *e, enum verb verb, size_t recipient);
/* -1 and *f where the relay has answered more than it was asked. */
MUST_CHECK int engine_check_order(struct engine *e, struct failure *f);
int engine_out_of_order(const struct engine *e, struct failure *f); /* -1 and *f: no answer counts from here on */
/* Writes the message and its end, after 354 or with BDAT: WENT_ON, or -1. */
MUST_CHECK int body_data(struct engine *e, struct failure *f);
MUST_CHECK int body_bdat(struct engine *e, struct failure *f);
/* Reads one reply and does what it means. */
MUST_CHECK int answers_next(struct engine *e, struct failure *f);
/* The connection is lost or useless: gives the recipients under way their verdicts, returns their mails to the client, and fills in
 * *f. */
void answers_lost(struct engine *e, struct failure *f);
/* Ends the transaction, which is none that is written any more; calls engine_done() if it was the mail's last. */
void engine_end(struct engine *e, struct transaction *t);
/* Returns the mail to the client. Where the session is lost, recipients that are PENDING have the session's failure. */
void engine_done(struct engine *e, struct delivery *d);
/* These recipients of the transaction get another transaction. */
void engine_put_retry(struct engine *e, struct transaction *t, size_t first, size_t count, unsigned without);
/* Notes that the relay's CHUNKING does not hold: for this session, and for the mail, which may go on in another session. */
void engine_no_chunking(struct engine *e, struct transaction *t);

struct transaction *retry_take(struct engine *e); /* a transaction for the next of e->retry */
void retry_drop(struct engine *e); /* the session is lost: the recipients in e->retry are PENDING once more */
/* These find out whether a refusal is about an offer that does not hold: the refusal of MAIL (the transaction is repeated then), of
 * a RCPT (true), of the message, or of a BDAT that the relay does not know at all (true and *f: the answers that follow cannot be
 * matched any more). */
void retry_without_parameter(struct transaction *t, const struct failure *why);
bool retry_without_dsn(struct engine *e, struct transaction *t, size_t recipient, const struct failure *why);
void retry_after_end(struct engine *e, struct transaction *t, enum verb verb, const struct failure *why);
bool retry_in_another_session(struct engine *e, const struct awaited *a, const struct reply *r, struct failure *f);
/* Nothing has been asked, and yet the relay has said something or closed the connection: true and *f. It is a goodbye, and answers
 * no later command. */
bool retry_after_goodbye(struct engine *e, struct failure *f);
bool retry_is_over(struct engine *e, struct failure *f); /* the same, also before the first transaction; nothing is asked */
/* The session had been idle, and the connection broke before any reply came: it was lost while idle, and what was not wholly sent
 * goes over another session. Not so after a silence: then the time for the message is over, and another session would take as much
 * again. */
bool retry_lost_idle(const struct engine *e, const struct failure *f);
/* If the session was lost in its first BDAT, the next try does without CHUNKING. */
void retry_stalled(struct engine *e, const struct failure *f);

#endif
