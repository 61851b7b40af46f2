/*
 * spool/inside - what the parts of spool/ share: spool.c (accepts and lists), take.c (takes, records, finishes), names.c
 * and sweep.c (clears away)
 *
 * Owns: nothing. Errors: spool_fails makes errno a failure. Threads: one. Source: mysend-spool(5).
 */
#ifndef SPOOL_INSIDE_H
#define SPOOL_INSIDE_H

#include "spool/spool.h"

int spool_fails(const struct spool *s, const char *what, struct failure *f);
/* Opens a regular file of that folder, through no link and without waiting; makes it with mode 0600 if `how` has O_CREAT. Where the
 * name is something else than a regular file, errno is 0. */
MUST_CHECK int spool_open_file(const struct spool *s, int folder, const char *name, int how, struct failure *f);

#endif
