#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "mail/source.h"

/* All of it, pulled at most `room` octets at a time. */
static struct slice pull_all(struct arena *in, struct source *s, size_t room)
{
	char *all = arena_zeroed(in, (size_t)s->size + room + 1, 1);
	size_t used = 0, got;
	struct failure f;

	assert_int_equal(s->rewind(s, &f), 0);
	do {
		assert_int_equal(s->pull(s, all + used, room, &got, &f), 0);
		assert_true(got <= room);
		used += got;
		assert_true(used <= s->size);
	} while (got);
	assert_int_equal(s->pull(s, all + used, room, &got, &f), 0);
	assert_int_equal(got, 0); /* the end stays the end */
	assert_int_equal(used, s->size);
	return (struct slice){all, used};
}

static int file_of(const char *text)
{
	int fd = file_unnamed();

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, text, strlen(text)), 0);
	return fd;
}

static void test_every_source_gives_the_same_octets_each_time_in_any_portions(void **state)
{
	struct arena in = {0};
	int fd = file_of("0123456789");
	struct source *parts[] = {
		source_text(&in, SLICE("")),	    source_text(&in, SLICE("abc")), source_file(&in, fd, 2, 5),
		source_text(&in, SLICE("")),	    source_text(&in, SLICE("xyz")), source_file(&in, fd, 10, 0),
	};
	struct source *chain = source_chain(&in, parts, ROWS(parts));
	const struct {
		struct source *source;
		const char *expected;
	} rows[] = {
		{parts[0], ""}, {parts[1], "abc"}, {parts[2], "23456"}, {chain, "abc23456xyz"},
		{source_chain(&in, &chain, 1), "abc23456xyz"}, {source_chain(&in, NULL, 0), ""},
	};

	(void)state;
	for (size_t room = 1; room < 20; room++)
		for (size_t i = 0; i < ROWS(rows); i++) {
			struct slice got = pull_all(&in, rows[i].source, room);

			assert_int_equal(rows[i].source->size, strlen(rows[i].expected));
			assert_int_equal(got.len, strlen(rows[i].expected));
			assert_memory_equal(got.p, rows[i].expected, got.len);
		}
	close(fd);
	arena_free(&in);
}

static void test_a_file_that_became_shorter_is_a_failure_not_an_end(void **state)
{
	struct arena in = {0};
	int fd = file_of("0123456789");
	struct source *file = source_file(&in, fd, 5, 6), *chain = source_chain(&in, &file, 1);
	struct failure f;
	char to[20];
	size_t got;

	(void)state;
	assert_int_equal(file->pull(file, to, 3, &got, &f), 0);
	assert_int_equal(got, 3);
	assert_int_equal(file->pull(file, to, sizeof to, &got, &f), -1);
	assert_int_equal(f.exit, EX_IOERR);
	assert_int_equal(chain->rewind(chain, &f), 0);
	assert_int_equal(chain->pull(chain, to, sizeof to, &got, &f), -1);
	close(fd);
	assert_int_equal(chain->pull(chain, to, 1, &got, &f), -1); /* EBADF */
	assert_int_equal(f.exit, EX_IOERR);
	arena_free(&in);
}

static void test_a_source_half_read_begins_anew_after_rewind(void **state)
{
	struct arena in = {0};
	struct source *parts[] = {source_text(&in, SLICE("abc")), source_text(&in, SLICE("def"))};
	struct source *chain = source_chain(&in, parts, 2);
	struct failure f;
	char to[4];
	size_t got;

	(void)state;
	assert_int_equal(chain->pull(chain, to, 3, &got, &f), 0);
	assert_int_equal(chain->pull(chain, to, 2, &got, &f), 0);
	assert_memory_equal(to, "de", 2);
	assert_true(pull_all(&in, chain, 2).len == 6);
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_source_gives_the_same_octets_each_time_in_any_portions),
		cmocka_unit_test(test_a_file_that_became_shorter_is_a_failure_not_an_end),
		cmocka_unit_test(test_a_source_half_read_begins_anew_after_rewind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
