/*
 * intake/feed_eml - a folder of files, each a message, to one after the other
 *
 * It reads the files whose name ends in .eml, in the order of their names; not those whose name begins with a dot, and none in folders
 * below.
 * Use: feed_eml_open(&d, folder, types, LISTING_MOST, f) with a descriptor; while ((rc = feed_eml_next(&d, &message, arena, f)) != 0) ...;
 * feed_eml_close(&d).
 *
 * Owns: what it reads with, not the descriptor. Bounds: memory for so many names.
 * Errors: -1 and *f: from feed_eml_next: one file cannot be taken (intake/feed_file; the member name says which), and the next call
 * returns the file after it; or the folder cannot be read (EX_IOERR), and the next call returns 0. Threads: one.
 */
#ifndef INTAKE_FEED_EML_H
#define INTAKE_FEED_EML_H

#include "base/listing.h"
#include "intake/feed_file.h"

struct feed_eml {
	int folder;	       /* borrowed */
	struct listing *names; /* own */
	struct feed_run run;
	bool over;
	uint64_t number;	 /* of the current file, from 1 */
	char name[LISTING_NAME]; /* its name */
};

MUST_CHECK int feed_eml_open(struct feed_eml *d, int folder, struct filetypes *types, size_t most, struct failure *f);
/* Reads the next message. 1: done, the caller closes it; 0: there is no other. */
MUST_CHECK int feed_eml_next(struct feed_eml *d, struct message *m, struct arena *in, struct failure *f);
MUST_CHECK int feed_eml_count(const struct feed_eml *d, uint64_t *count, struct failure *f);
void feed_eml_close(struct feed_eml *d);

#endif
