#include "base/unicode.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>

enum { PIECE = 4096, ROOM = 4 * PIECE, GROWS = 4 };

/* The charset's name has no /, after which iconv_open(3) would read options. */
static bool is_name(const char *charset)
{
	return *charset && !charset[strspn(charset, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+")];
}

int unicode_open(struct unicode *u, const char *charset)
{
	iconv_t found;

	*u = (struct unicode){.converter = NULL};
	if (!is_name(charset))
		return -1;
	found = iconv_open("UTF-8", charset);
	if ((intptr_t)found == -1)
		return -1;
	u->converter = found;
	return 0;
}

void unicode_close(struct unicode *u)
{
	if (u->converter)
		iconv_close((iconv_t)u->converter);
	u->converter = NULL;
}

/* Converts as many whole characters as there are; what is left is the beginning of one. */
static int convert(struct unicode *u, char **from, size_t *len, struct buf *out)
{
	while (*len) {
		char room[ROOM], *to = room;
		size_t free_room = sizeof room, n = iconv((iconv_t)u->converter, from, len, &to, &free_room);
		int why = n == (size_t)-1 ? errno : 0;

		if (buf_add(out, room, (size_t)(to - room)) < 0 || (why && why != E2BIG && why != EINVAL))
			return -1;
		if (why == EINVAL)
			return *len < sizeof u->left ? 0 : -1;
	}
	return 0;
}

int unicode_add(struct unicode *u, struct slice octets, struct buf *out)
{
	while (octets.len) {
		char work[sizeof u->left + PIECE], *from = work;
		size_t some = octets.len < PIECE ? octets.len : PIECE, len = u->lefts + some;

		memcpy(work, u->left, u->lefts);
		memcpy(work + u->lefts, octets.p, some);
		octets = (struct slice){octets.p + some, octets.len - some};
		if (convert(u, &from, &len, out) < 0)
			return -1;
		memcpy(u->left, from, len);
		u->lefts = len;
	}
	return 0;
}

int unicode_end(const struct unicode *u)
{
	return u->lefts ? -1 : 0;
}

bool unicode_text(struct arena *in, const char *charset, struct slice text, struct slice *out)
{
	struct unicode u;
	struct buf said;
	bool ok = unicode_open(&u, charset) == 0;

	if (!ok)
		return false;
	buf_start(&said, GROWS * text.len + 16);
	ok = unicode_add(&u, text, &said) == 0 && unicode_end(&u) == 0;
	if (ok)
		*out = (struct slice){arena_text(in, said.p ? said.p : "", said.len), said.len};
	buf_free(&said);
	unicode_close(&u);
	return ok;
}

const char *unicode_mark(struct slice text, size_t *len)
{
	static const struct { const char *name, mark[4]; size_t len; } marks[] = {
		{"UTF-32LE", {'\xff', '\xfe', 0, 0}, 4}, /* stands before UTF-16LE, with whose mark it begins */
		{"UTF-32BE", {0, 0, '\xfe', '\xff'}, 4},
		{"UTF-16LE", {'\xff', '\xfe'}, 2},
		{"UTF-16BE", {'\xfe', '\xff'}, 2},
	};

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (text.len >= marks[i].len && memcmp(text.p, marks[i].mark, marks[i].len) == 0) {
			*len = marks[i].len;
			return marks[i].name;
		}
	return NULL;
}

bool unicode_is_wide(const char *charset)
{
	static const char *const begins[] = {"utf-16", "utf16", "utf-32", "utf32", "ucs-2", "ucs2", "ucs-4", "ucs4", "iso-10646-ucs"};

	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		if (slice_begins(slice_of(charset), begins[i]))
			return true;
	return false;
}

struct slice unicode_shortened(struct slice s, size_t most)
{
	if (s.len <= most)
		return s;
	while (most && ((unsigned char)s.p[most] & 0xC0) == 0x80)
		most--;
	return (struct slice){s.p, most};
}
