#define _GNU_SOURCE /* memfd_create */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/window.h"

enum { LONG = 3 * WINDOW_ROOM + 17 };

static int file_of(size_t len)
{
	int fd = memfd_create("window", MFD_CLOEXEC);
	char *text = malloc(len + 1);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = i % 10 == 9 ? '\n' : (char)('a' + i % 10);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	free(text);
	return fd;
}

static void test_all_octets_come_in_order_however_many_are_taken(void **state)
{
	static const size_t lengths[] = {0, 1, 9, 10, WINDOW_AHEAD, WINDOW_ROOM - 1, WINDOW_ROOM, WINDOW_ROOM + 1, LONG};
	static const size_t steps[] = {1, 7, WINDOW_AHEAD - 1, WINDOW_AHEAD, WINDOW_ROOM};
	struct window w;
	struct slice ahead;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(lengths); i++)
		for (size_t j = 0; j < ROWS(steps); j++) {
			int fd = file_of(lengths[i]);
			size_t seen = 0;

			assert_int_equal(window_open(&w, fd, &f), 0);
			for (;;) {
				size_t some;

				assert_int_equal(window_look(&w, WINDOW_AHEAD, &ahead, &f), 0);
				assert_true(ahead.len >= WINDOW_AHEAD || window_is_last(&w));
				assert_int_equal(window_is_last(&w), seen + ahead.len == lengths[i]);
				assert_int_equal(w.line, seen / 10 + 1);
				some = ahead.len < steps[j] ? ahead.len : steps[j];
				if (!some)
					break;
				assert_int_equal(ahead.p[0], seen % 10 == 9 ? '\n' : 'a' + (int)(seen % 10));
				assert_ptr_equal(window_take(&w, some), ahead.p);
				seen += some;
			}
			assert_int_equal(seen, lengths[i]);
			assert_int_equal(w.at, seen);
			window_close(&w);
			close(fd);
		}
}

static void test_what_is_appended_is_not_read_and_what_is_cut_off_is_told(void **state)
{
	int fd = file_of(LONG);
	struct window w;
	struct slice ahead;
	struct failure f;

	(void)state;
	assert_int_equal(window_open(&w, fd, &f), 0);
	assert_int_equal(pwrite(fd, "more", 4, LONG), 4);
	for (size_t seen = 0; seen < LONG; seen += ahead.len) {
		assert_int_equal(window_look(&w, 1, &ahead, &f), 0);
		assert_true(ahead.len > 0);
		window_take(&w, ahead.len);
	}
	assert_int_equal(window_look(&w, 1, &ahead, &f), 0);
	assert_int_equal(ahead.len, 0);
	window_close(&w);

	assert_int_equal(window_open(&w, fd, &f), 0);
	assert_int_equal(window_look(&w, 1, &ahead, &f), 0);
	window_take(&w, ahead.len);
	assert_int_equal(ftruncate(fd, WINDOW_ROOM + 5), 0);
	assert_int_equal(window_look(&w, 1, &ahead, &f), -1);
	assert_int_equal(f.exit, EX_IOERR);
	window_close(&w);
	close(fd);
	assert_int_equal(window_open(&w, -1, &f), -1);
	window_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_octets_come_in_order_however_many_are_taken),
		cmocka_unit_test(test_what_is_appended_is_not_read_and_what_is_cut_off_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
