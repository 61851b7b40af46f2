#define _GNU_SOURCE /* mkdtemp */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "intake/input_files.h"
#include "intake/input_survey.h"

#define MAIL(name) "Message-ID: <" name "@x.example>\nFrom: a@b.example\nTo: " name "@d.example\n\ntext\n"
#define FROM "From a@b.example Mon Jan  1 00:00:00 2024\n"

enum { MOST = 4 };

static char top[] = "/tmp/mysend.XXXXXX";
static const struct request asked = {.account = NULL};

static void put(const char *name, const char *text)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	unsetenv("MYSEND_CONFIG");
	if (!mkdtemp(top) || chdir(top) < 0)
		return -1;
	put("conf", "account default\nhost h\ntls off\nmaildomain x.example\nfrom me@x.example\naliases off\n");
	put("one.eml", MAIL("one"));
	put("two.eml", MAIL("two"));
	put("three.mbox", FROM MAIL("three") "\n" FROM MAIL("four"));
	put("none.txt", "Dear Bob,\n");
	put("none.eml", "");
	put("none.mbox", "");
	put("bad.mbox", FROM "Subject: nobody\n\nx\n\n" FROM MAIL("five"));
	put("again.mbox", FROM MAIL("six") "\n" FROM "To: x@d.example, six@D.EXAMPLE\nFrom: a@b.example\nMessage-ID: <six@x.example>\n\ny\n\n"
			  FROM "To: x@d.example\nFrom: a@b.example\nMessage-ID: <six@x.example>\n\nz\n");
	put("same.mbox", FROM "To: s@d.example\nFrom: a@b.example\n\nx\n\n" FROM "To: s@d.example\nFrom: a@b.example\n\ny\n\n"
			 FROM "To: s@d.example\nFrom: a@b.example\n\nx\n");
	put("marked.mbox", FROM "Status: O\nX-UID: 7\nTo: s@d.example\nFrom: a@b.example\n\nx\n\n"
			   FROM "To: s@d.example\nFrom: a@b.example\nStatus: RO\n\nx\n");
	put("in.bsmtp", "MAIL FROM:<a@b.example>\nRCPT TO:<r@d.example>\nDATA\nFrom: a@b.example\n\nx\n.\n");
	return mkdir("dir", 0700) < 0 || mkdir("dir/new", 0700) < 0 || mkdir("dir/cur", 0700) < 0;
}

static int teardown(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", top);
	return system(command); /* a path that mkdtemp made */
}

struct opened {
	struct arena run;
	struct intake n;
	struct input_files *files;
	struct failure f;
	struct buf seen;
};

static int open_them(struct opened *o, const char *const *path)
{
	size_t paths = 0;

	*o = (struct opened){.run = {.block = NULL}};
	buf_start(&o->seen, 1 << 20);
	while (paths < MOST && path[paths])
		paths++;
	assert_int_equal(intake_open(&o->n, &asked, arena_printf(&o->run, "%s/conf", top), NULL, &o->run, &o->f), 0);
	return input_files_open(&o->files, &o->run, &(struct input_files_order){path, paths, &asked, &o->n}, &o->f);
}

static void close_them(struct opened *o)
{
	input_files_close(o->files);
	intake_close(&o->n);
	buf_free(&o->seen);
	arena_free(&o->run);
}

/* What the input gives, one a line: "number file line: recipients" or what is wrong. */
static const char *all_of(struct opened *o)
{
	const struct batch_input *input = input_files_input(o->files);
	struct batch_mail m;
	int rc;

	o->seen.len = 0;
	while ((rc = input->next(input->ctx, &m, &o->f)) != 0) {
		assert_int_equal(buf_printf(&o->seen, "%d %s %d: ", (int)m.number, m.file, (int)m.line), 0);
		if (rc < 0) {
			assert_int_equal(buf_printf(&o->seen, "!%d %s%s\n", o->f.exit, o->f.text, m.lost ? " (lost)" : ""), 0);
			continue;
		}
		for (size_t i = 0; i < m.job->mail.envelope.recipients; i++)
			assert_int_equal(buf_printf(&o->seen, "%s ", m.job->mail.envelope.recipient[i].address), 0);
		assert_int_equal(buf_printf(&o->seen, "\n"), 0);
		input->release(input->ctx, m.job);
	}
	return o->seen.len ? o->seen.p : "";
}

