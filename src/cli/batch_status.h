/*
 * cli/batch_status - the status of a batch
 *
 * 0: the relay has all mails, now or by earlier runs, or the queue has them. 75: something waits or is in doubt, or the run was broken
 * off: the same command goes on. 65: some are bad or were refused, and all others are done. What stops a run has its own status where
 * something is to be mended first: 77 the login, 64, 65, 66 and 78 what is wrong here, 73 the ledger.
 * Use: struct batch_sum sum; status = batch_status(&sum, NULL), or with what has stopped the run in the place of NULL.
 *
 * Owns: nothing. Errors: none. Threads: any. Source: sysexits.h; mysend(1).
 */
#ifndef CLI_BATCH_STATUS_H
#define CLI_BATCH_STATUS_H

#include "post/batch.h"

enum { BATCH_DECLINED = 1 }; /* the user said no: nothing was sent */

int batch_status(const struct batch_sum *s, const struct failure *why);

#endif
