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

struct row {
	const char *header;
	struct facts facts;
	const char *charset, *added;
	bool quoted;
};

static void test_what_a_body_needs_is_said_and_nothing_more(void **state)
{
#define SAID(charset, how) \
	"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=" charset "\r\nContent-Transfer-Encoding: " how "\r\n"
	static const struct row rows[] = {
		{"", {.utf8 = true, .longest = 998}, "", "", false},
		{"", {.eightbit = true, .utf8 = true, .longest = 998}, "", SAID("utf-8", "8bit"), false},
		{"", {.eightbit = true, .utf8 = true}, "koi8-r", SAID("utf-8", "8bit"), false},
		{"", {.eightbit = true}, "koi8-r", SAID("koi8-r", "8bit"), false},
		{"", {.eightbit = true}, "", SAID("iso-8859-1", "8bit"), false},
		{"", {.eightbit = true}, "UTF-8", SAID("iso-8859-1", "8bit"), false},
		{"", {.eightbit = true}, "ANSI_X3.4-1968", SAID("iso-8859-1", "8bit"), false},
		{"", {.eightbit = true}, "a b;c", SAID("iso-8859-1", "8bit"), false},
		{"", {.utf8 = true, .longest = 999}, "", SAID("us-ascii", "quoted-printable"), true},
		{"", {.eightbit = true, .utf8 = true, .longest = 999}, "", SAID("utf-8", "quoted-printable"), true},
		{"", {.eightbit = true, .longest = 999}, "", SAID("iso-8859-1", "quoted-printable"), true},
		{"MIME-Version: 1.0\r\n", {.eightbit = true, .longest = 9999}, "", "", false},
		{"Content-Type: text/plain\r\n", {.eightbit = true, .longest = 9999}, "", "", false},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct message m = {.header = parsed(&in, rows[i].header), .facts = rows[i].facts, .held = -1};
		struct source *before = m.body = source_text(&in, SLICE("caf\xe9\r\n"));
		struct failure f;
		struct buf out;

		assert_int_equal(mime_complete(&m, &in, rows[i].charset, &f), 0);
		buf_start(&out, 10000);
		assert_int_equal(header_print(&m.header, &out), 0);
		assert_string_equal(out.p, arena_printf(&in, "%s%s\r\n", rows[i].header, rows[i].added));
		assert_int_equal(m.body != before, rows[i].quoted);
		if (rows[i].quoted) {
			assert_int_equal(m.body->size, strlen("caf=E9\r\n"));
			assert_false(m.facts.eightbit);
			assert_true(m.facts.longest == 0);
		}
		buf_free(&out);
	}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_mime_field_says_that_the_message_knows_what_it_is),
		cmocka_unit_test(test_the_charset_is_found_however_it_is_written),
		cmocka_unit_test(test_what_a_body_needs_is_said_and_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
