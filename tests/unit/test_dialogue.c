#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "intake/dialogue.h"

static void give(int fd, const char *text)
{
	assert_int_equal(file_write(fd, text, strlen(text)), 0);
}

static const char *heard(int fd)
{
	static char text[1000];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void test_lines_come_whole_and_replies_go_when_nothing_more_has_come(void **state)
{
	struct dialogue d;
	struct slice line;
	struct failure f;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(dialogue_open(&d, ends[0], ends[0], &f), 0);
	give(ends[1], "one\r\ntwo\n\r\nhalf");
	assert_int_equal(dialogue_line(&d, &line, &f), DIALOGUE_GOT);
	assert_true(slice_is(line, "one"));
	assert_int_equal(dialogue_say(&d, 250, "a\nb", &f), 0);
	assert_string_equal(heard(ends[1]), ""); /* more has come than one */
	assert_int_equal(dialogue_line(&d, &line, &f), DIALOGUE_GOT);
	assert_true(slice_is(line, "two"));
	assert_int_equal(dialogue_say(&d, 550, "", &f), 0);
	assert_int_equal(dialogue_line(&d, &line, &f), DIALOGUE_GOT);
	assert_int_equal(line.len, 0);
	give(ends[1], " line\r\n");
	assert_int_equal(dialogue_line(&d, &line, &f), DIALOGUE_GOT);
	assert_true(slice_is(line, "half line"));
	assert_string_equal(heard(ends[1]), "250-a\r\n250 b\r\n550 \r\n");
	give(ends[1], "no end");
	assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
	assert_int_equal(dialogue_line(&d, &line, &f), DIALOGUE_END);
	dialogue_close(&d);
	close(ends[0]);
	close(ends[1]);
}

static void test_a_line_that_is_too_long_is_told_once_and_the_next_is_a_line(void **state)
{
	static char text[200000];
	struct dialogue d;
	struct slice line;
	struct failure f;
	int fd = file_unnamed();

	(void)state;
	for (size_t len = DIALOGUE_LINE - 1; len < sizeof text - 10; len = len < DIALOGUE_LINE + 3 ? len + 1 : len * 3) {
		memset(text, 'x', len);
		memcpy(text + len, "\r\nnext\r\n", 8);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, text, len + 8, 0), (ssize_t)len + 8);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(dialogue_open(&d, fd, -1, &f), 0);
		assert_int_equal(dialogue_line(&d, &line, &f), len < DIALOGUE_LINE ? DIALOGUE_GOT : DIALOGUE_TOO_LONG);
		assert_int_equal(dialogue_line(&d, &line, &f), DIALOGUE_GOT);
		assert_true(slice_is(line, "next"));
		assert_int_equal(dialogue_line(&d, &line, &f), DIALOGUE_END);
		assert_int_equal(dialogue_say(&d, 250, "nobody hears it", &f), 0);
		dialogue_close(&d);
	}
	close(fd);
}

static void test_a_client_that_is_gone_is_a_failure(void **state)
{
	int fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	struct dialogue d;
	struct slice line;
	struct failure f;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(dialogue_open(&d, fd, fd, &f), 0);
	assert_int_equal(dialogue_say(&d, 220, "hello", &f), 0);
	assert_int_equal(dialogue_line(&d, &line, &f), -1);
	assert_int_equal(f.exit, EX_IOERR);
	dialogue_close(&d);
	close(fd);
	assert_int_equal(dialogue_open(&d, 999, -1, &f), 0);
	assert_int_equal(dialogue_line(&d, &line, &f), -1);
	assert_int_equal(f.exit, EX_IOERR);
	dialogue_close(&d);
}

static void test_a_client_that_says_nothing_is_waited_for_as_long_as_it_may_take(void **state)
{
	struct dialogue d;
	struct slice line;
	struct failure f;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(dialogue_open(&d, ends[0], ends[0], &f), 0);
	d.patience = 1;
	give(ends[1], "one\r\nhalf");
	assert_int_equal(dialogue_line(&d, &line, &f), DIALOGUE_GOT);
	assert_int_equal(dialogue_say(&d, 250, "a", &f), 0);
	assert_false(d.idle);
	assert_int_equal(dialogue_line(&d, &line, &f), DIALOGUE_END);
	assert_true(d.idle);
	assert_string_equal(heard(ends[1]), "250 a\r\n");
	dialogue_close(&d);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_come_whole_and_replies_go_when_nothing_more_has_come),
		cmocka_unit_test(test_a_line_that_is_too_long_is_told_once_and_the_next_is_a_line),
		cmocka_unit_test(test_a_client_that_is_gone_is_a_failure),
		cmocka_unit_test(test_a_client_that_says_nothing_is_waited_for_as_long_as_it_may_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
