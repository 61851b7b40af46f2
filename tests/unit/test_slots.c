#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spool/slots.h"

static char folder[] = "/tmp/mysend.XXXXXX", path[64];

/* A process that takes one and has it until it is killed; its answer. Locks are a process's: two of one would be one. */
static int taken_by_another(uid_t user, unsigned most, pid_t *pid)
{
	int back[2], got = -1;

	assert_int_equal(pipe(back), 0);
	*pid = fork();
	assert_true(*pid >= 0);
	if (*pid == 0) {
		struct failure f;
		int fd;

		got = slots_take(path, user, most, &fd, &f);
		if (write(back[1], &got, sizeof got) == sizeof got)
			pause();
		_exit(1);
	}
	close(back[1]);
	assert_int_equal(read(back[0], &got, sizeof got), sizeof got);
	close(back[0]);
	return got;
}

static void end(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void test_each_user_has_so_many_and_gets_back_what_a_process_had(void **state)
{
	static const struct {
		uid_t user;
		unsigned most;
		int wanted;
	} rows[] = {
		{7, 2, SLOT_TAKEN}, {7, 2, SLOT_TAKEN}, {7, 2, SLOT_NONE}, {8, 2, SLOT_TAKEN}, {7, 3, SLOT_TAKEN}, {0, 0, SLOT_NONE},
		{7, 3, SLOT_NONE}, {6, 1, SLOT_TAKEN}, {4294967294u, 1, SLOT_TAKEN}, {4294967294u, 1, SLOT_NONE},
	};
	pid_t pid[ROWS(rows)], again;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(taken_by_another(rows[i].user, rows[i].most, &pid[i]), rows[i].wanted);
	end(pid[1]);
	assert_int_equal(taken_by_another(7, 2, &again), SLOT_TAKEN);
	end(again);
	for (size_t i = 0; i < ROWS(rows); i++)
		if (i != 1)
			end(pid[i]);
}

static void test_what_is_no_file_of_ours_has_no_slots(void **state)
{
	char link[80];
	struct failure f;
	int fd = 0;

	(void)state;
	assert_int_equal(slots_take(folder, 7, 1, &fd, &f), -1);
	assert_int_equal(f.stage, AT_SPOOL);
	assert_int_equal(fd, -1);
	snprintf(link, sizeof link, "%s/link", folder);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(slots_take(link, 7, 1, &fd, &f), -1);
	assert_non_null(strstr(f.text, link));
	assert_int_equal(unlink(link), 0);
	assert_int_equal(mkfifo(link, 0600), 0);
	assert_int_equal(slots_take(link, 7, 1, &fd, &f), -1);
	assert_non_null(strstr(f.text, "no regular file"));
	assert_int_equal(unlink(link), 0);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/slots", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path) < 0 ? -1 : rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_user_has_so_many_and_gets_back_what_a_process_had),
		cmocka_unit_test(test_what_is_no_file_of_ours_has_no_slots),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
