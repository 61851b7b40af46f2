/*
 * intake/feed_maildir - a Maildir to one message after the other
 *
 * It reads the files in new and cur, in the order of their names without flags, which is the order of delivery. It does not read files
 * in tmp, which are not whole; files whose name begins with a dot; and mail that has the flag T (trashed). Other flags make no
 * difference. Folders beside these three are other mailboxes. A file that a mail program moves or marks meanwhile is found again, and
 * read once.
 *
 * Use: feed_maildir_open(&d, folder, types, LISTING_MOST, f) with a descriptor; while ((rc = feed_maildir_next(&d, &message, arena, f)) != 0)
 * ...; feed_maildir_close(&d).
 * Owns: what it reads with, not the folder's descriptor. Bounds: memory for so many names.
 * Errors: -1 and *f: from feed_maildir_next: one file cannot be taken (intake/feed_file; the member name says which), and the next call
 * returns the file after it; or the folders cannot be read (EX_IOERR), and the next call returns 0. Threads: one.
 * Source: https://cr.yp.to/proto/maildir.html; Maildir++ for other folders.
 */
#ifndef INTAKE_FEED_MAILDIR_H
#define INTAKE_FEED_MAILDIR_H

#include "base/listing.h"
#include "intake/feed_file.h"

struct feed_maildir {
	int folder[2];	       /* own: new, cur */
	struct listing *names; /* own */
	struct feed_run run;
	bool over;
	uint64_t number;	       /* of the current file, from 1 */
	char name[LISTING_NAME + 8]; /* its name: "cur/1700000000.M1P2.host:2,S" */
};

MUST_CHECK int feed_maildir_open(struct feed_maildir *d, int folder, struct filetypes *types, size_t most,
			       struct failure *f);
/* Reads the next message. 1: done, the caller closes it; 0: there is no other. */
MUST_CHECK int feed_maildir_next(struct feed_maildir *d, struct message *m, struct arena *in, struct failure *f);
MUST_CHECK int feed_maildir_count(const struct feed_maildir *d, uint64_t *count, struct failure *f);
void feed_maildir_close(struct feed_maildir *d);

#endif
