#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/aliases.h"
#include "conf/whoami.h"

static char folder[] = "/tmp/mysend.XXXXXX", path[64];

static void put(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, text, strlen(text)), 0);
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/aliases", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path) < 0 ? -1 : rmdir(folder);
}

static struct aliases *opened(struct arena *in, const char *text, const char *root_to)
{
	struct account *a = arena_zeroed(in, 1, sizeof *a);
	struct aliases *all;
	struct failure f;

	put(text);
	account_defaults(a);
	a->aliases = path;
	a->root_to = root_to;
	assert_int_equal(aliases_open(&all, in, a, &f), 0);
	return all;
}

/* The addresses with blanks between them, "-" for no alias, or the failure's text behind the path and a colon. */
static const char *who(struct arena *in, struct aliases *all, const char *name)
{
	struct mailboxes asked = {.count = 0}, list = {.count = 0};
	const char *text = "";
	struct failure f;
	int found;

	assert_int_equal(address_list(&asked, in, slice_of(name), &f), 0);
	assert_int_equal(asked.count, 1);
	found = aliases_expand(&list, in, all, &asked.box[0], &f);
	if (found < 0) {
		assert_true(f.stage == AT_CONFIG && f.exit == EX_CONFIG);
		return arena_printf(in, "%s", strncmp(f.text, path, strlen(path)) == 0 ? f.text + strlen(path) : f.text);
	}
	assert_int_equal(found != 0, list.count != 0);
	for (size_t i = 0; i < list.count; i++)
		text = arena_printf(in, "%s%s%s", text, i ? " " : "", list.box[i].address);
	return found ? text : "-";
}

static void test_a_local_name_is_who_the_file_says(void **state)
{
	static const char text[] =
		"# a comment\n"
		"root: alice@example.com\n"
		"Postmaster : root\n"
		"ops: bob@example.com,\n"
		"\tcarl@example.com ,\n"
		"# within\n"
		"  root # not a comment, a word\n"
		"list: a@x (one), \"b, c\"@x, D E <d@x>,,\r\n"
		"\r\n"
		"\"two words\": e@x\n"
		"self: self, f@x\n"
		"kept: \\root, g@x\n"
		"there: root@localhost, h@x\n"
		"away: root@example.org\n"
		"twice: ops, ops, bob@example.com\n"
		"ops+night: n@x\n"
		"ops: too@late\n"
		"last: i@x";
	static const struct { const char *name, *expected; } rows[] = {
		{"root", "alice@example.com"},
		{"ROOT", "alice@example.com"},
		{"postmaster", "alice@example.com"},
		{"root@localhost", "alice@example.com"},
		{"root@LOCALHOST.localdomain", "alice@example.com"},
		{"root@example.com", "-"},
		{"\\root", "-"},
		{"nobody", "-"},
		{"list", "a@x \"b, c\"@x d@x"},
		{"\"two words\"", "e@x"},
		{"self", "self f@x"},
		{"kept", "root g@x"},
		{"there", "alice@example.com h@x"},
		{"away", "root@example.org"},
		{"last", "i@x"},
		{"ops+night", "n@x"},
		{"root+cron", "alice@example.com"},
		{"root+cron@localhost", "alice@example.com"},
		{"+root", "-"},
		{"default", "-"},
	};
	struct arena in = {0};
	struct aliases *all = opened(&in, text, "");

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(who(&in, all, rows[i].name), rows[i].expected);
	/* The second time is like the first. */
	assert_string_equal(who(&in, all, "there"), "alice@example.com h@x");
	arena_free(&in);
}

static void test_this_host_is_local(void **state)
{
	struct arena in = {0};
	struct aliases *all = opened(&in, "bob: b@x\ndefault: all@x\n", "");
	const char *host = whoami_host(&in);

	(void)state;
	assert_string_equal(who(&in, all, arena_printf(&in, "bob@%s", host)), "b@x");
	assert_string_equal(who(&in, all, arena_printf(&in, "bob@x%s", host)), "-");
	assert_string_equal(who(&in, all, arena_printf(&in, "carl@%s", host)), strchr(host, '.') ? "-" : "all@x");
	arena_free(&in);
}

