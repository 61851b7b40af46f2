/*
 * post/ledger_report - what became of a run, added up from its ledger
 *
 * Use: if (ledger_report_read(&r, &run, path, f) < 0) ...; ledger_report_print(&buf, &r); or ledger_report_json(&buf, &r).
 * No lock is taken: a run may be at work with the ledger. What counts of a recipient is his last line.
 *
 * Owns: nothing; all is the arena's. Units: milliseconds since 1970. Bounds: REPORT_DOMAINS and REPORT_REASONS are told apart, what
 * is beyond them counts as one; 130 octets a recipient at the most. Errors: AT_INPUT; those of post/ledger_read, EX_NOINPUT, EX_OSERR.
 * Threads: whoever holds it. Source: mysend-ledger(5).
 */
#ifndef POST_LEDGER_REPORT_H
#define POST_LEDGER_REPORT_H

#include "post/ledger.h"

enum {
	REPORT_DOMAINS = 5000, REPORT_REASONS = 500, /* told apart */
	REPORT_SLOWEST = 5, REPORT_BINS = 20
};

struct report_group { /* recipients of one domain, or with one reason */
	const char *name;
	size_t count; /* of all states */
	size_t state[LEDGER_STATES];
};

struct report_slow { /* from when his mail went to the answer */
	int64_t ms;
	char recipient[LEDGER_RECIPIENT + 1];
};

struct ledger_report {
	const char *path;
	struct ledger_head head;
	size_t recipients, state[LEDGER_STATES];
	size_t leases;	   /* how often a recipient was about to be sent to */
	size_t unanswered; /* of those in doubt: no line came behind the lease */
	unsigned long holes;
	int64_t first, last; /* the times of the first and the last line, or 0 */
	struct report_group *domain, *reason; /* the most first */
	size_t domains, reasons;
	struct report_slow slow[REPORT_SLOWEST]; /* the slowest first */
	size_t slows;
	int64_t bin_first, bin_ms; /* accepted[i]: from bin_first + i * bin_ms on */
	size_t accepted[REPORT_BINS], bins;
};

MUST_CHECK int ledger_report_read(struct ledger_report *r, struct arena *in, const char *path, struct failure *f);
/* For people: lines of text. -1: the buf is full. */
MUST_CHECK int ledger_report_print(struct buf *out, const struct ledger_report *r);
/* One object of JSON on one line. */
MUST_CHECK int ledger_report_json(struct buf *out, const struct ledger_report *r);
/* A reason in which what is different for each recipient (addresses, queue ids) is "...", so that equal ones are counted together. */
void ledger_report_reason(char *to, size_t room, struct slice code, struct slice text);

#endif
