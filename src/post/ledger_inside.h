/*
 * post/ledger_inside - the inside of post/ledger: what its two parts share
 *
 * Included by ledger_open.c (makes, checks and reads the file) and ledger.c (leases, results, what is known), by nobody else.
 *
 * Owns: nothing. Bounds: LEDGER_GROUP octets are written at once. Errors: none. Threads: as post/ledger. Source: mysend-ledger(5).
 */
#ifndef POST_LEDGER_INSIDE_H
#define POST_LEDGER_INSIDE_H

#include "base/digests.h"
#include "post/ledger.h"
#include "post/ledger_file.h"

enum { LEDGER_GROUP = 64 * 1024 };

struct ledger {
	struct ledger_file file;
	uint64_t began; /* where in the file the lines of this run begin */
	struct arena in; /* the head's texts */
	struct ledger_head head;
	struct digests index; /* of each recipient of each mail (ledger_put) */
	struct ledger_sum sum;
	struct buf out; /* lines that are about to be appended */
	struct failure why; /* the first failure since the run began */
	bool failed;
	atomic_uint owed; /* appends that are not known to be on the disk */
	atomic_flag syncing;
};

/* Notes the sign of a recipient's last line, and where that line stands (0: that is not needed). Room was reserved. */
void ledger_put(struct ledger *l, const unsigned char digest[SHA256_OCTETS], unsigned sign, uint64_t offset);
int ledger_no_memory(const struct ledger *l, struct failure *f); /* always -1 */

#endif
