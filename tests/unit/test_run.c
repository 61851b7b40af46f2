#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
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
		{"exit 3", "the command failed with status 3"},
		{"kill -9 $$", "the command was ended by a signal"},
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

/* In a process of its own, so that all of them take their second at once. 0: as it should be. */
static int too_long(const char *command)
{
	int64_t began = clock_steady();
	bool good;
	struct failure f;
	struct buf b;

	buf_start(&b, LIMIT);
	good = run_shell(command, 1, &b, &f) < 0 && strstr(f.text, "did not end within 1 s") &&
	       f.stage == AT_CONFIG && f.exit == EX_CONFIG;
	buf_free(&b);
	began = clock_steady() - began;
	return good && began >= 1000 && began < 20000 ? 0 : 1;
}

static void test_a_command_that_takes_too_long_is_ended(void **state)
{
	static const char *const rows[] = {
		"exec sleep 30",
		"echo x; exec sleep 30",
		"exec >&-; exec sleep 30",	       /* nothing more to read, but it goes on */
		"while :; do echo x; sleep 0.3; done", /* always a bit to read */
		"trap '' TERM INT HUP; exec sleep 30",
	};
	pid_t pid[ROWS(rows)];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0)
			_exit(too_long(rows[i]));
	}
	for (size_t i = 0; i < ROWS(rows); i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
}

static void test_a_caller_that_ignores_sigchld_hinders_nobody(void **state)
{
	struct failure f;
	struct buf b;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	buf_start(&b, LIMIT);
	assert_int_equal(run_shell("echo x", 10, &b, &f), 0);
	assert_string_equal(b.p, "x\n");
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(run_shell("exit 3", 10, &b, &f), -1);
	assert_non_null(strstr(f.text, "failed with status 3"));
	buf_free(&b);
	signal(SIGCHLD, SIG_DFL);
}

static void test_what_was_printed_goes_behind_what_is_there(void **state)
{
	struct failure f;
	struct buf b;

	(void)state;
	buf_start(&b, 10);
	assert_int_equal(buf_text(&b, "12345"), 0);
	assert_int_equal(run_shell("printf 67890", 10, &b, &f), 0);
	assert_string_equal(b.p, "1234567890");
	assert_int_equal(run_shell("printf 1", 10, &b, &f), -1);
	assert_non_null(strstr(f.text, "printed more than 10 bytes"));
	buf_free(&b);
}

static void test_no_error_quotes_what_a_command_printed(void **state)
{
	/* The word is not in the command itself. */
	static const char *const rows[] = {
		"echo hunter$((1 + 1)); exit 3", "echo hunter$((1 + 1)); kill -9 $$", "yes hunter$((1 + 1))",
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f;
		struct buf b;

		buf_start(&b, 1000);
		assert_int_equal(run_shell(rows[i], 10, &b, &f), -1);
		if (b.len)
			assert_memory_equal(b.p, "hunter2\n", 8);
		assert_null(strstr(f.text, "hunter2"));
		assert_null(strstr(f.hint, "hunter2"));
		buf_free(&b);
	}
}

static void test_nothing_of_ours_is_open_in_a_command(void **state)
{
	char expected[64] = "", *end = expected;
	int ours = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct failure f;
	struct buf b;

	(void)state;
	assert_true(ours >= 0);
	/* What the test itself was given stays open. */
	for (int fd = 3; fd < 10; fd++)
		if (fcntl(fd, F_GETFD) == 0)
			end += sprintf(end, "%d\n", fd);
	buf_start(&b, LIMIT);
	assert_int_equal(run_shell("for n in 3 4 5 6 7 8 9; do test -e /dev/fd/$n && echo $n; done; true", 10, &b, &f),
			 0);
	assert_string_equal(b.p ? b.p : "", expected);
	buf_free(&b);
	close(ours);
}

static void test_a_command_has_sigpipe_as_usual(void **state)
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
		cmocka_unit_test(test_a_caller_that_ignores_sigchld_hinders_nobody),
		cmocka_unit_test(test_what_was_printed_goes_behind_what_is_there),
		cmocka_unit_test(test_no_error_quotes_what_a_command_printed),
		cmocka_unit_test(test_nothing_of_ours_is_open_in_a_command),
		cmocka_unit_test(test_a_command_has_sigpipe_as_usual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
