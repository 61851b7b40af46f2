#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* The system's file: in the folder that the test runs in. */
#undef SYSCONFDIR
#define SYSCONFDIR "etc"
#include "conf/accounts.c"
/* and what has been built, and what has not */
#include "conf/book.c"

#include "conf/vault.h"
#include "files.h"

static struct arena arena;
static char folder[] = "/tmp/mysend.XXXXXX";

static const char *full(const char *path)
{
	return path ? arena_printf(&arena, "%s/%s", folder, path) : NULL;
}

static int group_setup(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 && mkdir("home", 0700) == 0 && mkdir("etc", 0700) == 0 ? 0 : -1;
}

static int setup(void **state)
{
	static const char *const unset[] = {"MYSEND_CONFIG", "XDG_CONFIG_HOME", "CREDENTIALS_DIRECTORY", "MYSEND_HOST", "MYSEND_PORT", "MYSEND_PASSWORD"};

	(void)state;
	for (size_t i = 0; i < ROWS(unset); i++)
		unsetenv(unset[i]);
	return setenv("HOME", full("home"), 1);
}

static int teardown(void **state)
{
	static const char *const files[] = {"home/.mysendrc", "own", "other", "etc/mysend.conf"};

	(void)state;
	for (size_t i = 0; i < ROWS(files); i++)
		unlink(files[i]);
	arena_free(&arena);
	vault_wipe();
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	return rmdir("home") == 0 && rmdir("etc") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static struct book opened(const char *config)
{
	struct failure f;
	struct book b;

	assert_int_equal(book_open(&b, &arena, config, NULL, 0, &f), 0);
	return b;
}

static size_t built(const struct configuration *c)
{
	size_t n = 0;

	for (const struct entry *e = c->entries; e; e = e->next)
		for (int as = 0; as < FORMS; as++)
			n += e->account[as] != NULL;
	return n;
}

static const char MANY[] = "account a\nhost a\nfrom a@x\naccount b\nhost b\nfrom *@b\naccount c\nhost c\nfrom first@b\n"
			   "account default\nhost d\n";

static void test_whose_mail_it_is_is_told_without_building_an_account(void **state)
{
	static const struct { const char *file, *name, *sender, *chosen; } rows[] = {
		{MANY, NULL, NULL, "default"},
		{MANY, NULL, "A@X", "a"},
		{MANY, NULL, "first@b", "b"}, /* the file's order */
		{MANY, "c", "a@x", "c"},
		{MANY, NULL, "z@z", "default"},
		{"account only\nhost h\n", NULL, "z@z", "only"},
		{"", NULL, "z@z", "default"}, /* where no file says more */
		{"account a\nhost a\naccount b\nhost b\n", NULL, NULL, NULL},
		{MANY, "none", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *chosen;
		struct failure f;
		struct book b;

		file_put("own", rows[i].file, 0600);
		b = opened("own");
		for (int k = 0; k < 2; k++)
			assert_int_equal(choose(&b, b.own, rows[i].name, rows[i].sender, &chosen, &f), rows[i].chosen ? 0 : -1);
		if (rows[i].chosen)
			assert_string_equal(chosen ? chosen : "default", rows[i].chosen);
		else
			assert_true(f.stage == AT_CONFIG && f.exit == EX_CONFIG);
		assert_int_equal(built(b.own), 0);
	}
}

static void test_an_account_is_built_once_however_it_is_asked_for(void **state)
{
	static const struct { const char *name, *sender; size_t built; } rows[] = {
		{NULL, "a@x", 1}, {"a", NULL, 1}, {NULL, "A@x", 1}, {"a", "z@z", 1}, {NULL, "q@b", 2}, {"b", NULL, 2}, {NULL, NULL, 3}, {"default", NULL, 3},
	};
	const struct account *seen[ROWS(rows)];
	struct failure f;
	struct book b;

	(void)state;
	file_put("own", MANY, 0600);
	b = opened("own");
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(book_account(&b, rows[i].name, rows[i].sender, &seen[i], &f), 0);
		assert_int_equal(built(b.own), rows[i].built);
		assert_true(seen[i]->id != 0);
		for (size_t k = 0; k < i; k++) {
			assert_int_equal(seen[i] == seen[k], strcmp(seen[i]->name, seen[k]->name) == 0);
			assert_int_equal(seen[i]->id == seen[k]->id, seen[i] == seen[k]);
		}
	}
}

static void test_no_other_account_of_the_process_has_its_id(void **state)
{
	unsigned last = 0;

	(void)state;
	file_put("own", MANY, 0600);
	for (int i = 0; i < 3; i++) { /* as -q15m reads its configuration anew */
		const struct account *a;
		struct failure f;
		struct book b = opened("own");

		assert_int_equal(book_account(&b, "a", NULL, &a, &f), 0);
		assert_true(a->id > last);
		last = a->id;
		arena_free(&arena);
	}
}

static void test_variables_are_looked_at_once(void **state)
{
	const struct account *a, *other;
	struct failure f;
	struct book b;

	(void)state;
	file_put("own", MANY, 0600);
	setenv("MYSEND_PORT", "2525", 1);
	b = opened("own");
	assert_int_equal(book_account(&b, "a", NULL, &a, &f), 0);
	setenv("MYSEND_PORT", "many", 1);
	assert_int_equal(book_account(&b, "b", NULL, &other, &f), 0);
	assert_true(a->port == 2525 && other->port == 2525);
	b = opened("own"); /* a wrong one is told for each mail, not of the files */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(book_account(&b, i ? "a" : "b", NULL, &a, &f), -1);
		assert_null(a);
		assert_string_equal(f.text, "MYSEND_PORT takes a number from 1 to 65535, not \"many\"");
	}
}

