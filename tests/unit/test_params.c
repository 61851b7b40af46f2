#include "unit.h"

#include "mail/params.h"

static void test_values_are_quoted_or_extended_as_they_need(void **state)
{
	static const char *const rows[][2] = {
		{"a.txt", ";\r\n name=\"a.txt\""}, {"a b.txt", ";\r\n name=\"a b.txt\""}, {"q\"\\.txt", ";\r\n name=\"q\\\"\\\\.txt\""}, {"", ";\r\n name=\"\""},
		{"M\xc3\xa4rz.pdf", ";\r\n name*=utf-8''M%C3%A4rz.pdf;\r\n name=\"M_rz.pdf\""},
		{"a\tb", ";\r\n name*=utf-8''a%09b;\r\n name=\"a_b\""},
		{"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.txt",
		 ";\r\n name*0*=utf-8''xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;\r\n name*1*=xxxxxxxxxxxxxxxxxxxx.txt;\r\n "
		 "name=\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.txt\""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct buf out;

		buf_start(&out, 4000);
		assert_int_equal(params_add(&out, "name", slice_of(rows[i][0])), 0);
		assert_string_equal(out.p, rows[i][1]);
		buf_free(&out);
	}
}

/* Each quote is two octets: sixty of them once made a line of 132. */
static void test_no_line_is_longer_than_it_should_be(void **state)
{
	static const char *const pieces[] = {"\"", "\\", "x", "\xc3\xbc", "\xe6\xbc\xa2\"", "a\"b"};

	(void)state;
	for (size_t p = 0; p < ROWS(pieces); p++)
		for (int many = 1; many < 90; many++) {
			struct buf value, out;
			struct slice rest, line;

			buf_start(&value, 4000);
			for (int i = 0; i < many; i++)
				assert_int_equal(buf_text(&value, pieces[p]), 0);
			buf_start(&out, 8000);
			assert_int_equal(params_add(&out, "filename", buf_slice_of(&value)), 0);
			for (rest = buf_slice_of(&out); slice_line(&rest, &line);)
				assert_true(line.len <= 78);
			buf_free(&out);
			buf_free(&value);
		}
}

static void test_character_is_never_parted(void **state)
{
	struct buf value, out;

	(void)state;
	buf_start(&value, 4000);
	for (int i = 0; i < 90; i++)
		assert_int_equal(buf_text(&value, i % 3 ? "\xe6\xbc\xa2" : "x"), 0);
	buf_start(&out, 8000);
	assert_int_equal(params_add(&out, "filename", buf_slice_of(&value)), 0);
	for (size_t i = 0; i + 9 < out.len; i++)
		if (out.p[i] == '=' && out.p[i - 1] == '*' && out.p[i + 1] == '%') /* a line begins with a whole one */
			assert_true(out.p[i + 2] >= 'C');
	buf_free(&out);
	buf_free(&value);
}

static void test_a_type_that_people_write_has_its_parameters(void **state)
{
	static const struct {
		const char *text, *type, *charset, *more; /* type NULL: refused */
	} rows[] = {
		{"image/png", "image/png", "", ""},
		{"text/calendar; method=REQUEST", "text/calendar", "", ";\r\n method=REQUEST"},
		{"text/calendar;method=\"REQUEST\" ; charset=\"utf-8\";component=vevent", "text/calendar", "utf-8", ";\r\n method=REQUEST;\r\n component=vevent"},
		{"text/plain; Charset=koi8-r", "text/plain", "koi8-r", ""},
		{"text/csv; header=\"a b\"; x=\"q\\\"\"", "text/csv", "", ";\r\n header=\"a b\";\r\n x=\"q\\\"\""},
		{"a/b; x=\"\xc3\xbc\"", "a/b", "", ";\r\n x*=utf-8''%C3%BC;\r\n x=\"_\""},
		{"a/b; x=\"\"", "a/b", "", ";\r\n x=\"\""},
		{"a/b; x=1;", "a/b", "", ";\r\n x=1"},
		{"a/b;", NULL, NULL, NULL}, {"a/b; x", NULL, NULL, NULL}, {"a/b; x=", NULL, NULL, NULL}, {"a/b; =y", NULL, NULL, NULL}, {"a/b; x=\"y", NULL, NULL, NULL},
		{"a/b x=y", NULL, NULL, NULL}, {"a/b; x=y z", NULL, NULL, NULL}, {"a/b; x=\"y\r\nBcc: z\"", NULL, NULL, NULL}, {"a/b; x y=z", NULL, NULL, NULL},
		{"a/b; x=\xc3\xbc", NULL, NULL, NULL},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct media m;
		bool ok = params_media(&in, rows[i].text, &m);

		print_message("%s\n", rows[i].text);
		assert_int_equal(ok, rows[i].type != NULL);
		if (!ok)
			continue;
		assert_string_equal(m.type, rows[i].type);
		assert_string_equal(m.charset, rows[i].charset);
		assert_string_equal(m.more, rows[i].more);
	}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_quoted_or_extended_as_they_need),
		cmocka_unit_test(test_no_line_is_longer_than_it_should_be),
		cmocka_unit_test(test_character_is_never_parted),
		cmocka_unit_test(test_a_type_that_people_write_has_its_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
