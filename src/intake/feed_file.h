/*
 * intake/feed_file - one file of a folder that the user named, read as a message
 *
 * Only a regular file is read, and a link is not followed: the user named the folder, and a program that may put files there (one that
 * delivers mail) must not be able to have other files of the user sent. A link that the user names himself is followed. A file that
 * came after the run had begun is left for the next run: a run whose mail, or the answers to it, lands in the folder would never end.
 *
 * Use: struct feed_run run = {.began = ..., .types = ...}; feed_file_read(&message, arena, folder, name, &run, f).
 * Owns: nothing. Errors: -1 and *f AT_INPUT: EX_NOINPUT where the file cannot be opened (errno is ENOENT where there is none),
 * EX_TEMPFAIL where it is left for the next run; else those of mail/wide. Threads: one.
 */
#ifndef INTAKE_FEED_FILE_H
#define INTAKE_FEED_FILE_H

#include <time.h>

#include "mail/wide.h"

struct feed_run {
	time_t began;		 /* clock_wall */
	struct filetypes *types; /* borrowed: libmagic, for texts in UTF-16 that nothing marks as such */
};

/* folder: its descriptor. */
MUST_CHECK int feed_file_read(struct message *m, struct arena *in, int folder, const char *name, const struct feed_run *run,
			      struct failure *f);

#endif
