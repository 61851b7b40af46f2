#include "unit.h"

#include <string.h>

#include "base/unicode.h"

#define TEXT(octets) {octets, sizeof(octets) - 1}

static void test_octets_become_what_they_say_wherever_they_are_cut(void **state)
{
	static const struct {
		const char *charset;
		struct slice octets;
		const char *said; /* NULL: they are not of that charset */
	} rows[] = {
		{"UTF-16LE", TEXT("a\0\xfc\0\x22\x6f\x3d\xd8\xe7\xdc"), "a\xc3\xbc\xe6\xbc\xa2\xf0\x9f\x93\xa7"},
		{"UTF-16BE", TEXT("\0a\0\xfc"), "a\xc3\xbc"},
		{"UTF-32LE", TEXT("a\0\0\0\xe7\xf4\1\0"), "a\xf0\x9f\x93\xa7"},
		{"UTF-16LE", TEXT("\xff\xfe" "a\0"), "\xef\xbb\xbf" "a"},
		{"UTF-16LE", TEXT("a\0\x3d\xd8" "a\0"), NULL}, /* half of a pair */
		{"UTF-16LE", TEXT("a\0\x3d\xd8"), NULL},
		{"UTF-16LE", TEXT("a\0b"), NULL},
		{"UTF-32LE", TEXT("a\0\0\0\0\0\x11\0"), NULL}, /* beyond U+10FFFF */
		{"koi8-r", TEXT("\xf0\xf2"), "\xd0\x9f\xd0\xa0"},
		{"windows-1252", TEXT("\x80"), "\xe2\x82\xac"},
		{"utf-8", TEXT("\xc3\xbc"), "\xc3\xbc"},
		{"utf-8", TEXT("\xfc"), NULL},
		{"no-such-charset", TEXT("a"), NULL},
		{"latin1//TRANSLIT", TEXT("a"), NULL},
		{"", TEXT("a"), NULL},
		{"UTF-16LE", TEXT(""), ""},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct slice said, octets = rows[i].octets;
		struct unicode u;

		print_message("row %zu\n", i);
		assert_int_equal(unicode_text(&in, rows[i].charset, octets, &said), rows[i].said != NULL);
		if (rows[i].said)
			assert_string_equal(said.p, rows[i].said);
		for (size_t cut = 0; cut <= octets.len && unicode_open(&u, rows[i].charset) == 0; cut++) {
			struct buf out;
			bool ok;

			buf_start(&out, 1000);
			ok = unicode_add(&u, (struct slice){octets.p, cut}, &out) == 0 &&
			     unicode_add(&u, (struct slice){octets.p + cut, octets.len - cut}, &out) == 0 && unicode_end(&u) == 0;
			assert_int_equal(ok, rows[i].said != NULL);
			if (ok)
				assert_string_equal(out.p ? out.p : "", rows[i].said);
			buf_free(&out);
			unicode_close(&u);
		}
	}
	arena_free(&in);
}

static void test_what_is_long_is_no_matter_and_what_is_too_long_is_told(void **state)
{
	static char many[40000];
	struct buf out;
	struct unicode u;

	(void)state;
	for (size_t i = 0; i < sizeof many; i += 2)
		many[i] = 'x';
	assert_int_equal(unicode_open(&u, "UTF-16LE"), 0);
	buf_start(&out, sizeof many / 2);
	assert_int_equal(unicode_add(&u, (struct slice){many, sizeof many}, &out), 0);
	assert_int_equal(out.len, sizeof many / 2);
	assert_int_equal(unicode_add(&u, (struct slice){many, 2}, &out), -1);
	buf_free(&out);
	unicode_close(&u);
}

static void test_marks_are_told_apart(void **state)
{
	static const struct {
		struct slice text;
		const char *name;
		size_t len;
	} rows[] = {
		{TEXT("\xff\xfe" "a\0"), "UTF-16LE", 2}, {TEXT("\xff\xfe\0\0a\0\0\0"), "UTF-32LE", 4}, {TEXT("\xfe\xff\0a"), "UTF-16BE", 2},
		{TEXT("\0\0\xfe\xff"), "UTF-32BE", 4}, {TEXT("\xff\xfe"), "UTF-16LE", 2}, {TEXT("\xff"), NULL, 0}, {TEXT("\xef\xbb\xbf"), NULL, 0}, {TEXT(""), NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		size_t len = 0;
		const char *name = unicode_mark(rows[i].text, &len);

		assert_string_equal(name ? name : "-", rows[i].name ? rows[i].name : "-");
		assert_int_equal(len, rows[i].len);
	}
}

static void test_no_character_is_cut(void **state)
{
	static const struct { const char *text; size_t most, len; } rows[] = {
		{"abc", 3, 3}, {"abc", 2, 2}, {"", 5, 0}, {"a\xc3\xa9", 2, 1}, {"a\xc3\xa9", 3, 3}, {"\xf0\x9f\x98\x80x", 3, 0}, {"\xf0\x9f\x98\x80x", 4, 4}, {"\xa9\xa9", 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(unicode_shortened(slice_of(rows[i].text), rows[i].most).len, rows[i].len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_octets_become_what_they_say_wherever_they_are_cut),
		cmocka_unit_test(test_what_is_long_is_no_matter_and_what_is_too_long_is_told),
		cmocka_unit_test(test_marks_are_told_apart),
		cmocka_unit_test(test_no_character_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
