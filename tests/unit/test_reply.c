#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "wire/reply.h"

static void test_an_answer_is_put_together_from_its_lines(void **state)
{
	static const struct {
		const char *lines[5];
		int whole, code;
		const char *enhanced, *text;
	} rows[] = {
		{{"250 ok"}, 1, 250, "", "ok"},
		{{"250"}, 1, 250, "", ""},
		{{"250 "}, 1, 250, "", ""},
		{{"250 2.1.5 Ok"}, 1, 250, "2.1.5", "Ok"},
		{{"550 5.1.1 <bob@x>: no such user"}, 1, 550, "5.1.1", "<bob@x>: no such user"},
		{{"550-5.7.26 one", "550-5.7.26 two", "550 5.7.26 three"}, 1, 550, "5.7.26", "one two three"},
		{{"250-a", "250-b"}, 0, 250, "", "a b"},
		{{"550 4.1.1 the classes differ"}, 1, 550, "", "4.1.1 the classes differ"},
		{{"550 5.1.1"}, 1, 550, "5.1.1", ""},
		{{"550 5.1.1x no"}, 1, 550, "", "5.1.1x no"},
		{{"550 5.1234.1 no"}, 1, 550, "", "5.1234.1 no"},
		{{"550 5.1 no"}, 1, 550, "", "5.1 no"},
		{{"421 4.3.0\tbye"}, 1, 421, "", "4.3.0\\x09bye"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reply r = {0};
		struct failure f;
		int whole = 0;

		for (size_t k = 0; k < 5 && rows[i].lines[k]; k++)
			whole = reply_line(&r, slice_of(rows[i].lines[k]), &f);
		assert_int_equal(whole, rows[i].whole);
		assert_int_equal(r.code, rows[i].code);
		assert_string_equal(r.enhanced, rows[i].enhanced);
		assert_string_equal(r.text, rows[i].text);
	}
}

static void test_what_is_not_smtp_is_a_protocol_error_with_the_words(void **state)
{
	static const struct { const char *line; unsigned most; } rows[] = {
		{"", REPLY_STRAYS}, {"hello", REPLY_STRAYS}, {"25 ok", REPLY_STRAYS}, {"25x ok", REPLY_STRAYS}, {"2500 ok", REPLY_STRAYS},
		{"250_ok", REPLY_STRAYS}, {"HTTP/1.1 400 Bad Request", REPLY_STRAYS}, {"\xff\xfe", REPLY_STRAYS}, {"\033[2J", REPLY_STRAYS},
		{"150 early", 0}, {"650 late", 0}, {"999 x", 0}, {"000-x", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reply r = {0};
		struct failure f;

		for (unsigned k = 0; k < rows[i].most; k++)
			assert_int_equal(reply_line(&r, slice_of(rows[i].line), &f), 0);
		assert_int_equal(reply_line(&r, slice_of(rows[i].line), &f), -1);
		assert_int_equal(f.exit, EX_PROTOCOL);
		assert_false(slice_has_control(slice_of(f.text)));
		assert_int_equal(r.lines, 0);
	}
}

static void test_stray_lines_are_no_part_of_the_answer_that_follows(void **state)
{
	static const char *const lines[] = {"", "Traceback (most recent call last):", "250-a", " ", "250-b", "oops\a", "250 c"};
	struct reply r = {0};
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(lines); i++)
		assert_int_equal(reply_line(&r, slice_of(lines[i]), &f), i == ROWS(lines) - 1);
	assert_int_equal(r.code, 250);
	assert_string_equal(r.text, "a b c");
	assert_int_equal(r.lines, 3);
	assert_int_equal(r.strays, 4);
	assert_int_equal(reply_is_none(&r, EX_TEMPFAIL, "gone", &f), -1);
	assert_string_equal(f.text, "gone, and said what is not SMTP: \"Traceback (most recent call last):\"");
}

static void test_the_last_line_of_an_answer_is_known_by_its_shape(void **state)
{
	static const struct { const char *line; bool ends; } rows[] = {
		{"250 ok\r", true}, {"250", true}, {"250\r", true}, {"354 ", true}, {"250-ok", false}, {"2500 x", false}, {"", false}, {"ok", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(reply_ends(slice_of(rows[i].line)), rows[i].ends);
}

static void test_an_answer_that_changes_its_code_is_refused(void **state)
{
	struct reply r = {0};
	struct failure f;

	(void)state;
	assert_int_equal(reply_line(&r, SLICE("250-a"), &f), 0);
	assert_int_equal(reply_line(&r, SLICE("550 b"), &f), -1);
}

static void test_more_than_a_hundred_lines_are_refused(void **state)
{
	struct reply r = {0};
	struct failure f;

	(void)state;
	for (int i = 0; i < REPLY_LINES; i++)
		assert_int_equal(reply_line(&r, SLICE("250-more"), &f), 0);
	assert_int_equal(reply_line(&r, SLICE("250 end"), &f), -1);
}

static void test_a_long_answer_is_cut_and_stays_printable(void **state)
{
	char line[5000] = "550 ";
	struct reply r = {0};
	struct failure f;

	(void)state;
	memset(line + 4, '\033', sizeof line - 5);
	assert_int_equal(reply_line(&r, (struct slice){line, sizeof line - 1}, &f), 1);
	assert_true(strlen(r.text) < sizeof r.text);
	assert_false(slice_has_control(slice_of(r.text)));
}

static void test_the_first_digit_decides_whether_it_may_be_tried_again(void **state)
{
	static const struct { const char *line; int exit; } rows[] = {
		{"450 busy", EX_TEMPFAIL}, {"550 no", EX_NOUSER}, {"354 what", EX_PROTOCOL}, {"250 what", EX_PROTOCOL}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reply r = {0};
		struct failure f;

		assert_int_equal(reply_line(&r, slice_of(rows[i].line), &f), 1);
		assert_int_equal(reply_failure(&r, AT_RECIPIENT, EX_NOUSER, &f), -1);
		assert_int_equal(f.exit, rows[i].exit);
		assert_int_equal(f.stage, AT_RECIPIENT);
		assert_int_equal(f.code, r.code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer_is_put_together_from_its_lines),
		cmocka_unit_test(test_what_is_not_smtp_is_a_protocol_error_with_the_words),
		cmocka_unit_test(test_stray_lines_are_no_part_of_the_answer_that_follows),
		cmocka_unit_test(test_the_last_line_of_an_answer_is_known_by_its_shape),
		cmocka_unit_test(test_an_answer_that_changes_its_code_is_refused),
		cmocka_unit_test(test_more_than_a_hundred_lines_are_refused),
		cmocka_unit_test(test_a_long_answer_is_cut_and_stays_printable),
		cmocka_unit_test(test_the_first_digit_decides_whether_it_may_be_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