static void test_default_is_for_local_names_that_the_file_does_not_have(void **state)
{
	static const struct { const char *text, *name, *expected; } rows[] = {
		{"default: me@x\nbob: b@x\n", "bob", "b@x"},
		{"default: me@x\nbob: b@x\n", "carl", "me@x"},
		{"*: me@x\n", "carl@localhost", "me@x"},
		{"*: me@x\n", "carl+detail", "me@x"},
		{"default: me@x\n", "carl@y", "-"},
		{"default: alice\nbob: dave\n", "carl", "alice"},
		{"default: alice\nbob: dave\n", "bob", "alice"},
		{"default: root\nroot: r@x\n", "carl", "r@x"},
		{"default: me@x\n", "\\carl", "-"},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(who(&in, opened(&in, rows[i].text, ""), rows[i].name), rows[i].expected);
	arena_free(&in);
}

static void test_root_to_goes_before_the_file(void **state)
{
	struct arena in = {0};
	struct aliases *all = opened(&in, "root: file@x\npostmaster: root\n", "me@x, you@x");

	(void)state;
	assert_string_equal(who(&in, all, "root"), "me@x you@x");
	assert_string_equal(who(&in, all, "postmaster"), "me@x you@x");
	assert_string_equal(who(&in, opened(&in, "", "root"), "root"), "root");
	arena_free(&in);
}

static void test_what_mail_cannot_be_given_to_is_told_with_its_line(void **state)
{
	static const struct { const char *text, *name, *says; } rows[] = {
		{"\nbob: |/bin/cat\n", "bob", ":2: bob: mail is not given to commands"},
		{"bob: a@x, \"|/bin/cat, x\"\n", "bob", ":1: bob: mail is not given to commands"},
		{"bob: /dev/null\n", "bob", ":1: bob: mail is not written to files"},
		{"bob: \"/var/mail/b\"\n", "bob", ":1: bob: mail is not written to files"},
		{"bob: :include:/etc/list\n", "bob", ":1: bob: :include: is not read"},
		{"bob: <|cmd>\n", "bob", ":1: bob: mail is not given to commands"},
		{"bob: (c) |cmd\n", "bob", ":1: bob: mail is not given to commands"},
		{"bob: a@x, Name <\"|cmd -x\">\n", "bob", ":1: bob: mail is not given to commands"},
		{"bob: \\|cmd\n", "bob", ":1: bob: mail is not given to commands"},
		{"bob: Name </etc/passwd>\n", "bob", ":1: bob: mail is not written to files"},
		{"bob: (c)/tmp/f\n", "bob", ":1: bob: mail is not written to files"},
		{"bob: team:/tmp/f;\n", "bob", ":1: bob: mail is not written to files"},
		{"bob: <|cmd@localhost>\n", "bob", ":1: bob: mail is not given to commands"},
		{"a: bob\nbob: :include:/etc/list\n", "a", ":2: bob: :include: is not read"},
		{"a: b\nb: c\nc: a\n", "a", ":1: a: it goes in a circle: a -> b -> c -> a"},
		{"bob:\n", "bob", ":1: bob: it names nobody"},
		{"all: bob, ann, bob\nann:\nbob: ann\n", "all", ":1: all: it names nobody"},
		{"bob: , ,\n", "bob", ":1: bob: it names nobody"},
		{"bob: a@@x\n", "bob", ":1: bob: \"a@@x\" is no address: no domain stands behind the @"},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct aliases *all = opened(&in, rows[i].text, "");

		assert_string_equal(who(&in, all, rows[i].name), rows[i].says);
		assert_string_equal(who(&in, all, rows[i].name), rows[i].says); /* and again */
		assert_string_equal(who(&in, all, "other"), "-");		  /* nobody else is stopped by it */
	}
	arena_free(&in);
}

static void test_a_long_way_ends(void **state)
{
	struct arena in = {0};
	struct aliases *all;
	struct buf text;

	(void)state;
	buf_start(&text, 100000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buf_printf(&text, "a%d: a%d, a%d\n", i, i + 1, i + 1), 0);
	all = opened(&in, text.p, "");
	assert_non_null(strstr(who(&in, all, "a0"), "more than 100 aliases one behind the other"));
	assert_string_equal(who(&in, all, "a950"), "a1000 a1000");
	buf_free(&text);
	arena_free(&in);
}

static void tell(void *ctx, const struct failure *f)
{
	struct buf *out = ctx;

	assert_int_equal(buf_printf(out, "%s\n", f->text + strlen(path)), 0);
}

/* 20,000 names that all lead to one list of 20,000; walked for each of them it would take minutes. */
static void test_a_check_walks_a_list_once_whoever_leads_to_it(void **state)
{
	static const char *const last[] = {"z@x", "|cat", "a b c", "n1"};
	struct arena in = {0};
	struct buf text, out;

	(void)state;
	for (size_t i = 0; i < ROWS(last); i++) {
		buf_start(&text, 4000000);
		buf_start(&out, 16000000);
		for (unsigned n = 1; n <= 20000; n++)
			assert_int_equal(buf_printf(&text, "n%u: zall\n", n), 0);
		assert_int_equal(buf_text(&text, "zall: "), 0);
		for (unsigned n = 1; n <= 20000; n++)
			assert_int_equal(buf_printf(&text, "m%u@x,", n), 0);
		assert_int_equal(buf_printf(&text, "%s\n", last[i]), 0);
		alarm(20);
		assert_int_equal(aliases_check(opened(&in, text.p, "r@x"), tell, &out), i < 2 ? 0 : 20001);
		alarm(0);
		buf_free(&text);
		buf_free(&out);
	}
	arena_free(&in);
}

static void test_a_check_tells_of_every_line_that_is_wrong(void **state)
{
	static const struct { const char *text, *told; size_t count; } rows[] = {
		{"", "", 0},
		{"root: a@x\nbob: root\n", "", 0},
		{"root a@x\n", ":1: no colon behind a name\n", 1},
		{"  root: a@x\n", "", 0}, /* it belongs to a line that is not there */
		{": a@x\n", ":1: no name before the colon\n", 1},
		{"a@b: c@x\n", ":1: what stands before the colon has a domain\n", 1},
		{"bob: |cat\nalice: a@x\nbob: c@x\n",
		 ":1: bob: mail is not given to commands\n:3: bob: the name stands in an earlier line, which counts\n", 1},
		{"a: b\nb: a\n", ":1: a: it goes in a circle: a -> b -> a\n:2: b: it goes in a circle: b -> a -> b\n", 2},
	};
	struct arena in = {0};
	struct buf out;

	(void)state;
	buf_start(&out, 10000);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct aliases *all = opened(&in, rows[i].text, "r@x");

		buf_clear(&out);
		assert_int_equal(buf_text(&out, ""), 0);
		assert_int_equal(aliases_check(all, tell, &out), rows[i].count);
		assert_string_equal(out.p, rows[i].told);
	}
	buf_free(&out);
	arena_free(&in);
}

