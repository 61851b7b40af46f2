/*
 * spool/inside - what the parts of spool/ share: spool.c (accepts and lists), hold.c (takes, records, finishes), sweep.c
 * (clears away)
 *
 * Owns: nothing. Errors: spool_fails makes errno a failure. Threads: one. Source: mysend-spool(5).
 */
#ifndef SPOOL_INSIDE_H
#define SPOOL_INSIDE_H

#include "spool/spool.h"

#define STATE_SUFFIX ".state" /* behind the name of the mail whose state it is */
enum { STATE_NAME = SPOOL_ID + sizeof STATE_SUFFIX };

void spool_state_name(char name[static STATE_NAME], const char *id);
int spool_fails(const struct spool *s, const char *what, struct failure *f);
/* A regular file of that folder, through no link and without waiting; made with mode 0600 if how says so. errno is 0 where it is
 * something else. */
MUST_CHECK int spool_open_file(const struct spool *s, int folder, const char *name, int how, struct failure *f);

#endif
