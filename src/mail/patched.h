/*
 * mail/patched - a source with stretches of it changed
 *
 * Use: struct source *w = window_of(arena, of); window_move(w, from, len); pull from it or encode it;
 * source_patched(arena, of, stretches, count, f): what the stretches say of `of`, from its start, one behind the other.
 * One encoder of each kind serves all stretches, so that a thousand need no more memory than one.
 *
 * Owns: nothing; all in the arena. Bounds: none; windows that only move on read `of` once.
 * Units: as mail/source; after something else has pulled from `of`, rewind before the next pull.
 * Errors: those of `of`; EX_IOERR where it is shorter than the stretches. Threads: one at a time. Source: RFC 2045 6.
 */
#ifndef MAIL_PATCHED_H
#define MAIL_PATCHED_H

#include "mail/source.h"

enum stretch_as {
	STRETCH_SAME,
	STRETCH_TEXT,	/* replaced by `text` */
	STRETCH_QUOTED, STRETCH_BASE64, /* encoded */
	STRETCH_QUOTED_AGAIN, STRETCH_BASE64_AGAIN, /* was encoded, and is so anew with shorter lines */
	STRETCHES
};

struct stretch {
	uint64_t len; /* how many octets of the original it covers */
	enum stretch_as as;
	struct slice text;  /* STRETCH_TEXT: the new text */
	uint64_t size;	    /* encoded: the octets of the result */
};

struct source *window_of(struct arena *a, struct source *of);
void window_move(struct source *window, uint64_t from, uint64_t len); /* the window is rewound, too */
/* The encoder of that kind for a window; NULL and *f if that fails. */
struct source *stretch_encoder(struct arena *a, enum stretch_as as, struct source *window, struct failure *f);
struct source *source_patched(struct arena *a, struct source *of, const struct stretch *stretch, size_t count, struct failure *f);

#endif
