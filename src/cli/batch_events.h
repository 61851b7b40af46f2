/*
 * cli/batch_events - --json: what became of each mail of a batch, on standard output, for programs
 *
 * An object a line: for each mail that cannot be sent, for each that has been to the relay (again where a later pass tries it
 * again), for each time the relay lets nobody in, when all mails begin to wait and when they go on, and in the end one with the sum.
 * Names are those of -bp --json where they mean the same.
 * Use: batch_event_print(&event); batch_event_print_sum(&sum, ledger, failed, status).
 *
 * Owns: nothing. Units: none. Bounds: EVENT_MAX octets a line; a longer one is left out with a warning. Errors: none; whoever prints the
 * last line looks at standard output (file_end_output). Threads: one at a time. Source: RFC 8259, mysend-batch(7).
 */
#ifndef CLI_BATCH_EVENTS_H
#define CLI_BATCH_EVENTS_H

#include "post/batch.h"

enum { EVENT_MAX = 64 * 1024 * 1024 };

void batch_event_print(const struct batch_event *e);
void batch_event_print_sum(const struct batch_sum *s, const char *ledger, const char *failed, int status);

#endif
