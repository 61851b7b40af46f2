#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "conf/choose.h"
#include "conf/relay.h"
#include "conf/vault.h"
#include "conf/whoami.h"

static struct arena arena;

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	vault_wipe();
	return 0;
}

static void parsed(struct config *c, const char *path, enum rank rank, const char *text)
{
	struct failure f;

	*c = (struct config){.path = path, .rank = rank};
	assert_int_equal(config_parse(c, &arena, slice_of(text), &f), 0);
}

static void files(struct accounts *all, const char *user, const char *system)
{
	*all = (struct accounts){.tried = "/u (read), /s (read)", .place = "/u"};
	parsed(&all->user, "/u", RANK_USER, user);
	parsed(&all->system, "/s", RANK_SYSTEM, system);
}

struct choice {
	const char *name, *sender;
};

static int choose_account(struct account *a, const struct accounts *all, const struct choice *choice, bool lenient, struct failure *f)
{
	struct chooser c;
	const char *name;

	choose_open(&c, all, &arena);
	if (choose_name(&c, choice->name, choice->sender, lenient, &name, f) < 0)
		return -1;
	choose_join(a, all, name);
	return 0;
}

/* The host of the account chosen, or the error. */
static const char *host_of(const struct accounts *all, const char *name, const char *sender)
{
	const struct choice choice = {.name = name, .sender = sender};
	struct account *a = arena_zeroed(&arena, 1, sizeof *a);
	struct failure f;

	if (choose_account(a, all, &choice, false, &f) == 0)
		return a->host;
	assert_true(f.stage == AT_CONFIG && f.exit == EX_CONFIG);
	return arena_printf(&arena, "%s; %s", f.text, f.hint);
}

