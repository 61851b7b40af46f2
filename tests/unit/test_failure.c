#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "base/failure.h"

/* unit.h takes cmocka's fail out of the way; this is ours. */

static void test_a_failure_says_where_what_and_with_which_status(void **state)
{
	struct failure f;

	(void)state;
	memset(&f, 'x', sizeof f);
	assert_int_equal(fail(&f, AT_INPUT, EX_DATAERR, "line %d: %s", 7, "no colon"), -1);
	assert_string_equal(f.text, "line 7: no colon");
	assert_true(f.stage == AT_INPUT && f.exit == EX_DATAERR && f.code == 0);
	assert_true(!*f.hint && !*f.enhanced && !*f.relay);
	assert_false(failure_is_temporary(&f));
	errno = ENOENT;
	assert_int_equal(fail_errno(&f, AT_CONFIG, EX_TEMPFAIL, "reading %s", "x"), -1);
	assert_string_equal(f.text, "reading x: No such file or directory");
	assert_true(failure_is_temporary(&f));
}

static void test_a_system_error_is_in_words_that_no_other_thread_changes(void **state)
{
	char text[100], small[8];

	(void)state;
	errno = EIO;
	failure_errno(ENOENT, text, sizeof text);
	assert_string_equal(text, "No such file or directory");
	failure_errno(123456, text, sizeof text);
	assert_non_null(strstr(text, "123456"));
	failure_errno(ENOENT, small, sizeof small);
	assert_true(strlen(small) < sizeof small);
	assert_int_equal(errno, EIO);
}

static void test_words_in_front_leave_the_rest_as_it_was(void **state)
{
	struct failure f;

	(void)state;
	fail(&f, AT_RECIPIENT, EX_NOUSER, "inner");
	f.code = 550;
	assert_int_equal(failure_in(&f, "account %s", "x"), -1);
	assert_int_equal(failure_in(&f, "outer"), -1);
	assert_string_equal(f.text, "outer: account x: inner");
	assert_true(f.stage == AT_RECIPIENT && f.exit == EX_NOUSER && f.code == 550);
}

static void test_words_are_the_parts_that_are_asked_for_and_that_there_are(void **state)
{
	static const struct failure refused = {.stage = AT_RECIPIENT, .code = 550, .enhanced = "5.1.1", .relay = "relay.test:25", .text = "nobody\x1b[2J"};
	static const struct failure down = {.stage = AT_CONNECT, .relay = "relay.test:25", .text = "refused"}, local = {.stage = AT_CONFIG, .text = "no relay"};
	static const struct failure token = {.stage = AT_TOKEN, .relay = "login.example.org", .text = "invalid_client"};
	static const struct failure bare = {.stage = AT_END, .code = 451, .text = "later"};
	static const struct { const struct failure *f; unsigned parts; const char *whom, *words; } rows[] = {
		{&refused, WORDS_WHERE | WORDS_CODE, "bob@x", "RCPT TO:<bob@x> to relay.test:25: 550 5.1.1 nobody\\x1b[2J"},
		{&refused, WORDS_WHERE | WORDS_CODE, "b\nb@x", "RCPT TO:<b\\x0ab@x> to relay.test:25: 550 5.1.1 nobody\\x1b[2J"},
		{&refused, WORDS_WHERE, NULL, "RCPT TO to relay.test:25: nobody\\x1b[2J"},
		{&refused, WORDS_CODE, "bob@x", "550 5.1.1 nobody\\x1b[2J"},
		{&refused, 0, NULL, "nobody\\x1b[2J"},
		{&down, WORDS_WHERE | WORDS_CODE, NULL, "connect to relay.test:25: refused"},
		{&token, WORDS_WHERE | WORDS_CODE, NULL, "token from login.example.org: invalid_client"},
		{&local, WORDS_WHERE | WORDS_CODE, NULL, "no relay"}, /* of this host nobody needs the stage */
		{&bare, WORDS_WHERE | WORDS_CODE, NULL, "end of message: 451 later"},
	};
	char words[FAILURE_WORDS];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(failure_words(words, rows[i].f, rows[i].parts, rows[i].whom), rows[i].words);
}

static void test_words_of_the_largest_failure_fit(void **state)
{
	struct failure f = {.stage = AT_RECIPIENT, .code = 550, .enhanced = "5.1.1"};
	char words[FAILURE_WORDS + 1] = "", whom[2000];

	(void)state;
	memset(f.text, '\033', sizeof f.text - 1);
	memset(f.relay, '\033', sizeof f.relay - 1);
	memset(whom, '\033', sizeof whom - 1);
	whom[sizeof whom - 1] = '\0';
	words[FAILURE_WORDS] = '!';
	failure_words(words, &f, WORDS_WHERE | WORDS_CODE, whom);
	assert_int_equal(words[FAILURE_WORDS], '!');
	assert_non_null(strstr(words, ": 550 5.1.1 \\x1b"));
}

static void test_the_first_hint_stays(void **state)
{
	struct failure f;

	(void)state;
	fail(&f, AT_CONFIG, EX_CONFIG, "x");
	assert_int_equal(failure_hint(&f, HINT_CHMOD_600, "/x"), -1);
	assert_int_equal(failure_hint(&f, HINT_TMPDIR), -1);
	assert_string_equal(f.hint, "chmod 600 /x");
	assert_int_equal(f.hint_id, HINT_CHMOD_600);
}

