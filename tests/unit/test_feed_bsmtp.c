#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "intake/feed_bsmtp.h"

#define FROM "MAIL FROM:<a@b.example>\n"
#define TO "RCPT TO:<c@d.example>\n"
#define TEXT "DATA\nSubject: x\n\ntext\n.\n"

static char path[] = "/tmp/mysend.XXXXXX";

static int setup(void **state)
{
	static const char lines[] = "account default\nhost h\ntls off\nmaildomain x.example\nmessage_size_limit 600\naliases off\n";
	int fd = mkstemp(path);

	(void)state;
	unsetenv("MYSEND_CONFIG");
	return fd < 0 || write(fd, lines, sizeof lines - 1) != sizeof lines - 1 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

/* A message is an M, one that cannot travel a B, a command outside of any an O; with its code. The end is a full stop, or that
 * of a message a "!". */
static void take(struct feed_bsmtp *b, bool wait, char *seen, size_t room)
{
	struct bsmtp_item item;
	struct failure f;
	char code[16];
	int got;

	while ((got = feed_bsmtp_next(b, wait, &item, &f)) == FEED_GOT) {
		snprintf(code, sizeof code, "%c%d", item.outside ? 'O' : 'B', item.why.client_code);
		strncat(seen, item.job ? "M" : code, room - strlen(seen) - 1);
		if (item.job) {
			assert_int_equal(item.job->mail.envelope.recipients, 1);
			assert_non_null(item.job->account);
		}
		receiver_free(item.job);
	}
	if (got < 0)
		assert_int_equal(f.exit, EX_NOINPUT);
	if (got != FEED_LATER)
		strncat(seen, got == FEED_END ? "." : "!", room - strlen(seen) - 1);
}

static void read_file(const char *text, bool by_octets, char *seen, size_t room)
{
	const struct request asked = {.account = NULL};
	struct arena run = {.block = NULL};
	struct feed_bsmtp b;
	struct intake n;
	struct failure f;
	int ends[2];

	*seen = '\0';
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(intake_open(&n, &asked, path, NULL, &run, &f), 0);
	assert_int_equal(feed_bsmtp_open(&b, &asked, &n, ends[0], &f), 0);
	for (size_t i = 0; by_octets && text[i]; i++) {
		assert_int_equal(write(ends[1], text + i, 1), 1);
		take(&b, false, seen, room);
		if (strpbrk(seen, ".!"))
			break;
	}
	if (!by_octets)
		assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	close(ends[1]);
	if (!strpbrk(seen, ".!"))
		take(&b, true, seen, room);
	feed_bsmtp_close(&b);
	intake_close(&n);
	close(ends[0]);
	arena_free(&run);
}

static void test_messages_come_in_their_order_and_what_is_wrong_between_them(void **state)
{
	static const struct { const char *text, *seen; } rows[] = {
		{"", "."},
		{"\n\nEHLO x\nNOOP\nRSET\n", "."},
		{FROM TO TEXT, "M."},
		{FROM TO TEXT "\n" FROM TO TEXT "QUIT\n" FROM TO TEXT, "MM."},
		{"FOO\n" FROM TO TEXT "FOO\n", "O500MO500."},
		{FROM TO "FOO\n" TEXT FROM TO TEXT, "B500M."},
		{FROM "RCPT TO:<x@@y>\n" TO TEXT, "B501."},
		{"MAIL FROM:<x@@y>\n" TO TEXT FROM TO TEXT, "B501M."},
		{FROM "RCPT TO:<x@@y>\nRSET\n" FROM TO TEXT, "M."},
		{FROM TO FROM TEXT, "B503."},
		{TEXT FROM TO TEXT, "O503B503M."},
		{TO FROM TO TEXT, "O503M."},
		{FROM TEXT, "B0."}, /* nobody to send it to: no fault of the dialogue's */
		{FROM TO "BDAT 16 LAST\nSubject: x\n\ntext" FROM TO TEXT, "MM."},
		{FROM TO "BDAT 11\nSubject: x\nBDAT 5 LAST\n\ntext", "M."},
		{"BDAT 3 LAST\nabc" FROM TO TEXT, "O503M."},
		{FROM TO "BDAT x\n" FROM TO TEXT, "."},
		{"MAIL FROM:<a@b.example> SIZE=601\n" TO TEXT FROM TO TEXT, "B552M."},
		{FROM, "!"}, {FROM TO "DATA\nSubject: x\n", "!"}, {FROM TO "BDAT 3\nabc", "!"}, {FROM TO TEXT FROM TO "BDAT 30 LAST\nabc", "M!"},
		{"DATA\nx\n", "O503!"},
	};
	char seen[100];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (int by_octets = 0; by_octets < 2; by_octets++) {
			read_file(rows[i].text, by_octets, seen, sizeof seen);
			if (strcmp(seen, rows[i].seen) != 0)
				print_error("%s\n", rows[i].text);
			assert_string_equal(seen, rows[i].seen);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_come_in_their_order_and_what_is_wrong_between_them),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
