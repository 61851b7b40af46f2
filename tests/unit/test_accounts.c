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

#include "base/file.h"
#include "conf/book.h"
#include "conf/vault.h"
#include "files.h"

static struct arena arena;
static char folder[] = "/tmp/mysend.XXXXXX";
static char data[4096]; /* tests/data, where the tests run in the source tree */

/* MYSEND_ and the keyword in capitals. */
static const char *variable(enum setting s)
{
	char *name = arena_printf(&arena, "MYSEND_%s", setting_name(s));

	for (char *p = name; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return name;
}

static int group_setup(void **state)
{
	const char *src = getenv("srcdir");

	(void)state;
	if (!realpath(src ? src : ".", data))
		return -1;
	strncat(data, "/tests/data", sizeof data - strlen(data) - 1);
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int setup(void **state)
{
	static const char *const folders[] = {"etc", "home", "home/.config", "home/.config/mysend", "xdg", "xdg/mysend"};
	static const char *const unset[] = {"MYSEND_CONFIG", "XDG_CONFIG_HOME", "CREDENTIALS_DIRECTORY"};

	(void)state;
	for (size_t i = 0; i < ROWS(folders); i++)
		mkdir(folders[i], 0700);
	for (size_t i = 0; i < ROWS(unset); i++)
		unsetenv(unset[i]);
	for (unsigned s = 0; s < SETTINGS; s++)
		unsetenv(variable((enum setting)s));
	setenv("HOME", arena_printf(&arena, "%s/home", folder), 1);
	return 0;
}

static int teardown(void **state)
{
	static const char *const files[] = {"etc/mysend.conf", "home/.mysendrc", "home/.config/mysend/config",
					    "xdg/mysend/config", "own"};

	(void)state;
	for (size_t i = 0; i < ROWS(files); i++)
		unlink(files[i]);
	arena_free(&arena);
	vault_wipe();
	return 0;
}

static int group_teardown(void **state)
{
	static const char *const folders[] = {"etc", "home/.config/mysend", "home/.config", "home", "xdg/mysend", "xdg", folder};

	(void)state;
	for (size_t i = 0; i < ROWS(folders); i++)
		rmdir(folders[i]);
	return 0;
}

struct choice {
	const char *name, *sender;
	const struct override *option;
	size_t options;
};

static int choose(const char *config, const struct choice *c, const struct account **a, struct failure *f)
{
	struct book book;

	if (book_open(&book, &arena, config, c->option, c->options, f) < 0)
		return -1;
	return book_account(&book, c->name, c->sender, a, f);
}

static const char *host_of(const char *config, const char *name, const char *sender)
{
	const struct choice choice = {.name = name, .sender = sender};
	const struct account *a;
	struct failure f;

	if (choose(config, &choice, &a, &f) == 0)
		return a->host;
	return arena_text(&arena, f.text, strlen(f.text));
}

static void test_the_first_file_there_is_is_the_users(void **state)
{
	(void)state;
	file_put("home/.mysendrc", "host rc\n", 0600);
	assert_string_equal(host_of(NULL, NULL, NULL), "rc");
	file_put("home/.config/mysend/config", "host config\n", 0600);
	assert_string_equal(host_of(NULL, NULL, NULL), "config");
	setenv("XDG_CONFIG_HOME", "xdg", 1); /* no full path: not used */
	file_put("xdg/mysend/config", "host xdg\n", 0600);
	assert_string_equal(host_of(NULL, NULL, NULL), "config");
	setenv("XDG_CONFIG_HOME", arena_printf(&arena, "%s/xdg", folder), 1);
	assert_string_equal(host_of(NULL, NULL, NULL), "xdg");
	file_put("own", "host own\n", 0600);
	setenv("MYSEND_CONFIG", "own", 1);
	assert_string_equal(host_of(NULL, NULL, NULL), "own");
	assert_string_equal(host_of("home/.mysendrc", NULL, NULL), "rc");
}

static void test_a_file_that_was_named_must_be_there(void **state)
{
	struct choice none = {.name = NULL};
	const struct account *a;
	struct failure f;

	(void)state;
	assert_int_equal(choose("nowhere", &none, &a, &f), -1);
	assert_string_equal(f.text, "configuration file nowhere: No such file or directory");
	assert_int_equal(f.exit, EX_CONFIG);
	setenv("MYSEND_CONFIG", "nowhere/else", 1);
	assert_int_equal(choose(NULL, &none, &a, &f), -1);
	assert_non_null(strstr(f.text, "nowhere/else"));
	assert_int_equal(choose("etc", &none, &a, &f), -1);
	assert_non_null(strstr(f.text, "configuration file etc: Is a directory"));
}

static void test_without_any_relay_every_path_is_named(void **state)
{
	struct choice none = {.name = NULL};
	const struct account *a;
	struct failure f;

	(void)state;
	assert_int_equal(choose(NULL, &none, &a, &f), -1);
	assert_non_null(strstr(f.text, "no relay is set"));
	assert_non_null(strstr(f.text, "/home/.config/mysend/config (No such file or directory)"));
	assert_non_null(strstr(f.text, "/home/.mysendrc (No such"));
	assert_non_null(strstr(f.text, "etc/mysend.conf (No such"));
	assert_non_null(strstr(f.hint, geteuid() == 0 ? "/mysend.conf" : "/home/.config/mysend/config"));
	assert_string_equal(a->unconfigured->text, f.text);
	file_put("home/.mysendrc", "from a@b\n", 0600);
	assert_int_equal(choose(NULL, &none, &a, &f), -1);
	assert_non_null(strstr(f.text, "account default names no relay"));
	assert_non_null(strstr(f.text, "/home/.mysendrc (read)"));
}

static void test_a_file_that_may_not_be_read_is_another_message(void **state)
{
	(void)state;
	if (geteuid() == 0)
		return; /* root may; tests/cli has it with another user */
	file_put("home/.mysendrc", "host rc\n", 0);
	assert_non_null(strstr(host_of(NULL, NULL, NULL), ".mysendrc: not readable: mode 0000, owner "));
	file_put("etc/mysend.conf", "host site\n", 0);
	unlink("home/.mysendrc");
	assert_non_null(strstr(host_of(NULL, NULL, NULL), "etc/mysend.conf (not readable: mode 0000"));
	file_put("home/.mysendrc", "host rc\n", 0600);
	chmod("home/.mysendrc", 0600);
	assert_string_equal(host_of(NULL, NULL, NULL), "rc"); /* the site's is for others */
}

static void test_a_file_with_a_password_that_others_may_read_is_refused(void **state)
{
	static const struct { unsigned mode; bool fine; } rows[] = {
		{0600, true}, {0640, true}, {0400, true}, {0644, false}, {0604, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		file_put("own", "host own\nuser a\npassword hunter2\n", rows[i].mode);
		if (rows[i].fine)
			assert_string_equal(host_of("own", NULL, NULL), "own");
		else
			assert_string_equal(host_of("own", NULL, NULL),
					    arena_printf(&arena, "own is refused: there is a password in it, and "
								 "others may read it (mode %04o)", rows[i].mode));
	}
	file_put("own", "host own\npassword_file x\n", 0644);
	assert_string_equal(host_of("own", NULL, NULL), "own");
	file_put("own", "host own\nproxy socks5h://me:hunter2@p\n", 0644);
	assert_non_null(strstr(host_of("own", NULL, NULL), "own is refused"));
	file_put("own", "account a\nhost a\naccount b\nhost b\npassword hunter2\n", 0644); /* chosen or not */
	assert_non_null(strstr(host_of("own", "a", NULL), "own is refused"));
	file_put("etc/mysend.conf", "host site\npassword hunter2\n", 0644);
	file_put("own", "host own\n", 0644);
	assert_non_null(strstr(host_of("own", NULL, NULL), "etc/mysend.conf is refused"));
}

static void test_a_file_that_anybody_may_write_is_refused_before_its_commands_run(void **state)
{
	(void)state;
	unlink("ran");
	file_put("own", "eval echo host own; touch ran\n", 0602);
	assert_string_equal(host_of("own", NULL, NULL), "own is refused: anybody may write it (mode 0602)");
	assert_int_equal(access("ran", F_OK), -1);
	file_put("own", "eval echo host own; touch ran\n", 0660);
	assert_string_equal(host_of("own", NULL, NULL), "own");
	assert_int_equal(access("ran", F_OK), 0);
	unlink("ran");
}

static void test_a_file_of_somebody_else_counts_only_by_name(void **state)
{
	(void)state;
	file_put("home/.mysendrc", "host rc\n", 0644);
	if (chown("home/.mysendrc", 12345, (gid_t)-1) < 0)
		skip(); /* only root may give files away */
	assert_non_null(strstr(host_of(NULL, NULL, NULL), ".mysendrc is refused: it belongs to somebody else"));
	assert_string_equal(host_of("home/.mysendrc", NULL, NULL), "rc");
	unlink("home/.mysendrc");
}

static void test_the_account_is_the_named_one_the_senders_or_the_default(void **state)
{
	static const char text[] = "account work\nhost work\nfrom me@corp.example\n"
				   "account list\nhost list\nfrom *-bounces@lists.example\n"
				   "account user\nhost user\nfrom %U@host.example\n"
				   "account default\nhost default\nfrom me@home.example\n";
	static const struct { const char *name, *sender, *host; } rows[] = {
		{NULL, NULL, "default"},
		{"work", NULL, "work"},
		{"list", "me@corp.example", "list"},
		{NULL, "me@corp.example", "work"},
		{NULL, "Me@CORP.example", "work"},
		{NULL, "x-bounces@lists.example", "list"},
		{NULL, "x@lists.example", "default"},
		{NULL, "me@home.example", "default"},
		{NULL, "", "default"},
		{"none", NULL, "there is no account \"none\""},
	};

	(void)state;
	file_put("own", text, 0600);
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(host_of("own", rows[i].name, rows[i].sender), rows[i].host);
	assert_string_equal(host_of("own", NULL, arena_printf(&arena, "%s@host.example", whoami_user(&arena))), "user");
}

static void test_without_a_default_the_only_account_is_taken_else_they_are_listed(void **state)
{
	struct choice choice = {.name = NULL};
	const struct account *a;
	struct failure f;

	(void)state;
	file_put("own", "account a\nhost a\n", 0600);
	assert_string_equal(host_of("own", NULL, "x@y"), "a");
	file_put("own", "account a\nhost a\naccount b\nhost b\n", 0600);
	assert_int_equal(choose("own", &choice, &a, &f), -1);
	assert_non_null(strstr(f.text, "there is no account default"));
	assert_string_equal(f.hint, "choose one with -a: a, b");
	choice.name = "c";
	assert_int_equal(choose("own", &choice, &a, &f), -1);
	assert_string_equal(f.hint, "there are: a, b");
	setenv("MYSEND_HOST", "env", 1); /* then the files may leave it open */
	assert_string_equal(host_of("own", NULL, NULL), "env");
	assert_string_equal(host_of("own", "c", NULL), "there is no account \"c\"");
}

static void test_the_users_file_lies_over_the_systems(void **state)
{
	static const struct { const char *system, *user, *name, *host, *from, *login; } rows[] = {
		{"host site\nuser s\npassword x\n", "from me@b\n", NULL, "site", "me@b", "s"},
		{"host site\nuser s\npassword x\n", "", NULL, "site", "", "s"},
		/* its own relay: nothing of the site's */
		{"host site\nuser s\npassword x\nfrom s@b\n", "relay own\n", NULL, "own", "", ""},
		{"host site\nuser s\npassword x\n", "defaults\nhost own\naccount default\nfrom me@b\n", NULL, "own", "me@b", ""},
		{"account a\nhost site\naccount default\nhost d\n", "account a\nfrom me@b\n", "a", "site", "me@b", ""},
		{"account a\nhost site\naccount default\nhost d\n", "account b\nhost b\n", NULL, "d", "", ""},
		{"account a\nhost site\nfrom s@b\naccount default\nhost d\n", "account c\nhost c\n", "a", "site", "s@b", ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct choice choice = {.name = rows[i].name};
		const struct account *a;
		struct failure f;

		file_put("etc/mysend.conf", rows[i].system, 0600);
		file_put("home/.mysendrc", rows[i].user, 0600);
		assert_int_equal(choose(NULL, &choice, &a, &f), 0);
		assert_string_equal(a->host, rows[i].host);
		assert_string_equal(a->from, rows[i].from);
		assert_string_equal(a->user, rows[i].login);
		assert_int_equal(a->password != 0, *rows[i].login != '\0');
	}
}

static void test_option_goes_over_environment_over_file(void **state)
{
	static const struct override options[] = {
		{SET_port, "1", "--port"}, {SET_port, "2", "--port"}, {SET_tls, "off", "--tls"},
	};
	struct choice choice = {.option = options};
	const struct account *a;
	struct failure f;

	(void)state;
	file_put("own", "host own\nport 4\ntimeout 4\n", 0600);
	assert_int_equal(choose("own", &choice, &a, &f), 0);
	assert_int_equal(a->port, 4);
	assert_string_equal(a->origin[SET_port].file, "own");
	assert_int_equal(a->origin[SET_port].line, 2);
	setenv("MYSEND_PORT", "3", 1);
	assert_int_equal(choose("own", &choice, &a, &f), 0);
	assert_int_equal(a->port, 3);
	assert_string_equal(a->origin[SET_port].file, "MYSEND_PORT");
	choice.options = ROWS(options);
	assert_int_equal(choose("own", &choice, &a, &f), 0);
	assert_int_equal(a->port, 2); /* the last one */
	assert_string_equal(a->origin[SET_port].file, "--port");
	assert_int_equal(a->timeout, 4);
	setenv("MYSEND_PORT", "many", 1);
	assert_int_equal(choose("own", &choice, &a, &f), -1);
	assert_string_equal(f.text, "MYSEND_PORT takes a number from 1 to 65535, not \"many\"");
	assert_int_equal(f.exit, EX_CONFIG);
}

static void test_every_setting_can_come_from_the_environment(void **state)
{
	struct choice none = {.name = NULL};
	const struct account *a;
	struct failure f;

	(void)state;
	for (unsigned s = 0; s < SETTINGS; s++) {
		static const char *const values[] = {"", "9", "on", "any", "1.2", "off"}; /* one of them it takes */
		const struct origin from = {RANK_USER, 1, "x"};
		const char *name = variable((enum setting)s), *value;
		struct account plain;
		size_t i = 0;

		account_defaults(&plain);
		do {
			assert_true(i < ROWS(values));
			value = values[i++];
		} while (s != SET_host && account_set(&plain, &arena, (enum setting)s, slice_of(value), &from, &f) < 0);
		file_put("own", s == SET_host || s == SET_relay ? "" : "host own\nproxy_host p\n", 0600);
		setenv(name, s == SET_host || s == SET_relay ? "env" : value, 1);
		assert_int_equal(choose("own", &none, &a, &f), 0);
		assert_int_equal(a->origin[s].rank, RANK_ENVIRONMENT);
		assert_string_equal(a->origin[s].file, name);
		setenv(name, "a\x01" "b", 1);
		assert_int_equal(choose("own", &none, &a, &f), -1);
		/* A command does not come from there at all. */
		assert_string_equal(f.text, arena_printf(&arena, setting_is_command((enum setting)s) ? "%s is refused: a command counts only out of a file" : "%s holds a control character", name));
		unsetenv(name);
	}
}

static void test_a_command_comes_from_no_variable(void **state)
{
	static const char *const names[] = {"MYSEND_PASSWORD_COMMAND", "MYSEND_PASSWORDEVAL"};
	const struct account *a;
	struct failure f;
	static const struct choice none;

	(void)state;
	file_put("own", "host own\n", 0600);
	for (size_t i = 0; i < ROWS(names); i++) {
		setenv(names[i], "echo x", 1);
		assert_int_equal(choose("own", &none, &a, &f), -1);
		assert_non_null(strstr(f.text, names[i]));
		assert_int_equal(f.exit, EX_CONFIG);
		unsetenv(names[i]);
	}
}

static void test_what_is_shown_is_what_holds_and_where_it_comes_from(void **state)
{
	static const struct override options[] = {{SET_timeout, "5m", "--timeout"}};
	static const char *const rows[] = {
		"# account work\n",	       "host site.example\t# etc/mysend.conf:2\n", "port 2525\t# MYSEND_PORT\n",
		"user me\t# own:2\n",	       "password (set)\t# own:3\n",		 "timeout 300\t# --timeout\n",
		"tls on\t# default\n",	       "from \t# default\n",			 "tls_starttls on\t# default\n",
		"# files own (read), etc/mysend.conf (read)\n",
	};
	const struct choice choice = {.name = "work", .option = options, .options = ROWS(options)};
	const struct account *a;
	struct failure f;
	FILE *out = tmpfile();
	struct buf b;

	(void)state;
	file_put("own", "account work\nuser me\npassword hunter2\n", 0600);
	file_put("etc/mysend.conf", "account work\nhost site.example\n", 0644);
	setenv("MYSEND_PORT", "2525", 1);
	assert_int_equal(choose("own", &choice, &a, &f), 0);
	account_show(a, out);
	assert_int_equal(fflush(out), 0);
	assert_int_equal(lseek(fileno(out), 0, SEEK_SET), 0);
	buf_start(&b, 100000);
	assert_int_equal(file_slurp(fileno(out), &b), 0);
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_non_null(strstr(b.p, rows[i]));
	assert_null(strstr(b.p, "hunter2"));
	buf_free(&b);
	fclose(out);
}

static void test_an_empty_file_is_a_file_and_one_of_more_than_a_mebibyte_is_none(void **state)
{
	char *wall = malloc(CONFIG_LIMIT + 2);

	(void)state;
	file_put("own", "", 0600);
	assert_non_null(strstr(host_of("own", NULL, NULL), "no relay is set; files: own (read), etc/mysend.conf (No such"));
	memset(wall, '#', CONFIG_LIMIT + 1);
	wall[CONFIG_LIMIT + 1] = '\0';
	file_put("own", wall, 0600);
	assert_non_null(strstr(host_of("own", NULL, NULL), "configuration file own: File too large"));
	wall[CONFIG_LIMIT] = '\0';
	file_put("own", wall, 0600);
	assert_non_null(strstr(host_of("own", NULL, NULL), "no relay is set"));
	free(wall);
}

static void test_environment_and_options_alone_are_an_account(void **state)
{
	static const struct override options[] = {{SET_relay, "smtps://opt:99", "--relay"}};
	struct choice choice = {.option = options, .options = 1};
	const struct account *a;
	struct failure f;

	(void)state;
	setenv("MYSEND_HOST", "env", 1);
	assert_string_equal(host_of(NULL, NULL, NULL), "env");
	assert_int_equal(choose(NULL, &choice, &a, &f), 0);
	assert_string_equal(a->host, "opt");
	assert_true(a->port == 99 && !a->tls_starttls);
	assert_string_equal(a->name, "default");
	choice.options = 0;
	setenv("MYSEND_RELAY", "smtp://env", 1); /* beside MYSEND_HOST */
	assert_int_equal(choose(NULL, &choice, &a, &f), -1);
	assert_string_equal(f.text, "MYSEND_RELAY contradicts host (MYSEND_HOST)");
}

static void test_example_files_of_msmtp_load_unchanged(void **state)
{
	const char *user = arena_printf(&arena, "%s/msmtprc-user", data);
	const char *system = arena_printf(&arena, "%s/msmtprc-system", data);
	struct choice choice = {.name = NULL};
	const struct account *a;
	struct failure f;

	(void)state;
	if (access(user, R_OK) < 0)
		skip();
	assert_int_equal(choose(user, &choice, &a, &f), 0);
	assert_string_equal(a->host, "smtp.freemail.example");
	assert_string_equal(a->user, "joe.smith");
	assert_string_equal(a->password_command, "gpg2 --no-tty -q -d ~/.msmtp-password.gpg");
	assert_int_equal(a->port, 587);
	assert_string_equal(host_of(user, NULL, "smithjoe@company.example"), "mail.company.example");
	choice.sender = "joey@freemail.example";
	assert_int_equal(choose(user, &choice, &a, &f), 0);
	assert_string_equal(a->name, "freemail2");
	assert_int_equal(choose(system, &choice, &a, &f), 0);
	assert_string_equal(a->from, arena_printf(&arena, "%s@oursite.example", whoami_user(&arena)));
	assert_true(a->port == 465 && !a->tls_starttls && !a->allow_from_override);
	assert_true(setting_is(a, SET_syslog, "LOG_MAIL") && setting_is(a, SET_set_from_header, "on"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_first_file_there_is_is_the_users, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_file_that_was_named_must_be_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_any_relay_every_path_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_file_that_may_not_be_read_is_another_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_file_with_a_password_that_others_may_read_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_file_that_anybody_may_write_is_refused_before_its_commands_run, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_file_of_somebody_else_counts_only_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_account_is_the_named_one_the_senders_or_the_default, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_a_default_the_only_account_is_taken_else_they_are_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_users_file_lies_over_the_systems, setup, teardown),
		cmocka_unit_test_setup_teardown(test_option_goes_over_environment_over_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_setting_can_come_from_the_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_command_comes_from_no_variable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_shown_is_what_holds_and_where_it_comes_from, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_empty_file_is_a_file_and_one_of_more_than_a_mebibyte_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_environment_and_options_alone_are_an_account, setup, teardown),
		cmocka_unit_test_setup_teardown(test_example_files_of_msmtp_load_unchanged, setup, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
