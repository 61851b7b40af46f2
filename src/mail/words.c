#include "mail/words.h"

#include <string.h>

#include "mail/lexer.h"
#include "mail/source.h"

enum { LINE = 76, WORD = 75, FRAME = 12, GAP = 8 }; /* FRAME: =?utf-8?Q? and ?= */

/* Characters that need no code in Q, neither in a phrase nor in a text (RFC 2047 5 (3)). */
static bool is_plain(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c && strchr("!*+-/", c);
}

/* How many octets the character at the beginning of the text has. */
static size_t character(struct slice text)
{
	size_t n = 1;

	while (n < text.len && n < 4 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static size_t q_len(const char *p, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += is_plain(p[i]) || p[i] == ' ' ? 1 : 3;
	return n;
}

static size_t b_len(size_t len)
{
	return (len + 2) / 3 * 4;
}

static int q_add(struct buf *out, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int rc = is_plain(p[i]) ? buf_add(out, p + i, 1)
			 : p[i] == ' '	? buf_text(out, "_")
					: buf_printf(out, "=%02X", (unsigned)(unsigned char)p[i]);

		if (rc < 0)
			return -1;
	}
	return 0;
}

static int b_add(struct buf *out, const char *p, size_t len)
{
	char letters[WORD];

	return buf_add(out, letters, base64_text(letters, p, len));
}

/* How much of the text, in whole characters, one word of `room` octets takes. */
static size_t word_take(struct slice text, size_t room, bool q)
{
	size_t n = 0, used = 0;

	while (n < text.len) {
		size_t c = character((struct slice){text.p + n, text.len - n});

		used = q ? used + q_len(text.p + n, c) : b_len(n + c);
		if (used + FRAME > room)
			break;
		n += c;
	}
	return n;
}

int words_encode(struct buf *out, struct slice text, size_t column)
{
	bool q = q_len(text.p, text.len) <= b_len(text.len);

	while (text.len) {
		size_t room = column >= LINE ? 0 : LINE - column < WORD ? LINE - column : WORD;
		size_t n = word_take(text, room, q);
		int rc;

		if (n) {
			if (buf_text(out, q ? "=?utf-8?Q?" : "=?utf-8?B?") < 0)
				return -1;
			rc = q ? q_add(out, text.p, n) : b_add(out, text.p, n);
			if (rc < 0 || buf_text(out, "?=") < 0)
				return -1;
			text = (struct slice){text.p + n, text.len - n};
		}
		column = 1;
		if (text.len && buf_text(out, "\r\n ") < 0)
			return -1;
	}
	return 0;
}

static bool looks_encoded(struct slice s)
{
	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.p[i] == '=' && s.p[i + 1] == '?')
			return true;
	return false;
}

/* s is made of atoms with one blank between them. */
static bool is_atoms(struct slice s)
{
	bool blank = true;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == ' ' ? blank : !lexer_is_atext(s.p[i]))
			return false;
		blank = s.p[i] == ' ';
	}
	return !blank;
}

int words_phrase(struct buf *out, struct slice name, size_t column)
{
	if (!name.len)
		return 0;
	/* A name that looks like an encoded word, but is meant literally, has to be encoded, too. */
	if (!slice_is_ascii(name) || slice_has_control(name) || looks_encoded(name) || column + name.len + 2 > LINE)
		return words_encode(out, name, column);
	if (is_atoms(name))
		return buf_slice(out, name);
	if (buf_text(out, "\"") < 0)
		return -1;
	for (size_t i = 0; i < name.len; i++)
		if (((name.p[i] == '"' || name.p[i] == '\\') && buf_text(out, "\\") < 0) ||
		    buf_add(out, name.p + i, 1) < 0)
			return -1;
	return buf_text(out, "\"");
}

/* A word, and the blanks before it. */
struct piece {
	struct slice gap, word;
};

static bool piece_cut(struct slice *rest, struct piece *piece)
{
	size_t gap = 0, end;

	if (!rest->len)
		return false;
	while (gap < rest->len && octet_is_blank(rest->p[gap]))
		gap++;
	for (end = gap; end < rest->len && !octet_is_blank(rest->p[end]);)
		end++;
	piece->gap = (struct slice){rest->p, gap};
	piece->word = (struct slice){rest->p + gap, end - gap};
	*rest = (struct slice){rest->p + end, rest->len - end};
	return true;
}

static size_t column_of(const struct buf *out, size_t start, size_t column)
{
	for (size_t i = out->len; i > start; i--)
		if (out->p[i - 1] == '\n')
			return out->len - i;
	return column + out->len - start;
}

static bool must_encode(struct slice word)
{
	return !slice_is_ascii(word) || slice_has_control(word);
}

/* Takes further words that need encoding into one text, with the blanks between them, since blanks between two encoded words are
 * not shown (RFC 2047 6.2). */
static struct slice run_extend(struct slice word, struct slice *rest)
{
	struct slice ahead = *rest;
	struct piece piece;

	while (piece_cut(&ahead, &piece) && piece.word.len) {
		if (!must_encode(piece.word)) {
			if (looks_encoded(piece.word))
				word.len += piece.gap.len;
			break;
		}
		word.len = (size_t)(piece.word.p + piece.word.len - word.p);
		*rest = ahead;
	}
	return word;
}

static int gap_add(struct buf *out, struct slice gap, size_t column, size_t need)
{
	if (!column || column + gap.len + need <= LINE)
		return buf_slice(out, gap);
	if (buf_text(out, "\r\n") < 0)
		return -1;
	return gap.len > GAP ? buf_text(out, " ") : buf_slice(out, gap);
}

int words_text(struct buf *out, struct slice text, size_t column)
{
	size_t start = out->len;
	bool encoded = false; /* the previous word was encoded */
	struct piece piece;

	while (piece_cut(&text, &piece) && piece.word.len) {
		bool encode = must_encode(piece.word);
		size_t need = encode ? FRAME + 12 : piece.word.len; /* 12: the longest character in Q */

		if (piece.gap.len && gap_add(out, piece.gap, column_of(out, start, column), need) < 0)
			return -1;
		if (encode && encoded) /* the blanks between them have to be encoded, too */
			piece.word = (struct slice){piece.gap.p, piece.gap.len + piece.word.len};
		if (encode)
			piece.word = run_extend(piece.word, &text);
		if ((encode ? words_encode(out, piece.word, column_of(out, start, column))
			    : buf_slice(out, piece.word)) < 0)
			return -1;
		encoded = encode || looks_encoded(piece.word);
	}
	return 0;
}
