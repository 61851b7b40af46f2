/* Lines of a ledger, and files of them as a crash or a hand can leave them. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "post/ledger_read.h"

#define OCTETS(text) {text, sizeof(text) - 1} /* in a static table */
#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
#define HEAD "mysend-ledger 1\tpeople.csv\tabc\trecipients\t0123456789\n"

static const struct {
	struct slice key;
	const char *recipient, *wanted_key, *wanted_recipient;
} names[] = {
	{OCTETS("bob@example.org"), "bob@example.org", "bob@example.org", "bob@example.org"},
	{OCTETS(""), "", "", ""},
	{OCTETS("a\tb\nc\rd\0e\x7f"), "x", "a\\x09b\\x0ac\\x0dd\\x00e\\x7f", "x"},
	{OCTETS("a\\x09b"), "\"a\\b\"@x", "a\\x5cx09b", "\"a\\x5cb\"@x"},
	{OCTETS("\xc3\xa9t\xc3\xa9 \xf0\x9f\x98\x80"), "\xc3\xa9@x", "\xc3\xa9t\xc3\xa9 \xf0\x9f\x98\x80", "\xc3\xa9@x"},
	{OCTETS("\xff\xc3"), "x", "\\xff\\xc3", "x"},
	{OCTETS("a\xe2\x80\xae" "b"), "x", "a\\xe2\\x80\\xaeb", "x"}, /* a sign that turns the direction of the text round */
	{OCTETS(LONG LONG LONG), "x", NULL, "x"},
};

static void test_a_key_is_written_so_that_it_ends_no_column_and_is_like_no_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(names); i++) {
		struct ledger_name n;

		ledger_name_print(&n, names[i].key, names[i].recipient);
		if (names[i].key.len > LEDGER_KEY) {
			char hex[SHA256_HEX];

			sha256_hex(hex, names[i].key);
			assert_memory_equal(n.key, "sha256:", 7);
			assert_string_equal(n.key + 7, hex);
		} else {
			assert_string_equal(n.key, names[i].wanted_key);
		}
		assert_string_equal(n.recipient, names[i].wanted_recipient);
		for (size_t k = 0; k < i; k++) {
			struct ledger_name other;

			ledger_name_print(&other, names[k].key, names[k].recipient);
			assert_string_not_equal(other.key, n.key);
		}
	}
}

