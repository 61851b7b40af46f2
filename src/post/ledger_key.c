#include "post/ledger_key.h"

#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"

enum { PIECE = 16 * 1024, HEX = 32 };

static int by_address(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *with_small_domain(struct arena *in, const char *address)
{
	char *copy = arena_text(in, address, strlen(address)), *at = strrchr(copy, '@');

	for (; at && *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at + 32);
	return copy;
}

struct slice ledger_key_recipients(struct arena *in, const struct envelope *e)
{
	char **address = arena_zeroed(in, e->recipients + 1, sizeof *address), *all, *at;
	size_t len = 0;

	for (size_t i = 0; i < e->recipients; i++) {
		address[i] = with_small_domain(in, e->recipient[i].address);
		len += strlen(address[i]) + 1;
	}
	qsort(address, e->recipients, sizeof *address, by_address);
	at = all = arena_zeroed(in, len + 1, 1);
	for (size_t i = 0; i < e->recipients; i++) {
		size_t n = strlen(address[i]);

		memcpy(at, address[i], n);
		at[n] = ',';
		at += n + 1;
	}
	return (struct slice){all, len ? len - 1 : 0};
}

static struct slice key_of(struct arena *in, const char *kind, struct sha256 *s)
{
	unsigned char digest[SHA256_OCTETS];
	char hex[SHA256_HEX];

	sha256_end(s, digest);
	sha256_print(hex, digest);
	return slice_of(arena_printf(in, "%s:%.*s", kind, (int)HEX, hex));
}

struct slice ledger_key_row(struct arena *in, const struct slice *cell, size_t cells)
{
	struct sha256 s;

	sha256_begin(&s);
	for (size_t i = 0; i < cells; i++) {
		sha256_add(&s, slice_of(arena_printf(in, "%zu:", cell[i].len))); /* so that where a cell ends makes a difference */
		sha256_add(&s, cell[i]);
	}
	return key_of(in, "row", &s);
}

int ledger_key_octets(struct slice *key, struct arena *in, struct source *from, struct failure *f)
{
	char piece[PIECE];
	struct sha256 s;
	size_t got;

	sha256_begin(&s);
	if (from->rewind(from, f) < 0)
		return -1;
	do {
		if (from->pull(from, piece, sizeof piece, &got, f) < 0)
			return -1;
		sha256_add(&s, (struct slice){piece, got});
	} while (got);
	*key = key_of(in, "octets", &s);
	return 0;
}
