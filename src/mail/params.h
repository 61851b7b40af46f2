/*
 * mail/params - parameters of a MIME field, whatever is in them (RFC 2045 5.1, 2231)
 *
 * Use: params_add(&buf, "filename", slice_of("März.pdf")) behind "attachment": each on lines of its own. What is not ASCII, or too
 * long, becomes name*= in UTF-8, continued over several lines if need be; a name for readers of old follows, in ASCII.
 *
 * params_media reads a Content-Type that somebody wrote.
 *
 * Owns: nothing. Units: UTF-8 in, ASCII out. Bounds: lines of at most 78 octets; 100 continuations.
 * Errors: -1 when the buf is full. Threads: any. Source: RFC 2231 3, 4; RFC 2183 2.
 */
#ifndef MAIL_PARAMS_H
#define MAIL_PARAMS_H

#include "base/arena.h"
#include "base/bytes.h"

MUST_CHECK int params_add(struct buf *out, const char *name, struct slice value);

/* A media type as somebody wrote it: TYPE/SUBTYPE; NAME=VALUE; NAME="VALUE" ... */
struct media {
	const char *type, *charset; /* "": there is no such parameter */
	const char *more;	    /* the other parameters, as they stand in the field: "; method=REQUEST" */
};

/* False: the text is no media type. Whether TYPE/SUBTYPE is a valid type is left to the caller. */
bool params_media(struct arena *in, const char *text, struct media *media);

#endif