static void test_an_address_fits_itself_and_its_patterns_in_any_case(void **state)
{
	static const struct { const char *from, *address; bool fits; } rows[] = {
		{"me@example.net", "me@example.net", true},
		{"Me@Example.NET", "mE@eXample.net", true},
		{"me@example.net", "you@example.net", false},
		{"me@example.net", "me@example.net.evil", false},
		{"*@example.net", "me@example.net", true},
		{"*@EXAMPLE.net", "me@example.NET", true},
		{"*@example.net", "me@sub.example.net", false},
		{"*@*.example.net", "me@sub.example.net", true},
		{"m?@example.net", "me@example.net", true},
		{"m?@example.net", "mee@example.net", false},
		{"[a-c]@x", "B@x", true},
		{"[a-c]@x", "d@x", false},
		{"*", "anybody", true},
		{"*", "", true},
		{"a[b@x", "a[b@x", true}, /* no pattern, but what it says */
		{"a*b@x", "a*b@x", true},
		{"a@[192.0.2.1]", "a@[192.0.2.1]", true}, /* an address literal is no pattern */
		{"a@[192.0.2.1]", "a@1", false},
		{"*@[192.0.2.1]", "a@[192.0.2.1]", true},
		{"*@[IPv6:2001:db8::1]", "a@[ipv6:2001:DB8::1]", true},
		{"*@[192.0.2.1]", "a@1", false},
		{"[ab]@[192.0.2.1]", "b@[192.0.2.1]", true},
		{"a@[xy].example", "a@y.example", true}, /* it is not all of the domain */
		{"\"a\\b\"@x", "\"a\\b\"@x", true},
		{"\"a\\b\"@x", "\"ab\"@x", false}, /* a quoted pair of the address is no pattern's */
		{"", "", false}, /* from is not set: it fits nobody */
		{"", "me@x", false},
		{"me@x", "", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(choose_fits(rows[i].from, rows[i].address), rows[i].fits);
}

static void test_what_is_a_pattern_and_what_an_address(void **state)
{
	static const struct { const char *from; bool pattern; } rows[] = {
		{"me@x", false}, {"*@x", true}, {"m?@x", true}, {"[ab]@x", true}, {"me@[ab].x", true}, {"me@[ab]", false},
		{"me@[192.0.2.1]", false}, {"*@[192.0.2.1]", true}, {"[me]@[192.0.2.1]", true}, {"\"a\\b\"@x", false}, {"", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(choose_is_pattern(rows[i].from), rows[i].pattern);
}

static void test_what_is_too_long_for_an_address_fits_nothing(void **state)
{
	char wall[2000];

	(void)state;
	memset(wall, 'a', sizeof wall);
	wall[sizeof wall - 1] = '\0';
	assert_false(choose_fits(wall, wall));
	assert_false(choose_fits("*", wall));
	assert_false(choose_fits(wall, "a"));
}

static void test_the_choice_is_the_name_then_the_sender_then_default_then_the_only_one(void **state)
{
	static const char many[] = "account a\nhost a\nfrom a@x\naccount b\nhost b\nfrom *@b\n"
				   "account c\nhost c\nfrom first@b\naccount u\nhost u\nfrom %U@u.example\n"
				   "account default\nhost d\nfrom d@x\n";
	static const struct { const char *user, *system, *name, *sender, *host; } rows[] = {
		{many, "", NULL, NULL, "d"},
		{many, "", "a", NULL, "a"},
		{many, "", "a", "d@x", "a"}, /* the name goes first */
		{many, "", NULL, "A@X", "a"},
		{many, "", NULL, "first@b", "b"}, /* the file's order */
		{many, "", NULL, "z@z", "d"},
		{many, "", NULL, "", "d"},
		{"", many, NULL, NULL, "d"},
		{"", many, "c", NULL, "c"},
		{"", many, NULL, "any@b", "b"},
		/* the user's file is looked through first, by either rule */
		{"account x\nhost x\nfrom a@x\n", many, NULL, "a@x", "x"},
		{"account x\nhost x\n", many, NULL, "a@x", "a"},
		{"account x\nhost x\n", many, NULL, NULL, "d"},
		{"account x\nhost x\naccount y\nhost y\n", "account default\nhost d\n", NULL, "n@n", "d"},
		/* a sender that defaults gave is every account's */
		{"defaults\nfrom m@x\naccount p\nhost p\naccount q\nhost q\n", "", NULL, "m@x", "p"},
		{"account only\nhost o\n", "", NULL, NULL, "o"},
		{"", "account only\nhost o\n", NULL, "z@z", "o"},
		{"account only\nhost o\n", "account only\nhost p\n", NULL, NULL, "o"},
		{"account one\nhost o\n", "account two\nhost p\n", NULL, NULL,
		 "there is no account default, and none whose from is the sender; choose one with -a: one, two"},
		{"account one\nhost o\naccount two\nhost p\n", "account two\nhost q\n", NULL, NULL,
		 "there is no account default, and none whose from is the sender; choose one with -a: one, two"},
		{"", "", "x", NULL, "there is no account \"x\"; no file defines any; files: /u (read), /s (read)"},
		{"account one\nhost o\n", "account two\nhost p\n", "three", "z@z",
		 "there is no account \"three\"; there are: one, two"},
		{"account A\nhost o\n", "", "a", NULL, "there is no account \"a\"; there are: A"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct accounts all;

		files(&all, rows[i].user, rows[i].system);
		assert_string_equal(host_of(&all, rows[i].name, rows[i].sender), rows[i].host);
		if (strcmp(rows[i].user, many) == 0)
			assert_string_equal(host_of(&all, NULL, account_expand(&arena, "%U@u.example")), "u");
	}
}

static void test_the_users_account_lies_over_the_systems_of_that_name_unless_it_has_a_relay(void **state)
{
	static const char site[] = "defaults\ntimeout 9\naccount default\nhost site\nuser s\npassword x\nfrom s@x\n"
				   "account other\nhost other\nuser o\n";
	static const struct { const char *user, *name, *host, *login, *from; unsigned timeout; bool password; } rows[] = {
		{"", NULL, "site", "s", "s@x", 9, true},
		{"from me@x\n", NULL, "site", "s", "me@x", 9, true},
		{"from me@x\ntimeout 8\n", NULL, "site", "s", "me@x", 8, true},
		{"user me\npassword_file ~/pw\n", NULL, "site", "me", "s@x", 9, false}, /* one password puts out the other */
		{"host mine\n", NULL, "mine", "", "", 600, false},
		{"relay smtp://mine\n", NULL, "mine", "", "", 600, false},
		{"socket /run/s\n", NULL, "", "", "", 600, false},
		{"defaults\nhost mine\naccount default\nfrom me@x\n", NULL, "mine", "", "me@x", 600, false},
		{"defaults\nfrom me@x\naccount other\n", "other", "other", "o", "me@x", 9, false},
		{"account other\nuser p\n", "other", "other", "p", "", 9, false},
		{"account other\nuser p\n", NULL, "site", "s", "s@x", 9, true}, /* the other one is not in it */
		{"account third\nhost third\n", "third", "third", "", "", 600, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct choice choice = {.name = rows[i].name};
		struct accounts all;
		struct account a;
		struct failure f;

		files(&all, rows[i].user, site);
		assert_int_equal(choose_account(&a, &all, &choice, false, &f), 0);
		assert_string_equal(a.name, rows[i].name ? rows[i].name : "default");
		assert_string_equal(a.host, rows[i].host);
		assert_string_equal(a.user, rows[i].login);
		assert_string_equal(a.from, rows[i].from);
		assert_int_equal(a.timeout, rows[i].timeout);
		assert_int_equal(a.password != 0, rows[i].password);
	}
}

static void test_each_value_keeps_the_file_and_line_it_came_from(void **state)
{
	const struct choice none = {.name = NULL};
	struct accounts all;
	struct account a;
	struct failure f;

	(void)state;
	files(&all, "\nfrom me@x\n", "defaults\ntimeout 9\naccount default\nhost site\nfrom s@x\n");
	assert_int_equal(choose_account(&a, &all, &none, false, &f), 0);
	assert_string_equal(a.origin[SET_from].file, "/u");
	assert_int_equal(a.origin[SET_from].line, 2);
	assert_int_equal(a.origin[SET_from].rank, RANK_USER);
	assert_string_equal(a.origin[SET_host].file, "/s");
	assert_int_equal(a.origin[SET_host].line, 4);
	assert_int_equal(a.origin[SET_host].rank, RANK_SYSTEM);
	assert_int_equal(a.origin[SET_timeout].line, 2);
	assert_int_equal(a.origin[SET_port].rank, RANK_DEFAULT);
}

static void test_choosing_leaves_the_files_as_they_were(void **state)
{
	const struct choice choice = {.name = "a"};
	struct accounts all;
	struct account a;
	struct failure f;

	(void)state;
	files(&all, "account a\nfrom me@x\n", "account a\nhost h\nfrom s@x\n");
	assert_int_equal(choose_account(&a, &all, &choice, false, &f), 0);
	a.host = "changed";
	a.from = "changed";
	assert_string_equal(config_find(&all.user, "a")->whole.from, "me@x");
	assert_string_equal(config_find(&all.user, "a")->whole.host, "");
	assert_string_equal(config_find(&all.system, "a")->whole.host, "h");
	assert_string_equal(config_find(&all.system, "a")->whole.from, "s@x");
}

static void test_where_the_relay_is_told_elsewhere_the_choice_may_stay_open(void **state)
{
	static const struct { const char *user, *name, *sender; int ok; const char *host; } rows[] = {
		{"account a\nhost a\naccount b\nhost b\n", NULL, NULL, 0, ""},
		{"", NULL, "x@y", 0, ""},
		{"account a\nhost a\naccount b\nhost b\n", "b", NULL, 0, "b"},
		{"account a\nhost a\naccount b\nhost b\nfrom x@y\n", NULL, "x@y", 0, "b"},
		{"account a\nhost a\naccount b\nhost b\n", "c", NULL, -1, ""}, /* but a name must be one */
		{"", "c", NULL, -1, ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct choice choice = {.name = rows[i].name, .sender = rows[i].sender};
		struct accounts all;
		struct account a;
		struct failure f;

		files(&all, rows[i].user, "");
		account_defaults(&a);
		assert_int_equal(choose_account(&a, &all, &choice, true, &f), rows[i].ok);
		if (rows[i].ok == 0)
			assert_string_equal(a.host, rows[i].host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_a_pattern_and_what_an_address),
		cmocka_unit_test_teardown(test_an_address_fits_itself_and_its_patterns_in_any_case, teardown),
		cmocka_unit_test_teardown(test_what_is_too_long_for_an_address_fits_nothing, teardown),
		cmocka_unit_test_teardown(test_the_choice_is_the_name_then_the_sender_then_default_then_the_only_one, teardown),
		cmocka_unit_test_teardown(test_the_users_account_lies_over_the_systems_of_that_name_unless_it_has_a_relay, teardown),
		cmocka_unit_test_teardown(test_each_value_keeps_the_file_and_line_it_came_from, teardown),
		cmocka_unit_test_teardown(test_choosing_leaves_the_files_as_they_were, teardown),
		cmocka_unit_test_teardown(test_where_the_relay_is_told_elsewhere_the_choice_may_stay_open, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
