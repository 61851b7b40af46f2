#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/secret.h"
#include "conf/vault.h"

static struct arena arena;
static char folder[] = "/tmp/mysend.XXXXXX";

static void put(const char *path, const char *text, unsigned mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, (mode_t)mode), 0);
	close(fd);
}

static void set(struct account *a, enum setting s, const char *value)
{
	const struct origin from = {RANK_USER, 1, "conf"};
	struct failure f;

	assert_int_equal(account_set(a, &arena, s, slice_of(value), &from, &f), 0);
}

static void account(struct account *a)
{
	account_defaults(a);
	set(a, SET_host, "h.example");
	set(a, SET_user, "joe");
	set(a, SET_netrc, "");
}

/* The password, or what the error says. */
static const char *found(const struct account *a)
{
	struct failure f;
	const char *text;

	if (secret_find(&text, a, &f) == 0)
		return text;
	assert_int_equal(f.exit, EX_CONFIG);
	return arena_text(&arena, f.text, strlen(f.text));
}

static int group_setup(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const files[] = {"file", "netrc", "mysend.password", "ran"};

	(void)state;
	for (size_t i = 0; i < ROWS(files); i++)
		unlink(files[i]);
	unsetenv("CREDENTIALS_DIRECTORY");
	secret_wipe();
	arena_free(&arena);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void test_the_first_line_of_a_file_is_the_password(void **state)
{
	static const struct { const char *text, *password; } rows[] = {
		{"pw", "pw"}, {"pw\n", "pw"}, {"pw\r\n", "pw"}, {"pw\nmore\n", "pw"}, {" p w \n", " p w "},
		{"", "file: the first line should be the password, and is empty"},
		{"\npw\n", "file: the first line should be the password, and is empty"},
		{"p\tw\n", "file: there is a control character in the password"},
		{"p\rw\n", "file: there is a control character in the password"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;

		put("file", rows[i].text, 0600);
		account(&a);
		set(&a, SET_password_file, "file");
		assert_string_equal(found(&a), rows[i].password);
		secret_wipe();
	}
}

static void test_a_file_that_others_may_read_is_refused(void **state)
{
	static const struct { unsigned mode; bool fine; } rows[] = {
		{0600, true}, {0640, true}, {0400, true}, {0644, false}, {0604, false}, {0602, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;

		account(&a);
		set(&a, SET_password_file, "file");
		put("file", "hunter2\n", rows[i].mode);
		if (rows[i].fine)
			assert_string_equal(found(&a), "hunter2");
		else
			assert_non_null(strstr(found(&a), "file is refused: there is a password in it"));
		secret_wipe();
		account(&a);
		put("netrc", "machine h.example login joe password hunter2", rows[i].mode);
		set(&a, SET_netrc, "netrc");
		if (rows[i].fine)
			assert_string_equal(found(&a), "hunter2");
		else
			assert_non_null(strstr(found(&a), "netrc is refused"));
		secret_wipe();
	}
}

static void test_the_first_line_that_a_command_prints_is_the_password(void **state)
{
	static const struct { const char *command, *password; } rows[] = {
		{"echo pw", "pw"},
		{"printf 'pw\\nmore'", "pw"},
		{"cat; echo pw", "pw"},
		{"true", "password_command: the first line should be the password, and is empty"},
		{"exit 3", "password_command: \"exit 3\" failed with status 3"},
		{"echo hunter2; kill -9 $$", "password_command: \"echo hunter2; kill -9 $$\" was ended by a signal"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;

		account(&a);
		set(&a, SET_password_command, rows[i].command);
		assert_string_equal(found(&a), rows[i].password);
		secret_wipe();
	}
}

static void test_a_command_runs_once_until_the_wipe(void **state)
{
	struct account a;
	struct stat st;

	(void)state;
	account(&a);
	set(&a, SET_password_command, "printf x >>ran; echo pw");
	assert_string_equal(found(&a), "pw");
	assert_string_equal(found(&a), "pw");
	assert_int_equal(stat("ran", &st), 0);
	assert_int_equal(st.st_size, 1);
	secret_wipe();
	assert_string_equal(found(&a), "pw");
	assert_int_equal(stat("ran", &st), 0);
	assert_int_equal(st.st_size, 2);
}

static void test_the_first_that_is_set_decides(void **state)
{
	struct account a;

	(void)state;
	account(&a);
	assert_null(found(&a));
	secret_wipe();
	put("netrc", "machine h.example login joe password 5\n", 0600);
	set(&a, SET_netrc, "netrc");
	assert_string_equal(found(&a), "5");
	secret_wipe();
	put("mysend.password", "4\n", 0444); /* systemd's own business */
	setenv("CREDENTIALS_DIRECTORY", ".", 1);
	assert_string_equal(found(&a), "4");
	secret_wipe();
	set(&a, SET_password_command, "echo 3");
	assert_string_equal(found(&a), "3");
	secret_wipe();
	put("file", "2\n", 0600);
	set(&a, SET_password_file, "file");
	assert_string_equal(found(&a), "2");
	secret_wipe();
	set(&a, SET_password, "1");
	assert_string_equal(found(&a), "1");
}

static void test_what_is_missing_is_an_error_only_where_it_was_named(void **state)
{
	struct account a;

	(void)state;
	account_defaults(&a);
	a.netrc = "nowhere/netrc"; /* as the default one */
	setenv("CREDENTIALS_DIRECTORY", "nowhere", 1);
	assert_null(found(&a));
	secret_wipe();
	set(&a, SET_netrc, "nowhere");
	assert_non_null(strstr(found(&a), "nowhere: No such file"));
	set(&a, SET_password_file, "elsewhere");
	assert_non_null(strstr(found(&a), "elsewhere: No such file"));
	put("netrc", "machine other password x", 0644);
	account(&a);
	set(&a, SET_netrc, "netrc");
	assert_null(found(&a)); /* nothing of ours is exposed there */
}

static void test_nothing_is_left_in_the_vault_after_the_wipe(void **state)
{
	unsigned one, two, three;
	const char *text;
	struct rlimit core;
	struct failure f;
	struct account a;

	(void)state;
	account(&a);
	set(&a, SET_password, "hunter2");
	one = vault_keep(SLICE("one"));
	two = vault_keep(SLICE("the second"));
	text = vault_text(two);
	assert_string_equal(text, "the second");
	assert_string_equal(vault_text(one), "one");
	assert_string_equal(vault_text(a.password), "hunter2");
	secret_wipe();
	for (size_t i = 0; i < strlen("the second"); i++)
		assert_int_equal(text[i], 0);
	assert_null(vault_text(one));
	assert_null(vault_text(two));
	assert_int_equal(secret_find(&text, &a, &f), -1);
	three = vault_keep(SLICE("three"));
	assert_string_equal(vault_text(three), "three");
	assert_null(vault_text(two)); /* a handle is never another text's */
	assert_null(vault_text(three + 1));
	assert_null(vault_text(0));
	assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
	assert_int_equal(core.rlim_cur, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_the_first_line_of_a_file_is_the_password, teardown),
		cmocka_unit_test_teardown(test_a_file_that_others_may_read_is_refused, teardown),
		cmocka_unit_test_teardown(test_the_first_line_that_a_command_prints_is_the_password, teardown),
		cmocka_unit_test_teardown(test_a_command_runs_once_until_the_wipe, teardown),
		cmocka_unit_test_teardown(test_the_first_that_is_set_decides, teardown),
		cmocka_unit_test_teardown(test_what_is_missing_is_an_error_only_where_it_was_named, teardown),
		cmocka_unit_test_teardown(test_nothing_is_left_in_the_vault_after_the_wipe, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