static void test_whoever_is_the_same_has_the_same_digest(void **state)
{
	static const struct {
		const char *key, *recipient, *other_key, *other_recipient;
		bool same;
	} rows[] = {
		{"k", "bob@example.org", "k", "bob@EXAMPLE.org", true},
		{"k", "bob@example.org", "k", "Bob@example.org", false},
		{"k", "bob@example.org", "K", "bob@example.org", false},
		{"k", "bob", "k", "BOB", false},
		{"kb", "ob", "k", "bob", false},
		{"k", "", "k", "", true},
		{"k", "a@b@C", "k", "a@b@c", true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		unsigned char a[SHA256_OCTETS], b[SHA256_OCTETS];

		ledger_name_digest(a, slice_of(rows[i].key), slice_of(rows[i].recipient));
		ledger_name_digest(b, slice_of(rows[i].other_key), slice_of(rows[i].other_recipient));
		assert_int_equal(memcmp(a, b, sizeof a) == 0, rows[i].same);
	}
}

static void test_lines_are_read_as_they_were_written(void **state)
{
	static const struct {
		struct ledger_line line;
		const char *text;
	} rows[] = {
		{{LEDGER_LEASED, 1795462072123, OCTETS("k"), OCTETS("b@x"), {"", 0}, {"", 0}}, ">\t1795462072.123\tk\tb@x"},
		{{LEDGER_ACCEPTED, 1795462072003, OCTETS("k"), OCTETS("b@x"), OCTETS("250"), OCTETS("2.0.0 ok")}, "+\t1795462072.003\tk\tb@x\t250\t2.0.0 ok"},
		{{LEDGER_REFUSED, 0, OCTETS(""), OCTETS(""), {"", 0}, {"", 0}}, "-\t0.000\t\t\t\t"},
		{{LEDGER_UNSURE, 5, OCTETS("k"), OCTETS("b"), {"", 0}, OCTETS("lost")}, "?\t0.005\tk\tb\t\tlost"},
		{{LEDGER_WAITS, 5, OCTETS("k"), OCTETS("b"), {"", 0}, OCTETS("ID")}, "w\t0.005\tk\tb\t\tID"},
		{{LEDGER_LATER, 5, OCTETS("k"), OCTETS("b"), OCTETS("450"), OCTETS("a\tb\n")}, "~\t0.005\tk\tb\t450\ta\\x09b\\x0a"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct ledger_line back;
		struct buf b;

		buf_start(&b, LEDGER_LINE);
		assert_int_equal(ledger_line_print(&b, &rows[i].line), 0);
		assert_int_equal(b.len, strlen(rows[i].text) + 1);
		assert_memory_equal(b.p, rows[i].text, b.len - 1);
		assert_int_equal(b.p[b.len - 1], '\n');
		assert_true(ledger_line_parse((struct slice){b.p, b.len - 1}, &back));
		assert_int_equal(back.sign, rows[i].line.sign);
		assert_true(back.ms == rows[i].line.ms);
		assert_int_equal(back.key.len, rows[i].line.key.len);
		assert_int_equal(back.recipient.len, rows[i].line.recipient.len);
		assert_int_equal(back.code.len, rows[i].line.code.len);
		buf_free(&b);
	}
}

static void test_the_longest_line_is_as_long_as_lines_may_be(void **state)
{
	char text[3000], address[400];
	struct ledger_name n;
	struct buf b;

	(void)state;
	memset(text, '\1', sizeof text);
	memset(address, '\\', sizeof address - 1);
	address[254] = '\0';
	ledger_name_print(&n, (struct slice){address, 62}, address);
	buf_start(&b, LEDGER_LINE);
	assert_int_equal(ledger_line_print(&b, &(struct ledger_line){LEDGER_REFUSED, INT64_C(253402300799999), slice_of(n.key), slice_of(n.recipient),
								      {text, 3000}, {text, 3000}}),
			 0);
	assert_true(b.len < LEDGER_LINE);
	assert_int_equal(strlen(n.recipient), 4 * 254);
	buf_free(&b);
}

static void test_what_is_no_line_is_not_read_as_one(void **state)
{
	static const char *const rows[] = {
		"", "x", ">", ">\t", ">\t1.000", ">\t1.000\tk", "!\t1.000\tk\tr", ">>\t1.000\tk\tr", ">\t1\tk\tr", ">\t1.00\tk\tr", ">\t-1.000\tk\tr",
		">\t1.0000\tk\tr", ">\t1.x00\tk\tr", ">\t.000\tk\tr", ">\t999999999999.000\tk\tr", ">\t1.000\tk\tr\t", ">\t1.000\tk\tr\t250\tok", "+\t1.000\tk\tr",
		"+\t1.000\tk\tr\t250", "+\t1.000\tk\tr\t250\tok\tmore", "+\t1.000\tk\r\tr\t250\tok", "+\t1.000\tk\tr\t250\tok\r",
		">\t1.000\t" LONG LONG LONG "\tr",
	};
	struct ledger_line line;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(ledger_line_parse(slice_of(rows[i]), &line) ? rows[i] : "none", "none");
}

#define A ">\t1.000\ta\ta\n"
#define B "+\t2.000\tb\tb\t250\tok\n"
#define HOLE "+\t2.0\0\0\0\0\0ok\n"

static const struct {
	struct slice file;
	const char *signs; /* of the lines that are read */
	size_t behind;	   /* octets at the end that do not count */
	unsigned holes;
	int exit;
	const char *says;
} files[] = {
	{OCTETS(HEAD), "", 0, 0, 0, NULL},
	{OCTETS(""), "", 0, 0, 0, NULL},
	{OCTETS(HEAD A B), ">+", 0, 0, 0, NULL},
	{OCTETS(HEAD A "# resumed after lunch\n" B), ">+", 0, 0, 0, NULL},
	{OCTETS("mysend-ledger 1\tpeople.csv\t-\trecipients\t01\r\n>\t1.000\ta\ta\r\n" B), ">+", 0, 0, 0, NULL}, /* from an editor */
	{OCTETS(HEAD A "+\t2.000\tb"), ">", 9, 0, 0, NULL},
	{OCTETS(HEAD A "+\t2.000\tb\tb\t250\tok"), ">", 18, 0, 0, NULL}, /* whole but for its end: it was not written to its end */
	{OCTETS(HEAD A HOLE B), ">+", 0, 1, 0, NULL},
	{OCTETS(HEAD A "\0\0\0\0"), ">", 4, 0, 0, NULL},
	{OCTETS(HEAD A HEAD B), ">+", 0, 0, 0, NULL},
	{OCTETS(HEAD A "mysend-ledger 2\tx\n"), ">", 0, 0, EX_CONFIG, "another version"},
	{OCTETS("mysend-ledger 2\tx\n"), "", 0, 0, EX_CONFIG, "another version"},
	{OCTETS("mysend-ledger 1\tx\ty\n"), "", 0, 0, EX_DATAERR, "first line"},
	{OCTETS("mysend-ledger 1\tx\ty\tz\t\n"), "", 0, 0, EX_DATAERR, "first line"},
	{OCTETS("mysend-ledger 1\tpeople.csv\t-\trecip\xffients\t01\n"), "", 0, 0, EX_DATAERR, "first line"},
	{OCTETS("mysend-ledger 1\tpeople\xe2\x80\xae.csv\t-\trecipients\t01\n"), "", 0, 0, EX_DATAERR, "first line"},
	{OCTETS("email,name\nbob@example.org,Bob\n"), "", 0, 0, EX_DATAERR, "no ledger"},
	{OCTETS(HEAD A "\n" B), ">", 0, 0, EX_DATAERR, "line 3 is none of a ledger"},
	{OCTETS(HEAD A "+\tnow\tb\tb\t250\tok\n" B), ">", 0, 0, EX_DATAERR, "line 3 is none of a ledger"},
};

static void test_files_are_read_up_to_what_a_crash_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(files); i++) {
		static struct ledger_reader r;
		struct arena in = {0};
		struct ledger_line line;
		char signs[20] = "";
		size_t count = 0;
		struct failure f;
		int fd = file_unnamed(), rc;

		assert_int_equal(file_write(fd, files[i].file.p, files[i].file.len), 0);
		ledger_read_begin(&r, fd, &in);
		while ((rc = ledger_read_next(&r, &line, &f)) > 0)
			signs[count++] = (char)line.sign;
		assert_string_equal(signs, files[i].signs);
		assert_int_equal(rc, files[i].exit ? -1 : 0);
		if (rc < 0) {
			assert_int_equal(f.exit, files[i].exit);
			assert_non_null(strstr(f.text, files[i].says));
		} else {
			assert_int_equal(files[i].file.len - r.whole, files[i].behind);
			assert_int_equal(r.holes, files[i].holes);
			assert_int_equal(ledger_read_next(&r, &line, &f), 0); /* it stays so */
		}
		arena_free(&in);
		close(fd);
	}
}

