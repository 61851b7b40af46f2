#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/subuid.h"

static char folder[] = "/tmp/mysend.XXXXXX", path[64];

static void put(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void test_number_in_a_range_is_its_owners(void **state)
{
	static const struct {
		const char *text;
		unsigned long uid;
		long owner; /* -1: nobody's */
	} rows[] = {
		{"12:100000:65536\n", 100000, 12},
		{"12:100000:65536\n", 165535, 12},
		{"12:100000:65536\n", 165536, -1},
		{"12:100000:65536\n", 99999, -1},
		{"12:100000:8\n13:100008:8\n", 100008, 13},
		{"12:100000:8", 100007, 12},
		{"daemon:100000:8\n", 100007, 1},
		{"root:100000:8\n", 100007, -1},
		{"0:100000:8\n12:100000:8\n", 100007, 12},
		{"no-such-login:100000:8\n", 100007, -1},
		{"# 12:100000:8\n", 100007, -1},
		{"12:100000\n:100000:8\n12::8\n12:x:8\n12:1:-1\n12:100000:8:9\n", 100007, -1},
		{"12:99999999999:8\n12:0:99999999999\n", 100007, -1},
		{"12:4294967290:4294967295\n", 3, -1},
		{"", 100007, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uid_t owner = 77;
		bool found;

		put(rows[i].text, 0644);
		found = subuid_owner(path, (uid_t)rows[i].uid, &owner);
		assert_int_equal(found, rows[i].owner >= 0);
		if (found)
			assert_int_equal(owner, rows[i].owner);
	}
}

static void test_file_that_others_may_write_or_that_is_not_there_names_nobody(void **state)
{
	uid_t owner;

	(void)state;
	put("12:100000:8\n", 0666);
	assert_false(subuid_owner(path, 100000, &owner));
	unlink(path);
	assert_false(subuid_owner(path, 100000, &owner));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number_in_a_range_is_its_owners),
		cmocka_unit_test(test_file_that_others_may_write_or_that_is_not_there_names_nobody),
	};

	if (!mkdtemp(folder))
		return 99;
	snprintf(path, sizeof path, "%s/subuid", folder);
	return cmocka_run_group_tests(tests, NULL, NULL) || rmdir(folder) < 0;
}
