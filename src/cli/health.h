/*
 * cli/health - --queue-check: how the queue is, for a monitoring plugin or for Prometheus
 *
 * A plugin is one line, and the status 0, 1, 2 or 3 that follows from the oldest mail's age, and from what only a person can mend. With --format prometheus it is the text
 * that a textfile collector reads, and the status 0; where the queue cannot be read, mysend_queue_readable 0 alone, the reason on
 * standard error, and 3.
 * Use: status = health_check(&options, run).
 *
 * Owns: nothing. Units: seconds, octets. Bounds: none. Errors: those are the status 3; health_format: AT_USAGE. Threads: one.
 * Source: the Monitoring Plugins Development Guidelines; Prometheus, "Exposition formats".
 */
#ifndef CLI_HEALTH_H
#define CLI_HEALTH_H

#include "cli/options.h"

int health_check(const struct options *o, struct arena *run);
/* --format: "plugin" or "prometheus". */
MUST_CHECK int health_format(struct options *o, const char *value, struct failure *f);

#endif
