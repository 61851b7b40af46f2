#include "base/bytes.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not tolower(3), which depends on the locale: what mail compares without case is ASCII. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

struct slice slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

bool slice_begins(struct slice s, const char *ascii)
{
	size_t i;

	for (i = 0; ascii[i]; i++)
		if (i == s.len || lower(s.p[i]) != lower(ascii[i]))
			return false;
	return true;
}

bool slice_is(struct slice s, const char *ascii)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii[i] || (s.p[i] != ascii[i] && lower(s.p[i]) != lower(ascii[i])))
			return false;
	return !ascii[s.len];
}

bool slice_mentions(struct slice s, const char *ascii)
{
	for (size_t i = 0; i < s.len; i++)
		if (slice_begins((struct slice){s.p + i, s.len - i}, ascii))
			return true;
	return false;
}

bool slice_cut(struct slice *rest, int at, struct slice *head)
{
	const char *found = rest->len ? memchr(rest->p, at, rest->len) : NULL;
	size_t before;

	if (!found)
		return false;
	before = (size_t)(found - rest->p);
	*head = (struct slice){rest->p, before};
	*rest = (struct slice){found + 1, rest->len - before - 1};
	return true;
}

struct slice slice_trim(struct slice s)
{
	while (s.len && octet_is_space(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && octet_is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

void slice_skip_mark(struct slice *s)
{
	if (s->len >= 3 && memcmp(s->p, "\xef\xbb\xbf", 3) == 0)
		*s = (struct slice){s->p + 3, s->len - 3};
}

bool slice_line(struct slice *rest, struct slice *line)
{
	if (!rest->len)
		return false;
	if (!slice_cut(rest, '\n', line)) {
		*line = *rest;
		*rest = (struct slice){rest->p + rest->len, 0};
	}
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	return true;
}

bool slice_number(struct slice s, uint64_t most, uint64_t *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';

		if (digit > 9 || n > most / 10 || digit > most - n * 10)
			return false;
		n = n * 10 + digit;
	}
	if (s.len)
		*out = n;
	return s.len > 0;
}

/* How many of the octets are ASCII before the first that is not; eight at a time. */
static size_t ascii_run(const char *p, size_t len)
{
	size_t i = 0;
	uint64_t eight;

	for (; len - i >= sizeof eight; i += sizeof eight) {
		memcpy(&eight, p + i, sizeof eight);
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < len && (unsigned char)p[i] < 128)
		i++;
	return i;
}

bool slice_is_ascii(struct slice s)
{
	return ascii_run(s.p, s.len) == s.len;
}

/* The length of the UTF-8 sequence at p, or 0 (RFC 3629 section 4). */
static size_t sequence(const unsigned char *p, size_t len)
{
	static const struct { unsigned char first, last, low, high; size_t len; } form[] = {
		{0x00, 0x7f, 0x80, 0xbf, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
		if (p[0] < form[i].first || p[0] > form[i].last)
			continue;
		if (len < form[i].len)
			return 0;
		for (size_t k = 1; k < form[i].len; k++)
			if (p[k] < (k == 1 ? form[i].low : 0x80) || p[k] > (k == 1 ? form[i].high : 0xbf))
				return 0;
		return form[i].len;
	}
	return 0;
}

bool slice_is_utf8(struct slice s)
{
	size_t n;

	for (size_t i = ascii_run(s.p, s.len); i < s.len; i += ascii_run(s.p + i, s.len - i)) {
		n = sequence((const unsigned char *)s.p + i, s.len - i);
		if (!n)
			return false;
		i += n;
	}
	return true;
}

static bool is_control(char c)
{
	return (unsigned char)c < 32 || c == 127;
}

bool slice_has_control(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_control(s.p[i]))
			return true;
	return false;
}

/* How many letters must be changed, added, dropped or swapped with their neighbour, ASCII case aside. */
static unsigned distance(const char *a, struct slice b)
{
	unsigned rows[3][40], *two = rows[0], *one = rows[1], *row = rows[2]; /* two before, one before, this */
	unsigned n = (unsigned)strlen(a);

	if (n >= sizeof rows[0] / sizeof *rows[0])
		return UINT_MAX;
	for (unsigned i = 0; i <= n; i++)
		row[i] = i;
	for (size_t k = 0; k < b.len; k++) {
		unsigned *oldest = two;

		two = one;
		one = row;
		row = oldest;
		row[0] = (unsigned)k + 1;
		for (unsigned i = 1; i <= n; i++) {
			bool same = a[i - 1] == lower(b.p[k]);

			row[i] = one[i - 1] + !same;
			if (one[i] + 1 < row[i])
				row[i] = one[i] + 1;
			if (row[i - 1] + 1 < row[i])
				row[i] = row[i - 1] + 1;
			if (i > 1 && k && a[i - 1] == lower(b.p[k - 1]) && a[i - 2] == lower(b.p[k]) && two[i - 2] + 1 < row[i])
				row[i] = two[i - 2] + 1;
		}
	}
	return row[n];
}

const char *slice_nearer(struct slice typed, const char *so_far, const char *word)
{
	unsigned most = typed.len < 6 ? 1 : 2, d = typed.len < 40 ? distance(word, typed) : UINT_MAX;

	return d <= most && (!so_far || d < distance(so_far, typed)) ? word : so_far;
}

size_t slice_lines(struct slice s)
{
	size_t lines = 0;

	for (size_t i = 0; i < s.len; i++)
		lines += s.p[i] == '\n';
	return lines;
}

void buf_start(struct buf *b, size_t limit)
{
	*b = (struct buf){.limit = limit};
}

int buf_reserve(struct buf *b, size_t len)
{
	size_t need, room;
	char *p;

	if (len > b->limit || b->len > b->limit - len || b->limit == SIZE_MAX)
		return -1;
	need = b->len + len + 1;
	if (need <= b->room)
		return 0;
	room = b->room > b->limit / 2 ? b->limit + 1 : b->room * 2;
	if (room < need)
		room = need < 64 ? 64 : need;
	p = realloc(b->p, room);
	if (!p)
		return -1;
	b->p = p;
	b->room = room;
	return 0;
}

int buf_add(struct buf *b, const void *p, size_t len)
{
	if (buf_reserve(b, len) < 0)
		return -1;
	if (len)
		memcpy(b->p + b->len, p, len);
	b->len += len;
	b->p[b->len] = '\0';
	return 0;
}

int buf_slice(struct buf *b, struct slice s)
{
	return buf_add(b, s.p, s.len);
}

int buf_text(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	size_t room = b->p ? b->room - b->len : 0;
	va_list ap, again;
	int n, rc = -1;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(b->p ? b->p + b->len : NULL, room, fmt, ap); /* mostly it fits at once */
	va_end(ap);
	if (n >= 0 && buf_reserve(b, (size_t)n) == 0) {
		if ((size_t)n >= room)
			vsnprintf(b->p + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
		rc = 0;
	} else if (room) {
		b->p[b->len] = '\0';
	}
	va_end(again);
	return rc;
}

void buf_consume(struct buf *b, size_t len)
{
	if (!len)
		return;
	b->len -= len;
	memmove(b->p, b->p + len, b->len + 1);
}

struct slice buf_slice_of(const struct buf *b)
{
	return (struct slice){b->p, b->len};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->p)
		b->p[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.limit = b->limit};
}

unsigned slice_code_point(struct slice c)
{
	unsigned code = (unsigned char)*c.p & (c.len <= 1 ? 0x7fU : 0x3fU >> (c.len - 1));

	for (size_t i = 1; i < c.len; i++)
		code = code << 6 | ((unsigned char)c.p[i] & 0x3fU);
	return code;
}

/* Unicode 15: Default_Ignorable_Code_Point, the controls, the line ends and bidi controls, and a blank that is called a letter. */
bool slice_is_invisible(struct slice c)
{
	static const struct {
		unsigned first, last;
	} range[] = {
		{0x00, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x2800, 0x2800}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
		{0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
	};
	unsigned code = slice_code_point(c);
	size_t i = 0;

	while (i < sizeof range / sizeof *range && code > range[i].last)
		i++;
	return i < sizeof range / sizeof *range && code >= range[i].first;
}

/* Writes a character that must not be printed as \u{HEX} or, where it is an octet, as \xHH. */
static int escape(char to[16], struct slice c)
{
	if (c.len > 1)
		return snprintf(to, 16, "\\u{%x}", slice_code_point(c));
	return snprintf(to, 16, "\\x%02x", (unsigned)(unsigned char)*c.p);
}

void slice_printable(char *to, size_t room, struct slice s)
{
	bool utf8 = slice_is_utf8(s);
	size_t used = 0, n;

	for (size_t i = 0; i < s.len; i += n) {
		struct slice c = {s.p + i, utf8 ? sequence((const unsigned char *)s.p + i, s.len - i) : 1};
		char escaped[16];

		n = c.len;
		if (((unsigned char)*c.p > 127 && !utf8) || slice_is_invisible(c))
			c = (struct slice){escaped, (size_t)escape(escaped, c)};
		if (used + c.len >= room) /* a character is never cut in two */
			break;
		memcpy(to + used, c.p, c.len);
		used += c.len;
	}
	if (room)
		to[used] = '\0';
}

#ifndef HAVE_EXPLICIT_BZERO
void explicit_bzero(void *p, size_t len)
{
	volatile char *to = p;

	while (len--)
		*to++ = 0;
}
#endif

#ifndef HAVE_MEMRCHR
void *memrchr(const void *p, int c, size_t len)
{
	const unsigned char *from = p;

	while (len--)
		if (from[len] == (unsigned char)c)
			return (void *)(uintptr_t)(from + len);
	return NULL;
}
#endif

bool text_is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}
