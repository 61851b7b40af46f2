/*
 * base/arena - memory by lifetime: taken piece by piece, given back at once
 *
 * There are three lifetimes. run: what was configured; freed by main. job: one mail and all that is
 * known of it; freed or reset when its verdict is told. scratch: within one function; on its stack.
 * Whatever points from a job into run is fine; never the other way. Use: struct arena a = {0};
 *
 * Owns: all it handed out, until arena_reset or arena_free.
 * Errors: none. When memory is out the process says so and exits with EX_OSERR, here and nowhere else.
 * Tests build with ARENA_EXACT: one malloc a piece, so that a sanitizer sees every edge.
 * Threads: an arena belongs to whoever holds its job.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/failure.h"

struct arena {
	struct arena_block *block; /* newest first */
};

void *arena_zeroed(struct arena *a, size_t count, size_t size);
/* A copy of the failure. */
const struct failure *arena_failure(struct arena *in, const struct failure *f);
char *arena_text(struct arena *a, const char *text, size_t len); /* NUL-terminated copy */
/* A copy in which other white space than line ends is a space, so that it is shown on one line. */
char *arena_line(struct arena *a, const char *text);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
/* An array with space for one more: old itself, or a copy twice as large with the rest zeroed. */
void *arena_grow(struct arena *a, void *old, size_t count, size_t *room, size_t size);
void arena_reset(struct arena *a); /* keeps one block */
void arena_free(struct arena *a);

#endif
