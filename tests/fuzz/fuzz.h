/*
 * What every harness includes.
 *
 * A harness is a function that libFuzzer calls with octets that it thinks up, and that ends the process where a promise
 * about mysend's own code does not hold. Reading beyond a piece of memory, undefined behaviour and leaks end it too:
 * the build has ASan, UBSan and a malloc for each piece of an arena (./configure --enable-fuzzers).
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "mail/source.h"

/* What must hold; the octets beside it are shown where it does not. */
#define HOLDS(condition, octets) \
	do { \
		if (!(condition)) \
			fuzz_broken(__FILE__, __LINE__, #condition, octets); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static inline _Noreturn void fuzz_broken(const char *file, int line, const char *what, struct slice octets)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n%zu octets: ", file, line, what, octets.len);
	for (size_t i = 0; i < octets.len && i < 2000; i++) {
		unsigned char c = (unsigned char)octets.p[i];

		fprintf(stderr, c < 32 || c > 126 || c == '\\' ? "\\x%02x" : "%c", c);
	}
	fputc('\n', stderr);
	abort();
}

/* A copy that ends where the input does, so that ASan sees who reads on; terminated by a NUL that is not in the slice. */
static inline struct slice fuzz_copy(struct arena *in, const uint8_t *octets, size_t len)
{
	return (struct slice){arena_text(in, (const char *)octets, len), len};
}

static inline bool fuzz_same(struct slice a, struct slice b)
{
	return a.len == b.len && (!a.len || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool fuzz_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* One octet of the input, for a decision; 0 when there are none left. */
static inline unsigned fuzz_take(struct slice *rest)
{
	unsigned octet = 0;

	if (rest->len) {
		octet = (unsigned char)*rest->p++;
		rest->len--;
	}
	return octet;
}

/* All that a source gives, so many octets at a time; it has to give what its size says. Empty: it cannot be read. */
static inline struct slice fuzz_pull(struct arena *in, struct source *s, size_t step)
{
	char *to = arena_zeroed(in, (size_t)s->size + step + 1, 1);
	size_t len = 0, got;
	struct failure f;

	HOLDS(s->rewind(s, &f) == 0, SLICE("rewind"));
	do {
		if (s->pull(s, to + len, step, &got, &f) < 0)
			return (struct slice){"", 0};
		HOLDS(got <= step && len + got <= s->size, SLICE("more than its size"));
		len += got;
	} while (got);
	HOLDS(len == s->size, SLICE("less than its size"));
	return (struct slice){to, len};
}

/* May be said to a person: UTF-8 on one line. */
static inline void fuzz_is_clean(const char *text)
{
	HOLDS(slice_is_utf8(slice_of(text)), slice_of(text));
	HOLDS(!slice_has_control(slice_of(text)), slice_of(text));
}

#endif
