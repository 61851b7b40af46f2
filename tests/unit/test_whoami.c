#include "unit.h"

#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The host and its users, as a row wants them. */
static struct passwd *entry;
static const char *kernel_name, *full_name;
static unsigned lookups;

static struct passwd *fake_getpwuid(uid_t uid)
{
	(void)uid;
	return entry;
}

static int fake_gethostname(char *to, size_t room)
{
	if (!kernel_name)
		return -1;
	snprintf(to, room, "%s", kernel_name);
	return 0;
}

static int fake_lookup_host(const char *host, unsigned ms, char *full, size_t room)
{
	assert_string_equal(host, kernel_name);
	assert_true(ms <= 10000);
	lookups++;
	snprintf(full, room, "%s", full_name ? full_name : "");
	return full_name ? 0 : EAI_NONAME;
}

static int fake_access(const char *path, int mode)
{
	assert_int_equal(mode, X_OK);
	errno = strcmp(path, "/root") == 0 ? EACCES : ENOENT;
	return strcmp(path, "/home/x") == 0 ? 0 : -1;
}

static uid_t user_id = 1000;

static uid_t fake_geteuid(void)
{
	return user_id;
}

#define access fake_access
#define geteuid fake_geteuid
#define getpwuid fake_getpwuid
#define gethostname fake_gethostname
#define lookup_host fake_lookup_host
#define MAILNAME mailname
static char mailname[] = "/tmp/mysend.XXXXXX";
#include "conf/whoami.c"

static struct arena arena;

