#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/library.h"

#ifdef __GLIBC__
#define LIBM "libm.so.6"
#else
#define LIBM "libc.so" /* musl's */
#endif

struct table {
	double (*floor)(double);
	double (*sqrt)(double);
};

#define OFFSET(member) offsetof(struct table, member)

static const struct row {
	const char *soname;
	struct library_function functions[2];
	const char *lacks; /* what the failure's words name; NULL: it is loaded */
} rows[] = {
	{LIBM, {{"sqrt", OFFSET(sqrt)}, {"floor", OFFSET(floor)}}, NULL},
	{LIBM, {{"sqrt", OFFSET(sqrt)}, {"no_such_function", OFFSET(floor)}}, "no_such_function"},
	{LIBM, {{"no_such_function", OFFSET(sqrt)}, {"floor", OFFSET(floor)}}, "no_such_function"},
	{"libnowhere-to-be-found.so.7", {{"sqrt", OFFSET(sqrt)}, {"floor", OFFSET(floor)}}, "libnowhere-to-be-found.so.7"},
};

static void test_a_table_is_filled_wholly_or_not_at_all(void **state)
{
	(void)state;
	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < ROWS(rows); i++) {
			struct library l = {rows[i].soname, rows[i].functions, 2, 0};
			struct table table = {NULL, NULL};
			struct failure f = {.exit = -1};
			int rc = library_load(&l, &table, AT_CONNECT, &f);

			assert_int_equal(rc, rows[i].lacks ? -1 : 0);
			if (rows[i].lacks) {
				assert_null(table.floor);
				assert_null(table.sqrt);
				assert_int_equal(f.exit, EX_TEMPFAIL);
				assert_int_equal(f.stage, AT_CONNECT);
				assert_non_null(strstr(f.text, rows[i].lacks));
			} else {
				assert_int_equal(f.exit, -1);
				assert_true(table.sqrt(9) > 2.9 && table.sqrt(9) < 3.1 && table.floor(2.5) < 2.1);
			}
		}
}

static void test_what_the_linker_says_is_one_line_that_can_be_shown(void **state)
{
	struct library l = {"libsome\n\033[31mname.so", NULL, 0, 0};
	struct failure f;

	(void)state;
	assert_int_equal(library_load(&l, NULL, AT_INPUT, &f), -1);
	assert_null(strpbrk(f.text, "\n\033"));
	assert_non_null(strstr(f.text, "name.so"));
}

/* By a system call that writes there for us: it says EFAULT where we would be killed. */
static bool can_be_written(void *p)
{
	int ends[2];
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	errno = 0;
	n = read(ends[0], p, 1);
	assert_true(n == 1 || errno == EFAULT);
	close(ends[0]);
	close(ends[1]);
	return n == 1;
}

static struct LIBRARY_TABLE {
	struct table functions;
} whole;

static void test_a_full_table_cannot_be_written_and_one_that_failed_can(void **state)
{
	struct library lacks = {LIBM, rows[1].functions, 2, sizeof whole}, l = {LIBM, rows[0].functions, 2, sizeof whole};
	char beside[8];
	struct failure f;

	(void)state;
	assert_true(can_be_written(beside));
	assert_int_equal(library_load(&lacks, &whole, AT_CONNECT, &f), -1);
	assert_true(can_be_written(&whole));
	assert_int_equal(library_load(&l, &whole, AT_CONNECT, &f), 0);
	assert_false(can_be_written(&whole));
	assert_true(whole.functions.floor(1.5) < 1.1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_table_is_filled_wholly_or_not_at_all),
		cmocka_unit_test(test_a_full_table_cannot_be_written_and_one_that_failed_can),
		cmocka_unit_test(test_what_the_linker_says_is_one_line_that_can_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
