#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf/whoami.h"
#include "intake/recipients.h"
#include "files.h"
#include "job.h"

static struct arena arena;

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* An account of those settings; its aliases are that text. */
static struct account *account_of(const char *to, const char *root_to, const char *aliases)
{
	struct account *a = arena_zeroed(&arena, 1, sizeof *a);
	FILE *out = fopen(own_file(), "w");

	assert_non_null(out);
	fputs(aliases, out);
	fclose(out);
	account_defaults(a);
	a->to = to;
	a->root_to = root_to;
	a->maildomain = "x.example";
	a->aliases = own_file();
	return a;
}

struct asked {
	const char *named[4]; /* recipients, by whoever calls */
	bool from_header, no_aliases;
	const char *text, *to, *root_to, *aliases; /* NULL: "" */
};

static const char *given(const char *text)
{
	return text ? text : "";
}

static int take(struct recipients *who, struct job *j, const struct asked *asked, struct request *r, struct identity *id, struct failure *f)
{
	struct aliases *aliases;

	*r = (struct request){.from_header = asked->from_header, .no_aliases = asked->no_aliases};
	*id = (struct identity){.forced = "", .domain = "", .from = ""};
	*j = (struct job){.account = account_of(given(asked->to), given(asked->root_to), given(asked->aliases))};
	j->mail.envelope.sender = "";
	message_of(&j->message, &j->arena, given(asked->text));
	for (size_t i = 0; i < ROWS(asked->named) && asked->named[i]; i++)
		(void)request_add(r, &j->arena, asked->named[i]);
	assert_int_equal(aliases_open(&aliases, &arena, j->account, f), 0);
	recipients_open(who, j, r, aliases, id, whoami_host(&arena));
	return recipients_take(who, f);
}

