/*
 * base/unicode - what octets of another charset say, in UTF-8 (RFC 3629)
 *
 * Use: struct unicode u; if (unicode_open(&u, "UTF-16LE") < 0) ...; for each piece unicode_add(&u, piece, &out);
 * unicode_end(&u); unicode_close(&u). Where pieces are cut makes no difference. unicode_text does that with a text at once.
 * unicode_mark tells of which charset a text is by the byte order mark that it begins with.
 *
 * Owns: the converter of the C library, until unicode_close. Bounds: out's. Units: octets.
 * Errors: -1, false, NULL: the charset is not known here, the octets are none of it, or out is full. Threads: whoever holds it.
 * Source: iconv(3); RFC 2781 3.2, RFC 3629 6.
 */
#ifndef BASE_UNICODE_H
#define BASE_UNICODE_H

#include "base/arena.h"
#include "base/bytes.h"

struct unicode {
	void *converter; /* own */
	char left[16];	 /* the beginning of a character whose rest is to come */
	size_t lefts;
};

MUST_CHECK int unicode_open(struct unicode *u, const char *charset);
MUST_CHECK int unicode_add(struct unicode *u, struct slice octets, struct buf *out);
/* -1: the text ends in the middle of a character. */
MUST_CHECK int unicode_end(const struct unicode *u);
void unicode_close(struct unicode *u);

bool unicode_text(struct arena *in, const char *charset, struct slice text, struct slice *out);
/* UTF-16LE, UTF-16BE, UTF-32LE or UTF-32BE by the text's byte order mark, and the length of the mark; NULL: there is no such
 * mark. */
const char *unicode_mark(struct slice text, size_t *len);
/* The charset is a form of UTF-16 or UTF-32, where a line end has a NUL in it. */
bool unicode_is_wide(const char *charset);
struct slice unicode_shortened(struct slice s, size_t most); /* so many octets at the most; no character of UTF-8 is cut */

#endif
