/*
 * cli/spooluser - the user's spool, with the accounts that its mails name: what all modes of the queue work with
 *
 * Use: spooluser_open(&k, &options, run, f); then mailq_list(&k, f) or runner_run(&k, f); spooluser_close(&k). Which spool
 * it is follows from the account that would send, or from the first account where none is the default.
 *
 * Owns: the spool; accounts in the run's arena. Bounds: none. Errors: configuration, AT_SPOOL; EX_IOERR where standard
 * output fails. Threads: one. Source: mysend(1), "The queue".
 */
#ifndef CLI_SPOOLUSER_H
#define CLI_SPOOLUSER_H

#include "cli/options.h"
#include "conf/book.h"
#include "spool/spool.h"

struct spooluser {
	struct book book;
	const struct options *options;
	const struct account *own; /* the account that would send */
	struct spool spool;
	bool there; /* there is a spool */
	const struct failure *unread; /* to list: why the configuration cannot be read; the spool is the usual one. Or NULL */
};

MUST_CHECK int spooluser_open(struct spooluser *k, const struct options *o, struct arena *run, struct failure *f);
void spooluser_close(struct spooluser *k);
/* mailq: prints the queue for people, or with --json one object a line. */
MUST_CHECK int mailq_list(struct spooluser *k, struct failure *f);
/* -q: one run of the queue. */
MUST_CHECK int runner_run(struct spooluser *k, struct failure *f);
/* -q15m: a run every 15 minutes, until we are told to end. */
int runner_stay(const struct options *o);

#endif
