/*
 * Texts: line ends, header fields, encoded words, parameters, quoted-printable, base64, dates. decode(encode(x)) = x,
 * no line is too long, no text from outside becomes two header fields, and where a piece is cut makes no difference.
 */
#include "fuzz.h"

#include "decode.h"
#include "mail/from.h"
#include "mail/header.h"
#include "mail/mime.h"
#include "mail/params.h"
#include "mail/normalize.h"
#include "mail/source.h"
#include "mail/stamp.h"
#include "mail/when.h"
#include "mail/words.h"

enum { LONGEST_INPUT = 20000 };

/* Lines of a field's body: CRLF and a blank, none longer than most; column octets stand in front of the first. */
static void is_folded(struct slice text, size_t column, size_t most)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] != '\r') {
			HOLDS(text.p[i] != '\n' && text.p[i], text);
			column++;
			continue;
		}
		HOLDS(i + 2 < text.len && text.p[i + 1] == '\n' && strchr(" \t", text.p[i + 2]) && column <= most, text);
		column = 0;
		i++;
	}
	HOLDS(column <= most, text);
}

/* The encoded words in it say the same as `text`. */
static void says(struct arena *in, struct slice written, struct slice text)
{
	char *flat = arena_zeroed(in, written.len + 1, 1), *decoded = arena_zeroed(in, written.len + 1, 1);
	size_t len = decode_words(decoded, (struct slice){flat, decode_unfold(flat, written)});

	HOLDS(slice_is_ascii(written), written);
	HOLDS(fuzz_same((struct slice){decoded, len}, text), written);
}

static void encode_words(struct arena *in, struct slice text)
{
	struct buf b;

	buf_start(&b, 40 * text.len + 200);
	HOLDS(words_encode(&b, text, 9) == 0, text);
	is_folded(buf_slice_of(&b), 9, 76);
	says(in, buf_slice_of(&b), text);
	buf_clear(&b);
	if (slice_trim(text).len == text.len) {
		HOLDS(words_phrase(&b, text, 6) == 0, text);
		if (*b.p == '"') {
			HOLDS(fuzz_same(slice_of(mailbox_name(in, buf_slice_of(&b))), text), text);
		} else {
			is_folded(buf_slice_of(&b), 6, 78);
			says(in, buf_slice_of(&b), text);
		}
	}
	buf_free(&b);
}

/* A subject: what looks like an encoded word stays, so that only others are compared; runs of blanks may shrink at a fold. */
static void encode_text(struct arena *in, struct slice text)
{
	char *flat, *decoded;
	struct slice left = text, right;
	struct buf b;

	buf_start(&b, 60 * text.len + 200);
	HOLDS(words_text(&b, text, 9) == 0, text);
	is_folded(buf_slice_of(&b), 9, LONGEST_INPUT * 60);
	HOLDS(slice_is_ascii(buf_slice_of(&b)), buf_slice_of(&b));
	flat = arena_zeroed(in, b.len + 1, 1);
	decoded = arena_zeroed(in, b.len + 1, 1);
	right = (struct slice){decoded, decode_words(decoded, (struct slice){flat, decode_unfold(flat, buf_slice_of(&b))})};
	while (!strstr(text.p, "=?") && (left.len || right.len)) {
		bool blank = left.len && strchr(" \t", *left.p);

		HOLDS(right.len || slice_trim(left).len == 0, text);
		if (!right.len)
			break;
		HOLDS(blank == (strchr(" \t", *right.p) != NULL) && (blank || *left.p == *right.p), text);
		do
			left = (struct slice){left.p + 1, left.len - 1};
		while (blank && left.len && strchr(" \t", *left.p));
		do
			right = (struct slice){right.p + 1, right.len - 1};
		while (blank && right.len && strchr(" \t", *right.p));
	}
	buf_free(&b);
}

