/*
 * post/batch - sends the mails of one input, over a crew, and notes in a ledger what became of each recipient
 *
 * The input is read in passes. The first one gives every mail that the ledger does not know as done; a later one gives those that
 * had a temporary failure, after a pause; then come those in doubt, alone. What is left may go into the spool. So the memory does not depend on how many there are.
 * Mails of several accounts are sent one account after the other.
 * Use: if (batch_run(&order, &sum, f) < 0) ...; sum is right even then.
 *
 * Owns: nothing; the ledger is the caller's. Units: seconds, but milliseconds of clock_steady where they are int64_t. Bounds: leases
 * of one window, and a window of jobs for each session. Errors: -1 and *f: the run has stopped before its end (the ledger
 * cannot be written; the relay lets nobody in, and patience is over; a limit of the relay; a login refused; the input cannot be read);
 * what is left is known to the ledger. Threads: the caller's; functions of the input and on_event are called one at a time, from
 * any of the crew's threads. Source: mysend-batch(7), mysend-ledger(5).
 */
#ifndef POST_BATCH_H
#define POST_BATCH_H

#include "post/crew.h"
#include "post/ledger.h"

struct batch_mail {
	struct job *job;   /* own until it is released; its recipients are PENDING */
	struct slice key;  /* in the job's arena; no two mails of an input with a recipient in common have the same */
	const char *file;  /* that has it; lives until the next call of next() */
	uint64_t number;   /* of the mail in the input, from 1 */
	uint64_t line;	   /* in which it begins, or 0 */
	bool lost;	   /* after -1: nothing more can be read from this input */
};

struct batch_row { /* of a table */
	const struct slice *column, *cell; /* cell: as many as there are columns; NULL: the row could not be read */
	size_t columns;
	char separator;
	bool mark; /* the table begins with a byte order mark */
};

struct batch_input {
	void *ctx;
	/* 1: *out is the next mail. 0: there is no other. -1: this one is bad; file, number and line of *out are right. */
	int (*next)(void *ctx, struct batch_mail *out, struct failure *f);
	int (*rewind)(void *ctx, struct failure *f); /* begins anew with the first mail */
	void (*release)(void *ctx, struct job *j);
	/* The row that next() has returned last, good or bad; before the first next() only the columns. NULL: the input is no table. */
	void (*row)(void *ctx, struct batch_row *out);
};

enum batch_what {
	BATCH_BAD,    /* the mail cannot be sent: event.why */
	BATCH_RESULT, /* a mail has been to the relay: its verdicts are in its envelope */
	BATCH_KEPT_OUT, /* the relay lets nobody in, event.why, and will be asked again */
	BATCH_WAITS,  /* all wait: event.words tells for what, event.until until when */
	BATCH_TICK    /* about each half second while there is something to wait for */
};

struct batch_event {
	enum batch_what what;
	const struct job *job; /* of BATCH_RESULT */
	struct slice key;
	const char *file;
	uint64_t number, line;
	const struct failure *why;
	const char *words; /* of BATCH_WAITS; NULL: nothing is waited for any more */
	time_t until;	   /* wall clock; 0: not known */
	bool before;	   /* of BATCH_KEPT_OUT: the relay had let this run in */
	bool again;	   /* a pass will try what waits in it again */
};

struct batch_sum { /* mails; one of several recipients counts as what is worst: in doubt, waits, refused, accepted */
	uint64_t seen;	   /* of the input */
	uint64_t before;   /* done by earlier runs, and so many of these with a refusal: */
	uint64_t before_refused;
	uint64_t accepted, refused, waits, doubtful, bad;
	uint64_t spooled;  /* handed to the spool at the end */
	uint64_t left;	   /* not begun: --limit, a signal, or the run has stopped */
	uint64_t failed_rows; /* how many rows order.failed has */
	bool whole;	   /* the input was read to its end, so that seen is the number of its mails */
	struct crew_sum crew;
	bool told_to_end;  /* by a signal */
};

enum { BATCH_PAUSES = 16 };

struct batch_order {
	const struct batch_input *input;
	struct ledger *ledger;
	const struct account *account; /* the only one whose mail is sent; NULL: that of each mail */
	unsigned pause[BATCH_PAUSES], pauses; /* before each pass over what had a temporary failure: seconds */
	bool retry_failed, hold_unsure, stop_on_error, spool_rest;
	uint64_t limit;		  /* mails of this run; 0: all */
	uint64_t count;		  /* about how many mails the input has; 0: not known */
	unsigned shard, shards;	  /* of the keys only those of this shard, from 1; shards 0: all */
	unsigned sessions;	  /* at a time; 0: the account's setting */
	unsigned patience;	  /* seconds without a relay */
	const char *failed;	  /* the file for rows of a table that were refused or bad (post/failed_rows), or NULL */
	const struct tracer *tracer;
	void (*on_event)(void *ctx, const struct batch_event *e); /* or NULL */
	void *ctx;
};

MUST_CHECK int batch_run(const struct batch_order *o, struct batch_sum *sum, struct failure *f);

#endif
