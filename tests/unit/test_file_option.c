#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "intake/file_option.h"

/* There are "dump", "dump;name=public.csv", "a;b", "x;type=y;id=z" and "\"q\"" here. */
static void test_a_path_ends_where_there_is_such_a_file(void **state)
{
	static const struct {
		const char *value, *path, *type, *name, *id; /* path NULL: refused, with this status */
		int status;
	} rows[] = {
		{"dump", "dump", NULL, NULL, NULL, 0},
		{"dump;name=other", "dump", NULL, "other", NULL, 0},
		{"dump;name=public.csv", NULL, NULL, NULL, NULL, EX_USAGE},
		{"dump;name=public.csv;id=1", NULL, NULL, NULL, NULL, EX_USAGE},
		{"\"dump;name=public.csv\"", "dump;name=public.csv", NULL, NULL, NULL, 0},
		{"\"dump;name=public.csv\";id=1", "dump;name=public.csv", NULL, NULL, "1", 0},
		{"\"dump\";name=public.csv", "dump", NULL, "public.csv", NULL, 0},
		{"./dump;name=nothing.csv;type=a/b", "./dump", "a/b", "nothing.csv", NULL, 0},
		{"a;b", "a;b", NULL, NULL, NULL, 0},
		{"a;b;name=c;d", "a;b", NULL, "c;d", NULL, 0},
		{"x;type=y;id=z", "x;type=y;id=z", NULL, NULL, NULL, 0},
		{"x;type=y;id=z;name=n", "x;type=y;id=z", NULL, "n", NULL, 0},
		/* nothing of the kind is there: the error will be about x */
		{"x;type=y", "x", "y", NULL, NULL, 0},
		{"dump;name=\"a;id=b\";id=c", "dump", NULL, "a;id=b", "c", 0},
		{"dump;name=\"a\\\"b\\\\c\"", "dump", NULL, "a\"b\\c", NULL, 0},
		/* no quoted form: as it stands */
		{"dump;name=\"a\"b", "dump", NULL, "\"a\"b", NULL, 0},
		{"dump;type=\"text/calendar; method=REQUEST\"", "dump", "text/calendar; method=REQUEST", NULL, NULL, 0},
		{"dump;type=text/calendar; method=REQUEST", "dump", "text/calendar; method=REQUEST", NULL, NULL, 0},
		{"dump;name=a\tb", "dump", NULL, "a b", NULL, 0},
		{"\"q\"", "\"q\"", NULL, NULL, NULL, 0},
		{"\"\\\"q\\\"\"", "\"q\"", NULL, NULL, NULL, 0},
		{"-;name=hosts.tar.gz", "-", NULL, "hosts.tar.gz", NULL, 0},
		{"/dev/stdin;name=h", "-", NULL, "h", NULL, 0},
		{"", NULL, NULL, NULL, NULL, EX_NOINPUT},
		{";name=x", NULL, NULL, NULL, NULL, EX_NOINPUT},
		{"\"\";name=x", NULL, NULL, NULL, NULL, EX_NOINPUT},
	};
	static const char *const files[] = {"dump", "dump;name=public.csv", "a;b", "x;type=y;id=z", "\"q\""};
	char folder[] = "/tmp/file_optionXXXXXX";
	struct arena in = {0};

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	for (size_t i = 0; i < ROWS(files); i++)
		close(open(files[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct draft_file got = {.path = NULL};
		struct failure f = {.exit = 0};
		int ok = file_option(&got, &in, "--attach", rows[i].value, &f);

		print_message("%s\n", rows[i].value);
		assert_int_equal(ok < 0 ? f.exit : 0, rows[i].status);
		if (ok < 0)
			continue;
		assert_string_equal(got.path, rows[i].path);
		assert_string_equal(got.type ? got.type : "-", rows[i].type ? rows[i].type : "-");
		assert_string_equal(got.name ? got.name : "-", rows[i].name ? rows[i].name : "-");
		assert_string_equal(got.id ? got.id : "-", rows[i].id ? rows[i].id : "-");
	}
	for (size_t i = 0; i < ROWS(files); i++)
		unlink(files[i]);
	assert_int_equal(chdir("/"), 0);
	rmdir(folder);
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_path_ends_where_there_is_such_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
