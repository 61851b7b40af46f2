#define _GNU_SOURCE /* mkdtemp */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "intake/feed.h"
#include "intake/feed_key.h"
#include "job.h"

#define MAIL(name) "Message-ID: <" name "@x.example>\nFrom: a@b.example\nTo: " name "@d.example\n\ntext\n"
#define FROM "From a@b.example Mon Jan  1 00:00:00 2024\n"

static char top[] = "/tmp/mysend.XXXXXX";
static const struct request asked = {.account = NULL};

static const char *path(const char *name)
{
	static char full[200];

	snprintf(full, sizeof full, "%s/%s", top, name);
	return full;
}

static void put(const char *name, const char *text)
{
	int fd = open(path(name), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void folder(const char *name)
{
	assert_int_equal(mkdir(path(name), 0700), 0);
}

static int setup(void **state)
{
	(void)state;
	unsetenv("MYSEND_CONFIG");
	if (!mkdtemp(top))
		return -1;
	put("conf", "account default\nhost h\ntls off\nmaildomain x.example\nfrom me@x.example\naliases off\n");
	return 0;
}

static int teardown(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", top);
	return system(command); /* a path that mkdtemp made */
}

/* What the feed gives, one a line: "file number line: recipients key", or what is wrong with it. */
static void take_all(struct feed *feed, struct buf *to)
{
	const size_t skip = strlen(top) + 1;
	struct feed_item item;
	struct failure f;
	int rc;

	while ((rc = feed_next(feed, &item, &f)) != 0) {
		const char *file = strncmp(feed->at.file, top, skip - 1) == 0 ? feed->at.file + skip : feed->at.file;

		assert_int_equal(buf_printf(to, "%s %d %d: ", file, (int)feed->at.number, (int)feed->at.line), 0);
		if (rc < 0) {
			const char *words = strstr(f.text, top);

			assert_int_equal(buf_printf(to, "!%d %s\n", f.exit, words ? words + skip : f.text), 0);
			continue;
		}
		assert_int_equal(buf_printf(to, "%s %s\n", recipients_text(&item.job->arena, &item.job->mail.envelope), item.key), 0);
		assert_non_null(item.job->account);
		receiver_free(item.job);
	}
}

static void check(const char *name, int count, const char *expected)
{
	struct arena run = {.block = NULL};
	struct intake n;
	struct feed feed;
	struct failure f;
	struct buf seen;
	uint64_t known = 0;
	char *conf = arena_printf(&run, "%s/conf", top);

	buf_start(&seen, 1 << 20);
	assert_int_equal(intake_open(&n, &asked, conf, NULL, &run, &f), 0);
	if (feed_open(&feed, strcmp(name, "-") == 0 ? name : arena_printf(&run, "%s/%s", top, name), &asked, &n, &f) < 0) {
		assert_int_equal(buf_printf(&seen, "!%d %s", f.exit, strstr(f.text, top) ? f.text + strlen(top) + 1 : f.text), 0);
	} else {
		assert_int_equal(feed_count(&feed, &known, &f), count >= 0);
		if (count >= 0)
			assert_int_equal(known, count);
		take_all(&feed, &seen);
	}
	feed_close(&feed);
	assert_string_equal(seen.len ? seen.p : "", expected);
	buf_free(&seen);
	intake_close(&n);
	arena_free(&run);
}

static void test_what_a_file_is_says_its_beginning(void **state)
{
	static const struct { const char *head; enum feed_kind kind; } rows[] = {
		{"", FEED_EMPTY}, {"\n\r\n\n", FEED_EMPTY}, {"\xef\xbb\xbf", FEED_EMPTY},
		{FROM, FEED_MBOX}, {"\n" FROM, FEED_MBOX}, {"\xef\xbb\xbf" FROM, FEED_MBOX}, {"From a\nSubject: x\n\n", FEED_MBOX},
		{"Subject: x\n", FEED_MESSAGE}, {"X-Y :\n z\n", FEED_MESSAGE}, {"\n\nTo: x", FEED_MESSAGE}, {"From: From a\n", FEED_MESSAGE},
		{"Mail: x\n", FEED_MESSAGE}, {">From a\nTo: b\n", FEED_OTHER},
		{"EHLO here\r\nMAIL FROM:<a@b>\r\n", FEED_BSMTP}, {"helo x\n", FEED_BSMTP}, {"mail from: <a@b>\n", FEED_BSMTP}, {"RSET\r\n", FEED_BSMTP},
		{"\nNOOP", FEED_BSMTP}, {"NOOP x\n", FEED_BSMTP},
		{"HELOX\n", FEED_OTHER}, {"Dear Bob,\n", FEED_OTHER}, {"From here on\n", FEED_OTHER}, {"DATA\n", FEED_OTHER}, {"MAIL <a@b>\n", FEED_OTHER},
		{"\xff\xfeT\0o\0", FEED_OTHER}, {"name,email\n", FEED_OTHER}, {": x\n", FEED_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		if (feed_kind_of(slice_of(rows[i].head)) != rows[i].kind)
			print_error("%s\n", rows[i].head);
		assert_int_equal(feed_kind_of(slice_of(rows[i].head)), rows[i].kind);
	}
}

static void test_a_mailbox_file(void **state)
{
	(void)state;
	put("m", FROM MAIL("c") "\n" FROM "Subject: nobody\n\nx\n\n" FROM MAIL("e") "\n" FROM "To: f@@g\n\nx\n" "\n" FROM MAIL("h"));
	check("m", 5,
	      "m 1 1: c@d.example <c@x.example>\n"
	      "m 2 8: !64 m, message 2, line 8: no recipients: add addresses, a To: line, or the setting to\n"
	      "m 3 13: e@d.example <e@x.example>\n"
	      "m 4 20: !65 m, message 4, line 20: To: \"f@@g\" is no address: no domain stands behind the @\n"
	      "m 5 25: h@d.example <h@x.example>\n");
	put("empty", "");
	check("empty", 0, "");
	folder("Apple.mbox");
	put("Apple.mbox/mbox", FROM MAIL("c"));
	put("Apple.mbox/table_of_contents", "x");
	check("Apple.mbox", 1, "Apple.mbox/mbox 1 1: c@d.example <c@x.example>\n");
}

static void test_one_message_and_what_is_none(void **state)
{
	(void)state;
	put("one", MAIL("c"));
	check("one", 1, "one 1 0: c@d.example <c@x.example>\n");
	put("two", "Dear Bob,\n\nTo: x\n");
	check("two", 0, "!65 two: it begins as no mailbox, no message and no SMTP does");
	check("none", 0, "!66 none: opening it: No such file or directory");
	assert_int_equal(symlink("/dev/zero", path("zero")), 0);
	check("zero", 0, "!66 zero: it is a device, and no file");
}

static void test_commands_have_their_envelope_and_it_belongs_to_the_key(void **state)
{
	(void)state;
	put("b", "EHLO x\nMAIL FROM:<a@b.example>\nRCPT TO:<q@d.example>\nDATA\n" MAIL("c") ".\n"
		 "FOO\nMAIL FROM:<a@b.example>\nRCPT TO:<r@d.example>\nDATA\n" MAIL("c") ".\nMAIL FROM:<a@b.example>\nRCPT TO:<s@d.example>\nDATA\nSubject: x\n");
	check("b", -1,
	      "b 1 0: q@d.example <c@x.example>/fc097a6028fc53e791b471ec89820f1c\n"
	      "b 1 11: !64 b, line 11: 5.5.1 no such command\n"
	      "b 2 0: r@d.example <c@x.example>/580d10e27cd45d9c1b1a94c5683e8221\n"
	      "b 3 24: !66 b, message 3, line 24: the input ended in the middle of a message: it was not sent\n");
}

static void test_a_maildir(void **state)
{
	(void)state;
	folder("d");
	folder("d/new");
	folder("d/cur");
	folder("d/tmp");
	folder("d/.Sent");
	put("d/new/3.M1.h", MAIL("new3"));
	put("d/cur/1.M1.h:2,S", MAIL("cur1"));
	put("d/cur/2.M1.h:2,FRS", MAIL("cur2"));
	put("d/cur/4.M1.h:2,ST", MAIL("trashed"));
	put("d/cur/5.M1.h", MAIL("cur5"));
	put("d/cur/6.M1.h:2,", "");
	put("d/cur/.7", MAIL("dot"));
	put("d/tmp/0.M1.h", MAIL("tmp"));
	put("d/.Sent/0.M1.h", MAIL("sent"));
	folder("d/cur/7.folder");
	put("secret", MAIL("secret"));
	assert_int_equal(symlink("../../secret", path("d/cur/8.M1.h:2,S")), 0);
	assert_int_equal(mkfifo(path("d/new/9.M1.h"), 0600), 0);
	check("d", 8,
	      "d/cur/1.M1.h:2,S 1 0: cur1@d.example <cur1@x.example>\n"
	      "d/cur/2.M1.h:2,FRS 2 0: cur2@d.example <cur2@x.example>\n"
	      "d/new/3.M1.h 3 0: new3@d.example <new3@x.example>\n"
	      "d/cur/5.M1.h 4 0: cur5@d.example <cur5@x.example>\n"
	      "d/cur/6.M1.h:2, 5 0: !65 d/cur/6.M1.h:2,: the message is empty\n"
	      "d/cur/7.folder 6 0: !66 d/cur/7.folder: it is a folder, and no file\n"
	      "d/cur/8.M1.h:2,S 7 0: !66 d/cur/8.M1.h:2,S: it is a link, which is not followed out of a folder\n"
	      "d/new/9.M1.h 8 0: !66 d/new/9.M1.h: it is a device, and no file\n");
}

static void test_a_folder_of_messages(void **state)
{
	(void)state;
	folder("f");
	put("f/b.eml", MAIL("b"));
	put("f/a.EML", FROM MAIL("a"));
	put("f/c.txt", MAIL("txt"));
	put("f/.d.eml", MAIL("dot"));
	put("f/.eml", MAIL("dot"));
	folder("f/e.eml");
	assert_int_equal(symlink("b.eml", path("f/g.eml")), 0);
	check("f", 4,
	      "f/a.EML 1 0: a@d.example <a@x.example>\n"
	      "f/b.eml 2 0: b@d.example <b@x.example>\n"
	      "f/e.eml 3 0: !66 f/e.eml: it is a folder, and no file\n"
	      "f/g.eml 4 0: !66 f/g.eml: it is a link, which is not followed out of a folder\n");
	check("f/g.eml", 1, "f/g.eml 1 0: b@d.example <b@x.example>\n");
}

/* Standard input is what `text` is, in a pipe. */
static void check_piped(const char *text, int count, const char *expected)
{
	int ends[2], kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
	close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	check("-", count, expected);
	assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
	close(kept);
}

static void test_standard_input_is_what_it_begins_as(void **state)
{
	(void)state;
	check_piped("", 0, "");
	check_piped(MAIL("c"), 1, "- 1 0: c@d.example <c@x.example>\n");
	check_piped(FROM MAIL("c") "\n" FROM "Content-Length: 114\n" MAIL("e") "\n" FROM MAIL("f") "\n" FROM "X: y\n", 3,
		    "- 1 1: c@d.example <c@x.example>\n"
		    "- 2 8: e@d.example <e@x.example>\n"
		    "- 3 23: !64 standard input, message 3, line 23: no recipients: add addresses, a To: line, or the setting to\n");
	check_piped("MAIL FROM:<a@b.example>\nRCPT TO:<q@d.example>\nDATA\n" MAIL("c") ".\n", -1,
		    "- 1 0: q@d.example <c@x.example>/fc097a6028fc53e791b471ec89820f1c\n");
	check_piped("text\n", 0, "!65 standard input: it begins as no mailbox, no message and no SMTP does");
}

static void test_a_folder_that_changes_while_it_is_read(void **state)
{
	const struct timespec later[2] = {{4000000000, 0}, {4000000000, 0}};
	struct arena in = {.block = NULL};
	struct feed_maildir d;
	struct message m;
	struct failure f;
	uint64_t count;
	int fd;

	(void)state;
	folder("v");
	folder("v/new");
	folder("v/cur");
	put("v/new/1", MAIL("a"));
	put("v/new/2", MAIL("b"));
	put("v/new/3", MAIL("c"));
	put("v/cur/4:2,S", MAIL("d"));
	fd = open(path("v"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(feed_maildir_open(&d, fd, NULL, LISTING_MOST, &f), 0);
	assert_int_equal(feed_maildir_count(&d, &count, &f), 0);
	assert_int_equal(count, 4);
	assert_int_equal(feed_maildir_next(&d, &m, &in, &f), 1);
	assert_string_equal(d.name, "new/1");
	/* one is read by a mail program, one is taken away, one came later than the run began: as seen by a run that began long ago */
	assert_int_equal(renameat(d.folder[0], "2", d.folder[1], "2:2,S"), 0);
	assert_int_equal(unlinkat(d.folder[0], "3", 0), 0);
	assert_int_equal(feed_maildir_next(&d, &m, &in, &f), 1);
	assert_string_equal(d.name, "cur/2:2,S");
	assert_int_equal(feed_maildir_next(&d, &m, &in, &f), -1);
	assert_string_equal(d.name, "new/3");
	check_failure(&f, AT_INPUT, EX_NOINPUT, "opening it: No such file");
	/* Its content may be of any time; only what has also come, or been changed, since counts as later. */
	assert_int_equal(utimensat(d.folder[1], "4:2,S", later, 0), 0);
	d.run.began += 1000;
	assert_int_equal(feed_maildir_next(&d, &m, &in, &f), 1);
	assert_int_equal(feed_maildir_next(&d, &m, &in, &f), 0);
	feed_maildir_close(&d);

	assert_int_equal(feed_maildir_open(&d, fd, NULL, 1, &f), 0);
	d.run.began = 1;
	assert_int_equal(feed_maildir_next(&d, &m, &in, &f), -1);
	check_failure(&f, AT_INPUT, EX_TEMPFAIL, "it came after the run had begun");
	feed_maildir_close(&d);
	close(fd);
	arena_free(&in);
}

static const char *key_of(struct arena *in, const char *text, const struct request *said)
{
	const char *key = "";
	struct message m;
	struct failure f;

	message_of(&m, in, text);
	assert_int_equal(feed_key_of(&key, &m, in, said, &f), 0);
	message_close(&m);
	return key;
}

static void test_a_mail_is_known_by_its_message_id_or_its_octets(void **state)
{
	static const char *const unfit[] = {"", "Message-ID:\n", "Message-ID: <a b>\n", "Message-ID: <\xc3\xa4@b>\n", "Message-ID: <a@b> <c@d>\n",
					    "Message-ID: <a\tb>\n"};
	struct request_recipient to = {.text = "c@d"};
	struct request said = {.sender = "a@b"};
	struct arena in = {.block = NULL};
	const char *key, *other;
	char longest[300];

	(void)state;
	assert_string_equal(key_of(&in, "message-id: <a@b>\n\nx\n", NULL), "<a@b>");
	assert_string_equal(key_of(&in, "Message-ID:\n <a@b> \nTo: x\n", NULL), "<a@b>");
	assert_string_equal(key_of(&in, "Message-ID: <a@b>\nMessage-ID: <c@d>\n\nx\n", NULL), "<a@b>");
	for (size_t i = 0; i < ROWS(unfit); i++) {
		key = key_of(&in, arena_printf(&in, "%sTo: x\n\ny\n", unfit[i]), NULL);
		assert_memory_equal(key, "octets:", 7);
		assert_int_equal(strspn(key + 7, "0123456789abcdef"), 32);
		assert_int_equal(strlen(key), 39);
		assert_string_equal(key, key_of(&in, arena_printf(&in, "%.*s%s", (int)strlen(unfit[i]), unfit[i], "To: x\r\n\r\ny"), NULL));
		assert_string_equal(key, key_of(&in, arena_printf(&in, FROM "%sTo: x\n\ny\n", unfit[i]), NULL));
		assert_string_not_equal(key, key_of(&in, arena_printf(&in, "%sTo: x\n\ny\n\n", unfit[i]), NULL));
	}
	memset(longest, 'x', sizeof longest);
	longest[250] = '\0';
	assert_string_equal(key_of(&in, arena_printf(&in, "Message-ID: %s\n\n", longest), NULL), longest);
	longest[250] = 'x';
	longest[251] = '\0';
	assert_int_equal(strlen(key_of(&in, arena_printf(&in, "Message-ID: %s\n\n", longest), NULL)), 39);
	/* the same one to others is another mail */
	key = key_of(&in, "Message-ID: <a@b>\n\n", &said);
	said.recipient = &to;
	said.recipients = 1;
	other = key_of(&in, "Message-ID: <a@b>\n\n", &said);
	assert_memory_equal(key, "<a@b>/", 6);
	assert_memory_equal(other, "<a@b>/", 6);
	assert_int_equal(strlen(key), 6 + 32);
	assert_string_not_equal(key, other);
	longest[250] = '\0';
	assert_true(strlen(key_of(&in, arena_printf(&in, "Message-ID: %s\n\n", longest), &said)) < FEED_KEY);
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_file_is_says_its_beginning),
		cmocka_unit_test(test_a_mailbox_file),
		cmocka_unit_test(test_one_message_and_what_is_none),
		cmocka_unit_test(test_commands_have_their_envelope_and_it_belongs_to_the_key),
		cmocka_unit_test(test_a_maildir),
		cmocka_unit_test(test_a_folder_of_messages),
		cmocka_unit_test(test_standard_input_is_what_it_begins_as),
		cmocka_unit_test(test_a_folder_that_changes_while_it_is_read),
		cmocka_unit_test(test_a_mail_is_known_by_its_message_id_or_its_octets),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
