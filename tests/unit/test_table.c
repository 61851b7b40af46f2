#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/table.h"

#define TEXT(octets) {octets, sizeof(octets) - 1}

static int file_of(struct slice octets)
{
	int fd = file_unnamed();

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, octets.p, octets.len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void show(struct buf *out, const struct slice *cell, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(buf_text(out, i ? "|" : ""), 0);
		assert_int_equal(buf_slice(out, cell[i]), 0);
	}
	assert_int_equal(buf_text(out, "\n"), 0);
}

/* All rows as text, a line each; what went wrong stands as "! ..." among them. */
static void read_all(struct table *t, struct buf *out)
{
	struct failure f = {.stage = AT_USAGE};
	int got;

	buf_clear(out);
	show(out, t->name, t->columns);
	while ((got = table_next(t, &f)) != 0) {
		if (got == 1) {
			show(out, t->cell, t->columns);
			continue;
		}
		assert_int_equal(f.stage, AT_INPUT);
		assert_int_equal(f.exit, EX_DATAERR);
		assert_int_equal(buf_printf(out, "! %s\n", f.text), 0);
	}
}

static void check(struct slice octets, const char *charset, const char *said)
{
	struct arena in = {0};
	struct failure f;
	struct table t;
	struct buf out;
	int fd = file_of(octets);

	buf_start(&out, 1 << 24);
	if (table_open(&t, &in, fd, charset, &f) < 0) {
		assert_int_equal(f.exit, EX_DATAERR);
		assert_int_equal(buf_printf(&out, "! %s\n", f.text), 0);
	} else {
		read_all(&t, &out);
		assert_string_equal(out.p, said);
		assert_int_equal(table_rewind(&t, &f), 0);
		read_all(&t, &out); /* the second time as the first */
	}
	assert_string_equal(out.p, said);
	buf_free(&out);
	table_close(&t);
	arena_free(&in);
	close(fd);
}

