#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/datagram.h"
#include "base/file.h"

static char folder[] = "/tmp/mysend.XXXXXX";

static int group_setup(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	unlink("log");
	unlink("fifo");
	return rmdir(folder);
}

static void test_what_was_written_is_read_back_whole(void **state)
{
	static char text[200000];
	int fd = file_unnamed();
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + i % 23);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(file_write(fd, text, sizeof text), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	buf_start(&b, sizeof text);
	assert_int_equal(file_slurp(fd, &b), 0);
	assert_int_equal(b.len, sizeof text);
	assert_memory_equal(b.p, text, sizeof text);
	buf_free(&b);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	buf_start(&b, sizeof text - 1);
	assert_int_equal(file_slurp(fd, &b), -1);
	assert_int_equal(errno, EFBIG);
	buf_free(&b);
	close(fd);
}

static void test_a_range_is_read_from_its_offset_and_ends_with_the_file(void **state)
{
	int fd = file_unnamed();
	char to[8];

	(void)state;
	assert_int_equal(file_write(fd, "0123456789", 10), 0);
	assert_int_equal(file_read_at(fd, to, 4, 3), 4);
	assert_memory_equal(to, "3456", 4);
	assert_int_equal(file_read_at(fd, to, 8, 6), 4);
	assert_int_equal(file_read_at(fd, to, 8, 10), 0);
	assert_int_equal(file_read_at(fd, to, 8, 100), 0);
	close(fd);
	assert_int_equal(file_read_at(fd, to, 8, 0), -1);
}

static void test_an_unnamed_file_has_no_name(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	setenv("TMPDIR", folder, 1);
	fd = file_unnamed();
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(fd);
	/* not there, not a path to trust: /tmp */
	for (size_t i = 0; i < 2; i++) {
		setenv("TMPDIR", i ? "relative" : "/nowhere", 1);
		fd = file_unnamed();
		assert_true(fd >= 0);
		close(fd);
	}
	unsetenv("TMPDIR");
}

static void test_lines_are_appended_to_a_file_of_our_own(void **state)
{
	struct failure f;
	struct stat st;
	struct buf b;
	int fd;

	(void)state;
	umask(0);
	assert_int_equal(file_append("log", SLICE("one\n"), &f), 0);
	assert_int_equal(file_append("log", SLICE("two\n"), &f), 0);
	fd = open("log", O_RDONLY);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	buf_start(&b, 100);
	assert_int_equal(file_slurp(fd, &b), 0);
	assert_string_equal(b.p, "one\ntwo\n");
	buf_free(&b);
	close(fd);
	assert_int_equal(file_append("/nowhere/log", SLICE("x"), &f), -1);
	assert_string_equal(f.text, "/nowhere/log: No such file or directory");
}

