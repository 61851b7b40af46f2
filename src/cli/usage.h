/*
 * cli/usage - what is wrong with the command line
 *
 * Use: if (!*value) return usage_fail(f, "a value is missing after ", spelled);
 * Owns: nothing. Errors: AT_USAGE EX_USAGE, with the hint that --help has all options. Threads: any. Source: mysend(1).
 */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include "base/failure.h"

int usage_fail(struct failure *f, const char *what, const char *which);

#endif