static void test_a_password_out_of_a_variable_takes_room_once(void **state)
{
	const struct account *a, *other;
	struct failure f;
	struct book b;

	(void)state;
	file_put("own", MANY, 0600);
	setenv("MYSEND_PASSWORD", "hunter2", 1);
	b = opened("own");
	assert_int_equal(book_account(&b, "a", NULL, &a, &f), 0);
	assert_int_equal(book_account(&b, "b", NULL, &other, &f), 0);
	assert_true(a->password && a->password == other->password);
}

static void test_what_is_wrong_with_an_account_is_told_as_often_as_it_is_asked_for(void **state)
{
	static const struct { const char *file, *name, *text; bool there, unconfigured; } rows[] = {
		{"account a\nfrom a@x\n", "a", "account a names no relay", true, true},
		{"account a\nhost h\ntls_key_file k\n", "a", "tls_key_file needs tls_cert_file", true, false},
		{"account a\nhost h\n", "b", "there is no account \"b\"", false, false},
		{"", NULL, "no relay is set", true, true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct account *a, *first = NULL;
		struct failure f;
		struct book b;

		file_put("own", rows[i].file, 0600);
		b = opened("own");
		for (int k = 0; k < 3; k++) {
			assert_int_equal(book_account(&b, rows[i].name, NULL, &a, &f), -1);
			assert_non_null(strstr(f.text, rows[i].text));
			assert_int_equal(a != NULL, rows[i].there);
			assert_int_equal(a && a->unconfigured, rows[i].there); /* its mail can wait */
			assert_int_equal(a && strstr(a->unconfigured->text, "no relay is known: ") == NULL, rows[i].unconfigured);
			assert_true(!k || a == first);
			first = a;
		}
	}
}

static void test_a_fallback_is_found_once_without_the_options_and_in_no_circle(void **state)
{
	static const struct override options[] = {{SET_port, "99", "--port"}};
	static const struct { const char *file, *chain; } rows[] = {
		{"account a\nhost a\n", "a"},
		{"account a\nhost a\nfallback b\naccount b\nhost b\n", "a b"},
		{"account a\nhost a\nfallback b\naccount b\nhost b\nfallback c\naccount c\nhost c\n", "a b c"},
		{"account a\nhost a\nfallback a\n", "account a: fallback a leads in a circle"},
		{"account a\nhost a\nfallback b\naccount b\nhost b\nfallback a\n", "account b: fallback a leads in a circle"},
		{"account a\nhost a\nfallback b\naccount b\nhost b\nfallback b\n", "account b: fallback b leads in a circle"},
		{"account a\nhost a\nfallback b\naccount b\nhost b\nfallback c\naccount c\nhost c\nfallback b\n", "account c: fallback b leads in a circle"},
		{"account a\nhost a\nfallback z\n", "account a: fallback: there is no account \"z\""},
		{"account a\nhost a\nfallback b\naccount b\nfrom x@y\n", "account a: fallback: account b names no relay"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows) * 2; i++) {
		const char *chain = rows[i / 2].chain, *said = "";
		const struct account *a, *other;
		struct failure f;
		struct book b;

		file_put("own", rows[i / 2].file, 0600);
		assert_int_equal(book_open(&b, &arena, "own", options, i % 2, &f), 0);
		/* whoever was asked about first */
		if (book_account(&b, "b", NULL, &other, &f) == 0)
			(void)!book_fallbacks(&b, other, &f);
		assert_int_equal(book_account(&b, "a", NULL, &a, &f), 0);
		for (int k = 0; k < 2; k++) {
			if (book_fallbacks(&b, a, &f) < 0) {
				said = f.text;
				continue;
			}
			said = a->name;
			for (const struct account *n = a->next; n; n = n->next) {
				said = arena_printf(&arena, "%s %s", said, n->name);
				assert_int_equal(n->port, 587);
			}
		}
		assert_int_equal(strncmp(said, chain, strlen(chain)), 0);
		assert_int_equal(a->port, i % 2 ? 99 : 587);
	}
}

static void test_the_account_of_waiting_mail_is_found_by_name_and_file(void **state)
{
	static const struct { const char *usual, *own, *name, *config, *host; } rows[] = {
		/* the run reads the usual files */
		{"host usual\n", NULL, "default", NULL, "usual"},
		{"host usual\n", NULL, "default", "other", "other"},
		{"host usual\n", NULL, "x", "other", "x"},
		{"host usual\n", NULL, "x", NULL, "there is no account \"x\""},
		{"host usual\n", NULL, "default", "gone", "configuration file "},
		/* the run has a file of its own */
		{"host usual\n", "host own\n", "default", "own", "own"},
		{"host usual\n", "host own\n", "default", NULL, "usual"},
		{"host usual\n", "host own\n", "default", "other", "other"},
		{"host usual\n", "account q\nhost own\n", "q", NULL, "own"}, /* mail of old does not say by which file */
		{"host usual\n", "host own\n", "z", NULL, "there is no account \"z\""},
		{"", "host own\n", "default", NULL, "own"}, /* which has taken the place of the usual ones */
		{"from a@b\n", "host own\n", "default", NULL, "own"},
	};

	(void)state;
	file_put("other", "host other\naccount x\nhost x\n", 0600);
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct account *a, *again;
		struct failure f;
		struct book b;

		file_put("home/.mysendrc", rows[i].usual, 0600);
		file_put("own", rows[i].own ? rows[i].own : "", 0600);
		b = opened(rows[i].own ? full("own") : NULL);
		for (int k = 0; k < 2; k++) {
			static char texts[2][2][200]; /* of a mail, which is gone afterwards */
			char *name = texts[k][0], *config = texts[k][1];
			int ok;

			snprintf(name, sizeof texts[k][0], "%s", rows[i].name);
			snprintf(config, sizeof texts[k][1], "%s", rows[i].config ? full(rows[i].config) : "");
			ok = book_find(&b, name, rows[i].config ? config : NULL, k ? &again : &a, &f);
			memset(name, 'x', sizeof texts[k][0] - 1);
			memset(config, 'x', sizeof texts[k][1] - 1);

			assert_int_equal(strncmp(ok < 0 ? f.text : a->host, rows[i].host, strlen(rows[i].host)), 0);
			assert_int_equal(ok, strchr(rows[i].host, ' ') ? -1 : 0);
		}
		assert_ptr_equal(a, again);
	}
}

