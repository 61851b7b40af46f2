#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static char said[4096];

/* What went to standard error meanwhile. */
static int kept;
static FILE *to;

static void listen_in(void)
{
	to = tmpfile();
	fflush(stderr);
	kept = dup(STDERR_FILENO);
	dup2(fileno(to), STDERR_FILENO);
}

static const char *heard(void)
{
	size_t n;

	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(to);
	n = fread(said, 1, sizeof said - 1, to);
	said[n] = '\0';
	fclose(to);
	return said;
}

static void test_a_warning_takes_the_place_of_a_line_that_is_drawn(void **state)
{
	(void)state;
	listen_in();
	log_wipes(true);
	log_warning("a");
	log_wipes(false);
	log_warning("b");
	assert_string_equal(heard(), "\r\x1b[Kmysend: warning: a\nmysend: warning: b\n");
}

static void test_a_warning_is_one_printable_line(void **state)
{
	char wall[3000];

	(void)state;
	listen_in();
	log_warning("%s of %d", "two", 3);
	assert_string_equal(heard(), "mysend: warning: two of 3\n");
	listen_in();
	log_warning("a\nb\x1b[2J");
	assert_string_equal(heard(), "mysend: warning: a\\x0ab\\x1b[2J\n");
	listen_in();
	log_warning("%s", "a\xc2\x9b" "b\xff");
	assert_string_equal(heard(), "mysend: warning: a\\xc2\\x9bb\\xff\n");
	listen_in();
	log_warning("%s", "b\xc3\xbc" "cher");
	assert_string_equal(heard(), "mysend: warning: b\xc3\xbc" "cher\n");
	listen_in();
	log_warning("%s", "");
	assert_string_equal(heard(), "mysend: warning: \n");
	memset(wall, 'w', sizeof wall);
	wall[sizeof wall - 1] = '\0';
	listen_in();
	log_warning("%s", wall);
	assert_true(strlen(heard()) < 1100);
	assert_int_equal(said[strlen(said) - 1], '\n');
}

enum { THREADS = 8, LINES = 200 };

static void *warn(void *number)
{
	size_t n = *(const size_t *)number;

	for (size_t i = 0; i < LINES; i++)
		log_warning("%.*s", (int)(n * 30 + 1), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	return NULL;
}

static void test_lines_of_several_threads_stay_whole(void **state)
{
	size_t number[THREADS], of[THREADS] = {0}, len = 0;
	pthread_t thread[THREADS];
	char line[1200];
	FILE *lines;

	(void)state;
	listen_in();
	for (size_t i = 0; i < THREADS; i++) {
		number[i] = i;
		assert_int_equal(pthread_create(&thread[i], NULL, warn, &number[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	lines = fdopen(dup(fileno(to)), "r");
	assert_non_null(lines);
	rewind(lines);
	while (fgets(line, sizeof line, lines)) {
		len = strlen("mysend: warning: ");
		assert_int_equal(strncmp(line, "mysend: warning: ", len), 0);
		assert_int_equal(strspn(line + len, "a"), strlen(line + len) - 1);
		assert_int_equal((strlen(line + len) - 2) % 30, 0);
		of[(strlen(line + len) - 2) / 30]++;
	}
	fclose(lines);
	heard();
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(of[i], LINES);
}

static void test_debug_words_are_told_only_when_asked_for(void **state)
{
	(void)state;
	listen_in();
	log_debug("x");
	assert_string_equal(heard(), "");
	log_debug_on();
	listen_in();
	log_debug("x %s", "y");
	assert_string_equal(heard(), "mysend: debug: x y\n");
}

static void test_a_doubt_is_a_warning_that_some_runs_leave_out(void **state)
{
	(void)state;
	listen_in();
	log_doubt("x %s", "y");
	assert_string_equal(heard(), "mysend: warning: x y\n");
	log_no_doubts();
	listen_in();
	log_doubt("x");
	log_warning("z");
	assert_string_equal(heard(), "mysend: warning: z\n");
}

static void test_quiet_silences_warnings(void **state)
{
	(void)state;
	log_quiet();
	listen_in();
	log_warning("x");
	assert_string_equal(heard(), "");
	listen_in();
	log_debug("y"); /* which was asked for by name */
	assert_string_equal(heard(), "mysend: debug: y\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_warning_is_one_printable_line),
		cmocka_unit_test(test_a_warning_takes_the_place_of_a_line_that_is_drawn),
		cmocka_unit_test(test_lines_of_several_threads_stay_whole),
		cmocka_unit_test(test_debug_words_are_told_only_when_asked_for),
		cmocka_unit_test(test_a_doubt_is_a_warning_that_some_runs_leave_out),
		cmocka_unit_test(test_quiet_silences_warnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
