/*
 * intake/receiver - the receiving side of SMTP: what a client says becomes a request and a message, one after the other
 *
 * A state machine over the lines and octets that have come. How it is answered, and what is done with a message, is for its
 * client (struct receiver_client) to say: a dialogue on standard input (cli/smtpd), a file of BSMTP (intake/feed_bsmtp).
 * Use: fill in client, asked and usual; receiver_open(&r, 0, 1, f); while (receiver_step(&r, f) == RECEIVER_WENT_ON) ...;
 * receiver_close(&r).
 *
 * Owns: the dialogue and the job at hand, unless receiver_take gave it away. Texts are in that job's arena.
 * Bounds: RECEIVER_RECIPIENTS a transaction; receiver_limit octets a message.
 * Errors: -1 and *f: the client is gone, or the host is out of something. Threads: one. Source: RFC 5321 4, RFC 3030, RFC 6409.
 */
#ifndef INTAKE_RECEIVER_H
#define INTAKE_RECEIVER_H

#include "intake/dialogue.h"
#include "intake/smtp_data.h"
#include "intake/smtp_words.h"
#include "post/job.h"

enum { RECEIVER_RECIPIENTS = 10000 };

enum receiver_phase { /* of the transaction (RFC 5321 3.3) */
	RECEIVER_IDLE,	  /* there is none */
	RECEIVER_OPEN,	  /* MAIL was said */
	RECEIVER_IN_BDAT, /* a chunk has come, and not yet the one with LAST */
	RECEIVER_IN_DATA, /* what comes is the message, up to its dot */
	RECEIVER_OVER	  /* QUIT, or nothing more is read */
};

enum receiver_health { /* of the transaction at hand */
	RECEIVER_GOOD,
	RECEIVER_POISONED, /* a command was refused, and nobody was there to hear it: nothing of it is sent */
	RECEIVER_FAILED	   /* the message cannot be taken: the rest of it is read and forgotten */
};

enum receiver_answer {
	RECEIVER_TAKEN,
	RECEIVER_NO_MAIL, /* fine, but it does not lead to mail: NOOP, RSET, ... */
	RECEIVER_FULL,	  /* one recipient too many: no fault of the client's (RFC 5321 4.5.3.1.10) */
	RECEIVER_REFUSED
};

struct receiver_client {
	void *ctx;
	/* The answer to a command: lines as dialogue_say has them, with their enhanced code. */
	int (*answer)(void *ctx, enum receiver_answer kind, int code, const char *lines, struct failure *f);
	/* The answer to what MAIL or RCPT said and nobody can do. */
	int (*refuse)(void *ctx, const struct failure *why, struct failure *f);
	/* May that be the sender ("": null)? Sets the job's account. */
	int (*admit)(void *ctx, const char *sender, struct failure *why);
	/* The message is whole, or has failed (health and why): hands it over, and answers. */
	int (*message)(void *ctx, struct failure *f);
};

struct receiver {
	struct receiver_client client;
	const struct request *asked;    /* what each message asks for that says nothing else */
	const struct account *usual;  /* of mail that says nothing of itself; or NULL */
	uint64_t largest;	      /* octets of a message where its account has no limit, and nothing is read far beyond; 0: any */
	bool bsmtp;		      /* a file: nobody hears the answers, lines may end in LF, and RCPT may be left to the configuration */
	struct dialogue io;
	bool begun;		      /* something was said */
	bool extended;		      /* EHLO was */
	enum receiver_phase phase;
	enum receiver_health health;
	struct failure why;	      /* the first thing that went wrong with the transaction, unless it is GOOD */
	struct job *job;	      /* own; of the transaction at hand */
	struct request said;	      /* that, with what MAIL and RCPT said */
	uint64_t octets;	      /* that came behind DATA or BDAT */
	struct data data;
	struct { uint64_t size, left; bool last; } chunk;
};

enum { RECEIVER_END = 0, RECEIVER_WENT_ON = 1, RECEIVER_LATER = 2 };

MUST_CHECK int receiver_open(struct receiver *r, int in, int out, struct failure *f);
void receiver_close(struct receiver *r);
/* One command, or what has come of a message. RECEIVER_END: the input has ended, or phase is OVER; RECEIVER_LATER: io.nowait, and
 * nothing is there. */
MUST_CHECK int receiver_step(struct receiver *r, struct failure *f);
/* The input may not end here: a text or a chunk is not whole. */
bool receiver_is_inside(const struct receiver *r);
/* The most octets that a message of the transaction at hand may have; before MAIL, of any that says nothing of itself. 0: any. */
uint64_t receiver_limit(const struct receiver *r);
/* Nothing more is read. */
void receiver_end(struct receiver *r);
/* The job at hand, to whom it is then: receiver_free gives it back. */
struct job *receiver_take(struct receiver *r);
void receiver_free(struct job *j);

#endif