/* Its value out of all of its pieces (RFC 2231 3), which count more than a plain one beside them (RFC 6266 4.3 says why). */
static size_t decode_parameter(char *to, const char *written)
{
	const char *p = written, *plain = strstr(written, "\n filename=\"");
	size_t len = 0;

	while ((p = strstr(p, "\n filename*"))) {
		p = strchr(p, '=') + 1;
		if (strncmp(p, "utf-8''", 7) == 0)
			p += 7;
		len += decode_percent(to + len, slice_of(p));
	}
	if (len || !plain)
		return len;
	for (plain += 12; *plain && *plain != '"'; plain++) {
		plain += *plain == '\\';
		to[len++] = *plain;
	}
	return len;
}

static void encode_parameter(struct arena *in, struct slice text)
{
	struct buf b;
	char *decoded;
	size_t len;

	if (text.len > 1000)
		return;
	buf_start(&b, 64 * 1024);
	HOLDS(params_add(&b, "filename", text) == 0, text);
	is_folded(buf_slice_of(&b), 31, 78);
	HOLDS(slice_is_ascii(buf_slice_of(&b)), buf_slice_of(&b));
	decoded = arena_zeroed(in, b.len + 1, 1);
	len = decode_parameter(decoded, b.p);
	HOLDS(fuzz_same((struct slice){decoded, len}, text), buf_slice_of(&b));
	buf_free(&b);
}

/* RFC 2045 6.7, rules 2 to 5. */
static void is_quoted_printable(struct slice text)
{
	size_t column = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] != '\r') {
			HOLDS((unsigned char)text.p[i] < 127 && text.p[i] != '\n', text);
			column++;
			continue;
		}
		HOLDS(i + 1 < text.len && text.p[i + 1] == '\n' && column <= 76, text);
		HOLDS(!i || !strchr(" \t", text.p[i - 1]), text);
		column = 0;
		i++;
	}
	HOLDS(column <= 76, text);
}

static void encode_body(struct arena *in, struct slice normalized, struct slice raw)
{
	struct failure f;
	struct source *quoted = source_quoted(in, source_text(in, normalized), &f), *base64 = source_base64(in, source_text(in, raw));
	char *decoded = arena_zeroed(in, 4 * (normalized.len + raw.len) + 100, 1);
	struct slice written;

	HOLDS(quoted, normalized);
	written = fuzz_pull(in, quoted, 37);
	HOLDS(fuzz_same(written, fuzz_pull(in, quoted, 65536)), written);
	is_quoted_printable(written);
	HOLDS(fuzz_same((struct slice){decoded, decode_quoted(decoded, written)}, normalized), written);
	written = fuzz_pull(in, base64, 61);
	HOLDS(fuzz_same(written, fuzz_pull(in, base64, 65536)) && written.len == base64_size(raw.len), written);
	HOLDS(fuzz_same((struct slice){decoded, decode_base64(decoded, written)}, raw), written);
}

/* Line ends are CRLF, nothing is NUL; the same wherever the pieces are cut. */
static void normalize_text(struct arena *in, struct slice text, struct buf *out)
{
	struct normalizer whole = {0}, pieces = {0};
	char *copy = arena_text(in, text.p, text.len);
	struct buf b;

	HOLDS(normalize_add(&whole, copy, text.len, out) == 0 && normalize_end(&whole, out) == 0, text);
	copy = arena_text(in, text.p, text.len);
	buf_start(&b, 8 * (normalize_room(text.len) + normalize_room(0) + 10000));
	for (size_t i = 0, step; i < text.len; i += step) {
		step = 1 + (unsigned char)text.p[i] % 7;
		step = step < text.len - i ? step : text.len - i;
		HOLDS(normalize_add(&pieces, copy + i, step, &b) == 0, text);
	}
	HOLDS(normalize_end(&pieces, &b) == 0, text);
	HOLDS(fuzz_same(buf_slice_of(&b), buf_slice_of(out)), text);
	for (size_t i = 0; i < out->len; i++) {
		HOLDS(out->p[i], text);
		HOLDS(out->p[i] != '\r' || (i + 1 < out->len && out->p[i + 1] == '\n'), text);
		HOLDS(out->p[i] != '\n' || (i && out->p[i - 1] == '\r'), text);
	}
	HOLDS(!out->len || out->p[out->len - 1] == '\n', text);
	buf_free(&b);
}

