#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "intake/intake.h"
#include "files.h"
#include "job.h"

enum { MOST = 4096 };

static struct arena arena;

static int group_setup(void **state)
{
	static const char *const unset[] = {"NAME", "MYSEND_CONFIG", "MYSEND_HOST", "MYSEND_FROM"};

	for (size_t i = 0; i < ROWS(unset); i++)
		unsetenv(unset[i]);
	return own_file_make(state);
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* With a configuration of one account of those further lines; its header has nothing that the clock would tell, and its recipients
 * nothing that /etc/aliases of the host that builds would. */
static void open_with(struct intake *n, const struct request *r, const char *lines)
{
	FILE *out = fopen(own_file(), "w");
	struct failure f;

	assert_non_null(out);
	fprintf(out, "account default\nhost h\ntls off\nmaildomain x.example\naliases off\nfrom_full_name N\nset_date_header off\nset_msgid_header off\n%s", lines);
	fclose(out);
	if (intake_open(n, r, own_file(), NULL, &arena, &f) < 0) {
		print_error("%s\n", f.text);
		assert_true(false);
	}
}

static void discard(struct job *j)
{
	message_close(&j->message);
	arena_free(&j->arena);
}

static const char *octets_of(struct arena *in, struct source *s)
{
	char *to = arena_zeroed(in, MOST, 1);
	struct slice all;
	struct failure f;

	assert_int_equal(source_head(s, to, MOST - 1, &all, &f), 0);
	assert_int_equal(all.len, s->size);
	return to;
}

/* What is asked, how, and what comes of it. */
struct row {
	const char *lines; /* of the account */
	struct request request;
	const char *to[3], *text;
	const char *sender, *recipients, *wire; /* of the job */
	struct {
		enum stage stage;
		int exit;
		const char *words;
	} failure; /* or, where sender is NULL, this */
};

static int take(struct intake *n, struct job *j, const struct row *row, struct failure *f)
{
	struct request r = row->request;

	*j = (struct job){.account = NULL};
	for (size_t i = 0; i < ROWS(row->to) && row->to[i]; i++)
		(void)request_add(&r, &j->arena, row->to[i]);
	message_of(&j->message, &j->arena, row->text);
	return intake_take(n, j, &r, f);
}

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct intake n;
		struct failure f;
		struct job j;

		open_with(&n, &row->request, row->lines);
		if (!row->sender) {
			assert_int_equal(take(&n, &j, row, &f), -1);
			check_failure(&f, row->failure.stage, row->failure.exit, row->failure.words);
			assert_null(j.mail.form7); /* nothing has been made by halves */
		} else {
			if (take(&n, &j, row, &f) < 0)
				print_error("%zu: %s\n", i, f.text);
			assert_non_null(j.mail.form7);
			assert_string_equal(j.mail.envelope.sender, row->sender);
			assert_string_equal(recipients_text(&j.arena, &j.mail.envelope), row->recipients);
			assert_string_equal(octets_of(&j.arena, j.mail.form7), row->wire);
		}
		discard(&j);
		intake_close(&n);
	}
}

#define FROM "From: N <me@y>\r\n"

