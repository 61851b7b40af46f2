#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/run.h"

enum { LIMIT = 100000 };

static void test_what_a_command_prints_is_collected(void **state)
{
	static const struct { const char *command, *output; } rows[] = {
		{"echo hello", "hello\n"},
		{"printf a; printf b", "ab"},
		{"true", ""},
		{"printf 'two\\nlines\\n'", "two\nlines\n"},
		{"cat", ""}, /* nothing to read */
		{"cat /dev/stdin; echo x", "x\n"},
		{"echo \"$0\"", "sh\n"},
		{"exec >&-; sleep 0.1", ""}, /* closes its output and goes on */
		{"echo a; exec >&-; sleep 0.1", "a\n"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f;
		struct buf b;

		buf_start(&b, LIMIT);
		assert_int_equal(run_shell(rows[i].command, 10, &b, &f), 0);
		assert_string_equal(b.p ? b.p : "", rows[i].output);
		buf_free(&b);
	}
}

static void test_much_output_comes_whole(void **state)
{
	struct failure f;
	struct buf b;

	(void)state;
	buf_start(&b, LIMIT);
	assert_int_equal(run_shell("head -c 100000 /dev/zero | tr '\\0' x", 10, &b, &f), 0);
	assert_int_equal(b.len, 100000);
	buf_free(&b);
}

static void test_a_command_that_fails_is_a_failure_that_names_it(void **state)
{
	static const struct { const char *command, *says; } rows[] = {
		{"exit 3", "\"exit 3\" failed with status 3"},
		{"kill -9 $$", "\"kill -9 $$\" was ended by a signal"},
		{"exec /no/such/command 2>/dev/null", "failed with status 127"},
		{"head -c 100001 /dev/zero", "printed more than 100000 bytes"},
		{"yes", "printed more than 100000 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f;
		struct buf b;

		buf_start(&b, LIMIT);
		assert_int_equal(run_shell(rows[i].command, 10, &b, &f), -1);
		assert_non_null(strstr(f.text, rows[i].says));
		assert_true(f.stage == AT_CONFIG && f.exit == EX_CONFIG);
		buf_free(&b);
	}
}

static void test_a_command_that_takes_too_long_is_ended(void **state)
{
	static const char *const rows[] = {"sleep 30", "echo x; exec sleep 30", "exec >&-; exec sleep 30"};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t began = clock_steady();
		struct failure f;
		struct buf b;

		buf_start(&b, LIMIT);
		assert_int_equal(run_shell(rows[i], 1, &b, &f), -1);
		assert_true(clock_steady() - began < 5000);
		assert_int_equal(f.exit, EX_CONFIG);
		buf_free(&b);
	}
}

static void test_a_command_has_sigpipe_as_usual_and_none_of_our_descriptors(void **state)
{
	struct failure f;
	struct buf b;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	buf_start(&b, LIMIT);
	/* Ignored, yes would complain and go on to status 1 in the pipe's subshell. */
	assert_int_equal(run_shell("(yes; echo $? >&2) 2>/dev/null | head -n 1", 10, &b, &f), 0);
	assert_string_equal(b.p, "y\n");
	buf_clear(&b);
	assert_int_equal(run_shell("sh -c 'kill -PIPE $$; echo alive'; true", 10, &b, &f), 0);
	assert_string_equal(b.p, "");
	buf_free(&b);
	signal(SIGPIPE, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_command_prints_is_collected),
		cmocka_unit_test(test_much_output_comes_whole),
		cmocka_unit_test(test_a_command_that_fails_is_a_failure_that_names_it),
		cmocka_unit_test(test_a_command_that_takes_too_long_is_ended),
		cmocka_unit_test(test_a_command_has_sigpipe_as_usual_and_none_of_our_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
