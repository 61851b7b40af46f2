/*
 * cli/background - a try in a process of its own, so that who calls need not wait (-odb)
 *
 * Use: background_try(&options, arena, id): the mail of that name, or with NULL all that is due.
 * The program is started anew with nothing of the caller's but its environment: what a child inherits has no
 * password, and is no file of the caller's either.
 *
 * Owns: nothing; nobody waits for the process. Errors: none: without it the queue is run some day. Threads: one.
 */
#ifndef CLI_BACKGROUND_H
#define CLI_BACKGROUND_H

#include "cli/options.h"

void background_try(const struct options *o, struct arena *in, const char *id);

#endif
