/*
 * post/ledger_file - the file of a ledger: opened, locked, mended at its end, appended to
 *
 * Use: struct ledger_file w; if (ledger_file_open(&w, path, f) < 0) ...; ledger_file_append(&w, slice, f); ledger_file_sync(&w, f);
 * ledger_file_close(&w).
 * What is appended stands there whole or not at all, as long as the file can be cut. After that, and after a sync that failed (what
 * it was to write may be lost, and the next sync does not say so), nothing is written any more.
 *
 * Owns: two descriptors, and the lock on the file. Bounds: none. Errors: AT_INPUT; EX_TEMPFAIL for what passes (another run, a full
 * disk), else EX_CANTCREAT. Threads: one at a time, but for ledger_file_sync_results. Source: POSIX fdatasync, flock(2), mysend-ledger(5).
 */
#ifndef POST_LEDGER_FILE_H
#define POST_LEDGER_FILE_H

#include <stdatomic.h>

#include "base/bytes.h"

struct ledger_file {
	const char *path; /* borrowed; of a file without a name, what it is called in words */
	bool unnamed;	  /* it ends with the process: nothing of it has to get to the disk */
	int fd, read;	  /* to append, and to read */
	uint64_t size;	  /* where the next line begins */
	atomic_int error; /* the errno after which nothing is written any more, or 0 */
};

/* Makes the file if it is missing. path NULL: a file without a name, in $TMPDIR. */
MUST_CHECK int ledger_file_open(struct ledger_file *w, const char *path, struct failure *f);
/* Cuts off what is behind `size`, which was not written to its end. */
MUST_CHECK int ledger_file_cut(struct ledger_file *w, uint64_t size, struct failure *f);
/* -1: nothing is written any more. */
MUST_CHECK int ledger_file_check(const struct ledger_file *w, struct failure *f);
/* -1: somebody has removed the file, or put another in its place, or cut it, so that nothing is written any more. */
MUST_CHECK int ledger_file_check_place(struct ledger_file *w, struct failure *f);
MUST_CHECK int ledger_file_append(struct ledger_file *w, struct slice octets, struct failure *f);
MUST_CHECK int ledger_file_sync(struct ledger_file *w, struct failure *f);
/* The same, by any thread at any time. */
MUST_CHECK int ledger_file_sync_results(struct ledger_file *w, struct failure *f);
/* Syncs the folder, so that the name of the file survives a power cut. */
MUST_CHECK int ledger_file_sync_folder(const struct ledger_file *w, struct failure *f);
void ledger_file_close(struct ledger_file *w);

#endif
