#define _GNU_SOURCE /* memrchr */
#include "mail/normalize.h"

#include <string.h>

/* Lines are found and copied with memchr and memcpy; only rare things are looked at octet by octet. */

static void put(struct buf *out, const char *p, size_t len)
{
	memcpy(out->p + out->len, p, len);
	out->len += len;
}

/* Ends the current line; false: it was the dot that ends the message. */
static bool line_end(struct normalizer *s, struct buf *out)
{
	if (s->dot) {
		s->ended = true;
		return false;
	}
	put(out, "\r\n", 2);
	s->midline = false;
	return true;
}

static void line_text(struct normalizer *s, const char *p, size_t len, struct buf *out)
{
	if (!len)
		return;
	if (s->dot)
		put(out, ".", 1);
	s->dot = s->dot_ends && !s->midline && !s->dot && len == 1 && *p == '.';
	if (!s->dot)
		put(out, p, len);
	s->midline = true;
}

/* Writes the CRs that were held back as line ends, since no LF followed. */
static bool flush_crs(struct normalizer *s, struct buf *out)
{
	for (; s->crs; s->crs--)
		if (!line_end(s, out))
			return false;
	return true;
}

/* Writes a piece of text that has CRs and no LF. CRs at its end are held back. */
static bool text_with_crs(struct normalizer *s, const char *p, const char *end, struct buf *out)
{
	while (p < end) {
		const char *cr = memchr(p, '\r', (size_t)(end - p)), *stop = cr ? cr : end;

		if (stop > p && !flush_crs(s, out))
			return false;
		line_text(s, p, (size_t)(stop - p), out);
		for (p = stop; p < end && *p == '\r'; p++) {
			if (s->crs == NORMALIZE_RUN && !flush_crs(s, out))
				return false;
			s->crs++;
		}
	}
	return true;
}

/* Writes a line, or the part of it that the piece has; crs: there may be CRs in it. */
static bool line_part(struct normalizer *s, struct slice part, bool crs, bool lf, struct buf *out)
{
	if (!s->crs && !crs) {
		line_text(s, part.p, part.len, out);
		return true;
	}
	/* The usual case: CRLF, with no other CR in the line. */
	if (!s->crs && lf && part.len && part.p[part.len - 1] == '\r' && !memchr(part.p, '\r', part.len - 1)) {
		line_text(s, part.p, part.len - 1, out);
		return true;
	}
	return text_with_crs(s, part.p, part.p + part.len, out);
}

static void normalize_lines(struct normalizer *s, const char *p, const char *end, bool crs, struct buf *out)
{
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p)), *stop = lf ? lf : end;

		if (!line_part(s, (struct slice){p, (size_t)(stop - p)}, crs, lf, out) || !lf)
			return;
		s->crs = 0; /* all CRs before the LF are part of this one line end */
		if (!line_end(s, out))
			return;
		p = lf + 1;
	}
}

static size_t drop_nuls(struct normalizer *s, char *piece, size_t len)
{
	size_t kept = 0;

	if (!memchr(piece, '\0', len)) {
		s->after_nul &= !len;
		return len;
	}
	for (size_t i = 0; i < len; i++) {
		s->nul_runs += !piece[i] && !s->after_nul;
		s->after_nul = !piece[i];
		if (piece[i])
			piece[kept++] = piece[i];
	}
	s->nuls += len - kept;
	return kept;
}

/* An LF becomes two octets, and so does each CR held back; a dot and a last line end may be added. */
size_t normalize_room(size_t len)
{
	return 2 * (len + NORMALIZE_RUN) + 8;
}

int normalize_add(struct normalizer *s, char *piece, size_t len, struct buf *out)
{
	if (s->ended)
		return 0;
	if (buf_reserve(out, normalize_room(len)) < 0)
		return -1;
	len = drop_nuls(s, piece, len);
	if (len)
		normalize_lines(s, piece, piece + len, memchr(piece, '\r', len) != NULL, out);
	out->p[out->len] = '\0';
	return 0;
}

int normalize_end(struct normalizer *s, struct buf *out)
{
	if (s->ended)
		return 0;
	if (buf_reserve(out, normalize_room(0)) < 0)
		return -1;
	if (flush_crs(s, out) && s->midline) {
		/* A dot without a line end is text: only a line with a dot ends the message. */
		if (s->dot)
			put(out, ".", 1);
		s->dot = false;
		line_end(s, out);
	}
	out->p[out->len] = '\0';
	return 0;
}

static bool has_eightbit(const char *p, size_t len)
{
	const uint64_t high = 0x8080808080808080u;
	uint64_t all = 0, word[8];
	size_t i = 0;

	for (; len - i >= sizeof word; i += sizeof word) {
		memcpy(word, p + i, sizeof word);
		all |= word[0] | word[1] | word[2] | word[3] | word[4] | word[5] | word[6] | word[7];
	}
	for (; i < len; i++)
		all |= (uint64_t)(unsigned char)p[i];
	return all & high;
}

/* Notes what may follow the first octet of a character (RFC 3629 4); false: c begins no character. */
static bool utf8_first(struct knowledge *k, unsigned char c)
{
	k->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	k->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	k->awaited = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	return c >= 0xc2 && c <= 0xf4;
}

static void utf8_add(struct knowledge *k, struct slice s)
{
	for (size_t i = 0; i < s.len && !k->not_utf8; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (k->awaited) {
			k->not_utf8 = c < k->low || c > k->high;
			k->awaited--;
			k->low = 0x80;
			k->high = 0xbf;
		} else if (c > 127) {
			k->not_utf8 = !utf8_first(k, c);
		}
	}
}

/* The last line end among as many octets as a line may have: no line that ends up to there is too long. */
static const char *short_lines_end(const struct knowledge *k, const char *p, const char *end)
{
	size_t most = NORMALIZE_LINE + 2;

	return k->line < most && (size_t)(end - p) >= most - k->line ? memrchr(p, '\n', most - k->line) : NULL;
}

static void lines_add(struct knowledge *k, struct slice s)
{
	const char *p = s.p, *end = s.p + s.len;

	while (p < end) {
		const char *lf = short_lines_end(k, p, end);

		if (!lf) {
			lf = memchr(p, '\n', (size_t)(end - p));
			k->line += (size_t)((lf ? lf : end) - p);
			if (!lf)
				return;
			if (k->line - 1 > NORMALIZE_LINE && k->line - 1 > k->longest) /* the text is normalized: a CR stands before the LF */
				k->longest = k->line - 1;
		}
		k->line = 0;
		p = lf + 1;
	}
}

void facts_add(struct knowledge *k, struct slice text)
{
	bool eightbit;

	if (!text.len)
		return;
	eightbit = has_eightbit(text.p, text.len);
	k->eightbit |= eightbit;
	if (eightbit || k->awaited)
		utf8_add(k, text);
	lines_add(k, text);
}

void facts_end(struct knowledge *k)
{
	k->not_utf8 |= k->awaited > 0;
}