static void test_each_pass_gives_the_same_mails(void **state)
{
	static const struct {
		const char *path[MOST + 1];
		const char *seen;
	} rows[] = {
		{{"one.eml"}, "1 one.eml 0: one@d.example \n"},
		{{"one.eml", "two.eml"}, "1 one.eml 0: one@d.example \n2 two.eml 0: two@d.example \n"},
		{{"three.mbox"}, "1 three.mbox 1: three@d.example \n2 three.mbox 8: four@d.example \n"},
		{{"two.eml", "three.mbox", "one.eml"},
		 "1 two.eml 0: two@d.example \n2 three.mbox 1: three@d.example \n3 three.mbox 8: four@d.example \n4 one.eml 0: one@d.example \n"},
		{{"none.mbox"}, ""},
		{{"none.mbox", "none.txt", "none.eml", "one.eml"},
		 "1 none.txt 0: !65 none.txt: it begins as no mailbox, no message and no SMTP does\n"
		 "2 none.eml 0: !65 none.eml: the message is empty\n"
		 "3 one.eml 0: one@d.example \n"},
		{{"bad.mbox", "one.eml"},
		 "1 bad.mbox 1: !65 bad.mbox, message 1, line 1: no recipients: add addresses, a To: line, or the setting to\n"
		 "2 bad.mbox 6: five@d.example \n3 one.eml 0: one@d.example \n"},
		/* The same Message-ID: sent where no recipient has got it. */
		{{"again.mbox"},
		 "1 again.mbox 1: six@d.example \n"
		 "2 again.mbox 8: !65 again.mbox, message 2, line 8: it is mail 1 once more, also to six@D.EXAMPLE: not sent twice\n"
		 "3 again.mbox 15: x@d.example \n"},
		{{"one.eml", "one.eml"}, "1 one.eml 0: one@d.example \n2 one.eml 0: !65 one.eml: it is mail 1 once more, also to one@d.example: not sent twice\n"},
		/* No Message-ID: the same if every octet is. */
		{{"same.mbox"},
		 "1 same.mbox 1: s@d.example \n2 same.mbox 7: s@d.example \n"
		 "3 same.mbox 13: !65 same.mbox, message 3, line 13: it is mail 1 once more, also to s@d.example: not sent twice\n"},
		/* A mail program has marked the second as read meanwhile: it is the same. */
		{{"marked.mbox"},
		 "1 marked.mbox 1: s@d.example \n2 marked.mbox 9: !65 marked.mbox, message 2, line 9: it is mail 1 once more, also to s@d.example: not sent twice\n"},
		{{"dir"}, ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct opened o;

		assert_int_equal(open_them(&o, rows[i].path), 0);
		for (int pass = 0; pass < 3; pass++) {
			const struct batch_input *input = input_files_input(o.files);

			assert_string_equal(all_of(&o), rows[i].seen);
			assert_int_equal(input->rewind(input->ctx, &o.f), 0);
		}
		close_them(&o);
	}
}

static void test_what_is_wrong_with_a_path_is_told_at_once(void **state)
{
	static const struct {
		const char *path[MOST + 1];
		int status;
		const char *why;
	} rows[] = {
		{{"nothing"}, EX_NOINPUT, "nothing: opening it: No such file or directory"},
		{{"one.eml", "nothing"}, EX_NOINPUT, "nothing: opening it: No such file or directory"},
		{{"none.txt"}, EX_DATAERR, "none.txt: it begins as no mailbox, no message and no SMTP does"},
		{{"-", "one.eml", "-"}, EX_USAGE, "standard input (-) is named twice"},
	};
	const int saved = dup(STDIN_FILENO), null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(dup2(null, STDIN_FILENO), STDIN_FILENO);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct opened o;

		assert_int_equal(open_them(&o, rows[i].path), -1);
		assert_int_equal(o.f.exit, rows[i].status);
		assert_string_equal(o.f.text, rows[i].why);
		close_them(&o);
	}
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(null);
}

