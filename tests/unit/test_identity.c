#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "intake/identity.h"
#include "job.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	return unsetenv("NAME");
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static struct account *account_of(const char *lines)
{
	struct account *a = arena_zeroed(&arena, 1, sizeof *a);
	struct slice rest = slice_of(lines), line, word;
	struct origin from = {RANK_USER, 1, "conf"};
	struct failure f;

	account_defaults(a);
	while (slice_line(&rest, &line)) {
		assert_true(slice_cut(&line, ' ', &word));
		assert_int_equal(account_set(a, &arena, setting_find(word.p, word.len), line, &from, &f), 0);
	}
	return a;
}

/* Who it is from, or the failure. The job lives as long as the arena. */
static int read_it(struct identity *id, const char *lines, const struct request *r, const char *text, struct failure *f)
{
	struct job *j = arena_zeroed(&arena, 1, sizeof *j);
	int rc;

	j->account = account_of(lines);
	message_of(&j->message, &arena, text);
	rc = identity_read(id, j, r, f);
	if (rc == 0) {
		id->sender = arena_printf(&arena, "%s", id->sender);
		id->from = arena_printf(&arena, "%s", id->from);
		id->name = arena_printf(&arena, "%s", id->name);
	}
	arena_free(&j->arena);
	return rc;
}

static void test_the_sender_is_forced_given_the_accounts_or_that_of_the_field(void **state)
{
	static const struct {
		const char *lines, *sender, *text; /* sender: -f, or NULL */
		const char *envelope, *field;
	} rows[] = {
		{"from me@x\nfrom_full_name N\n", NULL, "", "me@x", "me@x"},
		{"from me@x\n", "a@y", "", "a@y", "a@y"},
		{"from me@x\n", "Name <a@y>", "", "a@y", "a@y"},
		{"from me@x\nfrom_full_name N\n", "", "", "", "me@x"}, /* the null sender: a From field needs another */
		{"from me@x\nfrom_full_name N\n", "<>", "", "", "me@x"},
		{"from me@x\nallow_from_override off\nfrom_full_name N\n", "a@y", "", "me@x", "me@x"},
		{"from me@x\nforce_from f@z\n", "a@y", "From: b@y\n\n", "f@z", "f@z"},
		{"force_from joe\nmaildomain x.example\n", NULL, "", "joe@x.example", "joe@x.example"},
		{"from me@x\nmaildomain x.example\n", "joe", "", "joe@x.example", "joe@x.example"},
		{"from joe\nmaildomain x.example\nfrom_full_name N\n", NULL, "", "joe@x.example", "joe@x.example"},
		/* a pattern says which senders are its own, not which one it is */
		{"from *@x\nfrom_full_name N\n", NULL, "From: B <b@x>\n\n", "b@x", "b@x"},
		{"from *@x\n", "c@x", "From: B <b@x>\n\n", "c@x", "c@x"},
		{"from *@x\nfrom_full_name N\n", "<>", "From: B <b@y>\n\n", "", ""}, /* nothing is needed of it: there is a From field */
		{"from a@[127.0.0.1]\nfrom_full_name N\n", NULL, "", "a@[127.0.0.1]", "a@[127.0.0.1]"}, /* no pattern */
		{"from %F\nfrom_full_name N\n", NULL, "From: B <b@y>\n\n", "b@y", "b@y"},
		{"from %F\nfrom_full_name N\n", NULL, "Resent-From: r@y\nFrom: b@y\n\n", "r@y", "r@y"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct request r = {.sender = rows[i].sender};
		struct identity id;
		struct failure f;

		assert_int_equal(read_it(&id, rows[i].lines, &r, rows[i].text, &f), 0);
		assert_string_equal(id.sender, rows[i].envelope);
		assert_string_equal(id.from, rows[i].field);
	}
}

static void test_the_name_is_given_the_accounts_or_the_environments(void **state)
{
	static const struct { const char *lines, *name, *env, *expected; } rows[] = {
		{"from_full_name Account\n", "Given", "Env", "Given"},
		{"from_full_name Account\n", "", "Env", ""}, /* -F '': none */
		{"from_full_name Account\n", NULL, "Env", "Account"},
		{"", NULL, "Env", "Env"},
		{"", NULL, "Gr\xc3\xbc\xc3\x9f" "e", "Gr\xc3\xbc\xc3\x9f" "e"},
		{"", NULL, "Gr\xfc\xdf" "e", "Gr\xc3\xbc\xc3\x9f" "e"}, /* it leaves in UTF-8 */
		{"", NULL, NULL, ""}, /* a sender that is given is not the user: his own name is none of its */
		{"", NULL, "a\rb", ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct request r = {.sender = "a@y", .name = rows[i].name};
		struct identity id;
		struct failure f;

		if (rows[i].env)
			setenv("NAME", rows[i].env, 1);
		else
			unsetenv("NAME");
		assert_int_equal(read_it(&id, rows[i].lines, &r, "", &f), 0);
		assert_string_equal(id.name, rows[i].expected);
	}
}

static void test_what_names_no_sender_is_an_error_of_who_named_it(void **state)
{
	static const struct {
		const char *lines, *sender, *name, *text;
		enum stage stage;
		int exit;
		const char *words;
	} rows[] = {
		{"", "a@@b", NULL, "", AT_USAGE, EX_DATAERR, "-f: "},
		{"", "a@b\nBcc: c@d", NULL, "", AT_USAGE, EX_USAGE, "-f: "},
		{"", "a@b", "N\nBcc: c@d", "", AT_USAGE, EX_USAGE, "-F: "},
		{"from *@x\n", NULL, NULL, "", AT_CONFIG, EX_CONFIG, "from is a pattern (*@x)"},
		{"from *@x\n", NULL, NULL, "From: b@y\n\n", AT_CONFIG, EX_CONFIG, "from is a pattern (*@x)"},
		{"from *@x\n", NULL, NULL, "From: a@x, b@x\n\n", AT_CONFIG, EX_CONFIG, "from is a pattern (*@x)"},
		{"from %F\n", NULL, NULL, "To: b@y\n\n", AT_CONFIG, EX_CONFIG, "from is %F, and the message has no From field"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct request r = {.sender = rows[i].sender, .name = rows[i].name};
		struct identity id;
		struct failure f;

		assert_int_equal(read_it(&id, rows[i].lines, &r, rows[i].text, &f), -1);
		check_failure(&f, rows[i].stage, rows[i].exit, rows[i].words);
	}
}

static void test_whose_account_it_is_says_the_sender_or_else_the_field(void **state)
{
	static const struct { const char *sender, *text, *expected; } rows[] = {
		{"a@y", "From: b@y\n\n", "a@y"},
		{NULL, "From: B <b@y>\n\n", "b@y"},
		{"", "From: B <b@y>\n\n", "b@y"},
		{"a@@y", "From: b@y\n\n", "b@y"},
		{NULL, "From: a@y, b@y\n\n", NULL},
		{NULL, "From:\nFrom: b@y\n\n", "b@y"}, /* a field without content says nothing */
		{NULL, "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct request r = {.sender = rows[i].sender};
		struct job j = {.account = NULL};
		const char *got;

		message_of(&j.message, &j.arena, rows[i].text);
		got = identity_for_choice(&j, &r);
		if (rows[i].expected)
			assert_string_equal(got, rows[i].expected);
		else
			assert_null(got);
		arena_free(&j.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_sender_is_forced_given_the_accounts_or_that_of_the_field, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_name_is_given_the_accounts_or_the_environments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_names_no_sender_is_an_error_of_who_named_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_whose_account_it_is_says_the_sender_or_else_the_field, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
