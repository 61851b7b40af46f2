#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "mail/normalize.h"

enum { LIMIT = 4 * 1024 * 1024 };

/* Settles the text in pieces of that size. */
static void normalized(struct buf *out, struct slice text, size_t size, bool dot_ends, struct normalizer *s)
{
	*s = (struct normalizer){.dot_ends = dot_ends};
	buf_start(out, LIMIT);
	for (size_t i = 0; i < text.len; i += size) {
		size_t len = text.len - i < size ? text.len - i : size;
		char *piece = malloc(len); /* exactly, for the sanitizer */

		memcpy(piece, text.p + i, len);
		assert_int_equal(normalize_add(s, piece, len, out), 0);
		free(piece);
	}
	assert_int_equal(normalize_end(s, out), 0);
}

struct row {
	struct slice text, expected;
	bool dot_ends;
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t size = 1; size <= rows[i].text.len + 1; size++) {
			struct normalizer s;
			struct buf out;

			normalized(&out, rows[i].text, size, rows[i].dot_ends, &s);
			assert_int_equal(out.len, rows[i].expected.len);
			assert_memory_equal(out.p, rows[i].expected.p, out.len);
			buf_free(&out);
		}
}

static void test_every_line_end_becomes_crlf_wherever_the_pieces_are_cut(void **state)
{
	const struct row rows[] = {
		{SLICE(""), SLICE(""), false},
		{SLICE("a"), SLICE("a\r\n"), false},
		{SLICE("a\n"), SLICE("a\r\n"), false},
		{SLICE("a\nbc\n\nd\n"), SLICE("a\r\nbc\r\n\r\nd\r\n"), false},
		{SLICE("a\r\nbc\r\n\r\nd\r\n"), SLICE("a\r\nbc\r\n\r\nd\r\n"), false},
		{SLICE("a\r\nb\nc\rd"), SLICE("a\r\nb\r\nc\r\nd\r\n"), false},
		{SLICE("a\rb\rc\r"), SLICE("a\r\nb\r\nc\r\n"), false},
		{SLICE("a\r\r\nb\r\r\r\nc"), SLICE("a\r\nb\r\nc\r\n"), false},
		{SLICE("a\r\rb"), SLICE("a\r\n\r\nb\r\n"), false},
		{SLICE("\r\r\r"), SLICE("\r\n\r\n\r\n"), false},
		{SLICE("\r\r\n\r"), SLICE("\r\n\r\n"), false},
		{SLICE("\n\r\n\r"), SLICE("\r\n\r\n\r\n"), false},
		{SLICE("\n\n"), SLICE("\r\n\r\n"), false},
		{SLICE("a\rb\r\nc\r\rd\n\re\r\r\nf"),
		 SLICE("a\r\nb\r\nc\r\n\r\nd\r\n\r\ne\r\nf\r\n"), false},
		{SLICE("a\0b\0\n\0c\0"), SLICE("ab\r\nc\r\n"), false},
		{SLICE("a\r\0\n\0"), SLICE("a\r\n"), false},
		{SLICE("\0\0"), SLICE(""), false},
		{SLICE(".\n"), SLICE(".\r\n"), false},
		{SLICE("a\n.\nb\n"), SLICE("a\r\n.\r\nb\r\n"), false},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_a_line_of_one_dot_ends_the_message_when_it_is_asked_to(void **state)
{
	const struct row rows[] = {
		{SLICE("a\n.\nb\n"), SLICE("a\r\n"), true},
		{SLICE("a\r\n.\r\nb\r\n"), SLICE("a\r\n"), true},
		{SLICE("a\r.\rb\r"), SLICE("a\r\n"), true},
		{SLICE(".\n"), SLICE(""), true},
		{SLICE(".\r\r\nx"), SLICE(""), true},
		{SLICE("..\n.a\na.\n. \n .\n"), SLICE("..\r\n.a\r\na.\r\n. \r\n .\r\n"), true},
		{SLICE("a\n."), SLICE("a\r\n.\r\n"), true}, /* no line yet */
		{SLICE("a\n.\r"), SLICE("a\r\n"), true},
		{SLICE("a\n.\0\nb"), SLICE("a\r\n"), true},
		{SLICE("a.\n.\n"), SLICE("a.\r\n"), true},
		{SLICE("\n.\n\n"), SLICE("\r\n"), true},
		{SLICE(".\r.\n"), SLICE(""), true},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_nothing_behind_the_dot_is_kept_and_nuls_are_counted(void **state)
{
	struct normalizer s;
	struct buf out;

	(void)state;
	normalized(&out, SLICE("a\n.\nb\0\0\n"), 4, true, &s);
	assert_true(s.ended);
	assert_int_equal(out.len, 3);
	buf_free(&out);
	normalized(&out, SLICE("a\0\0\n.\0\nb\0\0\n"), 3, false, &s);
	assert_int_equal(s.nuls, 5);
	buf_free(&out);
}

static void test_a_long_run_of_crs_is_bounded_and_loses_nothing(void **state)
{
	size_t len = 100000;
	char *text = malloc(len + 1);

	(void)state;
	memset(text, '\r', len);
	text[len] = 'x';
	for (size_t size = 1; size < 70000; size = size * 7 + 1) {
		struct normalizer s;
		struct buf out;

		normalized(&out, (struct slice){text, len + 1}, size, false, &s);
		assert_int_equal(out.len, 2 * len + 3);
		buf_free(&out);
	}
	for (size_t run = 1; run <= NORMALIZE_RUN; run++) { /* in front of a LF: one line end */
		struct normalizer s;
		struct buf out;

		text[run] = '\n';
		normalized(&out, (struct slice){text, run + 1}, 100, false, &s);
		assert_int_equal(out.len, 2);
		buf_free(&out);
		text[run] = '\r';
	}
	free(text);
}

static void test_a_full_buf_is_told_before_anything_is_lost(void **state)
{
	struct normalizer s = {.dot_ends = false};
	char text[100] = "";
	struct buf out;

	(void)state;
	buf_start(&out, normalize_room(sizeof text) - 1);
	assert_int_equal(normalize_add(&s, text, sizeof text, &out), -1);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

/* The same, an octet at a time, in the plainest way. */
static size_t plainly(char *to, const char *p, size_t len)
{
	size_t used = 0, crs = 0, line = 0;

	for (size_t i = 0; i < len; i++) {
		if (!p[i])
			continue;
		if (p[i] == '\r') {
			crs++;
			continue;
		}
		if (p[i] == '\n')
			crs = 1;
		for (; crs; crs--) {
			to[used++] = '\r';
			to[used++] = '\n';
			line = 0;
		}
		if (p[i] != '\n') {
			to[used++] = p[i];
			line++;
		}
	}
	for (; crs || line; crs -= crs > 0, line = 0) {
		to[used++] = '\r';
		to[used++] = '\n';
	}
	return used;
}

static void test_random_texts_are_normalized_as_the_plainest_code_does_it(void **state)
{
	unsigned seed = 5;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[64], expected[200];
		size_t len = 0, wanted;
		struct normalizer s;
		struct buf out;

		for (size_t most = (size_t)round % sizeof text; len < most; len++) {
			seed = seed * 1103515245u + 12345u;
			text[len] = "ab\r\n\0\r\n.\n"[(seed >> 16) % 9];
		}
		wanted = plainly(expected, text, len);
		normalized(&out, (struct slice){text, len}, (size_t)round % 7 + 1, false, &s);
		assert_int_equal(out.len, wanted);
		if (wanted)
			assert_memory_equal(out.p, expected, wanted);
		buf_free(&out);
	}
}

static void test_facts_are_right_wherever_the_pieces_are_cut(void **state)
{
	static const struct {
		const char *text;
		bool eightbit, utf8;
	} rows[] = {
		{"", false, true},
		{"\r\n", false, true},
		{"abc\r\nab\r\n", false, true},
		{"ab\r\nabcd\r\n\r\n", false, true},
		{"caf\xc3\xa9\r\n", true, true},
		{"\xe2\x82\xac\xf0\x9f\x98\x80\r\n", true, true},
		{"caf\xe9\r\n", true, false},
		{"\xc3\r\n", true, false},
		{"\xc0\xaf\r\n", true, false},	  /* overlong */
		{"\xe0\x9f\xbf\r\n", true, false},	  /* overlong */
		{"\xe0\xa0\x80\r\n", true, true},
		{"\xed\xa0\x80\r\n", true, false},	  /* surrogate */
		{"\xed\x9f\xbf\r\n", true, true},
		{"\xf0\x8f\xbf\xbf\r\n", true, false}, /* overlong */
		{"\xf0\x90\x80\x80\r\n", true, true},
		{"\xf4\x8f\xbf\xbf\r\n", true, true},
		{"\xf4\x90\x80\x80\r\n", true, false}, /* above U+10FFFF */
		{"\xf5\x80\x80\x80\r\n", true, false},
		{"\x80\r\n", true, false},
		{"a\xc3\xa9\xa9\r\n", true, false},
		{"\xe2\x82\r\n", true, false},
		{"\xe2\x82", true, false},
		{"0123456789012345678901234567890123456789012345678901234567890123456789\xc3\xa9\r\n", true, true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t size = 1; size < 80; size++) {
			struct knowledge k = {.line = 0};
			size_t len = strlen(rows[i].text);

			for (size_t at = 0; at < len; at += size)
				facts_add(&k, (struct slice){rows[i].text + at, len - at < size ? len - at : size});
			facts_end(&k);
			assert_int_equal(k.eightbit, rows[i].eightbit);
			assert_int_equal(!k.not_utf8, rows[i].utf8);
			assert_int_equal(k.longest, 0);
		}
}

static void test_the_longest_line_is_known_from_999_octets_on_wherever_the_pieces_are_cut(void **state)
{
	static const struct {
		size_t lines[4], longest;
	} rows[] = {
		{{998, 0, 998, 5}, 0},	   {{999, 1, 2, 3}, 999},	{{3, 0, 999, 998}, 999},
		{{999, 1001, 1000, 7}, 1001}, {{1000, 996, 995, 1003}, 1003}, {{5000, 1, 2000, 0}, 5000},
		{{499, 498, 997, 998}, 0},    {{0, 0, 0, 1998}, 1998},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t size = 1; size < 4200; size += size < 20 ? 1 : 97) {
			struct knowledge k = {.line = 0};
			struct buf text;

			buf_start(&text, 16384);
			for (size_t l = 0; l < ROWS(rows[i].lines); l++) {
				for (size_t n = 0; n < rows[i].lines[l]; n++)
					assert_int_equal(buf_text(&text, "x"), 0);
				assert_int_equal(buf_text(&text, "\r\n"), 0);
			}
			for (size_t at = 0; at < text.len; at += size)
				facts_add(&k, (struct slice){text.p + at, text.len - at < size ? text.len - at : size});
			facts_end(&k);
			assert_int_equal(k.longest, rows[i].longest);
			buf_free(&text);
		}
}

static void test_facts_agree_with_the_strict_check_of_slices(void **state)
{
	static const unsigned char octets[] = {'a', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf,
					       0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff};
	size_t n = ROWS(octets);

	(void)state;
	for (size_t i = 0; i < n * n * n * n; i++) {
		char text[4] = {(char)octets[i % n], (char)octets[i / n % n], (char)octets[i / n / n % n],
				(char)octets[i / n / n / n]};
		struct knowledge k = {.longest = 0};

		facts_add(&k, (struct slice){text, 2});
		facts_add(&k, (struct slice){text + 2, 2});
		facts_end(&k);
		assert_int_equal(!k.not_utf8, slice_is_utf8((struct slice){text, 4}));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_line_end_becomes_crlf_wherever_the_pieces_are_cut),
		cmocka_unit_test(test_a_line_of_one_dot_ends_the_message_when_it_is_asked_to),
		cmocka_unit_test(test_nothing_behind_the_dot_is_kept_and_nuls_are_counted),
		cmocka_unit_test(test_a_long_run_of_crs_is_bounded_and_loses_nothing),
		cmocka_unit_test(test_a_full_buf_is_told_before_anything_is_lost),
		cmocka_unit_test(test_random_texts_are_normalized_as_the_plainest_code_does_it),
		cmocka_unit_test(test_facts_are_right_wherever_the_pieces_are_cut),
		cmocka_unit_test(test_the_longest_line_is_known_from_999_octets_on_wherever_the_pieces_are_cut),
		cmocka_unit_test(test_facts_agree_with_the_strict_check_of_slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
