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

static void test_the_first_hint_stays(void **state)
{
	struct failure f;

	(void)state;
	fail(&f, AT_CONFIG, EX_CONFIG, "x");
	assert_int_equal(failure_hint(&f, "set %s", "from"), -1);
	assert_int_equal(failure_hint(&f, "other"), -1);
	assert_string_equal(f.hint, "set from");
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
	failure_hint(&f, "%s", wall);
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
		cmocka_unit_test(test_words_in_front_leave_the_rest_as_it_was),
		cmocka_unit_test(test_the_first_hint_stays),
		cmocka_unit_test(test_what_is_too_long_is_cut_and_terminated),
		cmocka_unit_test(test_every_stage_and_status_has_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
