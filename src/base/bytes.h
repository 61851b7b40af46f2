/*
 * base/bytes - a view of bytes, and bytes that grow
 *
 * A slice is borrowed, may hold NUL and has no terminator. A buf owns its bytes, keeps a NUL behind
 * them, and has a limit set by whoever starts it: input from outside can fill a buf, not the host.
 *
 * Use: struct buf b; buf_start(&b, 4096); if (buf_add(&b, p, n) < 0) ...; buf_free(&b);
 * Owns: a buf its bytes; a slice nothing.
 * Bounds: limit counts the bytes without the NUL behind them.
 * Errors: buf_add and friends return -1 at the limit (or out of memory) and leave the buf as it was.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"

struct slice {
	const char *p;
	size_t len;
};

struct buf {
	char *p;
	size_t len, room, limit;
};

#define SLICE(literal) ((struct slice){literal, sizeof(literal) - 1})

static inline bool octet_is_blank(char c) /* RFC 5234 B.1: WSP */
{
	return c == ' ' || c == '\t';
}

static inline bool octet_is_space(char c) /* WSP, CR or LF */
{
	return octet_is_blank(c) || c == '\r' || c == '\n';
}

struct slice slice_of(const char *text);	     /* of a NUL-terminated text */
bool slice_is(struct slice s, const char *ascii);    /* ASCII case aside */
bool slice_begins(struct slice s, const char *ascii); /* ASCII case aside */
bool slice_mentions(struct slice s, const char *ascii); /* s holds it; ASCII case aside */
/* Head is what stands before the first such byte, rest what follows it. False: no such byte. */
bool slice_cut(struct slice *rest, int at, struct slice *head);
/* Takes a UTF-8 byte order mark off the beginning: some editors write one into every file (RFC 3629 6). */
void slice_skip_mark(struct slice *s);
struct slice slice_trim(struct slice s); /* spaces, tabs, CR and LF at both ends */
/* The next line without its LF (and a CR before it); false at the end. */
bool slice_line(struct slice *rest, struct slice *line);
/* Reads a number of digits alone, up to `most`; leading zeros are fine. False: s is no such number, and *out stays. */
bool slice_number(struct slice s, uint64_t most, uint64_t *out);
bool slice_is_ascii(struct slice s);	/* no octet above 127 */
bool slice_is_utf8(struct slice s);	/* strict: no overlong form, no surrogate (RFC 3629) */
size_t slice_lines(struct slice s);	/* LFs in it */
bool slice_has_control(struct slice s); /* an octet below 32, or 127 */

/* Which of the words so_far (NULL at first) and word is more like `typed`; so_far where word is nothing like it. */
const char *slice_nearer(struct slice typed, const char *so_far, const char *word);

void buf_start(struct buf *b, size_t limit);
MUST_CHECK int buf_add(struct buf *b, const void *p, size_t len);
MUST_CHECK int buf_slice(struct buf *b, struct slice s);
MUST_CHECK int buf_text(struct buf *b, const char *text);
MUST_CHECK int buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
MUST_CHECK int buf_reserve(struct buf *b, size_t len); /* room for len more */
void buf_consume(struct buf *b, size_t len);	       /* drops the first len bytes */
struct slice buf_slice_of(const struct buf *b);
void buf_clear(struct buf *b);
void buf_free(struct buf *b);

unsigned slice_code_point(struct slice character); /* of one character in UTF-8 */
/* The character (in UTF-8) is one that terminals do not show, that breaks the line, or that steers the terminal or the direction of
 * the text after it. Blanks count as shown. */
bool slice_is_invisible(struct slice character);
/* Copies s as one line that is safe to print: invisible characters as \u{HEX}, control characters of ASCII and octets that are no
 * UTF-8 as \xHH. Always NUL-terminated; cut where room ends. */
void slice_printable(char *to, size_t room, struct slice s);

/* For a C library that lacks explicit_bzero(3). */
#ifndef HAVE_EXPLICIT_BZERO
void explicit_bzero(void *p, size_t len);
#endif
#ifndef HAVE_MEMRCHR
void *memrchr(const void *p, int c, size_t len);
#endif

/* The same text, or both are NULL. */
bool text_is_same(const char *a, const char *b);

#endif