static void learn_facts(struct slice normalized)
{
	struct knowledge k = {0};
	size_t longest = 0, column = 0;

	facts_add(&k, normalized);
	facts_end(&k);
	HOLDS(k.not_utf8 == !slice_is_utf8(normalized) && k.eightbit == !slice_is_ascii(normalized), normalized);
	for (size_t i = 0; i < normalized.len; i++) {
		if (normalized.p[i] == '\r')
			longest = column > longest ? column : longest;
		column = normalized.p[i] == '\r' || normalized.p[i] == '\n' ? 0 : column + 1;
	}
	HOLDS(k.longest == (longest > NORMALIZE_LINE ? longest : 0), normalized);
}

static void print_header(struct arena *in, struct slice normalized)
{
	struct header h = {.in = in}, again = {.in = in};
	struct slice rest = normalized, printed;
	struct buf b;

	(void)header_parse(&h, &rest);
	buf_start(&b, 10 * normalized.len + 10000);
	HOLDS(header_print(&h, &b) == 0, normalized);
	printed = rest = buf_slice_of(&b);
	for (size_t i = 0, column = 0; i < printed.len; i++) {
		HOLDS(printed.p[i] != '\n' || (i && printed.p[i - 1] == '\r'), printed);
		column = printed.p[i] == '\r' || printed.p[i] == '\n' ? 0 : column + 1;
		HOLDS(column <= HEADER_LINE_MAX, printed);
	}
	HOLDS(header_parse(&again, &rest) && !rest.len && again.fields == h.fields, printed);
	for (size_t i = 0; i < h.fields; i++) {
		HOLDS(fuzz_same(h.field[i].name, again.field[i].name), printed);
		(void)header_unfold(&h, &h.field[i]);
	}
	(void)mime_charset(in, &h);
	buf_free(&b);
}

/* A text from outside stays one field, whatever is in it. */
static void put_field(struct arena *in, const char *text)
{
	struct header h = {.in = in}, again = {.in = in};
	struct slice rest;
	struct buf b;

	header_append(&h, "X-A", "1");
	header_put(&h, "Subject", text);
	header_append(&h, "X-B", "2");
	header_insert(&h, &h.field[1], "X-C", text);
	buf_start(&b, 40 * strlen(text) + 10000);
	HOLDS(header_print(&h, &b) == 0, slice_of(text));
	rest = buf_slice_of(&b);
	HOLDS(header_parse(&again, &rest) && again.fields == 4 && !rest.len, buf_slice_of(&b));
	(void)mime_charset(in, &h);
	buf_free(&b);
}

static void read_date(struct arena *in, const char *text)
{
	struct when when, again;
	const char *stamp;

	if (!when_read(text, &when))
		return;
	stamp = stamp_date_in(in, when.time, when.east);
	HOLDS(when_read(stamp, &again) && again.time == when.time, slice_of(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct arena in = {0};
	struct slice text = fuzz_copy(&in, octets, len < LONGEST_INPUT ? len : LONGEST_INPUT), normalized;
	struct buf out;

	if (slice_trim(text).len && slice_is_utf8(text) && !slice_has_control(text)) {
		encode_words(&in, text);
		encode_text(&in, text);
		encode_parameter(&in, text);
	}
	buf_start(&out, normalize_room(text.len) + normalize_room(0));
	normalize_text(&in, text, &out);
	normalized = (struct slice){out.p ? out.p : "", out.len};
	learn_facts(normalized);
	encode_body(&in, normalized, text);
	print_header(&in, normalized);
	put_field(&in, text.p); /* up to its first NUL */
	read_date(&in, text.p);
	HOLDS(slice_is_utf8(text_in_utf8(&in, slice_of(text.p))), text);
	buf_free(&out);
	arena_free(&in);
	return 0;
}
