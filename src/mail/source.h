/*
 * mail/source - bytes that can be pulled, and pulled again from the start
 *
 * Everything that leaves mysend leaves through a source: a text, a range of a file, a source encoded
 * on the way, several in a row. So 2 GB need no more memory than 2 KB, SIZE= and BDAT know the length
 * beforehand, and a second transaction or relay gets the very same bytes as the first.
 *
 * Use: source = source_text(arena, text); source->rewind(source, f); while (source->pull(source, to, room, &got, f) == 0 && got) ...
 * Owns: its arena pieces; a file source borrows the descriptor, a text source the text.
 * Units: octets in wire form: lines end in CRLF, no dot-stuffing. pull gives 1 to room octets, 0 at the end.
 * Errors: AT_INPUT EX_IOERR; a file shorter than promised is one. Threads: one at a time.
 */
#ifndef MAIL_SOURCE_H
#define MAIL_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"

struct source {
	uint64_t size; /* octets of the whole source */
	int (*pull)(struct source *s, char *to, size_t room, size_t *got, struct failure *f);
	int (*rewind)(struct source *s, struct failure *f);
	void *state;
};

struct source *source_text(struct arena *a, struct slice text);
struct source *source_file(struct arena *a, int fd, uint64_t from, uint64_t len);
/* name: what failures call the source. */
struct source *source_named(struct arena *a, int fd, uint64_t len, const char *name);
struct source *source_chain(struct arena *a, struct source **parts, size_t count);
/* Pulls until `room` is full or nothing is left. */
MUST_CHECK int source_fill(struct source *s, char *to, size_t room, size_t *len, struct failure *f);
/* Reads the first octets, at most `room`, into `to`; the source is rewound before and after. */
MUST_CHECK int source_head(struct source *s, char *to, size_t room, struct slice *head, struct failure *f);
/* Quoted-printable text (RFC 2045 6.7); reads `of` once to learn its size. NULL and *f if that fails. */
struct source *source_quoted(struct arena *a, struct source *of, struct failure *f);
/* Encodes anew what is encoded with lines over 76 octets (or with 8-bit octets in quoted-printable); it decodes to the same. */
struct source *source_quoted_again(struct arena *a, struct source *of, struct failure *f);
struct source *source_base64_again(struct arena *a, struct source *of, struct failure *f);
/* Reads the whole source to learn its size anew, and rewinds it; needed after its `of` has changed. */
MUST_CHECK int source_measure(struct source *s, struct failure *f);
/* Base64 in lines of 76 (RFC 2045 6.8); rewind it before the first pull. */
struct source *source_base64(struct arena *a, struct source *of);
uint64_t base64_size(uint64_t octets);
/* Encodes without line ends; `to` has room for (len + 2) / 3 * 4 octets. */
size_t base64_text(char *to, const char *p, size_t len);

#endif
