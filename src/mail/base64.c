#include "mail/source.h"

#include <string.h>

enum { ROW = 57, ROWS = 512, ROW_OUT = 78 }; /* 57 octets are 76 letters, and a line end */

size_t base64_text(char *to, const char *p, size_t len)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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

struct base64 {
	struct source *of;
	bool ended;
	size_t out, out_len;
	char input[ROW * ROWS];
	char output[ROW_OUT * ROWS];
};

/* Whole rows, but for the last of all. */
static int fill(struct base64 *b, struct failure *f)
{
	size_t len = 0, got;

	while (!b->ended && len < sizeof b->input) {
		if (b->of->pull(b->of, b->input + len, sizeof b->input - len, &got, f) < 0)
			return -1;
		len += got;
		b->ended = !got;
	}
	b->out = b->out_len = 0;
	for (size_t at = 0; at < len; at += ROW) {
		b->out_len += base64_text(b->output + b->out_len, b->input + at, len - at < ROW ? len - at : ROW);
		b->output[b->out_len++] = '\r';
		b->output[b->out_len++] = '\n';
	}
	return 0;
}

static int base64_pull(struct source *s, char *to, size_t room, size_t *got, struct failure *f)
{
	struct base64 *b = s->state;

	if (b->out == b->out_len && fill(b, f) < 0)
		return -1;
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
	*s = (struct source){base64_size(of->size), base64_pull, base64_rewind, b};
	return s;
}