/* What aliases_give says for one name after the other, "|" between mails: addresses, "-" for no alias, "!" for a failure. */
static const char *given(struct arena *in, struct aliases *all, const char *names)
{
	struct slice rest = slice_of(names), name;
	const char *text = "";
	bool more = true;

	aliases_next_mail(all);
	while (more) {
		struct mailboxes asked = {.count = 0}, list = {.count = 0};
		struct failure f;
		int found;

		more = slice_cut(&rest, ' ', &name);
		if (!more)
			name = rest;
		if (slice_is(name, "|")) {
			aliases_next_mail(all);
			text = arena_printf(in, "%s| ", text);
			continue;
		}
		assert_int_equal(address_list(&asked, in, name, &f), 0);
		found = aliases_give(&list, in, all, &asked.box[0], &f);
		if (found <= 0)
			text = arena_printf(in, "%s%s ", text, found ? "!" : "-");
		for (size_t i = 0; found > 0 && i < list.count; i++)
			text = arena_printf(in, "%s%s ", text, list.box[i].address);
		text = arena_printf(in, "%s. ", text);
	}
	return text;
}

static void test_nobody_is_given_twice_what_aliases_have_given_to_a_mail(void **state)
{
	static const char text[] = "all: a@x, b@x\nmore: all, c@x\nonly: all\nbad: all, |cat\nself: self, all\n"
				   "empty:\nsome: empty, d@x\nvain: empty, empty\n";
	static const struct { const char *names, *given; } rows[] = {
		{"all", "a@x b@x . "},
		{"all all ALL", "a@x b@x . . . "},
		{"all more more", "a@x b@x . c@x . . "},
		{"more all only", "a@x b@x c@x . . . "},
		{"all | all", "a@x b@x . | a@x b@x . "},
		/* what a walk that failed came by is still to be given */
		{"bad all bad all", "! . a@x b@x . ! . . "},
		{"none all self", "- . a@x b@x . self . "},
		{"some empty vain some", "d@x . ! . ! . . "},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct aliases *all = opened(&in, text, "");

		assert_string_equal(given(&in, all, rows[i].names), rows[i].given);
		/* and nothing of it is left for who asks for one alone */
		assert_string_equal(who(&in, all, "more"), "a@x b@x c@x");
	}
	arena_free(&in);
}