static void test_who_gets_it_is_told_by_arguments_header_aliases_and_setting(void **state)
{
	static const struct { struct asked asked; const char *expected; } rows[] = {
		{{.named = {"a@y"}}, "a@y"},
		{{.named = {"a@y", "b@y", "a@Y", "A@Y"}}, "a@y b@y A@Y"}, /* a local part is its own (RFC 5321 2.4) */
		{{.named = {"A <a@y>, b@y", "g: c@y, d@y;"}}, "a@y b@y c@y d@y"},
		{{.named = {"a@y"}, .text = "To: t@y\n\n"}, "a@y"}, /* no -t */
		{{.named = {"a@y"}, .text = "To: t@y\nCc: c@y\nBcc: b@y\n\n", .from_header = true}, "a@y t@y c@y b@y"},
		{{.text = "To: t@y\nResent-To: r@y\n\n", .from_header = true}, "r@y"},
		{{.to = "s@y, t@y"}, "s@y t@y"},
		{{.named = {"a@y"}, .to = "s@y"}, "a@y"},
		{{.text = "Subject: x\n\n", .from_header = true, .to = "s@y"}, "s@y"},
		/* local names: aliases first, then the domain */
		{{.named = {"joe", "joe@localhost", "ann"}}, "joe@x.example ann@x.example"},
		{{.named = {"joe"}, .aliases = "joe: j@y, k@y\n"}, "j@y k@y"},
		{{.named = {"joe", "k@y"}, .aliases = "joe: ann, k@y\nann: a@y\n"}, "a@y k@y"},
		{{.named = {"joe"}, .aliases = "joe: j@y\n", .no_aliases = true}, "joe@x.example"},
		{{.named = {"joe@y"}, .aliases = "joe: j@y\n"}, "joe@y"}, /* not of this host */
		{{.named = {"root"}, .root_to = "admin@y"}, "admin@y"},
		{{.named = {"root"}, .root_to = "admin@y", .aliases = "root: other@y\n"}, "admin@y"},
		{{.text = "To: joe, Ann <ann@localhost>\n\n", .from_header = true, .aliases = "joe: j@y\n"}, "j@y ann@x.example"},
		{{.named = {"joe"}, .aliases = "default: d@y\n"}, "d@y"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct recipients who;
		struct identity id;
		struct request r;
		struct failure f;
		struct job j;

		assert_int_equal(take(&who, &j, &rows[i].asked, &r, &id, &f), 0);
		assert_string_equal(recipients_text(&j.arena, &j.mail.envelope), rows[i].expected);
		arena_free(&j.arena);
	}
}

static void test_what_names_nobody_is_an_error_of_who_named_it(void **state)
{
	static const struct {
		struct asked asked;
		enum stage stage;
		int exit;
		const char *words;
	} rows[] = {
		{{.text = NULL}, AT_USAGE, EX_USAGE, "no recipients: add addresses, a To: line with -t, or the setting to"},
		{{.from_header = true}, AT_USAGE, EX_USAGE, "no recipients: add addresses, a To: line, or the setting to"},
		{{.named = {"a@@y"}}, AT_INPUT, EX_DATAERR, "recipient: "},
		{{.named = {"a@y", "b@y\r\nRCPT TO:<c@y>"}}, AT_INPUT, EX_DATAERR, "recipient 2 has a line end or control character in it"},
		{{.text = "To: a@@y\n\n", .from_header = true}, AT_INPUT, EX_DATAERR, "To"},
		{{.to = "a@@y"}, AT_CONFIG, EX_CONFIG, "to: "},
		{{.named = {"joe"}, .aliases = "joe: ann\nann: joe\n"}, AT_CONFIG, EX_CONFIG, ""},
		{{.named = {"joe"}, .aliases = "joe: |program\n"}, AT_CONFIG, EX_CONFIG, ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct recipients who;
		struct identity id;
		struct request r;
		struct failure f;
		struct job j;

		assert_int_equal(take(&who, &j, &rows[i].asked, &r, &id, &f), -1);
		check_failure(&f, rows[i].stage, rows[i].exit, rows[i].words);
		arena_free(&j.arena);
	}
}

static void test_what_one_recipient_asked_for_is_not_asked_for_another(void **state)
{
	const struct asked asked = {.aliases = "joe: j@y, k@y\n"};
	struct recipients who;
	struct identity id;
	struct request r;
	struct failure f;
	struct job j;

	(void)state;
	assert_int_equal(take(&who, &j, &(struct asked){.named = {"a@y"}}, &r, &id, &f), 0);
	arena_free(&j.arena);
	(void)take(&who, &j, &asked, &r, &id, &f); /* nobody is named yet */
	*request_add(&r, &j.arena, "joe") = (struct request_recipient){.text = "joe", .notify = NOTIFY_DELAY, .orcpt = "rfc822;joe"};
	(void)request_add(&r, &j.arena, "b@y");
	assert_int_equal(recipients_take(&who, &f), 0);
	assert_string_equal(recipients_text(&j.arena, &j.mail.envelope), "j@y k@y b@y");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(j.mail.envelope.recipient[i].notify, NOTIFY_DELAY);
		assert_string_equal(j.mail.envelope.recipient[i].orcpt, "rfc822;joe");
	}
	assert_int_equal(j.mail.envelope.recipient[2].notify, 0);
	assert_null(j.mail.envelope.recipient[2].orcpt);
	arena_free(&j.arena);
}

static void test_a_local_name_in_the_header_becomes_what_it_stands_for(void **state)
{
	static const struct { const char *name; bool recipient, no_aliases; const char *expected; } rows[] = {
		{"joe", true, false, "j@y,\r\n k@y"},
		{"joe", true, false, "j@y,\r\n k@y"}, /* once more in the same mail */
		{"joe", false, false, "joe@x.example"}, /* who writes is no alias */
		{"joe", true, true, "joe@x.example"},
		{"ann@localhost", true, false, "ann@x.example"},
		{"a@y", true, false, NULL}, /* it stays */
		{"", true, false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct asked asked = {.named = {"b@y"}, .no_aliases = rows[i].no_aliases, .aliases = "joe: j@y, k@y\n"};
		const struct mailbox box = {.address = rows[i].name};
		const char *text = NULL;
		struct recipients who;
		struct identity id;
		struct request r;
		struct failure f;
		struct job j;

		assert_int_equal(take(&who, &j, &asked, &r, &id, &f), 0);
		assert_int_equal(who.naming.text(who.naming.ctx, &j.arena, &box, rows[i].recipient, &text, &f), 0);
		if (rows[i].expected)
			assert_string_equal(text, rows[i].expected);
		else
			assert_null(text);
		arena_free(&j.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_who_gets_it_is_told_by_arguments_header_aliases_and_setting, teardown),
		cmocka_unit_test_teardown(test_what_names_nobody_is_an_error_of_who_named_it, teardown),
		cmocka_unit_test_teardown(test_what_one_recipient_asked_for_is_not_asked_for_another, teardown),
		cmocka_unit_test_teardown(test_a_local_name_in_the_header_becomes_what_it_stands_for, teardown),
	};

	return cmocka_run_group_tests(tests, own_file_make, own_file_remove);
}
