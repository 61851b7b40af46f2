/*
 * cli/dry_run - what would be handed over, on standard output: --dry-run
 *
 * The envelope in SMTP's words, an empty line, and the message octet by octet, as a relay with 8BITMIME would get it.
 * Use: dry_run_print(&job, f).
 *
 * Owns: nothing. Errors: those of reading the message; EX_IOERR where standard output fails. Threads: one. Source: mysend(1).
 */
#ifndef CLI_DRY_RUN_H
#define CLI_DRY_RUN_H

#include "post/job.h"

MUST_CHECK int dry_run_print(const struct job *j, struct failure *f);

#endif