static void test_a_note_is_of_one_alias_and_one_mail(void **state)
{
	struct arena in = {0};
	struct aliases *all = opened(&in, "all: a@x\nmore: b@x\n", "");
	struct mailboxes asked = {.count = 0};
	struct failure f;

	(void)state;
	assert_int_equal(address_list(&asked, &in, SLICE("all, more, none, ALL+x, all@x"), &f), 0);
	aliases_next_mail(all);
	assert_null(*aliases_note(all, &in, &asked.box[0]));
	*aliases_note(all, &in, &asked.box[0]) = "text";
	assert_string_equal(*aliases_note(all, &in, &asked.box[3]), "text");
	assert_null(*aliases_note(all, &in, &asked.box[1]));
	assert_null(aliases_note(all, &in, &asked.box[2]));
	assert_null(aliases_note(all, &in, &asked.box[4]));
	aliases_next_mail(all);
	assert_null(*aliases_note(all, &in, &asked.box[0]));
	arena_free(&in);
}

static void test_a_file_that_was_named_must_be_there(void **state)
{
	struct arena in = {0};
	struct aliases *all;
	struct account a;
	struct failure f;

	(void)state;
	put("");
	account_defaults(&a);
	a.aliases = "/nowhere/aliases"; /* as built in: it need not be there */
	assert_int_equal(aliases_open(&all, &in, &a, &f), 0);
	assert_int_equal(account_set(&a, &in, SET_aliases, SLICE("/nowhere/aliases"),
				     &(struct origin){RANK_USER, 3, "conf"}, &f), 0);
	assert_int_equal(aliases_open(&all, &in, &a, &f), -1);
	assert_string_equal(f.text, "aliases /nowhere/aliases: No such file or directory");
	assert_int_equal(f.exit, EX_CONFIG);
	a.aliases = "off";
	assert_int_equal(aliases_open(&all, &in, &a, &f), 0);
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_local_name_is_who_the_file_says),
		cmocka_unit_test(test_this_host_is_local),
		cmocka_unit_test(test_default_is_for_local_names_that_the_file_does_not_have),
		cmocka_unit_test(test_root_to_goes_before_the_file),
		cmocka_unit_test(test_what_mail_cannot_be_given_to_is_told_with_its_line),
		cmocka_unit_test(test_a_long_way_ends),
		cmocka_unit_test(test_a_check_tells_of_every_line_that_is_wrong),
		cmocka_unit_test(test_a_check_walks_a_list_once_whoever_leads_to_it),
		cmocka_unit_test(test_nobody_is_given_twice_what_aliases_have_given_to_a_mail),
		cmocka_unit_test(test_a_note_is_of_one_alias_and_one_mail),
		cmocka_unit_test(test_a_file_that_was_named_must_be_there),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
