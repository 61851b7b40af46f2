#define _GNU_SOURCE /* mkdtemp */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/listing.h"

static char top[] = "/tmp/mysend.XXXXXX";
static int folder[2];

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(top))
		return -1;
	for (int i = 0; i < 2; i++) {
		char path[100];

		snprintf(path, sizeof path, "%s/%d", top, i);
		folder[i] = mkdir(path, 0700) < 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (folder[i] < 0)
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		char path[100];

		snprintf(path, sizeof path, "%s/%d", top, i);
		close(folder[i]);
		rmdir(path);
	}
	return rmdir(top);
}

static void make(int in, const char *name)
{
	int fd = openat(folder[in], name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* Up to a comma; what begins with a dot is passed over. */
static struct slice key(const char *name)
{
	return (struct slice){name, *name == '.' ? 0 : strcspn(name, ",")};
}

static void test_names_come_in_order_however_few_are_held(void **state)
{
	enum { NAMES = 40 };
	static const size_t most[] = {1, 2, 3, NAMES - 1, NAMES, NAMES + 1, LISTING_MOST};
	char name[32];

	(void)state;
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(name, sizeof name, "%02u,x", i * 27 % NAMES);
		make(i % 3 == 0, name);
	}
	make(0, ".hidden");
	for (size_t i = 0; i < ROWS(most); i++) {
		struct listing_entry entry;
		struct listing *l;
		uint64_t count;

		assert_int_equal(listing_open(&l, folder, 2, key, most[i]), 0);
		assert_int_equal(listing_count(l, &count), 0);
		assert_int_equal(count, NAMES);
		for (unsigned n = 0; n < NAMES; n++) {
			assert_int_equal(listing_next(l, &entry), 1);
			snprintf(name, sizeof name, "%02u,x", n);
			assert_string_equal(entry.name, name);
			assert_int_equal(faccessat(folder[entry.folder], name, F_OK, 0), 0);
		}
		assert_int_equal(listing_next(l, &entry), 0);
		assert_int_equal(listing_next(l, &entry), 0);
		listing_close(l);
	}
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(name, sizeof name, "%02u,x", i);
		unlinkat(folder[0], name, 0);
		unlinkat(folder[1], name, 0);
	}
	assert_int_equal(unlinkat(folder[0], ".hidden", 0), 0);
}

static void test_what_is_renamed_or_doubled_is_given_once_and_found(void **state)
{
	struct listing_entry entry;
	struct listing *l;

	(void)state;
	make(0, "a,");
	make(0, "b,");
	make(1, "b,S");
	make(0, "c,");
	assert_int_equal(listing_open(&l, folder, 2, key, 1), 0);
	assert_int_equal(listing_next(l, &entry), 1);
	assert_string_equal(entry.name, "a,");
	assert_int_equal(renameat(folder[0], "a,", folder[1], "a,S"), 0);
	assert_int_equal(listing_next(l, &entry), 1);
	assert_memory_equal(entry.name, "b,", 2);
	assert_int_equal(listing_next(l, &entry), 1);
	assert_string_equal(entry.name, "c,");
	assert_int_equal(listing_next(l, &entry), 0);
	assert_int_equal(listing_find(l, SLICE("a"), &entry), 1);
	assert_string_equal(entry.name, "a,S");
	assert_int_equal(entry.folder, 1);
	assert_int_equal(listing_find(l, SLICE("d"), &entry), 0);
	listing_close(l);
	assert_int_equal(unlinkat(folder[1], "a,S", 0) + unlinkat(folder[0], "b,", 0) + unlinkat(folder[1], "b,S", 0) + unlinkat(folder[0], "c,", 0), 0);
}

static void test_a_folder_that_cannot_be_read_is_told(void **state)
{
	const int none[] = {-1};
	struct listing_entry entry;
	struct listing *l;
	uint64_t count;

	(void)state;
	assert_int_equal(listing_open(&l, none, 1, key, 10), 0);
	assert_int_equal(listing_next(l, &entry), -1);
	assert_int_equal(listing_count(l, &count), -1);
	assert_int_equal(listing_find(l, SLICE("a"), &entry), -1);
	listing_close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_come_in_order_however_few_are_held),
		cmocka_unit_test(test_what_is_renamed_or_doubled_is_given_once_and_found),
		cmocka_unit_test(test_a_folder_that_cannot_be_read_is_told),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