static void test_a_request_and_a_message_make_a_job(void **state)
{
	static const struct row rows[] = {
		{"from me@y\n", {.account = NULL}, {"a@z"}, "text\n", "me@y", "a@z", FROM "To: a@z\r\n\r\ntext\r\n", {0}},
		{"from me@y\n", {.sender = "f@z"}, {"a@z", "b@z"}, "Subject: s\n\nt\n", "f@z", "a@z b@z",
		 "Subject: s\r\nFrom: N <f@z>\r\nTo: undisclosed-recipients:;\r\n\r\nt\r\n", {0}},
		{"from me@y\n", {.sender = "<>"}, {"joe"}, "To: joe\n\nt\n", "", "joe@x.example", "To: joe@x.example\r\n" FROM "\r\nt\r\n", {0}},
		{"from me@y\n", {.from_header = true}, {NULL}, "To: A <a@z>\nBcc: b@z\n\nt\n", "me@y", "a@z b@z", "To: A <a@z>\r\n" FROM "\r\nt\r\n", {0}},
		{"from me@y\nremove_bcc_headers off\n", {.from_header = true}, {NULL}, "To: a@z\nBcc: b@z\n\n", "me@y", "a@z b@z",
		 "To: a@z\r\nBcc: b@z\r\n" FROM "\r\n", {0}},
		{"from me@y\n", {.name = "Other"}, {"a@z"}, "To: a@z\n\n", "me@y", "a@z", "To: a@z\r\nFrom: Other <me@y>\r\n\r\n", {0}},
		{"from me@y\nforce_from f@y\n", {.sender = "g@z"}, {"a@z"}, "From: h@z\nTo: a@z\n\n", "f@y", "a@z", "From: N <f@y>\r\nTo: a@z\r\n\r\n", {0}},
		{"from me@y\nundisclosed_recipients on\n", {.account = NULL}, {"a@z"}, "To: a@z\nCc: b@z\n\n", "me@y", "a@z",
		 "To: undisclosed-recipients:;\r\n" FROM "\r\n", {0}},
		{"from me@y\nto s@z\n", {.account = NULL}, {NULL}, "Subject: s\n\n", "me@y", "s@z", "Subject: s\r\n" FROM "To: s@z\r\n\r\n", {0}},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_what_cannot_be_taken_is_an_error_with_its_place(void **state)
{
	static const struct row rows[] = {
		{.lines = "from me@y\n", .text = "t\n", .failure = {AT_USAGE, EX_USAGE, "no recipients"}},
		{.lines = "from me@y\n", .to = {"a@@z"}, .text = "t\n", .failure = {AT_INPUT, EX_DATAERR, "recipient: "}},
		{.lines = "from me@y\n", .request = {.sender = "a@@z"}, .to = {"a@z"}, .text = "t\n", .failure = {AT_USAGE, EX_DATAERR, "-f: "}},
		{.lines = "from me@y\n", .request = {.account = "none"}, .to = {"a@z"}, .text = "t\n", .failure = {AT_CONFIG, EX_CONFIG, ""}},
		{.lines = "from *@y\n", .to = {"a@z"}, .text = "t\n", .failure = {AT_CONFIG, EX_CONFIG, "from is a pattern"}},
		{.lines = "from me@y\nrefuse_empty on\n", .to = {"a@z"}, .text = "", .failure = {AT_INPUT, EX_DATAERR, "the message is empty"}},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_what_is_asked_for_stands_in_the_job_and_the_account_fills_in_the_rest(void **state)
{
	static const struct { const char *lines; struct request request; unsigned notify; enum ret ret; bool later; } rows[] = {
		{"", {.account = NULL}, 0, RET_UNSAID, false},
		{"dsn_notify failure,delay\ndsn_return headers\n", {.account = NULL}, NOTIFY_FAILURE | NOTIFY_DELAY, RET_HDRS, false},
		{"dsn_notify failure\ndsn_return headers\n", {.notify = NOTIFY_NEVER, .ret = RET_FULL}, NOTIFY_NEVER, RET_FULL, false},
		{"dsn_notify off\ndsn_return off\n", {.account = NULL}, 0, RET_UNSAID, false},
		{"", {.later = true}, 0, RET_UNSAID, true},
		{"queue always\n", {.account = NULL}, 0, RET_UNSAID, true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct row row = {.lines = arena_printf(&arena, "from me@y\n%s", rows[i].lines), .request = rows[i].request, .to = {"a@z"}, .text = "t\n"};
		struct intake n;
		struct failure f;
		struct job j;

		row.request.tag = "tag";
		row.request.envid = "id";
		row.request.mail_errors = row.request.smtputf8 = true;
		open_with(&n, &row.request, row.lines);
		assert_int_equal(take(&n, &j, &row, &f), 0);
		assert_int_equal(j.mail.envelope.notify, rows[i].notify);
		assert_int_equal(j.mail.envelope.ret, rows[i].ret);
		assert_int_equal(j.later, rows[i].later);
		assert_true(j.mail_errors && j.mail.envelope.smtputf8);
		assert_string_equal(j.tag, "tag");
		assert_string_equal(j.mail.envelope.envid, "id");
		discard(&j);
		intake_close(&n);
	}
}

static void test_each_message_has_its_account_and_the_same_sender_the_same(void **state)
{
	static const struct row rows[] = { /* sender: the account's name */
		{.request = {.sender = "o@other"}, .to = {"a@z"}, .text = "To: a@z\n\n", .sender = "other"},
		{.request = {.account = NULL}, .to = {"a@z"}, .text = "From: p@other\n\n", .sender = "other"},
		{.request = {.sender = "me@y"}, .to = {"a@z"}, .text = "From: p@other\n\n", .sender = "default"},
		{.request = {.account = "other", .sender = "me@y"}, .to = {"a@z"}, .text = "\n", .sender = "other"},
	};
	const struct account *other = NULL;
	struct intake n;

	(void)state;
	open_with(&n, &rows[0].request, "from me@y\naccount other\nhost o\nfrom *@other\n");
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f;
		struct job j;

		assert_int_equal(take(&n, &j, &rows[i], &f), 0);
		assert_string_equal(j.account->name, rows[i].sender);
		if (strcmp(rows[i].sender, "other") == 0) {
			assert_true(!other || other == j.account);
			other = j.account;
		}
		discard(&j);
	}
	intake_close(&n);
}

static void test_a_question_about_addresses_is_a_mail_without_an_octet(void **state)
{
	struct request r = {.sender = "f@z"};
	struct job j = {.account = NULL};
	struct intake n;
	struct failure f;

	(void)state;
	open_with(&n, &r, "from me@y\nrefuse_empty on\n");
	(void)request_add(&r, &arena, "joe");
	assert_int_equal(intake_take_addresses(&n, &j, &r, &f), 0);
	assert_string_equal(j.mail.envelope.sender, "f@z");
	assert_string_equal(recipients_text(&j.arena, &j.mail.envelope), "joe@x.example");
	assert_int_equal(mail_form(&j.mail, false)->size, 0);
	assert_ptr_equal(mail_form(&j.mail, true), mail_form(&j.mail, false));
	assert_string_equal(mail_message_id(&j.mail, &arena), "");
	discard(&j);
	intake_close(&n);
}

static void test_what_is_known_of_a_mail_is_known_once(void **state)
{
	static const struct { const char *text, *id; bool choice, eightbit; } rows[] = {
		{"Message-ID: <1@x>\n\nt\n", "<1@x>", false, false},
		{"Message-ID:\n <1@x>\n\nt\n", "<1@x>", false, false},
		{"\nt\n", "", false, false},
		{"\ncaf\xc3\xa9\n", "", true, false}, /* it is encoded for who takes no 8 bits */
		{"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\nDKIM-Signature: v=1\n\ncaf\xc3\xa9\n", "", false, true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct row row = {.lines = "from me@y\n", .to = {"a@z"}, .text = rows[i].text};
		struct intake n;
		struct failure f;
		struct job j;
		struct mail again = {.in = &arena};

		open_with(&n, &row.request, row.lines);
		assert_int_equal(take(&n, &j, &row, &f), 0);
		assert_string_equal(mail_message_id(&j.mail, &arena), rows[i].id);
		assert_int_equal(j.mail.form8 != NULL, rows[i].choice);
		assert_int_equal(j.mail.eightbit, rows[i].eightbit);
		/* Out of the queue, where only its octets are, it says the same. */
		mail_of(&again, &arena, j.mail.form7, j.mail.eightbit);
		assert_string_equal(mail_message_id(&again, &arena), rows[i].id);
		discard(&j);
		intake_close(&n);
	}
}

/* "" of ctx: the mail is not to go. */
static int choose_id(void *ctx, struct job *j, const char *host, const char **id, struct failure *f)
{
	if (!*(const char *)ctx)
		return fail(f, AT_INPUT, EX_DATAERR, "not %s", j->mail.envelope.recipient[0].address);
	*id = arena_printf(&j->arena, "<%s.%s@%s>", (const char *)ctx, j->mail.envelope.recipient[0].address, host);
	return 0;
}

static void test_who_asks_for_the_mail_may_choose_the_message_id_of_one_that_has_none(void **state)
{
	static const struct { const char *how, *text, *wire; } rows[] = {
		{"auto", "To: a@z\n\n", "To: a@z\r\n" FROM "Message-ID: <1.a@z@y>\r\n\r\n"},
		{"auto", "To: a@z\nMessage-ID: <m@z>\n\n", "To: a@z\r\nMessage-ID: <m@z>\r\n" FROM "\r\n"},
		{"on", "To: a@z\nMessage-ID: <m@z>\n\n", "To: a@z\r\nMessage-ID: <1.a@z@y>\r\n" FROM "\r\n"},
		{"off", "To: a@z\n\n", "To: a@z\r\n" FROM "\r\n"},
	};
	struct request r = {.from_header = true, .choose_id = choose_id};
	static char one[] = "1", none[] = "";

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (int goes = 0; goes < 2; goes++) {
			struct job j = {.account = NULL};
			struct intake n;
			struct failure f;
			struct override how = {SET_set_msgid_header, rows[i].how, "--set-msgid-header"};

			r.option = &how;
			r.options = 1;
			r.ctx = goes ? one : none;
			open_with(&n, &r, "from me@y\n");
			message_of(&j.message, &j.arena, rows[i].text);
			assert_int_equal(intake_take(&n, &j, &r, &f), goes - 1);
			if (goes)
				assert_string_equal(octets_of(&j.arena, j.mail.form7), rows[i].wire);
			else
				check_failure(&f, AT_INPUT, EX_DATAERR, "not a@z");
			discard(&j);
			intake_close(&n);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_a_request_and_a_message_make_a_job, teardown),
		cmocka_unit_test_teardown(test_what_cannot_be_taken_is_an_error_with_its_place, teardown),
		cmocka_unit_test_teardown(test_what_is_asked_for_stands_in_the_job_and_the_account_fills_in_the_rest, teardown),
		cmocka_unit_test_teardown(test_each_message_has_its_account_and_the_same_sender_the_same, teardown),
		cmocka_unit_test_teardown(test_a_question_about_addresses_is_a_mail_without_an_octet, teardown),
		cmocka_unit_test_teardown(test_what_is_known_of_a_mail_is_known_once, teardown),
		cmocka_unit_test_teardown(test_who_asks_for_the_mail_may_choose_the_message_id_of_one_that_has_none, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, own_file_remove);
}
