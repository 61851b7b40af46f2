/* FILE.failed.csv: what is in it, and what becomes of one that is there. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "post/failed_rows.h"

static char folder[] = "/tmp/mysend.XXXXXX", path[64], kept[70], temporary[70];
static const struct slice columns[] = {{"email", 5}, {"full name", 9}};

/* "" where there is no such file. */
static const char *content(struct arena *in, const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	const char *text;
	struct buf b;

	if (fd < 0)
		return "";
	buf_start(&b, 1 << 20);
	assert_int_equal(file_slurp(fd, &b), 0);
	close(fd);
	text = arena_text(in, b.p ? b.p : "", b.len);
	buf_free(&b);
	return text;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void write_rows(const struct failed_rows_order *o, size_t rows, const struct slice *cell, const struct failed_row_why *why)
{
	struct failed_rows *w = NULL;
	struct failure f;

	assert_int_equal(failed_rows_open(&w, o, &f), 0);
	for (size_t i = 0; i < rows; i++)
		assert_int_equal(failed_rows_add(w, cell, why, &f), 0);
	assert_int_equal(failed_rows_close(w, &f), 0);
	assert_int_equal(access(temporary, F_OK), -1);
}

static void test_rows_have_their_cells_and_why(void **state)
{
	static const struct slice again[] = {{"email", 5}, {"mysend_code", 11}, {"name", 4}, {" MYSEND_TEXT", 12}, {"mysend_status", 13}},
				  cells[] = {{"b@x", 3}, {"450", 3}, {"Bob; \"B\"", 8}, {"old", 3}, {"refused", 7}};
	static const struct {
		struct failed_rows_order o;
		struct failed_row_why why;
		const char *wanted;
	} rows[] = {
		{{path, ',', false, columns, 2}, {"550", "5.1.1 no such user", "refused"},
		 "email,full name,mysend_code,mysend_text,mysend_status\nb@x,450,550,5.1.1 no such user,refused\n"},
		{{path, ';', true, again, 5}, {"550", "no, \"never\"; not", "refused"},
		 "\xef\xbb\xbf" "email;name;mysend_code;mysend_text;mysend_status\nb@x;\"Bob; \"\"B\"\"\";550;\"no, \"\"never\"\"; not\";refused\n"},
		{{path, ',', false, again, 1}, {"", "=HYPERLINK(\"http://x\")\tx\n", "refused"},
		 "email,mysend_code,mysend_text,mysend_status\nb@x,,\" =HYPERLINK(\"\"http://x\"\")\\x09x\\x0a\",refused\n"},
		{{path, ',', false, again, 1}, {"", "", ""}, "email,mysend_code,mysend_text,mysend_status\nb@x,,,\n"},
	};
	struct arena in = {0};
	struct stat st;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		write_rows(&rows[i].o, 1, cells, &rows[i].why);
		assert_string_equal(content(&in, path), rows[i].wanted);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(unlink(path), 0);
	}
	arena_free(&in);
}

static void test_what_was_there_is_kept_if_it_is_another(void **state)
{
	static const struct failed_rows_order o = {path, ',', false, columns, 2};
	static const struct failed_row_why why = {"550", "no", "refused"};
	static const char head[] = "email,full name,mysend_code,mysend_text,mysend_status\n", row[] = "email,full name,550,no,refused\n";
	struct arena in = {0};

	(void)state;
	write_rows(&o, 0, columns, &why); /* nothing was refused: no file */
	assert_int_equal(access(path, F_OK), -1);
	put(temporary, "left by a run that was killed");
	write_rows(&o, 1, columns, &why);
	assert_string_equal(content(&in, path), arena_printf(&in, "%s%s", head, row));
	write_rows(&o, 1, columns, &why); /* the same: nothing changes */
	assert_int_equal(access(kept, F_OK), -1);
	put(path, "mended by hand");
	write_rows(&o, 2, columns, &why);
	assert_string_equal(content(&in, kept), "mended by hand");
	assert_string_equal(content(&in, path), arena_printf(&in, "%s%s%s", head, row, row));
	write_rows(&o, 0, columns, &why); /* nobody is refused any more */
	assert_int_equal(access(path, F_OK), -1);
	assert_string_equal(content(&in, kept), arena_printf(&in, "%s%s%s", head, row, row));
	assert_int_equal(unlink(kept), 0);
	arena_free(&in);
}

static void test_a_large_file_is_compared_and_written_whole(void **state)
{
	static const struct failed_rows_order o = {path, ',', false, columns, 2};
	static const struct failed_row_why why = {"550", "no such user here", "refused"};
	struct arena in = {0};
	struct stat st;

	(void)state;
	write_rows(&o, 20000, columns, &why);
	write_rows(&o, 20000, columns, &why);
	assert_int_equal(access(kept, F_OK), -1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, strlen("email,full name,mysend_code,mysend_text,mysend_status\n") +
					     20000 * strlen("email,full name,550,no such user here,refused\n"));
	write_rows(&o, 19999, columns, &why);
	assert_int_equal(unlink(kept), 0);
	assert_int_equal(unlink(path), 0);
	arena_free(&in);
}

static void test_a_file_that_cannot_be_made_is_named(void **state)
{
	static const struct failed_rows_order o = {"/nowhere/x.failed.csv", ',', false, columns, 2};
	struct failed_rows *w = NULL;
	struct failure f;

	(void)state;
	assert_int_equal(failed_rows_open(&w, &o, &f), -1);
	assert_int_equal(f.exit, EX_CANTCREAT);
	assert_non_null(strstr(f.text, "/nowhere/x.failed.csv: making it"));
}

static void test_who_drops_it_leaves_what_is_there(void **state)
{
	static const struct failed_rows_order o = {path, ',', false, columns, 2};
	struct failed_rows *w = NULL;
	struct arena in = {0};
	struct failure f;

	(void)state;
	put(path, "there");
	assert_int_equal(failed_rows_open(&w, &o, &f), 0);
	failed_rows_drop(w);
	assert_string_equal(content(&in, path), "there");
	assert_int_equal(access(temporary, F_OK), -1);
	assert_int_equal(unlink(path), 0);
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_have_their_cells_and_why),
		cmocka_unit_test(test_what_was_there_is_kept_if_it_is_another),
		cmocka_unit_test(test_a_large_file_is_compared_and_written_whole),
		cmocka_unit_test(test_a_file_that_cannot_be_made_is_named),
		cmocka_unit_test(test_who_drops_it_leaves_what_is_there),
	};

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/people.csv.failed.csv", folder);
	snprintf(kept, sizeof kept, "%s~", path);
	snprintf(temporary, sizeof temporary, "%s.tmp", path);
	return cmocka_run_group_tests(tests, NULL, NULL) || rmdir(folder) < 0;
}
