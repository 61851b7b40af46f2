#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "mail/wide.h"

/* A descriptor from which the text comes in two reads, cut at `at`. */
static int cut_in_two(struct slice text, size_t at)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	if (at)
		assert_int_equal(send(ends[1], text.p, at, 0), at);
	if (at < text.len)
		assert_int_equal(send(ends[1], text.p + at, text.len - at, 0), text.len - at);
	close(ends[1]);
	return ends[0];
}

static int file_with(struct slice text)
{
	int fd = file_unnamed();

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, text.p, text.len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static struct slice all_of(struct arena *in, struct source *s)
{
	char *all = arena_zeroed(in, (size_t)s->size + 1, 1);
	size_t used = 0, got;
	struct failure f;

	assert_int_equal(s->rewind(s, &f), 0);
	do {
		assert_int_equal(s->pull(s, all + used, (size_t)s->size + 1 - used, &got, &f), 0);
		used += got;
	} while (got);
	assert_int_equal(used, s->size);
	return (struct slice){all, used};
}

static int message_read(struct message *m, struct arena *in, int fd, unsigned how, struct failure *f)
{
	char piece[64 * 1024];
	ssize_t n;
	int rc = 0;

	message_begin(m, in, how);
	while (rc == 0 && !message_has_ended(m) && (n = file_read(fd, piece, sizeof piece)) > 0)
		rc = message_add(m, piece, (size_t)n, f);
	if (rc == 0)
		rc = message_end(m, f);
	if (rc < 0)
		message_close(m);
	return rc;
}

static void read_ok(struct message *m, struct arena *in, int fd, bool dot_ends)
{
	struct failure f;

	assert_int_equal(message_read(m, in, fd, dot_ends, &f), 0);
	close(fd);
}

static void check_wire(struct arena *in, const struct message *m, struct slice expected)
{
	struct failure f;
	struct source *wire = message_wire(m, in, &f);
	struct slice all;

	assert_non_null(wire);
	all = all_of(in, wire);
	assert_int_equal(all.len, expected.len);
	assert_memory_equal(all.p, expected.p, expected.len);
}

static void test_header_and_body_are_parted_as_sendmail_does_it(void **state)
{
	static const struct {
		const char *text, *wire;
		size_t fields;
	} rows[] = {
		{"", "\r\n", 0},
		{"hello world\n", "\r\nhello world\r\n", 0},
		{"Warning: disk full\n", "Warning: disk full\r\n\r\n", 1},
		{"Subject: x\ntext\n", "Subject: x\r\n\r\ntext\r\n", 1},
		{"Subject: x\n\ntext\n", "Subject: x\r\n\r\ntext\r\n", 1},
		{"\nA: b\n", "\r\nA: b\r\n", 0},
		{"Subject:", "Subject:\r\n\r\n", 1},
		{"A: b\nmy name: c\n", "A: b\r\n\r\nmy name: c\r\n", 1},
		{"A: b\n--C: d\n", "A: b\r\n\r\n--C: d\r\n", 1},
		{" A: b\nC: d\n", "\r\n A: b\r\nC: d\r\n", 0},
		{"A: b\n \nC: d\n\nx", "A: b\r\n \r\nC: d\r\n\r\nx\r\n", 2},
		{"From x Thu Jan  1 00:00:00 1970\nA: b\n\nx\n", "A: b\r\n\r\nx\r\n", 1},
		{"From x Thu Jan  1 00:00:00 1970\n\nx\n", "\r\nx\r\n", 0},
		{"From x\n", "\r\nFrom x\r\n", 0},
		{"From x\nA: b\n\nx\n", "A: b\r\n\r\nx\r\n", 1},
		{"From today on the backup fails\nsecond\n", "\r\nFrom today on the backup fails\r\nsecond\r\n", 0},
		{">From the manual: a\nsecond\n", "\r\n>From the manual: a\r\nsecond\r\n", 0},
		{">From x Thu\n>From y\n>>From z\nA: b\n\nx\n", "A: b\r\n\r\nx\r\n", 1},
		{"From x\n>From y\nA: b\n\n>From x\n", "A: b\r\n\r\n>From x\r\n", 1},
		{"From x\nFrom y\nA: b\n", "\r\nFrom x\r\nFrom y\r\nA: b\r\n", 0},
		{"A: b\nFrom x\n", "A: b\r\n\r\nFrom x\r\n", 1},
		{"From : a@x\n\nx\n", "From : a@x\r\n\r\nx\r\n", 1},
		{"From: a@x\n\nx\n", "From: a@x\r\n\r\nx\r\n", 1},
		{"From\n", "\r\nFrom\r\n", 0},
		{"from x\nA: b\n", "\r\nfrom x\r\nA: b\r\n", 0},
		{"A: b\n\n.\nx\n", "A: b\r\n\r\n.\r\nx\r\n", 1},
		{"A: b\n\n..\n", "A: b\r\n\r\n..\r\n", 1},
		{"A: b\rC: d\r\rx\r", "A: b\r\nC: d\r\n\r\nx\r\n", 2},
		{"A: b\r\r\nC: d\r\r\n\r\r\nx\r\r\n", "A: b\r\nC: d\r\n\r\nx\r\n", 2},
		{"A: b\r\nC: d\n\r\nx\n", "A: b\r\nC: d\r\n\r\nx\r\n", 2},
		{"A: b\n\n\n\n", "A: b\r\n\r\n\r\n\r\n", 1},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t at = 0; at <= strlen(rows[i].text); at++) {
			struct message m;

			read_ok(&m, &in, cut_in_two(slice_of(rows[i].text), at), false);
			assert_int_equal(m.header.fields, rows[i].fields);
			assert_int_equal(m.facts.no_header, !rows[i].fields);
			assert_int_equal(m.facts.empty, !*rows[i].text);
			assert_null(m.kept);
			check_wire(&in, &m, slice_of(rows[i].wire));
			message_close(&m);
		}
	arena_free(&in);
}

static void test_the_messages_of_rfc_5322_appendix_a_pass_untouched(void **state)
{
	static const char *const rows[] = {
		/* A.1.1 */
		"From: John Doe <jdoe@machine.example>\nTo: Mary Smith <mary@example.net>\nSubject: Saying Hello\n"
		"Date: Fri, 21 Nov 1997 09:55:06 -0600\nMessage-ID: <1234@local.machine.example>\n\n"
		"This is a message just to say hello.\nSo, \"Hello\".\n",
		"From: John Doe <jdoe@machine.example>\nSender: Michael Jones <mjones@machine.example>\n"
		"To: Mary Smith <mary@example.net>\nSubject: Saying Hello\nDate: Fri, 21 Nov 1997 09:55:06 -0600\n"
		"Message-ID: <1234@local.machine.example>\n\nThis is a message just to say hello.\nSo, \"Hello\".\n",
		/* A.1.2 */
		"From: \"Joe Q. Public\" <john.q.public@example.com>\n"
		"To: Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>\n"
		"Cc: <boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>\n"
		"Date: Tue, 1 Jul 2003 10:52:37 +0200\nMessage-ID: <5678.21-Nov-1997@example.com>\n\nHi everyone.\n",
		/* A.1.3 */
		"From: Pete <pete@silly.example>\n"
		"To: A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;\n"
		"Cc: Undisclosed recipients:;\nDate: Thu, 13 Feb 1969 23:32:54 -0330\n"
		"Message-ID: <testabcd.1234@silly.example>\n\nTesting.\n",
		/* A.2 */
		"From: Mary Smith <mary@example.net>\nTo: John Doe <jdoe@machine.example>\n"
		"Reply-To: \"Mary Smith: Personal Account\" <smith@home.example>\nSubject: Re: Saying Hello\n"
		"Date: Fri, 21 Nov 1997 10:01:10 -0600\nMessage-ID: <3456@example.net>\n"
		"In-Reply-To: <1234@local.machine.example>\nReferences: <1234@local.machine.example>\n\n"
		"This is a reply to your hello.\n",
		/* A.3 */
		"Resent-From: Mary Smith <mary@example.net>\nResent-To: Jane Brown <j-brown@other.example>\n"
		"Resent-Date: Mon, 24 Nov 1997 14:22:01 -0800\nResent-Message-ID: <78910@example.net>\n"
		"From: John Doe <jdoe@machine.example>\nTo: Mary Smith <mary@example.net>\nSubject: Saying Hello\n"
		"Date: Fri, 21 Nov 1997 09:55:06 -0600\nMessage-ID: <1234@local.machine.example>\n\n"
		"This is a message just to say hello.\nSo, \"Hello\".\n",
		/* A.4 */
		"Received: from x.y.test\n  by example.net\n  via TCP\n  with ESMTP\n  id ABC12345\n"
		"  for <mary@example.net>;  21 Nov 1997 10:05:43 -0600\n"
		"Received: from node.example by x.y.test; 21 Nov 1997 10:01:22 -0600\n"
		"From: John Doe <jdoe@node.example>\nTo: Mary Smith <mary@example.net>\nSubject: Saying Hello\n"
		"Date: Fri, 21 Nov 1997 09:55:06 -0600\nMessage-ID: <1234@local.node.example>\n\n"
		"This is a message just to say hello.\nSo, \"Hello\".\n",
		/* A.5 */
		"From: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\nTo:A Group(Some people)\n"
		"     :Chris Jones <c@(Chris's host.)public.example>,\n         joe@example.org,\n"
		"  John <jdoe@one.test> (my dear friend); (the end of the group)\n"
		"Cc:(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;\nDate: Thu,\n      13\n"
		"        Feb\n"
		"          1969\n      23:32\n               -0330 (Newfoundland Time)\n"
		"Message-ID:              <testabcd.1234@silly.test>\n\nTesting.\n",
		/* A.6.1, A.6.2, A.6.3 */
		"From: Joe Q. Public <john.q.public@example.com>\n"
		"To: Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example\n"
		"Date: Tue, 1 Jul 2003 10:52:37 +0200\nMessage-ID: <5678.21-Nov-1997@example.com>\n\nHi everyone.\n",
		"From: John Doe <jdoe@machine.example>\nTo: Mary Smith <mary@example.net>\nSubject: Saying Hello\n"
		"Date: 21 Nov 97 09:55:06 GMT\nMessage-ID: <1234@local.machine.example>\n\n"
		"This is a message just to say hello.\nSo, \"Hello\".\n",
		"From  : John Doe <jdoe@machine(comment).  example>\nTo    : Mary Smith\n  \n"
		"          <mary@example.net>\n"
		"Subject     : Saying Hello\nDate  : Fri, 21 Nov 1997 09(comment):   55  :  06 -0600\n"
		"Message-ID  : <1234   @   local(blah)  .machine .example>\n\n"
		"This is a message just to say hello.\nSo, \"Hello\".\n",
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char *wire = arena_zeroed(&in, 2 * strlen(rows[i]) + 1, 1);
		struct message m;
		size_t used = 0;

		for (const char *p = rows[i]; *p; p++) {
			if (*p == '\n')
				wire[used++] = '\r';
			wire[used++] = *p;
		}
		read_ok(&m, &in, file_with(slice_of(rows[i])), false);
		check_wire(&in, &m, slice_of(wire));
		read_ok(&m, &in, file_with(slice_of(wire)), false);
		check_wire(&in, &m, slice_of(wire));
	}
	arena_free(&in);
}

static void test_facts_are_of_the_body_only(void **state)
{
	static const struct {
		const char *text;
		bool eightbit, utf8;
	} rows[] = {
		{"Subject: caf\xe9 caf\xe9 caf\xe9\n\nab\nabc\n", false, true},
		{"Subject: a\n\ncaf\xc3\xa9\n", true, true},
		{"Subject: a\n\ncaf\xe9\n", true, false},
		{"Subject: a\n\n", false, true},
		{"caf\xc3\xa9", true, true},
		{"A: b\n\nab\rabcd\r\nx", false, true},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t at = 0; at <= strlen(rows[i].text); at++) {
			struct message m;

			read_ok(&m, &in, cut_in_two(slice_of(rows[i].text), at), false);
			assert_int_equal(m.facts.eightbit, rows[i].eightbit);
			assert_int_equal(m.facts.utf8, rows[i].utf8);
			assert_int_equal(m.facts.longest, 0);
			assert_int_equal(m.facts.nuls, 0);
		}
	arena_free(&in);
}

static void test_a_dot_ends_the_message_only_when_asked_to(void **state)
{
	struct arena in = {0};
	struct message m;

	(void)state;
	for (size_t at = 0; at <= 13; at++) {
		read_ok(&m, &in, cut_in_two(SLICE("A: b\n\nx\n.\ny\n\n"), at), true);
		check_wire(&in, &m, SLICE("A: b\r\n\r\nx\r\n"));
		read_ok(&m, &in, cut_in_two(SLICE("A: b\n\nx\n.\ny\n\n"), at), false);
		check_wire(&in, &m, SLICE("A: b\r\n\r\nx\r\n.\r\ny\r\n\r\n"));
	}
	read_ok(&m, &in, cut_in_two(SLICE(".\nx\n"), 0), true);
	assert_true(m.facts.empty);
	arena_free(&in);
}

static void test_nuls_are_dropped_and_counted(void **state)
{
	struct arena in = {0};
	struct message m;

	(void)state;
	read_ok(&m, &in, cut_in_two(SLICE("A: b\0\n\0\n\0x\0y\0\n"), 5), false);
	assert_int_equal(m.facts.nuls, 5);
	check_wire(&in, &m, SLICE("A: b\r\n\r\nxy\r\n"));
	arena_free(&in);
}

/* A body of `size` octets as it leaves, with lines of 64; it comes with CRLF or LF, its last line ended or not. */
static void check_size(size_t size, bool ended, bool crlf)
{
	char *text = malloc(size + 100), *wire = malloc(size + 100);
	size_t used = 0, out = 8;
	struct arena in = {0};
	struct message m;

	memcpy(wire, "A: b\r\n\r\n", 8);
	for (; out < size + 8; out++)
		wire[out] = (char)('a' + out % 26);
	for (size_t i = 70; i + 5 <= out; i += 64)
		memcpy(wire + i, "\r\n", 2);
	if (size)
		memcpy(wire + out - 2, "\r\n", 2);
	for (size_t i = 0; i < (ended || !size ? out : out - 2); i++)
		if (crlf || wire[i] != '\r' || wire[i + 1] != '\n')
			text[used++] = wire[i];
	read_ok(&m, &in, file_with((struct slice){text, used}), false);
	check_wire(&in, &m, (struct slice){wire, out});
	assert_int_equal(m.kept != NULL, out > MESSAGE_IN_MEMORY);
	message_close(&m);
	assert_null(m.kept);
	arena_free(&in);
	free(text);
	free(wire);
}

static void test_bodies_of_every_critical_size_arrive_whole(void **state)
{
	static const size_t sizes[] = {0, 3, 62, 65527, 65535, 65536, 65537, 131071, 131072, 131073, 1048500};

	(void)state;
	for (size_t i = 0; i < ROWS(sizes); i++)
		for (int kind = 0; kind < 4; kind++)
			check_size(sizes[i], kind & 1, kind & 2);
	/* where a read ends in the middle of a line end, and where memory ends */
	for (size_t size = 65520; size < 65545; size++)
		check_size(size, true, true);
	for (size_t size = MESSAGE_IN_MEMORY - 20; size < MESSAGE_IN_MEMORY + 4; size++)
		check_size(size, true, true);
	check_size(3 * MESSAGE_IN_MEMORY + 7, false, true);
	check_size(3 * MESSAGE_IN_MEMORY + 7, true, false);
}

static void test_a_large_message_keeps_its_facts_and_can_be_read_again(void **state)
{
	size_t len = 5 * 1024 * 1024;
	char *text = malloc(len);
	struct arena in = {0};
	struct message m;
	struct slice once, again;

	(void)state;
	memset(text, 'a', len);
	memcpy(text, "A: b\n\n", 6);
	for (size_t i = 100; i < len; i += 100)
		text[i] = '\n';
	memset(text + 3000001, 'b', 1500);
	memcpy(text + 4000050, "\xe2\x82\xac", 3);
	read_ok(&m, &in, file_with((struct slice){text, len}), false);
	assert_non_null(m.kept);
	assert_true(m.facts.eightbit && m.facts.utf8 && !m.facts.empty);
	assert_int_equal(m.facts.longest, 1599);
	once = all_of(&in, m.body);
	again = all_of(&in, m.body);
	assert_int_equal(once.len, again.len);
	assert_memory_equal(once.p, again.p, once.len);
	message_close(&m);
	text[4000051] = 'x';
	read_ok(&m, &in, file_with((struct slice){text, len}), false);
	assert_true(m.facts.eightbit && !m.facts.utf8);
	message_close(&m);
	arena_free(&in);
	free(text);
}

static void test_a_header_has_at_most_a_mebibyte(void **state)
{
	size_t len = 2 * MESSAGE_IN_MEMORY;
	char *text = malloc(len);
	struct arena in = {0};
	struct message m;
	struct failure f;
	int fd;

	(void)state;
	for (size_t i = 0; i < len; i++)
		text[i] = "Field: x\n"[i % 9];
	fd = file_with((struct slice){text, len});
	assert_int_equal(message_read(&m, &in, fd, false, &f), -1);
	assert_int_equal(f.exit, EX_DATAERR);
	assert_null(m.kept);
	close(fd);
	memset(text, 'x', len); /* one field that does not end */
	memcpy(text, "Field: ", 7);
	fd = file_with((struct slice){text, len});
	assert_int_equal(message_read(&m, &in, fd, false, &f), -1);
	assert_int_equal(f.exit, EX_DATAERR);
	close(fd);
	memset(text, 'x', 7); /* a body in one line, no header */
	read_ok(&m, &in, file_with((struct slice){text, len}), false);
	assert_true(m.facts.no_header);
	assert_int_equal(m.facts.longest, len);
	message_close(&m);
	/* Nearly a mebibyte is fine, also with a large body behind it. */
	for (size_t i = 0; i < 900000; i++)
		text[i] = "Field: x\n"[i % 9];
	text[900000] = '\n';
	read_ok(&m, &in, file_with((struct slice){text, len}), false);
	assert_int_equal(m.header.fields, 100000);
	assert_int_equal(m.body->size, len - 900001 + 2);
	message_close(&m);
	arena_free(&in);
	free(text);
}

static void test_input_that_cannot_be_read_is_told_apart(void **state)
{
	struct arena in = {0};
	struct message m;
	struct failure f;
	int fd = open("/", O_RDONLY);

	(void)state;
	assert_int_equal(wide_read(&m, &in, fd, 0, NULL, NULL, &f), -1); /* EISDIR */
	assert_int_equal(f.exit, EX_IOERR);
	close(fd);
	assert_int_equal(wide_read(&m, &in, fd, 0, NULL, NULL, &f), -1); /* EBADF */
	assert_int_equal(f.exit, EX_NOINPUT);
	assert_int_equal(f.stage, AT_INPUT);
	arena_free(&in);
}

static void test_a_full_disk_is_worth_another_try(void **state)
{
	size_t len = 2 * MESSAGE_IN_MEMORY;
	char *text = calloc(1, len);
	struct rlimit before, small;
	struct arena in = {0};
	struct message m;
	struct failure f;
	int fd;

	(void)state;
	memset(text, '\n', len);
	fd = file_with((struct slice){text, len});
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 100000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(message_read(&m, &in, fd, false, &f), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(f.exit, EX_TEMPFAIL);
	assert_true(*f.hint);
	assert_null(m.kept);
	close(fd);
	arena_free(&in);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_and_body_are_parted_as_sendmail_does_it),
		cmocka_unit_test(test_the_messages_of_rfc_5322_appendix_a_pass_untouched),
		cmocka_unit_test(test_facts_are_of_the_body_only),
		cmocka_unit_test(test_a_dot_ends_the_message_only_when_asked_to),
		cmocka_unit_test(test_nuls_are_dropped_and_counted),
		cmocka_unit_test(test_bodies_of_every_critical_size_arrive_whole),
		cmocka_unit_test(test_a_large_message_keeps_its_facts_and_can_be_read_again),
		cmocka_unit_test(test_a_header_has_at_most_a_mebibyte),
		cmocka_unit_test(test_input_that_cannot_be_read_is_told_apart),
		cmocka_unit_test(test_a_full_disk_is_worth_another_try),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