static void check_pipe(const char *const *paths, const char *seen)
{
	static const char text[] = FROM MAIL("p") "\n" FROM MAIL("q");
	const int saved = dup(STDIN_FILENO);
	struct opened o;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, sizeof text - 1), (ssize_t)sizeof text - 1);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	assert_int_equal(open_them(&o, paths), 0);
	for (int pass = 0; pass < 3; pass++) {
		const struct batch_input *input = input_files_input(o.files);

		assert_string_equal(all_of(&o), seen);
		assert_int_equal(input->rewind(input->ctx, &o.f), 0);
	}
	close_them(&o);
	dup2(saved, STDIN_FILENO);
	close(saved);
}

static void test_a_pipe_is_read_once_and_given_in_each_pass(void **state)
{
	static const char *const middle[] = {"one.eml", "-", "two.eml", NULL}, *const last[] = {"one.eml", "-", NULL}, *const alone[] = {"-", NULL};

	(void)state;
	check_pipe(middle, "1 one.eml 0: one@d.example \n2 - 1: p@d.example \n3 - 8: q@d.example \n4 two.eml 0: two@d.example \n");
	check_pipe(last, "1 one.eml 0: one@d.example \n2 - 1: p@d.example \n3 - 8: q@d.example \n");
	check_pipe(alone, "1 - 1: p@d.example \n2 - 8: q@d.example \n");
}

/* A run of several passes must not go on with the answers to its mail. */
static void test_mail_that_came_after_the_beginning_is_left_in_each_pass(void **state)
{
	static const char *const paths[] = {"dir", "one.eml", NULL};
	struct opened o;
	const struct timespec later = {.tv_sec = 4000000000};

	(void)state;
	assert_int_equal(open_them(&o, paths), 0);
	put("dir/new/1.M1.h", MAIL("late"));
	for (int pass = 0; pass < 2; pass++) {
		const struct batch_input *input = input_files_input(o.files);
		const char *seen;

		assert_int_equal(utimensat(AT_FDCWD, "dir/new/1.M1.h", (const struct timespec[]){later, later}, 0), 0);
		while (1) { /* until st_ctime is of a later second than the beginning */
			seen = all_of(&o);
			assert_int_equal(input->rewind(input->ctx, &o.f), 0);
			if (!strstr(seen, "late@"))
				break;
			nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
			assert_int_equal(chmod("dir/new/1.M1.h", 0600), 0);
		}
		assert_non_null(strstr(seen, "1 dir/new/1.M1.h 0: !75 dir/new/1.M1.h: "));
		assert_non_null(strstr(seen, "2 one.eml 0: one@d.example"));
	}
	close_them(&o);
	unlink("dir/new/1.M1.h");
}

/* What is appended while a run goes on may be half a mail when it is read. */
static void test_what_comes_to_a_mailbox_after_the_beginning_is_left_in_each_pass(void **state)
{
	static const char *const alone[] = {"grows.mbox", NULL}, *const several[] = {"grows.mbox", "one.eml", NULL};

	(void)state;
	for (int all = 0; all < 2; all++) {
		struct opened o;
		const struct batch_input *input;

		put("grows.mbox", FROM MAIL("early"));
		assert_int_equal(open_them(&o, all ? several : alone), 0);
		input = input_files_input(o.files);
		put("grows.mbox", FROM MAIL("early") "\n" FROM "Message-ID: <late@x.example>\nTo: late@d.example\n\nhal");
		for (int pass = 0; pass < 2; pass++) {
			assert_string_equal(all_of(&o), all ? "1 grows.mbox 1: early@d.example \n2 one.eml 0: one@d.example \n"
							    : "1 grows.mbox 1: early@d.example \n");
			assert_int_equal(input->rewind(input->ctx, &o.f), 0);
		}
		put("grows.mbox", FROM "To: x@d.example\n");
		(void)all_of(&o);
		assert_int_equal(o.f.exit, EX_IOERR);
		assert_non_null(strstr(o.f.text, "the file has become shorter while it was read"));
		close_them(&o);
	}
}