static int setup(void **state)
{
	static char name[] = "joe", gecos[] = "Joe & Sons,room 1", home[] = "/home/joe";
	static struct passwd joe = {.pw_name = name, .pw_gecos = gecos, .pw_dir = home};

	(void)state;
	entry = &joe;
	kernel_name = "box";
	full_name = NULL;
	lookups = 0;
	full_host.known = false;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void write_mailname(const char *text)
{
	FILE *out = fopen(mailname, "w");

	fputs(text, out);
	fclose(out);
}

static void test_the_user_is_whom_passwd_says(void **state)
{
	(void)state;
	setenv("USER", "eve", 1);
	setenv("LOGNAME", "mallory", 1);
	assert_string_equal(whoami_user(&arena), "joe");
	entry = NULL;
	assert_string_equal(whoami_user(&arena), "eve");
	setenv("USER", "", 1);
	assert_string_equal(whoami_user(&arena), "mallory");
	unsetenv("LOGNAME");
	assert_string_equal(whoami_user(&arena), arena_printf(&arena, "%lu", (unsigned long)getuid()));
}

static void test_the_home_is_the_environments_else_passwds(void **state)
{
	(void)state;
	setenv("HOME", "/home/x", 1);
	assert_string_equal(whoami_home(&arena), "/home/x");
	setenv("HOME", "/gone", 1); /* a container may have it made later, or mean that there is none */
	assert_string_equal(whoami_home(&arena), "/gone");
	setenv("HOME", "/root", 1); /* of a cron that root has started */
	assert_string_equal(whoami_home(&arena), "/home/joe");
	whoami_give_home(&arena);
	assert_string_equal(getenv("HOME"), "/home/joe");
	setenv("HOME", "x", 1);
	assert_string_equal(whoami_home(&arena), "/home/joe");
	unsetenv("HOME");
	assert_string_equal(whoami_home(&arena), "/home/joe");
	whoami_give_home(&arena);
	assert_string_equal(getenv("HOME"), "/home/joe");
	unsetenv("HOME");
	entry = NULL;
	assert_string_equal(whoami_home(&arena), "");
	whoami_give_home(&arena);
	assert_null(getenv("HOME"));
}

static void test_the_full_name_is_that_of_gecos(void **state)
{
	static const struct { const char *gecos, *name; } rows[] = {
		{"Joe Smith,room 1,,", "Joe Smith"}, {"", ""}, {",x", ""}, {"&", "Joe"}, {"& Smith & Son", "Joe Smith Joe Son"},
		{"J\xc3\xb6" "e", "J\xc3\xb6" "e"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		entry->pw_gecos = arena_text(&arena, rows[i].gecos, strlen(rows[i].gecos));
		assert_string_equal(whoami_full_name(&arena), rows[i].name);
	}
	entry = NULL;
	assert_string_equal(whoami_full_name(&arena), "");
}

static void test_the_hosts_full_name_is_looked_up_only_where_it_must_be(void **state)
{
	static const struct { const char *kernel, *canonical, *host, *full; unsigned lookups; } rows[] = {
		{"box.example.org", "other.example", "box.example.org", "box.example.org", 0},
		{"box", "box.example.org", "box", "box.example.org", 1},
		{"box", "box", "box", "", 1},
		{"box", "evil\r\n.example", "box", "", 1},
		{"box", NULL, "box", "", 1},
		{"b\nx", NULL, "localhost", NULL, 0},
		{"", NULL, "localhost", NULL, 0},
		{"-x.y", NULL, "localhost", NULL, 0},
		{"x..y", NULL, "localhost", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		kernel_name = rows[i].kernel;
		full_name = rows[i].canonical;
		lookups = 0;
		full_host.known = false; /* as in another process */
		assert_string_equal(whoami_host(&arena), rows[i].host);
		if (rows[i].full)
			assert_string_equal(whoami_full_host(&arena), rows[i].full);
		assert_int_equal(lookups, rows[i].lookups);
	}
	kernel_name = NULL;
	assert_string_equal(whoami_host(&arena), "localhost");
}

static void test_strangers_have_the_resolver_asked_once_a_process(void **state)
{
	static const char *const full[] = {NULL, "box.example.org"};

	(void)state;
	for (size_t i = 0; i < ROWS(full); i++) {
		full_name = full[i];
		full_host.known = false;
		lookups = 0;
		for (int k = 0; k < 1000; k++) {
			assert_false(whoami_is_local(&arena, whoami_host(&arena), arena_printf(&arena, "u%d@box.evil%d.example", k, k)));
			assert_false(whoami_is_local(&arena, whoami_host(&arena), "u@boxer.example"));
		}
		assert_int_equal(whoami_is_local(&arena, whoami_host(&arena), "u@box.example.org"), full[i] != NULL);
		assert_string_equal(whoami_full_host(&arena), full[i] ? full[i] : "");
		assert_int_equal(lookups, 1);
	}
}

static void test_local_names_get_maildomain_or_mailname_or_the_full_name(void **state)
{
	struct account a;

	(void)state;
	account_defaults(&a);
	full_name = "box.example.org";
	unlink(mailname);
	assert_string_equal(whoami_mail_domain(&arena, &a), "box.example.org");
	write_mailname("\n");
	assert_string_equal(whoami_mail_domain(&arena, &a), "box.example.org");
	write_mailname("two words\n");
	assert_string_equal(whoami_mail_domain(&arena, &a), "box.example.org");
	full_name = NULL;
	full_host.known = false;
	assert_string_equal(whoami_mail_domain(&arena, &a), "");
	write_mailname("\xef\xbb\xbf mail.example.org \nmore\n");
	lookups = 0;
	assert_string_equal(whoami_mail_domain(&arena, &a), "mail.example.org");
	assert_string_equal(whoami_mailname(&arena), "mail.example.org");
	a.maildomain = "set.example";
	assert_string_equal(whoami_mail_domain(&arena, &a), "set.example");
	assert_int_equal(lookups, 0);
	unlink(mailname);
}

static void test_ehlo_says_domain_or_the_host_or_localhost(void **state)
{
	static const struct { const char *domain, *kernel, *says; } rows[] = {
		{"", "box", "box"}, {"", "box.example.org", "box.example.org"}, {"", "my_box", "localhost"},
		{"", "(none)", "localhost"}, {"[192.0.2.1]", "box", "[192.0.2.1]"}, {"x.y", "box", "x.y"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;

		account_defaults(&a);
		a.domain = rows[i].domain;
		kernel_name = rows[i].kernel;
		assert_string_equal(whoami_ehlo(&arena, &a), rows[i].says);
	}
	assert_int_equal(lookups, 0);
}

static void give(const char *name, const char *value)
{
	assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void test_tokens_are_kept_where_the_service_or_the_user_keeps_them(void **state)
{
	static const struct { uid_t uid; const char *setting, *given, *xdg, *home, *place; } rows[] = {
		{1000, "", NULL, NULL, "/home/x", "/home/x/.local/state/mysend/oauth"},
		{1000, "", NULL, "/s", "/home/x", "/s/mysend/oauth"},
		{1000, "", NULL, "s", "/home/x", "/home/x/.local/state/mysend/oauth"},
		{1000, "/t", "/var/lib/mysend", "/s", "/home/x", "/t"},
		{0, "", NULL, NULL, "/home/x", LOCALSTATEDIR "/lib/mysend/oauth"}, /* sudo keeps HOME at some hosts */
		{0, "", NULL, "/s", "/home/x", LOCALSTATEDIR "/lib/mysend/oauth"},
		{0, "/t", NULL, NULL, "/home/x", "/t"},
		/* a service of mysend's */
		{0, "", "/var/lib/mysend", NULL, "/root", "/var/lib/mysend/oauth"},
		{1000, "", "/var/lib/private/mysend", "/s", "/home/x", "/var/lib/private/mysend/oauth"},
		{1000, "", "/var/lib/x:/var/lib/mysend-alerts:/var/lib/y", NULL, "/", "/var/lib/mysend-alerts/oauth"},
		{1000, "", "/var/lib/mysend/alerts", NULL, "/", "/var/lib/mysend/alerts/oauth"},
		/* another program's, which sends an alert */
		{0, "", "/var/lib/backup", NULL, "/root", LOCALSTATEDIR "/lib/mysend/oauth"},
		{1000, "", "/var/lib/backup", NULL, "/home/x", "/home/x/.local/state/mysend/oauth"},
		{1000, "", "/var/lib/backup", "/s", "/", "/s/mysend/oauth"},
		{1000, "", "/srv/mysend-hosts/state/backup", NULL, "/home/x", "/home/x/.local/state/mysend/oauth"},
		/* and whose user has no home */
		{1000, "", "/var/lib/backup:/var/lib/more", NULL, "/", "/var/lib/backup/oauth"},
		{1000, "", "/var/lib/backup", NULL, "/nonexistent", "/var/lib/backup/oauth"},
		{1000, "", "backup", NULL, "/nonexistent", "/nonexistent/.local/state/mysend/oauth"},
		{1000, "", "", NULL, "/", "//.local/state/mysend/oauth"},
		{1000, "", "::", NULL, NULL, ""},
		{1000, "", NULL, NULL, NULL, ""},
	};

	(void)state;
	entry = NULL;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;

		account_defaults(&a);
		a.oauth_state = rows[i].setting;
		user_id = rows[i].uid;
		give("STATE_DIRECTORY", rows[i].given);
		give("XDG_STATE_HOME", rows[i].xdg);
		give("HOME", rows[i].home);
		assert_string_equal(whoami_tokens(&arena, &a), rows[i].place);
	}
	give("STATE_DIRECTORY", NULL);
	user_id = 1000;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_user_is_whom_passwd_says, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_home_is_the_environments_else_passwds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tokens_are_kept_where_the_service_or_the_user_keeps_them, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_full_name_is_that_of_gecos, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_hosts_full_name_is_looked_up_only_where_it_must_be, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strangers_have_the_resolver_asked_once_a_process, setup, teardown),
		cmocka_unit_test_setup_teardown(test_local_names_get_maildomain_or_mailname_or_the_full_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ehlo_says_domain_or_the_host_or_localhost, setup, teardown),
	};

	close(mkstemp(mailname)); /* a name of our own, which the last test gives back */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
