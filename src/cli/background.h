/*
 * cli/background - tries queued mail in a process of its own, so that the caller need not wait (-odb)
 *
 * The program is executed anew with nothing of the caller's but its environment: so no password is inherited, and no file of the
 * caller's stays open.
 * Use: background_try(&options, arena, id): the mail of that name, or with NULL all that is due.
 *
 * Owns: nothing; the process is not waited for. Errors: none: where it cannot be started, a later run of the queue sends the mail.
 * Threads: one.
 */
#ifndef CLI_BACKGROUND_H
#define CLI_BACKGROUND_H

#include "cli/options.h"

void background_try(const struct options *o, struct arena *in, const char *id);

#endif