static void test_arguments_stand_where_the_row_names_them(void **state)
{
	char text[40];

	(void)state;
	hint_print(text, sizeof text, HINT_KEEP_ONE, (const char *const[]){"unused", NULL});
	assert_string_equal(text, "keep one of them");
	hint_print(text, sizeof text, HINT_LETTER_MEANS, (const char *const[]){"f", "{LETTER} is text", NULL});
	assert_string_equal(text, "-f: {LETTER} is text");
	hint_print(text, sizeof text, HINT_LETTER_MEANS, (const char *const[]){"f", NULL});
	assert_string_equal(text, "-f: MEANING");
	hint_print(text, sizeof text, HINT_LETTER_ELSEWHERE, (const char *const[]){"", NULL});
	assert_string_equal(text, "");
	hint_print(text, 5, HINT_LETTER_MEANS, (const char *const[]){"f", "end", NULL});
	assert_string_equal(text, "-f: ");
	hint_print(text, sizeof text, NO_HINT, (const char *const[]){NULL});
	assert_string_equal(text, "");
}

static void test_every_row_of_hints_fits_and_closes_what_it_opens(void **state)
{
	static const struct { const char *text, *saw; } rows[] = {
#define HINT(id, stage, saw, text) {text, saw},
#include "base/hints.def"
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct failure f;
		bool open = false;

		for (const char *p = rows[i].text; *p; p++) {
			assert_false((*p == '{' && open) || (*p == '}' && !open));
			open = *p == '{' || (open && *p != '}');
		}
		assert_true(!open && *rows[i].text && *rows[i].saw && strlen(rows[i].text) < sizeof f.hint / 2);
	}
}

static void test_a_login_is_of_the_account_that_is_named_or_the_usual_one(void **state)
{
	static const struct { const char *account, *words; } rows[] = {{"", "mysend --login"}, {"default", "mysend --login"}, {"work", "mysend --login -a work"}};
	char words[40];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		login_words(words, sizeof words, rows[i].account);
		assert_string_equal(words, rows[i].words);
	}
}

static void test_what_is_too_long_is_cut_and_terminated(void **state)
{
	struct failure f;
	char wall[2000];

	(void)state;
	memset(wall, 'w', sizeof wall);
	wall[sizeof wall - 1] = '\0';
	fail(&f, AT_BODY, EX_IOERR, "%s", wall);
	assert_int_equal(strlen(f.text), sizeof f.text - 1);
	failure_in(&f, "front");
	assert_int_equal(strlen(f.text), sizeof f.text - 1);
	assert_memory_equal(f.text, "front: www", 10);
	failure_in(&f, "%s", wall);
	assert_int_equal(strlen(f.text), sizeof f.text - 1);
	failure_hint(&f, HINT_CHMOD_600, wall);
	assert_int_equal(strlen(f.hint), sizeof f.hint - 1);
	errno = EIO;
	fail_errno(&f, AT_BODY, EX_IOERR, "%s", wall);
	assert_int_equal(strlen(f.text), sizeof f.text - 1);
}

static void test_every_stage_and_status_has_its_words(void **state)
{
	static const struct { int status; const char *words; } rows[] = {
		{EX_OK, "EX_OK"},	    {EX_USAGE, "EX_USAGE"},	{EX_DATAERR, "EX_DATAERR"},
		{EX_NOINPUT, "EX_NOINPUT"}, {EX_NOUSER, "EX_NOUSER"},	{EX_NOHOST, "EX_NOHOST"},
		{EX_UNAVAILABLE, "EX_UNAVAILABLE"}, {EX_SOFTWARE, "EX_SOFTWARE"}, {EX_OSERR, "EX_OSERR"},
		{EX_IOERR, "EX_IOERR"},	    {EX_TEMPFAIL, "EX_TEMPFAIL"}, {EX_PROTOCOL, "EX_PROTOCOL"},
		{EX_NOPERM, "EX_NOPERM"},   {EX_CONFIG, "EX_CONFIG"},	{1, "unknown"},
		{79, "unknown"},	    {-1, "unknown"},
	};

	(void)state;
	for (enum stage at = AT_USAGE; at <= AT_END; at++) {
		assert_true(stage_words(at) && *stage_words(at));
		assert_int_equal(stage_is_remote(at), at > AT_SPOOL);
	}
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(exit_words(rows[i].status), rows[i].words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_failure_says_where_what_and_with_which_status),
		cmocka_unit_test(test_a_system_error_is_in_words_that_no_other_thread_changes),
		cmocka_unit_test(test_words_in_front_leave_the_rest_as_it_was),
		cmocka_unit_test(test_words_are_the_parts_that_are_asked_for_and_that_there_are),
		cmocka_unit_test(test_words_of_the_largest_failure_fit),
		cmocka_unit_test(test_the_first_hint_stays),
		cmocka_unit_test(test_arguments_stand_where_the_row_names_them),
		cmocka_unit_test(test_every_row_of_hints_fits_and_closes_what_it_opens),
		cmocka_unit_test(test_a_login_is_of_the_account_that_is_named_or_the_usual_one),
		cmocka_unit_test(test_what_is_too_long_is_cut_and_terminated),
		cmocka_unit_test(test_every_stage_and_status_has_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