static void test_lines_that_pieces_cut_and_holes_of_any_length_are_read(void **state)
{
	static const size_t holes[] = {0, 1, 4096, LEDGER_PIECE - 1, LEDGER_PIECE, 3 * LEDGER_PIECE + 7};
	static const char nothing[4 * LEDGER_PIECE];

	(void)state;
	for (size_t i = 0; i < ROWS(holes); i++)
		for (int ended = 0; ended < 2; ended++) {
			static struct ledger_reader r;
			struct arena in = {0};
			struct ledger_line line;
			uint64_t size = strlen(HEAD);
			size_t count = 0;
			struct failure f;
			int fd = file_unnamed(), rc;

			assert_int_equal(file_write(fd, HEAD, strlen(HEAD)), 0);
			for (size_t k = 0; k < 10000; k++, size += strlen(A))
				assert_int_equal(file_write(fd, A, strlen(A)), 0);
			assert_int_equal(file_write(fd, nothing, holes[i]), 0);
			assert_int_equal(file_write(fd, "\n" B, ended ? strlen("\n" B) : 0), 0);
			ledger_read_begin(&r, fd, &in);
			while ((rc = ledger_read_next(&r, &line, &f)) > 0) {
				count++;
				assert_int_equal(line.sign, count <= 10000 ? '>' : '+');
			}
			if (ended && !holes[i]) { /* an empty line */
				assert_int_equal(rc, -1);
			} else {
				assert_int_equal(rc, 0);
				assert_int_equal(count, 10000 + ended);
				assert_int_equal(r.holes, ended);
				assert_int_equal(r.whole, ended ? size + holes[i] + strlen("\n" B) : size);
			}
			arena_free(&in);
			close(fd);
		}
}

static void test_a_line_without_end_is_named_and_not_kept(void **state)
{
	static struct ledger_reader r;
	static char line[LEDGER_LINE + 1];
	struct arena in = {0};
	struct ledger_line out;
	struct failure f;
	int fd = file_unnamed();

	(void)state;
	memset(line, 'x', sizeof line);
	assert_int_equal(file_write(fd, HEAD, strlen(HEAD)), 0);
	assert_int_equal(file_write(fd, line, sizeof line), 0);
	ledger_read_begin(&r, fd, &in);
	assert_int_equal(ledger_read_next(&r, &out, &f), -1);
	assert_non_null(strstr(f.text, "line 2 is longer"));
	arena_free(&in);
	close(fd);
}

static void test_a_head_that_was_not_written_to_its_end_is_known(void **state)
{
	static const struct {
		struct slice octets;
		bool torn;
	} rows[] = {
		{OCTETS("m"), true}, {OCTETS("mysend-ledger "), true}, {OCTETS("mysend-ledger 1\tpeople"), true}, {OCTETS("mys\0\0"), true},
		{OCTETS("\0\0\0"), true}, {OCTETS("\0x"), false}, {OCTETS("x"), false}, {OCTETS("mysend-ledger 1\tx\n"), false}, {OCTETS("mysend-spool 1"), false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(ledger_head_is_torn(rows[i].octets), rows[i].torn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_key_is_written_so_that_it_ends_no_column_and_is_like_no_other),
		cmocka_unit_test(test_whoever_is_the_same_has_the_same_digest),
		cmocka_unit_test(test_lines_are_read_as_they_were_written),
		cmocka_unit_test(test_the_longest_line_is_as_long_as_lines_may_be),
		cmocka_unit_test(test_what_is_no_line_is_not_read_as_one),
		cmocka_unit_test(test_files_are_read_up_to_what_a_crash_left),
		cmocka_unit_test(test_lines_that_pieces_cut_and_holes_of_any_length_are_read),
		cmocka_unit_test(test_a_line_without_end_is_named_and_not_kept),
		cmocka_unit_test(test_a_head_that_was_not_written_to_its_end_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