static void test_variables_count_only_for_what_this_run_has_read(void **state)
{
	const struct account *a;
	struct failure f;
	struct book b;

	(void)state;
	file_put("other", "host other\n", 0600);
	file_put("home/.mysendrc", "host usual\n", 0600);
	setenv("MYSEND_PORT", "99", 1);
	b = opened(NULL);
	assert_int_equal(book_find(&b, "default", NULL, &a, &f), 0);
	assert_true(a->port == 99 && !a->reread);
	assert_int_equal(book_find(&b, "default", full("other"), &a, &f), 0);
	assert_true(a->port == 587 && a->reread);
	unlink("home/.mysendrc"); /* without files they are the only account there is */
	setenv("MYSEND_HOST", "env", 1);
	b = opened(NULL);
	assert_int_equal(book_find(&b, "default", NULL, &a, &f), 0);
	assert_string_equal(a->host, "env");
	assert_int_equal(book_find(&b, "work", NULL, &a, &f), -1);
}

static void test_all_accounts_are_named_once_the_users_first(void **state)
{
	static const char *const wanted[] = {"default", "b", "a", "c"};
	const char *name = NULL;
	struct book b;
	size_t n = 0;

	(void)state;
	file_put("own", "host one\naccount b\nhost b\naccount a\nhost a\n", 0600);
	file_put("etc/mysend.conf", "account a\nhost other\naccount c\nhost c\n", 0600);
	b = opened("own");
	while ((name = book_next(&b, name))) {
		assert_true(n < ROWS(wanted));
		assert_string_equal(name, wanted[n++]);
	}
	assert_int_equal(n, ROWS(wanted));
	assert_int_equal(book_files(&b)->files, 2);
	assert_string_equal(book_files(&b)->file[0].path, "own");
	assert_string_equal(book_files(&b)->file[0].found, "read");
	assert_string_equal(book_files(&b)->file[1].path, "etc/mysend.conf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whose_mail_it_is_is_told_without_building_an_account, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_account_is_built_once_however_it_is_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_other_account_of_the_process_has_its_id, setup, teardown),
		cmocka_unit_test_setup_teardown(test_variables_are_looked_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_password_out_of_a_variable_takes_room_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_wrong_with_an_account_is_told_as_often_as_it_is_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_fallback_is_found_once_without_the_options_and_in_no_circle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_account_of_waiting_mail_is_found_by_name_and_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_variables_count_only_for_what_this_run_has_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_accounts_are_named_once_the_users_first, setup, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
