/*
 * base/run - a command of the user's, what it prints, and an end to its patience
 *
 * The command goes to /bin/sh -c, as a user who writes "gpg -d ~/.pw.gpg" expects; its standard input
 * is /dev/null, its standard error ours, so that it can ask on the terminal and complain.
 *
 * Owns: the output lands in the caller's buf.
 * Units: seconds. Bounds: the buf's limit; the time limit ends the command.
 * Errors: -1 and *f at AT_CONFIG: EX_OSERR if it cannot start, EX_CONFIG if it fails or takes too long.
 * Threads: one; it forks, and SIGCHLD is at its default from then on.
 */
#ifndef BASE_RUN_H
#define BASE_RUN_H

#include "base/bytes.h"

MUST_CHECK int run_shell(const char *command, unsigned limit, struct buf *output, struct failure *f);

#endif
