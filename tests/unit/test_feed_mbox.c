#define _GNU_SOURCE /* memfd_create */
#include "unit.h"

#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "intake/feed_mbox.h"

#define A "From a@example.org Mon Jan  1 00:00:00 2024\n"
#define B "From b@example.org Mon Jan  1 00:00:00 2024\n"

/* Appends the message as it would travel, without CRs. */
static void append_message(struct buf *to, const struct message *m, struct arena *in)
{
	struct failure f;
	struct source *text = message_wire(m, in, &f);
	char piece[1000];
	size_t got;

	assert_non_null(text);
	assert_int_equal(text->rewind(text, &f), 0);
	do {
		assert_int_equal(text->pull(text, piece, sizeof piece, &got, &f), 0);
		for (size_t i = 0; i < got; i++)
			if (piece[i] != '\r')
				assert_int_equal(buf_add(to, piece + i, 1), 0);
	} while (got);
}

/* Every message as "[NUMBER LINE]" and its text; one that cannot be taken has "!STATUS" behind it. False: it is no mailbox. */
static bool read_all(struct slice file, enum mbox_variant variant, struct buf *to)
{
	int fd = memfd_create("mbox", MFD_CLOEXEC), rc;
	struct feed_mbox b;
	struct message m;
	struct failure f;
	uint64_t count;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file.p, file.len), (ssize_t)file.len);
	buf_clear(to);
	if (feed_mbox_open(&b, fd, variant, &f) < 0) {
		assert_int_equal(f.exit, EX_DATAERR);
		close(fd);
		return false;
	}
	assert_int_equal(feed_mbox_count(&b, &count, &f), 0);
	do {
		struct arena in = {.block = NULL};

		rc = feed_mbox_next(&b, &m, &in, &f);
		if (rc != 0)
			assert_int_equal(buf_printf(to, "[%d %d]", (int)b.number, (int)b.line), 0);
		if (rc > 0) {
			append_message(to, &m, &in);
			message_close(&m);
		} else if (rc < 0) {
			assert_int_equal(buf_printf(to, "!%d", f.exit), 0);
		}
		arena_free(&in);
	} while (rc != 0);
	assert_int_equal(b.number, count);
	feed_mbox_close(&b);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), (off_t)file.len); /* it is read by offset */
	close(fd);
	return true;
}

static void check_rows(const char *file, enum mbox_variant variant, const char *expected)
{
	struct buf seen;

	buf_start(&seen, 1 << 20);
	assert_int_equal(read_all(slice_of(file), variant, &seen), expected != NULL);
	if (expected && strcmp(seen.len ? seen.p : "", expected) != 0)
		print_error("of\n%s", file);
	if (expected)
		assert_string_equal(seen.len ? seen.p : "", expected);
	buf_free(&seen);
}

