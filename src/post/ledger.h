/*
 * post/ledger - what became of each recipient of a batch, in one file, so that the same command goes on where a run ended
 *
 * Use: if (ledger_open(&l, &order, f) < 0) ...; for each mail: for each recipient: ledger_turn(ledger_find(l, key, address), retry, hold);
 * if (ledger_lease(l, mails, count, f) < 0) ...; the mails are sent; ledger_note(l, key, &envelope, NULL); ledger_sync(l) when
 * somebody waits for the relay; if (ledger_close(l, f) < 0) ...
 * A lease is on disk when ledger_lease returns, and only then may the first octet of its mails leave. So whoever may get a mail
 * twice after a crash is known by name: LEDGER_DOUBT. Results are on disk with the next lease or ledger_sync, whichever is first.
 *
 * Owns: the file's descriptors, its lock (flock), an index of 28 to 55 octets for each recipient, half as much more while it grows.
 * Bounds: lines as post/ledger_line; no two mails of an input have the same key, which who makes the keys sees to.
 * Errors: AT_INPUT; before the first mail EX_USAGE (it belongs to another run), EX_DATAERR, EX_CONFIG, EX_CANTCREAT; EX_TEMPFAIL where
 * another run has it or the disk is full. Once a write or a sync has failed, each lease fails. Threads: one at a time, but for
 * ledger_sync. Source: mysend-ledger(5).
 */
#ifndef POST_LEDGER_H
#define POST_LEDGER_H

#include "mail/envelope.h"
#include "post/ledger_line.h"

struct ledger;

struct ledger_order {
	const char *path;      /* NULL: a file without a name, for an input that nobody can give again */
	const char *input;     /* its path; only the last name of it counts */
	const char *template;  /* digest of all that a mail is made of but the row; "-": none */
	const char *rule;      /* how keys are made: "column NAME", "recipients", "message-id" */
	bool template_changed; /* the user says that the template may be another than before */
};

enum ledger_state {
	LEDGER_NEW,    /* nothing is known, or the relay did not take it and may be asked again */
	LEDGER_DONE,
	LEDGER_FAILED, /* refused for good */
	LEDGER_DOUBT,  /* leased, and no answer is known: may have been accepted */
	LEDGER_SPOOLED,
	LEDGER_STATES
};

enum ledger_turn {
	LEDGER_NOTHING, /* is not to be sent to */
	LEDGER_NOW,
	LEDGER_LAST /* after all others, alone: may arrive twice */
};

struct ledger_mail {
	struct slice key;
	const struct envelope *envelope; /* who is PENDING in it is leased */
};

struct ledger_sum {
	size_t recipients[LEDGER_STATES]; /* of all runs; of LEDGER_NEW: those who are to be asked again */
	unsigned long holes;		  /* lines without content, left by a power cut */
};

MUST_CHECK int ledger_open(struct ledger **out, const struct ledger_order *o, struct failure *f);
enum ledger_state ledger_find(const struct ledger *l, struct slice key, const char *recipient);
/* What stands there of the recipient was written in this run. */
bool ledger_is_fresh(const struct ledger *l, struct slice key, const char *recipient);
/* He was in doubt before the lease that is the last line. */
bool ledger_was_in_doubt(const struct ledger *l, struct slice key, const char *recipient);
/* What is to be done about a recipient in that state. retry: the refused ones are tried again; hold: those in doubt are not. */
enum ledger_turn ledger_turn(enum ledger_state s, bool retry, bool hold);
MUST_CHECK int ledger_lease(struct ledger *l, const struct ledger_mail *mail, size_t mails, struct failure *f);
/* The lease is written once more, with the time that it is now; it stays the one that is on disk already. */
void ledger_lease_again(struct ledger *l, const struct ledger_mail *mail);
/* Notes what became of those recipients whose result is not there yet. spooled: the name under which the mail waits, or NULL. */
void ledger_note(struct ledger *l, struct slice key, const struct envelope *e, const char *spooled);
/* Writes to the disk what is not there yet. Any thread; while one is at it others do not wait. */
void ledger_sync(struct ledger *l);
/* -1: something could not be written, so that no other mail may leave. */
MUST_CHECK int ledger_check(const struct ledger *l, struct failure *f);
struct ledger_sum ledger_sum(const struct ledger *l);
/* The code and the words of the last line of a recipient. False: there are none. */
bool ledger_said(const struct ledger *l, struct slice key, const char *recipient, struct arena *in, const char **code, const char **text);
const char *ledger_run(const struct ledger *l); /* the name of the run, random, of which Message-IDs are made */
/* The same each time for the same key: "<HEX@domain>". */
const char *ledger_message_id(const struct ledger *l, struct slice key, const char *domain, struct arena *in);
/* -1: something that was noted did not get to the disk. */
MUST_CHECK int ledger_close(struct ledger *l, struct failure *f);

#endif