static void test_appending_waits_for_nobody_who_has_a_lock(void **state)
{
	int fd = open("log", O_WRONLY | O_CREAT, 0600);
	int64_t began = clock_steady();
	struct failure f;

	(void)state;
	assert_int_equal(flock(fd, LOCK_EX), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(file_append("log", SLICE("x"), &f), 0);
	assert_true(clock_steady() - began < 900);
	close(fd);
}

enum { WRITERS = 8, LINES = 40, WIDTH = 6000 }; /* a line is more than a page */

static void append_lines(int who)
{
	char line[WIDTH];
	struct failure f;

	memset(line, 'a' + who, sizeof line);
	line[sizeof line - 1] = '\n';
	for (int i = 0; i < LINES; i++)
		if (file_append("log", (struct slice){line, sizeof line}, &f) < 0)
			_exit(1);
	_exit(0);
}

static void test_lines_of_many_processes_stay_whole(void **state)
{
	unsigned lines[WRITERS] = {0};
	pid_t pid[WRITERS];
	struct buf b;
	int fd;

	(void)state;
	unlink("log");
	for (int i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0)
			append_lines(i);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	fd = open("log", O_RDONLY);
	buf_start(&b, 10 * 1000 * 1000);
	assert_int_equal(file_slurp(fd, &b), 0);
	close(fd);
	assert_int_equal(b.len, WRITERS * LINES * WIDTH);
	for (const char *p = b.p; p < b.p + b.len; p += WIDTH) {
		assert_true(*p >= 'a' && *p < 'a' + WRITERS && p[WIDTH - 1] == '\n');
		assert_true(p[WIDTH - 2] == *p && memcmp(p, p + 1, WIDTH - 2) == 0);
		lines[*p - 'a']++;
	}
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(lines[i], LINES);
	buf_free(&b);
	unlink("log");
}

static void test_a_log_that_we_may_not_write_is_an_error_and_stays_as_it_is(void **state)
{
	struct failure f;
	int fd;

	(void)state;
	if (geteuid() == 0)
		skip(); /* root may write anything */
	fd = open("log", O_WRONLY | O_CREAT, 0400);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(file_append("log", SLICE("x"), &f), -1);
	assert_string_equal(f.text, "log: Permission denied");
	unlink("log");
}

static void test_a_folder_name_that_is_too_long_is_passed_over(void **state)
{
	static char path[5000];
	int fd;

	(void)state;
	memset(path, 'x', sizeof path - 1);
	for (size_t i = 0; i < sizeof path - 1; i += 100)
		path[i] = '/';
	setenv("TMPDIR", path, 1);
	fd = file_unnamed();
	assert_true(fd >= 0);
	close(fd);
	unsetenv("TMPDIR");
}

static void test_a_fifo_that_nobody_reads_does_not_hold_us_up(void **state)
{
	struct failure f;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(file_append("fifo", SLICE("x"), &f), -1);
}

static void test_paths_of_descriptors_are_told_from_others(void **state)
{
	static const struct { const char *path; int fd; } rows[] = {
		{"/dev/stdin", 0}, {"/dev/stdout", 1}, {"/dev/stderr", 2}, {"/dev/fd/0", 0}, {"/dev/fd/17", 17}, {"/proc/self/fd/3", 3},
		{"/dev/fd/", -1}, {"/dev/fd/x", -1}, {"/dev/fd/1/", -1}, {"/dev/fd/-1", -1}, {"/dev/fd/1234567890", -1}, {"/dev/stdoutx", -1}, {"log", -1}, {"", -1},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(file_descriptor(rows[i].path), rows[i].fd);
}

static void test_a_pipe_that_does_not_block_is_waited_for_and_drained(void **state)
{
	int ends[2], status;
	char to[10];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		usleep(50000);
		_exit(file_write(ends[1], "late", 4) < 0 || file_write(ends[1], folder, sizeof folder) < 0);
	}
	close(ends[1]);
	assert_int_equal(file_read(ends[0], to, 4), 4);
	assert_memory_equal(to, "late", 4);
	file_drain(ends[0]);
	assert_int_equal(file_read(ends[0], to, 4), 0);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_closed_standard_descriptors_are_opened_on_dev_null(void **state)
{
	(void)state;
	for (int closed = 0; closed < 8; closed++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			bool input, all = true;

			for (int fd = 0; fd < 3; fd++)
				if (closed & 1 << fd)
					close(fd);
			input = file_standard_open();
			for (int fd = 0; fd < 3; fd++)
				all &= fcntl(fd, F_GETFD) != -1;
			_exit(all && input == !(closed & 1) ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void test_a_pipe_that_nobody_reads_is_offered_a_line_for_a_moment(void **state)
{
	static const char line[10000] = "x";
	char read_back[20000];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(file_offer(ends[1], line, sizeof line, 20), 0);
	assert_int_equal(read(ends[0], read_back, sizeof read_back), sizeof line);
	while (file_offer(ends[1], line, 4096, 0) == 0)
		;
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(file_offer(ends[1], line, 1, 20), -1);
	assert_int_equal(errno, EAGAIN);
	close(ends[0]);
	close(ends[1]);
}

static void test_a_datagram_is_taken_or_dropped_in_time(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char got[100];
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)state;
	snprintf(at.sun_path, sizeof at.sun_path, "%s/log", folder);
	assert_int_equal(datagram_send(at.sun_path, SLICE("one"), 20), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&at, sizeof at), 0);
	assert_int_equal(datagram_send(at.sun_path, SLICE("one"), 20), 0);
	assert_int_equal(recv(fd, got, sizeof got, 0), 3);
	while (datagram_send(at.sun_path, SLICE("more"), 0) == 0)
		;
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(datagram_send(at.sun_path, SLICE("more"), 20), -1);
	assert_int_equal(datagram_send("relative", SLICE("x"), 20), -1);
	close(fd);
	unlink(at.sun_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_written_is_read_back_whole),
		cmocka_unit_test(test_a_range_is_read_from_its_offset_and_ends_with_the_file),
		cmocka_unit_test(test_an_unnamed_file_has_no_name),
		cmocka_unit_test(test_lines_are_appended_to_a_file_of_our_own),
		cmocka_unit_test(test_appending_waits_for_nobody_who_has_a_lock),
		cmocka_unit_test(test_lines_of_many_processes_stay_whole),
		cmocka_unit_test(test_a_log_that_we_may_not_write_is_an_error_and_stays_as_it_is),
		cmocka_unit_test(test_a_folder_name_that_is_too_long_is_passed_over),
		cmocka_unit_test(test_a_pipe_that_nobody_reads_is_offered_a_line_for_a_moment),
		cmocka_unit_test(test_a_datagram_is_taken_or_dropped_in_time),
		cmocka_unit_test(test_a_fifo_that_nobody_reads_does_not_hold_us_up),
		cmocka_unit_test(test_paths_of_descriptors_are_told_from_others),
		cmocka_unit_test(test_a_pipe_that_does_not_block_is_waited_for_and_drained),
		cmocka_unit_test(test_closed_standard_descriptors_are_opened_on_dev_null),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
