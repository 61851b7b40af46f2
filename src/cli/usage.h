/*
 * cli/usage - what is wrong with the command line
 *
 * Use: if (!*value) return usage_fail(f, "a value is missing after ", spelled);
 * Owns: nothing. Errors: AT_USAGE EX_USAGE, with the hint that --help has all options, or --batch --help those of many mails. Threads: any. Source: mysend(1).
 */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include "base/failure.h"

int usage_fail(struct failure *f, const char *what, const char *which);
int usage_fail_batch(struct failure *f, const char *what, const char *which); /* an option of --batch and --merge */

#endif
