/*
 * post/batch_inside - the inside of post/batch: what its parts share
 *
 * Included only by batch.c (passes over the input, a crew for each), batch_read.c (which mails are due, and their leases),
 * batch_done.c (what became of them), batch_rest.c (what is left goes to the spool), batch_failed.c (rows that were refused) and
 * batch_state.c (lists and counts). A mail that is due is read, leased, ready, given to the crew, and settled; one that the crew
 * hands back is ready again, with the lease that it has.
 *
 * Owns: the jobs that are ready, and those whose refusal is not believed yet. Units: milliseconds of clock_steady.
 * Bounds: as post/batch. Errors: none. Threads: as post/batch. Source: mysend-batch(7).
 */
#ifndef POST_BATCH_INSIDE_H
#define POST_BATCH_INSIDE_H

#include "post/batch.h"
#include "post/limits.h"

enum batch_pass {
	BATCH_NEW,   /* gives what was not tried yet in this run */
	BATCH_LOST,  /* gives, once more and at once, what was under way when its session was lost */
	BATCH_AGAIN, /* gives what had a temporary failure in this run */
	BATCH_DOUBT, /* gives what may have arrived, one mail at a time */
	BATCH_REST   /* gives all that is left, to the spool */
};

enum batch_class { /* what became of a mail; the worst that became of one of its recipients */
	BATCH_UNCOUNTED,
	BATCH_ACCEPTED,
	BATCH_SPOOLED,
	BATCH_REFUSED,
	BATCH_WAITING,
	BATCH_DOUBTFUL
};

struct batch_slot { /* a mail in hand; in its job's arena */
	struct batch_slot *next;
	struct job *job; /* own */
	struct slice key;
	const char *file;
	uint64_t number, line;
	enum batch_class counted; /* as what the sum has it */
	enum batch_class others;  /* of its recipients who are not due */
	bool others_wait;	  /* some of these had a temporary failure in this run */
	bool also;		  /* it is counted in batch.also */
	int64_t leased;		  /* when its last lease was written */
};

struct batch_list {
	struct batch_slot *first, **end;
	size_t count;
};

struct batch_account {
	const struct account *account;
	bool shut; /* its relay lets nobody in, ends each session, or takes nothing more */
};

struct batch {
	const struct batch_order *order;
	struct batch_sum *sum;
	struct arena in;
	enum batch_pass pass;
	bool first;	     /* the first account's turn in the first pass: accounts are noted */
	uint64_t at, known;  /* which mail of the input was read last, and the last one that was counted */
	bool ended; /* the input has no more mails in this pass; or, because of: */
	bool broken;
	struct failure broken_by; /* nothing more is read; what was read before is sent */
	bool last;  /* no pass behind this one tries again what waits */
	struct batch_account *account; /* for which there is mail */
	size_t accounts, account_room, turn; /* turn: which of them sends in this pass */
	struct batch_list ready, doubted; /* doubted: refusals that may come of a limit (post/limits) */
	struct ledger_mail *lease;
	size_t leases, ahead; /* room for so many; how many are leased together */
	const struct crew_sum *crew; /* of the crew that runs, or NULL */
	struct limits_guard guard;
	unsigned stops; /* so many mails in a row had an answer after which nothing more is taken */
	uint64_t begun;
	_Atomic int64_t synced; /* when results were last synced */
	int64_t ticked;
	bool counts_only; /* no more mail is begun in this pass */
	uint64_t also;	  /* mails in doubt, of whose recipients some wait for another reason */
	uint64_t lost;	  /* mails that wait since a session was lost */
	bool shut;	  /* some account is: why says why, unless */
	bool failed;	  /* no more mail is begun at all: */
	struct failure why;
};

/* In batch_state.c. */
void batch_fail(struct batch *b, const struct failure *why); /* no more mail is begun */
bool batch_is_over(const struct batch *b);		     /* the same, also because we are told to end */
void batch_list_clear(struct batch_list *l);
void batch_list_add(struct batch_list *l, struct batch_slot *s);
void batch_list_put_first(struct batch_list *l, struct batch_slot *s);
struct batch_slot *batch_list_take(struct batch_list *l); /* NULL: it is empty */
enum batch_class batch_class_of(enum ledger_state s);
void batch_count(struct batch_sum *sum, enum batch_class from, enum batch_class to);
void batch_tell(struct batch *b, struct batch_event *e, const struct batch_slot *s);
/* No more mail of the account whose turn it is is begun. */
void batch_shut(struct batch *b, const struct failure *why);
bool batch_is_shut(const struct batch *b);
/* In batch_done.c. */
void batch_settle(struct batch *b, struct batch_slot *s); /* the crew has tried it */
void batch_drop(struct batch *b, struct batch_slot *s);	  /* it has not */
void batch_believe(struct batch *b);			  /* refusals that are doubted are final */
/* In batch_read.c: reads and leases mails that are due, `most` or fewer. */
void batch_read_ahead(struct batch *b, size_t most);
bool batch_is_of_shard(const struct batch_order *o, struct slice key);
MUST_CHECK int batch_rewind(struct batch *b, struct failure *f);
/* In batch_rest.c. */
void batch_spool_rest(struct batch *b);
/* In batch_failed.c. */
MUST_CHECK int batch_write_failed(struct batch *b, struct failure *f);

#endif
