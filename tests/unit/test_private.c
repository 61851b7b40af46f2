#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/private.h"

/* A file without a name that holds the text, at its beginning. */
static int holding(struct slice text, unsigned mode)
{
	int fd = file_unnamed();

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, text.p, text.len), 0);
	assert_int_equal(fchmod(fd, (mode_t)mode), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void test_a_private_text_is_read_whole_or_not_at_all(void **state)
{
	static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 4097, 8191, 8192, 8193, 20000};

	(void)state;
	for (size_t i = 0; i < ROWS(sizes); i++) {
		char *text = calloc(1, sizes[i] + 1);

		for (size_t k = 0; k < sizes[i]; k++)
			text[k] = (char)('a' + k % 26);
		for (size_t limit = sizes[i] ? sizes[i] - 1 : 0; limit < sizes[i] + 3; limit++) {
			int fd = holding((struct slice){text, sizes[i]}, 0600), ok;
			struct private p;

			private_start(&p, limit);
			errno = 0;
			ok = private_read(&p, fd);
			assert_int_equal(ok, limit < sizes[i] ? -1 : 0);
			assert_int_equal(errno == EFBIG, limit < sizes[i]);
			if (ok == 0)
				assert_string_equal(p.buf.p, text);
			private_free(&p);
			assert_null(p.buf.p);
			close(fd);
		}
		free(text);
	}
}

static void test_a_pipe_is_read_to_its_end(void **state)
{
	struct private p;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(file_write(ends[1], "one", 3), 0);
	assert_int_equal(file_write(ends[1], "two", 3), 0);
	close(ends[1]);
	private_start(&p, 100);
	assert_int_equal(private_read(&p, ends[0]), 0);
	assert_string_equal(p.buf.p, "onetwo");
	assert_false(p.exposed); /* a pipe's mode says nothing */
	private_free(&p);
	close(ends[0]);
}

static void test_a_file_is_exposed_when_others_than_owner_and_group_may_read_or_write_it(void **state)
{
	static const struct { unsigned mode; bool exposed; } rows[] = {
		{0600, false}, {0400, false}, {0640, false}, {0660, false}, {0700, false}, {0601, false},
		{0604, true},  {0602, true},  {0644, true},  {0666, true},  {0004, true},  {0777, true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int fd = holding(SLICE("x"), rows[i].mode);
		struct private p;

		private_start(&p, 100);
		assert_int_equal(private_read(&p, fd), 0);
		assert_int_equal(p.mode, rows[i].mode);
		assert_int_equal(p.exposed, rows[i].exposed);
		private_free(&p);
		close(fd);
	}
}

static void test_the_first_line_goes_without_its_end(void **state)
{
	static const struct { const char *text, *line; } rows[] = {
		{"", ""}, {"\n", ""}, {"a", "a"}, {"a\n", "a"}, {"a\r\n", "a"}, {"a\nb\n", "a"}, {" a \nb", " a "},
		{"\xef\xbb\xbf" "a\nb", "a"}, {"\xef\xbb\xbf", ""}, {"a\xef\xbb\xbf", "a\xef\xbb\xbf"}, {"\xef\xbb" "a", "\xef\xbb" "a"},
		{"\nb", ""}, {"\r\n", ""}, {"a\rb\n", "a\rb"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int fd = holding(slice_of(rows[i].text), 0600);
		struct slice line;
		struct private p;

		private_start(&p, 100);
		assert_int_equal(private_read(&p, fd), 0);
		line = private_line(&p);
		assert_int_equal(line.len, strlen(rows[i].line));
		assert_memory_equal(line.p, rows[i].line, line.len);
		private_free(&p);
		close(fd);
	}
}

static void test_what_cannot_be_read_is_an_error(void **state)
{
	int folder = open("/", O_RDONLY | O_DIRECTORY), closed = dup(folder);
	struct private p;

	(void)state;
	close(closed);
	private_start(&p, 100);
	assert_int_equal(private_read(&p, folder), -1);
	assert_int_equal(errno, EISDIR);
	private_free(&p);
	private_start(&p, 100);
	assert_int_equal(private_read(&p, closed), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(private_line(&p).len, 0);
	private_free(&p);
	close(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_private_text_is_read_whole_or_not_at_all),
		cmocka_unit_test(test_a_pipe_is_read_to_its_end),
		cmocka_unit_test(test_a_file_is_exposed_when_others_than_owner_and_group_may_read_or_write_it),
		cmocka_unit_test(test_the_first_line_goes_without_its_end),
		cmocka_unit_test(test_what_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
