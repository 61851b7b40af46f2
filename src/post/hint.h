/*
 * post/hint - the hint of a failure that is known by its answer alone (SEEN of base/hints.def)
 *
 * Use: hint_add(&failure): fills in f->hint unless whoever failed knew better. text = hint_of(arena, &failure) leaves it as it is. What
 * the hint names (the user, our name in EHLO, the relay) stands in the failure.
 * Owns: nothing; texts in the arena. Errors: none; no hint is better than a wrong one. Threads: any.
 * Source: RFC 3463 (enhanced codes), RFC 4954 6.
 */
#ifndef POST_HINT_H
#define POST_HINT_H

#include "base/arena.h"
#include "base/failure.h"

void hint_add(struct failure *f);
/* The failure's hint alone, printable, in the arena; NULL, or a failure without a hint: "". */
const char *hint_of(struct arena *in, const struct failure *why);

#endif
