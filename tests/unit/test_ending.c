#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ending.h"

/* In a child, for a signal that nobody holds ends it. What it found: bit 0: asked, bit 1: an abort. */
static int held_while(const int *signals, int ignored)
{
	struct ending held;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int found;

		if (ignored)
			signal(ignored, SIG_IGN);
		ending_hold(&held);
		if (ending_asked() || ending_is_abort())
			_exit(99);
		for (; *signals; signals++)
			raise(*signals);
		found = ending_asked() | ending_is_abort() << 1;
		_exit(found);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_who_is_told_to_end_is_not_ended_while_something_is_in_hand(void **state)
{
	static const struct {
		int signals[3], ignored, found;
	} rows[] = {
		{{0}, 0, 0}, {{SIGTERM}, 0, 1}, {{SIGHUP}, 0, 1}, {{SIGINT}, 0, 3}, {{SIGINT, SIGTERM}, 0, 1}, {{SIGHUP, SIGINT}, 0, 1},
		{{SIGUSR1}, 0, -SIGUSR1}, {{SIGHUP}, SIGHUP, 0}, {{SIGHUP, SIGINT}, SIGHUP, 3}, {{SIGTERM}, SIGHUP, 1},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(held_while(rows[i].signals, rows[i].ignored), rows[i].found);
}

static void test_a_signal_that_waited_ends_the_process_at_the_release(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct ending held;

		ending_hold(&held);
		raise(SIGTERM);
		ending_release(&held);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* The first signal once the child waits for it, twice, as timeout(1) sends it; the second until the child has ended. What ended
 * the child, or 0. */
static int watched_while(const int *signals, int ignored)
{
	int status = 0, gate[2];
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(gate), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct ending_watch w;
		struct ending held;

		if (ignored)
			signal(ignored, SIG_IGN);
		ending_hold(&held);
		ending_watch(&w);
		if (write(gate[1], "r", 1) != 1)
			_exit(98);
		for (int i = 0; i < (signals[1] ? 60000 : 1500); i++)
			usleep(1000);
		if (!ending_asked())
			_exit(99);
		ending_unwatch(&w);
		_exit(0);
	}
	close(gate[1]);
	assert_int_equal(read(gate[0], &c, 1), 1);
	kill(pid, signals[0]);
	kill(pid, signals[0]);
	for (; waitpid(pid, &status, WNOHANG) != pid; usleep(20000))
		if (signals[1])
			kill(pid, signals[1]);
	close(gate[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_the_second_signal_ends_who_is_watched(void **state)
{
	static const struct { int signals[3], ignored, ends; } rows[] = {
		{{SIGINT}, 0, 0}, {{SIGHUP, SIGTERM}, 0, -SIGTERM}, {{SIGINT, SIGINT}, 0, -SIGINT}, {{SIGTERM, SIGINT}, SIGHUP, -SIGINT},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(watched_while(rows[i].signals, rows[i].ignored), rows[i].ends);
}

/* Whoever started the test may have all of its children ignore a signal (nohup), or hold one. */
static int begin_as_usual(void **state)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1};
	sigset_t none;

	(void)state;
	for (size_t i = 0; i < ROWS(signals); i++)
		if (signal(signals[i], SIG_DFL) == SIG_ERR)
			return -1;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_second_signal_ends_who_is_watched),
		cmocka_unit_test(test_who_is_told_to_end_is_not_ended_while_something_is_in_hand),
		cmocka_unit_test(test_a_signal_that_waited_ends_the_process_at_the_release),
	};

	return cmocka_run_group_tests(tests, begin_as_usual, NULL);
}
