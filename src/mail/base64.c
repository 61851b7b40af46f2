#include "mail/source.h"

#include <string.h>

enum { ROW = 57, ROW_OUT = 78 }; /* 57 octets are 76 letters, and a line end */
enum { ROWS = 256 };		 /* rows at a time: so few that what was read is still in the first cache when it is encoded */

static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_text(char *to, const char *p, size_t len)
{
	const unsigned char *from = (const unsigned char *)p;
	char *at = to;

	for (; len >= 3; len -= 3, from += 3, at += 4) {
		unsigned bits = (unsigned)from[0] << 16 | (unsigned)from[1] << 8 | from[2];

		at[0] = digit[bits >> 18];
		at[1] = digit[bits >> 12 & 63];
		at[2] = digit[bits >> 6 & 63];
		at[3] = digit[bits & 63];
	}
	if (len) {
		unsigned bits = (unsigned)from[0] << 16 | (len > 1 ? (unsigned)from[1] << 8 : 0);

		at[0] = digit[bits >> 18];
		at[1] = digit[bits >> 12 & 63];
		at[2] = len > 1 ? digit[bits >> 6 & 63] : '=';
		at[3] = '=';
		at += 4;
	}
	return (size_t)(at - to);
}

/* Two letters for each 12 bits: half the look-ups. */
typedef char pairs[1 << 12][2];

static void pairs_fill(pairs pair)
{
	for (unsigned i = 0; i < 1 << 12; i++) {
		pair[i][0] = digit[i >> 6];
		pair[i][1] = digit[i & 63];
	}
}

/* Encodes a whole row, six octets at a time, which are read as eight: compilers make one load of that. */
static char *row_text(pairs pair, char *to, const char *p)
{
	const unsigned char *from = (const unsigned char *)p;

	for (int left = ROW; left >= 8; left -= 6, from += 6, to += 8) {
		uint64_t bits = (uint64_t)from[0] << 56 | (uint64_t)from[1] << 48 | (uint64_t)from[2] << 40 | (uint64_t)from[3] << 32 |
				(uint64_t)from[4] << 24 | (uint64_t)from[5] << 16 | (uint64_t)from[6] << 8 | from[7];

		memcpy(to, pair[bits >> 52], 2);
		memcpy(to + 2, pair[bits >> 40 & 4095], 2);
		memcpy(to + 4, pair[bits >> 28 & 4095], 2);
		memcpy(to + 6, pair[bits >> 16 & 4095], 2);
	}
	return to + base64_text(to, (const char *)from, ROW % 6);
}

struct base64 {
	struct source *of;
	bool ended;
	size_t out, out_len;
	pairs pair;
	char input[ROW * ROWS];
	char output[ROW_OUT * ROWS];
};

static char *line_end(char *to)
{
	memcpy(to, "\r\n", 2);
	return to + 2;
}

/* Encodes up to ROWS whole rows; the last row of all may be shorter. */
static int rows_text(struct base64 *b, char *to, size_t *got, struct failure *f)
{
	size_t len = 0, at = 0;
	char *from = to;

	if (!b->ended && source_fill(b->of, b->input, sizeof b->input, &len, f) < 0)
		return -1;
	b->ended = len < sizeof b->input;
	for (; len - at >= ROW; at += ROW)
		to = line_end(row_text(b->pair, to, b->input + at));
	if (at < len)
		to = line_end(to + base64_text(to, b->input + at, len - at));
	*got = (size_t)(to - from);
	return 0;
}

/* Encodes as many rows as there is room for, straight into the caller's memory. */
static int blocks_text(struct base64 *b, char *to, size_t room, size_t *got, struct failure *f)
{
	size_t len;

	for (*got = 0; !b->ended && room - *got >= sizeof b->output; *got += len)
		if (rows_text(b, to + *got, &len, f) < 0)
			return -1;
	return 0;
}

static int base64_pull(struct source *s, char *to, size_t room, size_t *got, struct failure *f)
{
	struct base64 *b = s->state;

	if (b->out == b->out_len && room >= sizeof b->output)
		return blocks_text(b, to, room, got, f);
	if (b->out == b->out_len) {
		b->out = b->out_len = 0;
		if (rows_text(b, b->output, &b->out_len, f) < 0)
			return -1;
	}
	*got = b->out_len - b->out < room ? b->out_len - b->out : room;
	if (*got)
		memcpy(to, b->output + b->out, *got);
	b->out += *got;
	return 0;
}

static int base64_rewind(struct source *s, struct failure *f)
{
	struct base64 *b = s->state;

	b->ended = false;
	b->out = b->out_len = 0;
	return b->of->rewind(b->of, f);
}

uint64_t base64_size(uint64_t octets)
{
	uint64_t letters = (octets + 2) / 3 * 4;

	return letters + (letters + 75) / 76 * 2;
}

struct source *source_base64(struct arena *a, struct source *of)
{
	struct source *s = arena_zeroed(a, 1, sizeof *s);
	struct base64 *b = arena_zeroed(a, 1, sizeof *b);

	b->of = of;
	b->ended = false;
	pairs_fill(b->pair);
	*s = (struct source){base64_size(of->size), base64_pull, base64_rewind, b};
	return s;
}
