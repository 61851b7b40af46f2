/*
 * cli/keeper - who looks after the queue: the user's spool, and the accounts that its mails name
 *
 * Use: keeper_open(&k, &options, run, f); then one of keeper_list, keeper_check, keeper_run; keeper_close(&k). Whose spool
 * it is follows from the account that would send, or the first one where none is the default.
 *
 * Owns: the spool; accounts in the run's arena. Bounds: none. Errors: configuration, AT_SPOOL; EX_IOERR where standard
 * output fails. Threads: one. Source: mysend(1), "The queue".
 */
#ifndef CLI_KEEPER_H
#define CLI_KEEPER_H

#include "cli/options.h"
#include "intake/intake.h"
#include "spool/spool.h"

struct keeper {
	struct intake intake;
	const struct options *options;
	const struct account *own; /* that would send */
	struct spool spool;
	bool there; /* there is a spool */
};

MUST_CHECK int keeper_open(struct keeper *k, const struct options *o, struct arena *run, struct failure *f);
void keeper_close(struct keeper *k);
/* mailq: for people, or an object a line. */
MUST_CHECK int keeper_list(struct keeper *k, struct failure *f);
/* For monitoring: 0, 1, 2 or 3, and the line that says why. */
int keeper_check(const struct options *o, struct arena *run);
MUST_CHECK int keeper_run(struct keeper *k, struct failure *f);
/* -q15m: until it is told to end. */
int keeper_stay(const struct options *o);

#endif
