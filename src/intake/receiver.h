/*
 * intake/receiver - the receiving side of SMTP: what a client says becomes a request and a message, one after the other
 *
 * A state machine over the lines and octets that have come. How it is answered, and what is done with a message, is for its
 * client (struct receiver_client) to say: a dialogue on standard input (cli/smtpd), a file of BSMTP (intake/feed_bsmtp).
 * How a text is read and a transaction ends is in receiver_text.c, with functions of this header, too.
 * Use: fill in client, asked and usual; receiver_open(&r, 0, 1, f); while (receiver_step(&r, f) == RECEIVER_WENT_ON) ...;
 * receiver_close(&r).
 *
 * Owns: the dialogue and the job at hand, unless receiver_give_job gave it away. Texts are in that job's arena.
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
	RECEIVER_IDLE,	  /* no transaction is open */
	RECEIVER_OPEN,	  /* MAIL was accepted */
	RECEIVER_IN_BDAT, /* a chunk has come, but not the one with LAST */
	RECEIVER_IN_DATA, /* the message is being received, up to its dot */
	RECEIVER_OVER	  /* after QUIT, or when nothing more is read */
};

enum receiver_health { /* state of the current transaction */
	RECEIVER_GOOD,
	RECEIVER_POISONED, /* a command of a BSMTP file was refused: nothing of the transaction is sent (only intake/feed_bsmtp sets it) */
	RECEIVER_FAILED	   /* the message cannot be taken: the rest of it is read and dropped */
};

enum receiver_answer {
	RECEIVER_FINE,	  /* no fault of the client: 220, 250, 354, 221, 421, and the answer to a message, whatever it says */
	RECEIVER_NO_MAIL, /* a valid command that does not lead to mail: NOOP, RSET, ... */
	RECEIVER_FULL,	  /* one recipient too many, which is no fault of the client (RFC 5321 4.5.3.1.10) */
	RECEIVER_REFUSED
};

struct receiver_client {
	void *ctx;
	/* Writes the answer to a command; lines as in dialogue_say, with the enhanced code. */
	int (*answer)(void *ctx, enum receiver_answer kind, int code, const char *lines, struct failure *f);
	/* Writes the answer to a MAIL or RCPT that is refused. */
	int (*refuse)(void *ctx, const struct failure *why, struct failure *f);
	/* Decides whether this may be the sender ("": null), and sets the job's account. */
	int (*admit)(void *ctx, const char *sender, struct failure *why);
	/* The message is whole, or has failed (health and why, which the client sets where it fails there): sends it, and answers. */
	int (*message)(void *ctx, struct failure *f);
};

/* Its client fills in the members up to bsmtp, reads phase, said, job and extended, and sets io.patience or io.nowait; where a message
 * fails there, health and why. All else is the receiver's own. */
struct receiver {
	struct receiver_client client;
	const struct request *asked;    /* the request that each message begins with */
	const struct account *usual;  /* the account of mail whose sender chooses none; or NULL */
	uint64_t largest;	      /* octets that a message may have where its account has no limit; 0: any number */
	bool bsmtp;		      /* a BSMTP file: no answers are written, lines may end in LF, and RCPT may be missing */
	struct dialogue io;
	bool begun;		      /* a command has come */
	bool extended;		      /* EHLO was said */
	enum receiver_phase phase;
	enum receiver_health health;
	struct failure why;	      /* the first failure of the transaction, unless it is GOOD */
	struct job *job;	      /* own; for the current transaction */
	struct request said;	      /* `asked`, with what MAIL and RCPT have said */
	uint64_t octets;	      /* octets that came after DATA or BDAT */
	struct data data;
	struct { uint64_t size, left; bool last; } chunk;
};

enum { RECEIVER_END = 0, RECEIVER_WENT_ON = 1, RECEIVER_LATER = 2 };

MUST_CHECK int receiver_open(struct receiver *r, int in, int out, struct failure *f);
void receiver_close(struct receiver *r);
/* Handles one command, or the octets of a message that have come. RECEIVER_END: the input has ended, or phase is OVER;
 * RECEIVER_LATER: io.nowait, and nothing has come. */
MUST_CHECK int receiver_step(struct receiver *r, struct failure *f);
/* A text or a chunk is not whole, so that the input must not end here. */
bool receiver_is_inside(const struct receiver *r);
/* How many octets the message of the current transaction may have; before MAIL, a message by the usual account. 0: any number. */
uint64_t receiver_limit(const struct receiver *r);
/* Ends the reading. */
void receiver_end(struct receiver *r);
/* Returns the current job, which the caller then owns, and frees with receiver_free. */
struct job *receiver_give_job(struct receiver *r);
/* Makes a job, which lies in its own arena. */
struct job *receiver_make_job(void);
void receiver_free(struct job *j);

#endif