static void test_rows_are_read_as_programs_write_them(void **state)
{
	static const struct {
		struct slice octets;
		const char *said;
	} rows[] = {
		{TEXT("a,b\n1,2\n3,4\n"), "a|b\n1|2\n3|4\n"},
		{TEXT("a,b\r\n1,2\r\n3,4"), "a|b\n1|2\n3|4\n"},
		{TEXT("a,b\r1,2\r3,4\r"), "a|b\n1|2\n3|4\n"},
		{TEXT("a,b\n,\n1,\n\n \n,2\n;\n"), "a|b\n1|\n|2\n! line 7: the row has 1 cell, where the header has 2\n"},
		{TEXT("a;b,c\n1;2\n"), "a;b|c\n! line 2: the row has 1 cell, where the header has 2\n"},
		{TEXT("a;b\n1;2,3\n"), "a|b\n1|2,3\n"},
		{TEXT("a\tb\n1\t2;3,4\n"), "a|b\n1|2;3,4\n"},
		{TEXT("\"x,y,z\";b\n1;2\n"), "x,y,z|b\n1|2\n"},
		{TEXT("a\n1\n2\n"), "a\n1\n2\n"},
		{TEXT("sep=;\r\na,b;c\r\n1;2\r\n"), "a,b|c\n1|2\n"},
		{TEXT("sep=1\n"), "! there is no line with the names of the columns\n"},
		{TEXT("sep=,b\n1,2\n"), "sep=|b\n1|2\n"},
		{TEXT("sep=\r\n1\r\n2\r\n"), "sep=\n1\n2\n"},
		{TEXT("\r\n \n\na,b;c;d\r\n1;2;3\r\n"), "a,b|c|d\n1|2|3\n"},
		{TEXT("\n\t\n\ta\n"), "! line 3: column 1 of the table has no name\n"},
		{TEXT("sep=\n\n1\n2\n"), "sep=\n1\n2\n"},
		{TEXT("sep=\"\n1\n"), "sep=\"\n1\n"},
		{TEXT("\xef\xbb\xbf" "a,b\n1,2\n"), "a|b\n1|2\n"},
		{TEXT("\xef\xbb\xbf\"a\",b\n1,2\n"), "a|b\n1|2\n"},
		{TEXT(" a , b\t\n 1 , 2\n"), "a|b\n 1 | 2\n"},
		{TEXT("a,b\n\"1,\"\"2\"\"\",\"\"\n"), "a|b\n1,\"2\"|\n"},
		{TEXT("a,b\n\"one\ntwo\r\n\nthree\",4\n5\n"), "a|b\none\ntwo\r\n\nthree|4\n! line 6: the row has 1 cell, where the header has 2\n"},
		{TEXT("a,\"b\nc\"\n1,2\n"), "a|b\nc\n1|2\n"},
		{TEXT("a,b\nBob \"B\" Roe,5\"\n"), "a|b\nBob \"B\" Roe|5\"\n"},
		{TEXT("a,b\n\"1\",\"2\""), "a|b\n1|2\n"},
		{TEXT("\n\n,,\na,b\n1,2\n"), "a|b\n1|2\n"},
		{TEXT("n\n\xe6\xbc\xa2\xf0\x9f\x93\xa7\n"), "n\n\xe6\xbc\xa2\xf0\x9f\x93\xa7\n"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		check(rows[i].octets, NULL, rows[i].said);
}

static void test_what_is_no_table_is_told_with_line_and_column(void **state)
{
	static const struct {
		struct slice octets;
		const char *said;
	} rows[] = {
		{TEXT(""), "! there is no line with the names of the columns\n"},
		{TEXT("\n \n,\n"), "! there is no line with the names of the columns\n"},
		{TEXT("a,,b\n"), "! line 1: column 2 of the table has no name\n"},
		{TEXT("a,b, a\n"), "! line 1: columns 1 and 3 are both called \"a\"\n"},
		{TEXT("a,b\n1\n2,3\n4,5,6\n7,8\n"),
		 "a|b\n! line 2: the row has 1 cell, where the header has 2\n2|3\n! line 4: the row has 3 cells, where the header has 2\n7|8\n"},
		{TEXT("a,b\n\"1\n2\",3,4\n5,6\n"), "a|b\n! line 2: the row has 3 cells, where the header has 2\n5|6\n"},
		{TEXT("a,b\n1,\"2\n3,4\n"), "a|b\n! line 2, column 3: the quote that begins there is not closed\n"},
		{TEXT("a,b\n1,\"2\"x\n"), "a|b\n! line 2, column 6: text behind the quote that ends a cell; one within a cell is written twice\n"},
		{TEXT("a,b\n\xc3\xbc\xc3\xbc, \"2, 3\"\n"), "a|b\n! line 2, column 4: a blank before the quote that begins a cell\n"},
		{TEXT("a,b\n1,\0" "2\n"), "a|b\n! line 2, column 3: a NUL octet; --charset UTF-16LE is what some programs write\n"},
		{TEXT("a,b\n\"\0\",\n"), "a|b\n! line 2, column 2: a NUL octet; --charset UTF-16LE is what some programs write\n"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		check(rows[i].octets, NULL, rows[i].said);
}

static void test_a_charset_is_what_was_said_or_what_the_mark_says(void **state)
{
#define NOT_UTF8 "octets that are not UTF-8; --charset says what they are, as in --charset latin1\n"
	static const struct {
		struct slice octets;
		const char *charset, *said;
	} rows[] = {
		{TEXT("n,m\nM\xfcller,2\n"), "latin1", "n|m\nM\xc3\xbcller|2\n"},
		{TEXT("n;m\n\x80;2\n"), "windows-1252", "n|m\n\xe2\x82\xac|2\n"},
		{TEXT("n\n\xc3\xbc\n"), "utf-8", "n\n\xc3\xbc\n"},
		{TEXT("\xff\xfen\0,\0m\0\n\0\xfc\0,\0\x3d\xd8\xe7\xdc\n\0"), NULL, "n|m\n\xc3\xbc|\xf0\x9f\x93\xa7\n"},
		{TEXT("\xfe\xff\0n\0\t\0m\0\n\0\xfc\0\t\0x\0\n"), NULL, "n|m\n\xc3\xbc|x\n"},
		{TEXT("\xff\xfen\0\n\0\xfc\0"), "UTF-16LE", "n\n\xc3\xbc\n"},
		{TEXT("n,m\n1,2\nabc\xc3\xbc,M\xfcller\n3,4\n"), NULL, "n|m\n1|2\n! line 3, column 7: " NOT_UTF8},
		{TEXT("n,m\n\"1\n\n\xc3\xbc\xfc\",M\n3,4\n"), NULL, "n|m\n! line 4, column 2: " NOT_UTF8},
		{TEXT("n\n\xc3"), NULL, "n\n! line 2, column 1: " NOT_UTF8},
		{TEXT("\xfc,b\n1,2\n"), NULL, "! line 1, column 1: " NOT_UTF8},
		{TEXT("n\n\xc3\xbc,\xf6\x8d\x90\x93\n"), NULL, "n\n! line 2, column 3: " NOT_UTF8}, /* beyond U+10FFFF */
		{TEXT("n\n\xed\xa0\x80\n"), NULL, "n\n! line 2, column 1: " NOT_UTF8},
		{TEXT("n\n1\n\xff\n"), "utf-8", "n\n1\n! line 3, column 1: octets that are not utf-8\n"},
		{TEXT("n\n1\n"), "klingon", "! --charset klingon: this system does not know that charset\n"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		check(rows[i].octets, rows[i].charset, rows[i].said);
}

/* Pieces end in the middle of quotes, line ends, characters; and the places that are told count them all. */
static void test_where_pieces_are_cut_makes_no_difference(void **state)
{
	static const char unit[] = "\"a \"\"\xf0\x9f\x93\xa7\"\"\r\n\",\xe6\xbc\xa2\r\n";
	struct buf all, want;

	(void)state;
	buf_start(&all, 1 << 24);
	buf_start(&want, 1 << 24);
	for (size_t shift = 0; shift < sizeof unit; shift++) {
		buf_clear(&all);
		buf_clear(&want);
		assert_int_equal(buf_printf(&all, "n,%0*d\n", (int)shift + 1, 7), 0);
		assert_int_equal(buf_printf(&want, "n|%0*d\n", (int)shift + 1, 7), 0);
		for (size_t i = 0; i < 2000; i++) {
			assert_int_equal(buf_text(&all, unit), 0);
			assert_int_equal(buf_text(&want, "a \"\xf0\x9f\x93\xa7\"\r\n|\xe6\xbc\xa2\n"), 0);
		}
		assert_int_equal(buf_printf(&all, "%s%040000d,\xff\n", "\xc3\xbc", 1), 0);
		assert_int_equal(buf_text(&want, "! line 4002, column 40003: " NOT_UTF8), 0);
		check(buf_slice_of(&all), NULL, want.p);
	}
	buf_free(&all);
	buf_free(&want);
}

static void test_a_row_has_a_limit(void **state)
{
	char *wide = malloc(TABLE_ROW_MAX + 10), said[200];

	(void)state;
	assert_non_null(wide);
	memset(wide, 'x', TABLE_ROW_MAX + 10);
	memcpy(wide, "n\n\"", 3);
	snprintf(said, sizeof said, "n\n! line 2: the row has more than %d octets; is a quote missing?\n", TABLE_ROW_MAX);
	check((struct slice){wide, TABLE_ROW_MAX + 10}, NULL, said);
	memset(wide, ',', TABLE_COLUMNS_MAX);
	snprintf(said, sizeof said, "! line 1: the row has more than %d cells\n", TABLE_COLUMNS_MAX);
	check((struct slice){wide, TABLE_COLUMNS_MAX}, NULL, said);
	free(wide);
}

/* 30 MB here, in rows of a few octets. */
static void test_memory_is_that_of_a_row(void **state)
{
	struct rusage before, after;
	struct arena in = {0};
	struct failure f;
	struct table t;
	struct buf rows;
	int fd = file_unnamed();
	size_t count = 0;

	(void)state;
	buf_start(&rows, 1 << 20);
	while (rows.len < 1000 * 1000)
		assert_int_equal(buf_text(&rows, "ann@example.org,Ann\n"), 0);
	for (size_t i = 0; i < 30; i++)
		assert_int_equal(file_write(fd, rows.p, rows.len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(table_open(&t, &in, fd, NULL, &f), 0);
	getrusage(RUSAGE_SELF, &before);
	while (table_next(&t, &f) == 1)
		count++;
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(count, 30 * rows.len / 20 - 1);
	assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 4096);
	table_close(&t);
	buf_free(&rows);
	arena_free(&in);
	close(fd);
}

static void test_a_pipe_can_be_read_twice(void **state)
{
	struct arena in = {0};
	struct failure f;
	struct table t;
	struct buf out;
	int ends[2];

	(void)state;
	buf_start(&out, 4096);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(file_write(ends[1], "a,b\n1,2\n", 8), 0);
	close(ends[1]);
	assert_int_equal(table_open(&t, &in, ends[0], NULL, &f), 0);
	for (int i = 0; i < 2; i++) {
		read_all(&t, &out);
		assert_string_equal(out.p, "a|b\n1|2\n");
		assert_int_equal(table_rewind(&t, &f), 0);
	}
	table_close(&t);
	buf_free(&out);
	arena_free(&in);
	close(ends[0]);
}

static void test_what_stood_before_it_in_the_file_is_no_part_of_it(void **state)
{
	struct arena in = {0};
	struct failure f;
	struct table t;
	struct buf out;
	int fd = file_of((struct slice)TEXT("read by who called us\na,b\n1,2\n"));

	(void)state;
	buf_start(&out, 4096);
	assert_int_equal(lseek(fd, 22, SEEK_SET), 22);
	assert_int_equal(table_open(&t, &in, fd, NULL, &f), 0);
	read_all(&t, &out);
	assert_string_equal(out.p, "a|b\n1|2\n");
	table_close(&t);
	buf_free(&out);
	arena_free(&in);
	close(fd);
}

static void test_what_cannot_be_read_is_told(void **state)
{
	struct arena in = {0};
	struct failure f;
	struct table t;

	(void)state;
	assert_int_equal(table_open(&t, &in, -1, NULL, &f), -1);
	assert_int_equal(f.exit, EX_IOERR);
	table_close(&t);
	arena_free(&in);
}

static void change(int fd, size_t how)
{
	static const struct timespec later[] = {{0, UTIME_OMIT}, {1, 0}};

	if (how == 0) {
		assert_int_equal(pwrite(fd, "9", 1, 4), 1);
		assert_int_equal(futimens(fd, later), 0); /* clocks of file systems are coarse */
	} else {
		assert_int_equal(ftruncate(fd, how == 1 ? 4 : 100000), 0);
	}
}

/* Written to in its place: halves of rows, of two tables, could make one. */
static void test_a_file_that_is_changed_meanwhile_is_told(void **state)
{
	(void)state;
	for (size_t how = 0; how < 3; how++) {
		struct arena in = {0};
		struct failure f;
		struct table t;
		int fd = file_of((struct slice)TEXT("a,b\n1,2\n"));

		for (int i = 0; i < 5000; i++)
			assert_int_equal(write(fd, "1,2\n", 4), 4);
		lseek(fd, 0, SEEK_SET);
		assert_int_equal(table_open(&t, &in, fd, NULL, &f), 0);
		assert_int_equal(table_next(&t, &f), 1);
		change(fd, how);
		while (table_next(&t, &f) == 1)
			assert_memory_equal(t.cell[0].p, "1", 1);
		assert_true(t.lost);
		assert_int_equal(f.exit, EX_TEMPFAIL);
		assert_non_null(strstr(f.text, "changed the file"));
		assert_int_equal(table_next(&t, &f), 0);
		assert_int_equal(table_rewind(&t, &f), -1);
		assert_int_equal(f.exit, EX_TEMPFAIL);
		table_close(&t);
		arena_free(&in);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_read_as_programs_write_them),
		cmocka_unit_test(test_what_is_no_table_is_told_with_line_and_column),
		cmocka_unit_test(test_a_charset_is_what_was_said_or_what_the_mark_says),
		cmocka_unit_test(test_where_pieces_are_cut_makes_no_difference),
		cmocka_unit_test(test_a_row_has_a_limit),
		cmocka_unit_test(test_memory_is_that_of_a_row),
		cmocka_unit_test(test_a_pipe_can_be_read_twice),
		cmocka_unit_test(test_what_stood_before_it_in_the_file_is_no_part_of_it),
		cmocka_unit_test(test_what_cannot_be_read_is_told),
		cmocka_unit_test(test_a_file_that_is_changed_meanwhile_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