static bool count_bad(void *ctx, const struct batch_mail *m, const struct failure *why)
{
	unsigned *bad = ctx;

	assert_true(m->job != NULL || why != NULL);
	if (!why)
		return true;
	assert_int_equal(why->exit, EX_DATAERR);
	assert_int_equal(m->line, 1);
	++*bad;
	return true;
}

static void test_a_survey_tells_what_will_be_sent(void **state)
{
	static const char *const paths[] = {"bad.mbox", "three.mbox", "one.eml", NULL};
	struct input_survey s;
	struct opened o;
	unsigned bad = 0;

	(void)state;
	assert_int_equal(open_them(&o, paths), 0);
	for (unsigned pass = 1; pass < 3; pass++) {
		const struct batch_input *input = input_files_input(o.files);

		assert_int_equal(input_survey(input, &s, count_bad, &bad, &o.f), 0);
		assert_int_equal(s.mails, 4);
		assert_int_equal(s.recipients, 4);
		assert_int_equal(s.bad, 1);
		assert_int_equal(bad, pass);
		assert_false(s.lost);
		assert_string_equal(s.first, "five@d.example");
		assert_string_equal(s.last, "one@d.example");
		assert_string_equal(s.sender, "me@x.example");
		assert_non_null(s.account);
		assert_false(s.accounts);
	}
	close_them(&o);
}

/* It is made of the ledger's run and the mail, so that whoever gets the mail twice can tell. */
static void test_mail_without_message_id_gets_the_same_one_in_each_pass(void **state)
{
	static const char *const paths[] = {"same.mbox", "in.bsmtp", NULL};
	const struct ledger_order order = {"ledger", "same.mbox", "-", INPUT_FILES_RULE, false};
	struct ledger *ledger;
	char id[2][3][100] = {{""}};
	struct opened o;
	int rc;

	(void)state;
	assert_int_equal(open_them(&o, paths), 0);
	assert_int_equal(ledger_open(&ledger, &order, &o.f), 0);
	input_files_use(o.files, ledger);
	for (int pass = 0; pass < 2; pass++) {
		const struct batch_input *input = input_files_input(o.files);
		struct batch_mail m;
		size_t i = 0;

		while ((rc = input->next(input->ctx, &m, &o.f)) != 0) {
			if (rc < 0)
				continue;
			assert_memory_equal(m.job->mail.message_id, ledger_message_id(ledger, m.key, "x", &o.run), 1 + 32 + 1);
			snprintf(id[pass][i++], sizeof id[pass][0], "%s", m.job->mail.message_id);
			input->release(input->ctx, m.job);
		}
		assert_int_equal(i, 3);
		assert_int_equal(input->rewind(input->ctx, &o.f), 0);
	}
	assert_memory_equal(id[0], id[1], sizeof id[0]);
	assert_string_not_equal(id[0][0], id[0][1]);
	assert_int_equal(ledger_close(ledger, &o.f), 0);
	close_them(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_pass_gives_the_same_mails),
		cmocka_unit_test(test_what_is_wrong_with_a_path_is_told_at_once),
		cmocka_unit_test(test_a_pipe_is_read_once_and_given_in_each_pass),
		cmocka_unit_test(test_mail_that_came_after_the_beginning_is_left_in_each_pass),
		cmocka_unit_test(test_what_comes_to_a_mailbox_after_the_beginning_is_left_in_each_pass),
		cmocka_unit_test(test_a_survey_tells_what_will_be_sent),
		cmocka_unit_test(test_mail_without_message_id_gets_the_same_one_in_each_pass),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