static void test_a_mailbox_is_its_messages(void **state)
{
	static const struct { const char *file, *seen; } rows[] = {
		{"", ""}, {"\n\n", ""}, {"\xef\xbb\xbf", ""},
		{A, "[1 1]\n"},
		{A "\n", "[1 1]\n"},
		{A "T: x\n", "[1 1]T: x\n\n"},
		{A "T: x\n\n", "[1 1]T: x\n\n"},
		{A "T: x\n\ntext\n", "[1 1]T: x\n\ntext\n"},
		{A "T: x\n\ntext", "[1 1]T: x\n\ntext\n"},
		{A "T: x\n\ntext\n\n", "[1 1]T: x\n\ntext\n"},
		{A "T: x\n\ntext\n\n\n", "[1 1]T: x\n\ntext\n\n"},
		{"\n\xef\xbb\xbf" A, NULL},
		{"\xef\xbb\xbf\n\n" A "T: x\n\ntext\n", "[1 3]T: x\n\ntext\n"},
		{A "T: x\n\ntext\n\n" B "T: y\n\nmore\n\n", "[1 1]T: x\n\ntext\n[2 6]T: y\n\nmore\n"},
		{A "T: x\n\ntext\n\n\n" B "T: y\n\nmore\n\n", "[1 1]T: x\n\ntext\n\n[2 7]T: y\n\nmore\n"},
		{A "T: x\n\n" B "T: y\n", "[1 1]T: x\n\n[2 4]T: y\n\n"},
		{A "\n" B "\n" A, "[1 1]\n[2 3]\n[3 5]\n"},
		/* no empty line before it */
		{A "T: x\n\ntext\n" B "more\n", "[1 1]T: x\n\ntext\n" B "more\n"},
		{A "T: x\n\n>From c\n" B "more\n", "[1 1]T: x\n\nFrom c\n" B "more\n"},
		{A "T: x\n\n\n>From c\n" B "more\n\n" B, "[1 1]T: x\n\n\nFrom c\n" B "more\n[2 9]\n"},
		/* CRLF */
		{"From a Mon Jan  1 00:00:00 2024\r\nT: x\r\n\r\ntext\r\n\r\nFrom b Mon Jan  1 00:00:00 2024\r\nT: y\r\n\r\n>From c\r\n\r\n",
		 "[1 1]T: x\n\ntext\n[2 6]T: y\n\nFrom c\n"},
		/* what looks like the beginning of one, and is none */
		{A "T: x\n\nbefore\n\nFrom today on\nit fails\n\nFrom then\n\n" B "T: y\n\n", "[1 1]T: x\n\nbefore\n\nFrom today on\nit fails\n\nFrom then\n[2 11]T: y\n\n"},
		{A "T: x\n\nbefore\n\nFrom c\nSubject: y\n\nmore\n", "[1 1]T: x\n\nbefore\n[2 6]Subject: y\n\nmore\n"},
		/* lines that mail collects in front of its header */
		{A ">From c Mon Jan  1 00:00:00 2024\nT: x\n\nt\n", "[1 1]T: x\n\nt\n"},
		/* NUL is gone, and no line is counted twice or not at all */
		{"no mailbox\n", NULL}, {"Subject: x\n\ntext\n", NULL}, {"From here to eternity\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		check_rows(rows[i].file, MBOX_RD, rows[i].seen);
}

static void test_quotes_are_taken_off_as_they_were_put_there(void **state)
{
	static const char file[] = A "T: x\n>From: no\n\n>From a\n>>From b\n> From c\nx >From d\n\n>>>From e";

	(void)state;
	check_rows(file, MBOX_RD, "[1 1]T: x\n>From: no\n\nFrom a\n>From b\n> From c\nx >From d\n\n>>From e\n");
	check_rows(A "T: x\n\n>From a\n>>From b\n\n>>>From e", MBOX_RD, "[1 1]T: x\n\nFrom a\n>From b\n\n>>From e\n");
	check_rows(A "T: x\n\n>From a\n>>From b\n\n>>>From e", MBOX_O, "[1 1]T: x\n\nFrom a\n>>From b\n\n>>>From e\n");
	check_rows(A "T: x\n\n>From a\n>>From b\n\n>>>From e", MBOX_CL2, "[1 1]T: x\n\n>From a\n>>From b\n\n>>>From e\n");
}

static void test_a_length_is_believed_where_it_fits(void **state)
{
	static const struct { const char *file, *seen; } rows[] = {
		/* the text has what begins a message */
		{A "Content-Length: 61\n\nx\n\n" B ">From d\n\nlast\n\n" B "T: y\n\nmore\n",
		 "[1 1]Content-Length: 61\n\nx\n\n" B ">From d\n\nlast\n[2 11]T: y\n\nmore\n"},
		{A "content-LENGTH: 61\n\nx\n\n" B ">From d\n\nlast\n", "[1 1]content-LENGTH: 61\n\nx\n\n" B ">From d\n\nlast\n"},
		{A "content-LENGTH: 61\n\nx\n\n" B ">From d\n\nlast\n\n", "[1 1]content-LENGTH: 61\n\nx\n\n" B ">From d\n\nlast\n"},
		/* no empty line between */
		{A "Content-Length: 5\n\ntext\n" B "T: y\n", "[1 1]Content-Length: 5\n\ntext\n[2 5]T: y\n\n"},
		/* without the line end of the last line */
		{A "Content-Length: 4\n\ntext\n\n" B "T: y\n", "[1 1]Content-Length: 4\n\ntext\n[2 6]T: y\n\n"},
		{A "Content-Length: 4\n\ntext\n" B "T: y\n", "[1 1]Content-Length: 4\n\ntext\n[2 5]T: y\n\n"},
		{A "Content-Length: 4\n\ntext\n", "[1 1]Content-Length: 4\n\ntext\n"},
		{A "Content-Length: 4\n\ntext", "[1 1]Content-Length: 4\n\ntext\n"},
		{A "Content-Length: 0\n\n" B "T: y\n", "[1 1]Content-Length: 0\n\n[2 4]T: y\n\n"},
		{A "Content-Length: 0\n\n\n" B "T: y\n", "[1 1]Content-Length: 0\n\n[2 5]T: y\n\n"},
		/* it leads to the middle of something, or too far */
		{A "Content-Length: 3\n\ntext\n\n" B "T: y\n", "[1 1]Content-Length: 3\n\ntext\n[2 6]T: y\n\n"},
		{A "Content-Length: 7\n\ntext\n\n" B "T: y\n", "[1 1]Content-Length: 7\n\ntext\n[2 6]T: y\n\n"},
		{A "Content-Length: 700\n\n>From x\n\n" B "T: y\n", "[1 1]Content-Length: 700\n\nFrom x\n[2 6]T: y\n\n"},
		{A "Content-Length: 2\n\nt\nFrom today on\n", "[1 1]Content-Length: 2\n\nt\nFrom today on\n"},
		{A "Content-Length: 2\n\nxyFrom c Mon Jan  1 00:00:00 2024\n", "[1 1]Content-Length: 2\n\nxyFrom c Mon Jan  1 00:00:00 2024\n"},
		/* it stands in the text, or is told twice */
		{A "T: x\n\nContent-Length: 3\n\nabcd\n", "[1 1]T: x\n\nContent-Length: 3\n\nabcd\n"},
		{A "Content-Length: 4\nContent-Length: 7\n\n>From \n", "[1 1]Content-Length: 4\nContent-Length: 7\n\nFrom \n"},
		{A "Content-Length: 6\r\n\r\na\r\n\r\nFrom c Mon Jan  1 00:00:00 2024\r\n", "[1 1]Content-Length: 6\n\na\n[2 6]\n"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		check_rows(rows[i].file, MBOX_RD, rows[i].seen);
}

static const char sample[] = A "T: x\n\ntext\n>From you\n\n\n" B "Content-Length: 59\n\nx\n\n" A ">From d\n\nx\n\n\n" B
			     "T: y\r\n\r\nFrom here\r\n\r\n>>From there\r\n\r\nFrom c\r\nSubject: x\r\nX-Y: z\r\n\r\nend";
static const char sample_seen[] = "T: x\n\ntext\nFrom you\n\n[%d %d]Content-Length: 59\n\nx\n\n" A ">From d\n\nx\n\n[%d %d]T: y\n\nFrom here\n\n>From there\n"
				  "[%d %d]Subject: x\nX-Y: z\n\nend\n";

/* A message of so many octets in front of the sample: then what is read at a time ends everywhere in the sample. */
static void test_where_a_read_ends_makes_no_difference(void **state)
{
	const size_t len = sizeof sample - 1, front = sizeof A + 4;
	struct buf file, seen, expected;

	(void)state;
	buf_start(&file, 1 << 20);
	buf_start(&seen, 1 << 20);
	buf_start(&expected, 1 << 20);
	for (size_t cut = 0; cut <= len; cut++) {
		size_t body = WINDOW_ROOM - cut - front - 2;

		buf_clear(&file);
		buf_clear(&expected);
		assert_int_equal(buf_printf(&file, A "T: w\n\n%0*d\n\n%s", (int)body - 1, 0, sample), 0);
		assert_int_equal(buf_printf(&expected, "[1 1]T: w\n\n%0*d\n[2 6]", (int)body - 1, 0), 0);
		assert_int_equal(buf_printf(&expected, sample_seen, 3, 13, 4, 24, 5, 31), 0);
		assert_true(read_all(buf_slice_of(&file), MBOX_RD, &seen));
		assert_int_equal(seen.len, expected.len);
		assert_memory_equal(seen.p, expected.p, seen.len);
	}
	buf_free(&file);
	buf_free(&seen);
	buf_free(&expected);
}

/* What came whole in front of the cut is there. */
static void test_a_mailbox_that_is_cut_off_has_its_first_messages(void **state)
{
	static const char first[] = "[1 1]T: x\n\ntext\nFrom you\n\n[2 8]";
	struct buf seen;

	(void)state;
	buf_start(&seen, 1 << 20);
	for (size_t cut = 0; cut < sizeof sample; cut++) {
		bool is = read_all((struct slice){sample, cut}, MBOX_RD, &seen);

		assert_int_equal(is, cut == 0 || cut >= sizeof A - 2);
		if (cut >= (size_t)(strstr(sample, "\n" B "Con") - sample) + sizeof B - 1)
			assert_memory_equal(seen.p, first, sizeof first - 1);
	}
	buf_free(&seen);
}

static void test_a_mail_of_any_size_is_read_and_a_bad_one_stops_nothing(void **state)
{
	const size_t header = MESSAGE_IN_MEMORY + 100, body = 3 * MESSAGE_IN_MEMORY;
	struct buf file, seen;
	static const char end[] = "00\n[3 11]T: y\n\n";

	(void)state;
	buf_start(&file, 16 << 20);
	buf_start(&seen, 16 << 20);
	assert_int_equal(buf_printf(&file, A "X: %0*d\n\nt\n\n" B "T: x\n\n%0*d\n\n" A "T: y\n", (int)header, 0, (int)body, 0), 0);
	assert_true(read_all(buf_slice_of(&file), MBOX_RD, &seen));
	assert_memory_equal(seen.p, "[1 1]!65[2 6]T: x\n\n000", 22);
	assert_string_equal(seen.p + seen.len - strlen(end), end);
	buf_free(&file);
	buf_free(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mailbox_is_its_messages),
		cmocka_unit_test(test_quotes_are_taken_off_as_they_were_put_there),
		cmocka_unit_test(test_a_length_is_believed_where_it_fits),
		cmocka_unit_test(test_where_a_read_ends_makes_no_difference),
		cmocka_unit_test(test_a_mailbox_that_is_cut_off_has_its_first_messages),
		cmocka_unit_test(test_a_mail_of_any_size_is_read_and_a_bad_one_stops_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
