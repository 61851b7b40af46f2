#define _GNU_SOURCE /* memrchr */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

static void check(struct slice got, const char *expected)
{
	assert_int_equal(got.len, strlen(expected));
	if (got.len)
		assert_memory_equal(got.p, expected, got.len);
}

static void test_slices_compare_without_ascii_case(void **state)
{
	static const struct { const char *text, *with; bool is, begins; } rows[] = {
		{"", "", true, true},	     {"a", "", false, true},	   {"", "a", false, false},
		{"From", "from", true, true}, {"FROM:", "from", false, true}, {"fro", "from", false, false},
		{"from", "form", false, false}, {"[", "{", false, false},	{"@", "`", false, false},
		{"\xc4", "\xe4", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(slice_is(slice_of(rows[i].text), rows[i].with), rows[i].is);
		assert_int_equal(slice_begins(slice_of(rows[i].text), rows[i].with), rows[i].begins);
	}
	assert_false(slice_is((struct slice){"a\0", 2}, "a"));
}

static void test_a_slice_is_cut_at_the_first_such_byte(void **state)
{
	static const struct { const char *text; bool found; const char *head, *rest; } rows[] = {
		{"a:b:c", true, "a", "b:c"}, {":b", true, "", "b"}, {"a:", true, "a", ""}, {":", true, "", ""},
		{"abc", false, "", "abc"},   {"", false, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct slice rest = slice_of(rows[i].text), head = {NULL, 0};

		assert_int_equal(slice_cut(&rest, ':', &head), rows[i].found);
		check(head, rows[i].head);
		check(rest, rows[i].rest);
	}
}

static void test_blanks_and_line_ends_are_trimmed_at_both_ends(void **state)
{
	static const struct { const char *text, *trimmed; } rows[] = {
		{"", ""}, {" \t\r\n", ""}, {" a b\t", "a b"}, {"\r\na\r\n", "a"}, {"a", "a"}, {"\va\f", "\va\f"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		check(slice_trim(slice_of(rows[i].text)), rows[i].trimmed);
}

static void test_lines_end_with_lf_or_crlf_and_the_last_one_with_nothing(void **state)
{
	static const struct { const char *text; size_t lines; const char *line[4]; } rows[] = {
		{"", 0, {NULL}},
		{"a", 1, {"a"}},
		{"a\n", 1, {"a"}},
		{"a\r\n", 1, {"a"}},
		{"a\n\nb", 3, {"a", "", "b"}},
		{"\n", 1, {""}},
		{"\r\n\r\n", 2, {"", ""}},
		{"a\rb\n", 1, {"a\rb"}},
		{"a\r\r\n", 1, {"a\r"}},
		{"a\r", 1, {"a"}},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct slice rest = slice_of(rows[i].text), line;
		size_t count = 0;

		for (; slice_line(&rest, &line); count++)
			check(line, rows[i].line[count]);
		assert_int_equal(count, rows[i].lines);
	}
}

static void test_octets_are_told_apart(void **state)
{
	const struct { struct slice text; bool ascii, utf8, control; } rows[] = {
		{SLICE(""), true, true, false},
		{SLICE("az ~"), true, true, false},
		{SLICE("\t"), true, true, true},
		{SLICE("\x7f"), true, true, true},
		{SLICE("a\0"), true, true, true},
		{SLICE("\x1f"), true, true, true},
		{SLICE("\x80"), false, false, false},
		{SLICE("\xc3\xa9"), false, true, false},
		{SLICE("\xc3"), false, false, false},
		{SLICE("\xc3("), false, false, false},
		{SLICE("\xc0\x80"), false, false, false},     /* overlong */
		{SLICE("\xc1\xbf"), false, false, false},
		{SLICE("\xe0\x9f\xbf"), false, false, false},
		{SLICE("\xe0\xa0\x80"), false, true, false},
		{SLICE("\xed\x9f\xbf"), false, true, false},
		{SLICE("\xed\xa0\x80"), false, false, false}, /* a surrogate */
		{SLICE("\xee\x80\x80"), false, true, false},
		{SLICE("\xef\xbf\xbf"), false, true, false},
		{SLICE("\xf0\x8f\xbf\xbf"), false, false, false},
		{SLICE("\xf0\x9f\x98\x80"), false, true, false},
		{SLICE("\xf0\x9f\x98"), false, false, false},
		{SLICE("\xf4\x8f\xbf\xbf"), false, true, false},
		{SLICE("\xf4\x90\x80\x80"), false, false, false},
		{SLICE("\xf5\x80\x80\x80"), false, false, false},
		{SLICE("\xff"), false, false, false},
		{SLICE("\xe4\xb8\xad\xe6\x96\x87"), false, true, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char *exactly = malloc(rows[i].text.len + 1); /* for the sanitizer */
		struct slice s = {exactly, rows[i].text.len};

		memcpy(exactly, rows[i].text.p, s.len);
		exactly = realloc(exactly, s.len ? s.len : 1);
		s.p = exactly;
		assert_int_equal(slice_is_ascii(s), rows[i].ascii);
		assert_int_equal(slice_is_utf8(s), rows[i].utf8);
		assert_int_equal(slice_has_control(s), rows[i].control);
		free(exactly);
	}
}

static void test_a_buf_grows_to_its_limit_and_no_further(void **state)
{
	struct buf b;

	(void)state;
	buf_start(&b, 10);
	assert_int_equal(buf_add(&b, "12345", 5), 0);
	assert_int_equal(buf_text(&b, "678"), 0);
	assert_int_equal(buf_add(&b, "90x", 3), -1);
	assert_string_equal(b.p, "12345678");
	assert_int_equal(buf_slice(&b, SLICE("90")), 0);
	assert_string_equal(b.p, "1234567890");
	assert_int_equal(buf_add(&b, "", 0), 0);
	assert_int_equal(buf_add(&b, "x", 1), -1);
	assert_int_equal(buf_printf(&b, "%d", 1), -1);
	assert_int_equal(buf_reserve(&b, 1), -1);
	assert_int_equal(b.len, 10);
	buf_free(&b);
	assert_true(!b.p && !b.len && b.limit == 10);
	assert_int_equal(buf_add(&b, "again", 5), 0);
	buf_free(&b);
	buf_start(&b, 0);
	assert_int_equal(buf_add(&b, "x", 1), -1);
	buf_free(&b);
}

/* Every two octets, and every third behind two that may begin something, against the bits themselves. */
static void test_utf8_is_what_decodes_to_a_code_point_in_its_shortest_form(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 0x1000000; n += n < 0x10000 ? 1 : 0x111) {
		unsigned char raw[3] = {(unsigned char)(n >> 8), (unsigned char)n, (unsigned char)(n >> 16)};
		unsigned point;
		bool good = true;
		size_t i = 0;

		while (i < sizeof raw && good) {
			size_t len = raw[i] < 0x80 ? 1 : raw[i] >> 5 == 6 ? 2 : raw[i] >> 4 == 14 ? 3 : 9;

			good = i + len <= sizeof raw;
			if (!good || len == 1) {
				i++;
				continue;
			}
			point = raw[i] & (0x7fU >> len);
			for (size_t k = 1; k < len; k++) {
				good = good && raw[i + k] >> 6 == 2;
				point = point << 6 | (raw[i + k] & 63U);
			}
			good = good && point >= (len == 2 ? 0x80 : 0x800) && (point < 0xd800 || point > 0xdfff);
			i += len;
		}
		if (slice_is_utf8((struct slice){(const char *)raw, sizeof raw}) != good)
			assert_int_equal(n, -1); /* names it */
	}
}

static void test_no_amount_overflows_a_buf(void **state)
{
	struct buf b;

	(void)state;
	buf_start(&b, SIZE_MAX - 1);
	assert_int_equal(buf_text(&b, "kept"), 0);
	assert_int_equal(buf_reserve(&b, SIZE_MAX), -1);
	assert_int_equal(buf_reserve(&b, SIZE_MAX - 1), -1);
	assert_int_equal(buf_reserve(&b, SIZE_MAX - 4), -1);
	assert_string_equal(b.p, "kept");
	buf_free(&b);
}

static void test_a_buf_keeps_all_that_was_added(void **state)
{
	struct buf b;

	(void)state;
	buf_start(&b, 1 << 20);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(buf_printf(&b, "%05d\n", i), 0);
	assert_int_equal(b.len, 60000);
	assert_memory_equal(b.p + 6 * 1234, "01234\n", 6);
	assert_int_equal(b.p[b.len], '\0');
	buf_consume(&b, 0);
	buf_consume(&b, 6 * 9999);
	assert_string_equal(b.p, "09999\n");
	check(buf_slice_of(&b), "09999\n");
	buf_consume(&b, 6);
	assert_string_equal(b.p, "");
	assert_int_equal(buf_add(&b, "a\0b", 3), 0);
	assert_memory_equal(b.p, "a\0b", 4);
	buf_clear(&b);
	assert_true(b.len == 0 && *b.p == '\0');
	buf_free(&b);
	buf_clear(&b);
}

static void test_what_is_printed_has_no_control_octets(void **state)
{
	const struct { struct slice text; size_t room; const char *shown; } rows[] = {
		{SLICE("plain"), 100, "plain"},
		{SLICE(""), 1, ""},
		{SLICE("a\r\nb\x1b[31m\x7f"), 100, "a\\x0d\\x0ab\\x1b[31m\\x7f"},
		{SLICE("a\0b"), 100, "a\\x00b"},
		{SLICE("caf\xc3\xa9"), 100, "caf\xc3\xa9"},
		{SLICE("caf\xe9"), 100, "caf\\xe9"},
		{SLICE("a\xc2\x9b" "b"), 100, "a\\u{9b}b"}, /* CSI in UTF-8 */
		{SLICE("\xc2\xa0"), 100, "\xc2\xa0"},
		{SLICE("abcdef"), 4, "abc"},
		{SLICE("abc"), 4, "abc"},
		{SLICE("ab\n"), 6, "ab"},
		{SLICE("ab\n"), 7, "ab\\x0a"},
		{SLICE("abc"), 1, ""},
		{SLICE("\xc2\x80" "a\xc2\x9f"), 100, "\\u{80}a\\u{9f}"}, /* the first and the last of C1 */
		{SLICE("\xe2\x80\xa6\xf0\x9f\x98\x80"), 100, "\xe2\x80\xa6\xf0\x9f\x98\x80"},
		/* the direction of what follows: the first and the last of both ranges, and their neighbours */
		{SLICE("\xe2\x80\xaa\xe2\x80\xae"), 100, "\\u{202a}\\u{202e}"},
		{SLICE("\xe2\x81\xa6\xe2\x81\xa9"), 100, "\\u{2066}\\u{2069}"},
		{SLICE("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaf"), 100, "\xe2\x80\xa7\\u{2028}\\u{2029}\xe2\x80\xaf"}, /* line ends, and blanks */
		{SLICE("\xe2\x80\x8a\xe2\x80\x8b\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\x90\xd8\x9c\xd8\x9b"), 100, "\xe2\x80\x8a\\u{200b}\\u{200e}\\u{200f}\xe2\x80\x90\\u{61c}\xd8\x9b"},
		{SLICE("\xef\xbb\xbf\xc2\xad\xe2\x81\xa0\xef\xb8\x8f\xe3\x85\xa4"), 100, "\\u{feff}\\u{ad}\\u{2060}\\u{fe0f}\\u{3164}"},
		{SLICE("\xf3\xa0\x80\x81\xf3\xa0\x81\xa1\xf3\xa0\x87\xaf\xf3\xa0\x80"), 100, "\\xf3\\xa0\\x80\\x81\\xf3\\xa0\\x81\\xa1\\xf3\\xa0\\x87\\xaf\\xf3\\xa0\\x80"},
		{SLICE("\xf3\xa0\x80\x81\xf3\xa0\x81\xa1\xf3\xa0\x87\xaf\xf0\x9d\x85\xb3"), 100, "\\u{e0001}\\u{e0061}\\u{e01ef}\\u{1d173}"}, /* tags, selectors */
		{SLICE("\xc3\xa9\xff"), 100, "\\xc3\\xa9\\xff"}, /* not UTF-8, so none of it is */
		{SLICE("\xed\xa0\x80"), 100, "\\xed\\xa0\\x80"},
		/* no half of a character, nor of its escapes */
		{SLICE("a\xc3\xa9"), 3, "a"},
		{SLICE("a\xc3\xa9"), 4, "a\xc3\xa9"},
		{SLICE("a\xf0\x9f\x98\x80"), 5, "a"},
		{SLICE("a\xc2\x9b"), 7, "a"},
		{SLICE("a\xc2\x9b"), 8, "a\\u{9b}"},
		{SLICE("a\tb\\x"), 100, "a\\x09b\\x"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char *to = malloc(rows[i].room);

		slice_printable(to, rows[i].room, rows[i].text);
		assert_string_equal(to, rows[i].shown);
		free(to);
	}
	{
		char untouched = 'x';

		slice_printable(&untouched, 0, SLICE("abc"));
		assert_int_equal(untouched, 'x');
	}
}

static void test_what_a_c_library_may_lack_is_there(void **state)
{
	char text[] = "a/b/c";

	(void)state;
	assert_ptr_equal(memrchr(text, '/', 5), text + 3);
	assert_ptr_equal(memrchr(text, '/', 3), text + 1);
	assert_null(memrchr(text, '/', 1));
	assert_null(memrchr(text, '/', 0));
	explicit_bzero(text + 1, 3);
	assert_memory_equal(text, "a\0\0\0c", 5);
}

static void test_a_number_is_digits_alone_and_no_more_than_the_most(void **state)
{
	static const struct { const char *text; uint64_t most; bool is; uint64_t number; } rows[] = {
		{"0", 0, true, 0}, {"1", 0, false, 0}, {"", 9, false, 0}, {"+1", 9, false, 0}, {"-1", 9, false, 0}, {" 1", 9, false, 0},
		{"1 ", 9, false, 0}, {"1x", 99, false, 0}, {"007", 7, true, 7}, {"8", 7, false, 0}, {"15", 15, true, 15}, {"16", 15, false, 0},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX}, {"18446744073709551616", UINT64_MAX, false, 0},
		{"99999999999999999999", UINT64_MAX, false, 0}, {"4294967295", UINT32_MAX, true, UINT32_MAX}, {"4294967296", UINT32_MAX, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t n = 77;

		assert_int_equal(slice_number(slice_of(rows[i].text), rows[i].most, &n), rows[i].is);
		assert_int_equal(n, rows[i].is ? rows[i].number : 77);
	}
}

static void test_texts_are_the_same_where_both_are_missing_too(void **state)
{
	(void)state;
	assert_true(text_is_same("a", "a") && text_is_same("", "") && text_is_same(NULL, NULL));
	assert_false(text_is_same("a", "A") || text_is_same("a", NULL) || text_is_same(NULL, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_number_is_digits_alone_and_no_more_than_the_most),
		cmocka_unit_test(test_texts_are_the_same_where_both_are_missing_too),
		cmocka_unit_test(test_slices_compare_without_ascii_case),
		cmocka_unit_test(test_a_slice_is_cut_at_the_first_such_byte),
		cmocka_unit_test(test_blanks_and_line_ends_are_trimmed_at_both_ends),
		cmocka_unit_test(test_lines_end_with_lf_or_crlf_and_the_last_one_with_nothing),
		cmocka_unit_test(test_octets_are_told_apart),
		cmocka_unit_test(test_a_buf_grows_to_its_limit_and_no_further),
		cmocka_unit_test(test_a_buf_keeps_all_that_was_added),
		cmocka_unit_test(test_utf8_is_what_decodes_to_a_code_point_in_its_shortest_form),
		cmocka_unit_test(test_no_amount_overflows_a_buf),
		cmocka_unit_test(test_what_is_printed_has_no_control_octets),
		cmocka_unit_test(test_what_a_c_library_may_lack_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
