#include "unit.h"

#include <string.h>

#include "mail/mime.h"

static struct header parsed(struct arena *in, const char *text)
{
	struct slice rest = slice_of(text);
	struct header h = {.in = in};

	header_parse(&h, &rest);
	return h;
}

static void test_any_mime_field_says_that_the_message_knows_what_it_is(void **state)
{
	static const struct {
		const char *header;
		bool said;
	} rows[] = {
		{"", false},	      {"Subject: MIME-Version\r\n", false}, {"MIME-Version: 1.0\r\n", true},
		{"mime-version : 1\r\n", true}, {"Content-Disposition: inline\r\n", true}, {"Content: x\r\n", false},
		{"X-Content-Type: x\r\n", false},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct header h = parsed(&in, rows[i].header);

		assert_int_equal(mime_is_said(&h), rows[i].said);
	}
	arena_free(&in);
}

static void test_the_charset_is_found_however_it_is_written(void **state)
{
	static const struct {
		const char *type, *charset;
	} rows[] = {
		{"text/plain", ""},
		{"text/plain;", ""},
		{"text/plain; charset=utf-8", "utf-8"},
		{"text/plain;charset=ISO-8859-1", "ISO-8859-1"},
		{"text/plain; format=flowed;\r\n\tcharset = \"us-ascii\" ; x=y", "us-ascii"},
		{"text/plain; CharSet=utf-8 (comment)", "utf-8"},
		{"text/plain; charset=utf-8(comment)", "utf-8"},
		{"text/plain; charset=\"a\\\"b\"", "a\"b"},
		{"text/plain; charset=\"open", ""},
		{"text/plain; charset=\"", ""},
		{"text/plain; charset=\"\"", ""},
		{"text/plain; charset=", ""},
		{"text/plain; xcharset=utf-8", ""},
		{"multipart/mixed; boundary=\"charset=x\"", ""},
		{"charset=utf-8", ""},
		{"; charset=utf-8", "utf-8"},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct header h = parsed(&in, arena_printf(&in, "Content-Type: %s\r\n", rows[i].type));

		assert_string_equal(mime_charset(&in, &h), rows[i].charset);
	}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_mime_field_says_that_the_message_knows_what_it_is),
		cmocka_unit_test(test_the_charset_is_found_however_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
