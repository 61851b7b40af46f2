#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "conf/settings.h"
#include "conf/vault.h"

static struct arena arena;
static const struct origin line7 = {RANK_USER, 7, "/x/conf"};

static int set(struct account *a, const char *name, const char *value, struct failure *f)
{
	return account_set(a, &arena, setting_find(name, strlen(name)), slice_of(value), &line7, f);
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	vault_wipe();
	return 0;
}

static void test_every_default_is_a_value_that_the_setting_takes(void **state)
{
	char line[1024];
	FILE *list = tmpfile();
	unsigned count = 0;

	(void)state;
	settings_list(list);
	rewind(list);
	for (; fgets(line, sizeof line, list); count++) {
		char *name = line, *arg = strchr(line, '\t'), *dflt, *summary;
		struct account a;
		struct failure f;

		assert_non_null(arg);
		*arg++ = '\0';
		dflt = strchr(arg, '\t');
		assert_non_null(dflt);
		*dflt++ = '\0';
		summary = strchr(dflt, '\t');
		assert_non_null(summary);
		*summary++ = '\0';
		assert_true(*arg && summary[1]);
		assert_int_equal(setting_find(name, strlen(name)), count);
		account_defaults(&a);
		assert_false(setting_is_set(&a, (enum setting)count));
		if (*dflt)
			assert_int_equal(set(&a, name, dflt, &f), 0);
	}
	fclose(list);
	assert_int_equal(count, SETTINGS);
}

static void test_a_setting_is_found_by_keyword_option_and_older_name(void **state)
{
	static const struct { const char *name; unsigned setting; } rows[] = {
		{"host", SET_host},		      {"tls_min_version", SET_tls_min_version},
		{"tls-min-version", SET_tls_min_version}, {"tls-min_version", SET_tls_min_version},
		{"passwordeval", SET_password_command}, {"hos", SETTINGS},
		{"hosts", SETTINGS},		      {"", SETTINGS},
		{"HOST", SETTINGS},		      {"keepbcc", SETTINGS}, /* its values mean something else */
		{"aliases", SET_aliases},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(setting_find(rows[i].name, strlen(rows[i].name)), rows[i].setting);
	assert_int_equal(setting_find("hostess", 4), SET_host);
}

static void test_values_are_checked_as_they_come_in(void **state)
{
	static const struct { const char *name, *good, *bad; } rows[] = {
		{"port", "1", "0"},
		{"port", "65535", "65536"},
		{"port", "025", "-1"},
		{"port", "", "99999999999999999999999"},
		{"port", "587", " 587"},
		{"window", "1000", "1001"},
		{"max_recipients", "1", "0"},
		{"timeout", "30", "0"},
		{"timeout", "30s", "s"},
		{"timeout", "10m", "10 m"},
		{"timeout", "2h", "200h"},
		{"timeout", "off", "soon"},
		{"timeout", "7d", "8d"},
		{"connect_timeout", "1", "4294967297"},
		{"tls", "try", "maybe"},
		{"tls", "ON", "on "},
		{"tls_starttls", "off", "2"},
		{"auth", "Scram-SHA-256", "scram"},
		{"syslog", "LOG_LOCAL7", "LOG_KERN"},
		{"host", "mail.example.com", ""},
		{"host", "mail.example.com.", "a b"},
		{"host", "b\xc3\xbc" "cher.example", "user@host"},
		{"host", "::1", "smtp://host"},
		{"host", "[2001:db8::1]", "[host]"},
		{"host", "192.0.2.1", "host:25"},
		{"tls_host_override", "", "a/b"},
		{"source_ip", "::1", "localhost"},
		{"source_ip", "fe80::1%eth0", "1.2.3"},
		{"source_ip", "", "1.2.3.4%eth0"},
		{"from", "a@example.net", "a b c"},
		{"from", "*@example.net", "* @example.net x"},
		{"from", "[ab]@example.net", "a@"},
		{"from", "%U@%H", "a@b@c"},
		{"from", "", "<a@b"},
		{"force_from", "Joe <a@b.example>", "<>"},
		{"to", "a@b, c@d", "a@b, c@"},
		{"to", "root", ","},
		{"tls_pinned_key", "sha256//Yhf6Ep2M2gGnZQkBDDXlfcmdKCaJ9eMYCHNfaGVJvVw=", "sha256//abc="},
		{"tls_pinned_key", "/etc/key.pem", "sha1//Yhf6Ep2M2gGnZQkBDDXlfcmdKCaJ9eMYCHNfaGVJvVw="},
		{"pop_before_smtp", "pop3s://pop.example", "pop3://me:pw@pop.example"},
		{"pop_before_smtp", "", "pop3://"},
		{"dsn_notify", "success, failure", "never,delay"},
		{"dsn_notify", "OFF", "sometimes"},
		{"dsn_return", "headers", "full,hdrs"},
		{"password", "two words", "a\tb"},
		{"password_command", "a\tb", "a\nb"},
		{"user", "domain\\name", "a\x01"},
		{"domain", "%H", "a b"},
		{"relay", "smtp://host", "smtp://ho st"},
		{"message_size_limit", "20M", "0"},
		{"message_size_limit", "off", "20T"},
		{"message_size_limit", "4294967295", "M"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;
		struct failure f;

		account_defaults(&a);
		assert_int_equal(set(&a, rows[i].name, rows[i].good, &f), 0);
		assert_int_equal(set(&a, rows[i].name, rows[i].bad, &f), -1);
		assert_int_equal(f.exit, EX_CONFIG);
		assert_non_null(strstr(f.text, "/x/conf:7: "));
		assert_non_null(strstr(f.text, rows[i].name));
	}
}

/* The argument of a row, as --list-settings has it: "off|on" or "NAME". */
static const char *argument(enum setting s)
{
	static char line[1024];
	FILE *list = tmpfile();
	const char *found = NULL;

	settings_list(list);
	rewind(list);
	while (!found && fgets(line, sizeof line, list)) {
		char *arg = strchr(line, '\t'), *end = strchr(arg + 1, '\t');

		*arg++ = *end = '\0';
		if (strcmp(line, setting_name(s)) == 0)
			found = arg;
	}
	fclose(list);
	assert_non_null(found);
	return found;
}

static void test_every_word_of_every_choice_is_taken_in_any_case_and_no_other(void **state)
{
	unsigned choices = 0;

	(void)state;
	for (unsigned s = 0; s < SETTINGS; s++) {
		struct slice rest = slice_of(argument((enum setting)s)), word;
		bool more = strchr(rest.p, '|') != NULL;
		struct account a;
		struct failure f;

		account_defaults(&a);
		choices += more;
		while (more) {
			char *other;

			more = slice_cut(&rest, '|', &word);
			word = more ? word : rest;
			assert_int_equal(account_set(&a, &arena, (enum setting)s, word, &line7, &f), 0);
			assert_true(setting_is(&a, (enum setting)s, arena_text(&arena, word.p, word.len)));
			other = arena_text(&arena, word.p, word.len);
			for (char *p = other; *p; p++)
				if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'))
					*p ^= 32;
			assert_int_equal(set(&a, setting_name((enum setting)s), other, &f), 0);
			assert_int_equal(set(&a, setting_name((enum setting)s), arena_printf(&arena, "%sx", other), &f), -1);
			assert_int_equal(set(&a, setting_name((enum setting)s), "", &f), -1);
			assert_int_equal(set(&a, setting_name((enum setting)s), "true", &f), -1);
		}
	}
	assert_true(choices >= 15);
}

static void test_no_setting_takes_a_control_character(void **state)
{
	static const struct slice rows[] = {{"a\0b", 3}, {"a\nb", 3}, {"a\rb", 3}, {"a\x1b", 2}, {"\x7f", 1}, {"1\n", 2}};

	(void)state;
	for (unsigned s = 0; s < SETTINGS; s++)
		for (size_t i = 0; i < ROWS(rows); i++) {
			const char *name = setting_name((enum setting)s);
			struct account a;
			struct failure f;

			account_defaults(&a);
			assert_int_equal(account_set(&a, &arena, (enum setting)s, rows[i], &line7, &f), -1);
			assert_string_equal(f.text, arena_printf(&arena, "/x/conf:7: %s holds a control character", name));
			assert_false(setting_is_set(&a, (enum setting)s));
		}
}

static void test_an_empty_text_takes_back_what_a_lower_place_set(void **state)
{
	(void)state;
	for (unsigned s = 0; s < SETTINGS; s++) {
		struct account a;
		struct failure f;
		const char **text;

		account_defaults(&a);
		text = account_text(&a, (enum setting)s);
		if (!text || s == SET_host) /* a relay is named, or relay is empty */
			continue;
		*text = "something";
		assert_int_equal(set(&a, setting_name((enum setting)s), "", &f), 0);
		assert_string_equal(*text, "");
		assert_true(setting_is_set(&a, (enum setting)s));
		account_unset(&a, (enum setting)s);
		assert_false(setting_is_set(&a, (enum setting)s));
	}
}

static void test_a_copy_has_the_value_and_its_origin(void **state)
{
	static const struct { const char *name, *value; } rows[] = {
		{"host", "h"}, {"port", "26"}, {"timeout", "2h"}, {"tls_certcheck", "off"}, {"tls", "try"}, {"password", "pw"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		enum setting s = setting_find(rows[i].name, strlen(rows[i].name));
		struct account from, to;
		struct failure f;

		account_defaults(&from);
		account_defaults(&to);
		assert_int_equal(set(&from, rows[i].name, rows[i].value, &f), 0);
		account_copy(&to, &from, s);
		assert_true(setting_is_set(&to, s));
		assert_int_equal(to.origin[s].line, 7);
		to.name = from.name;
		for (unsigned other = 0; other < SETTINGS; other++)
			assert_int_equal(setting_is_set(&to, (enum setting)other), other == s);
		assert_string_equal(to.host, from.host);
		assert_true(to.port == from.port && to.timeout == from.timeout && to.tls == from.tls);
		assert_true(to.tls_certcheck == from.tls_certcheck && to.password == from.password);
	}
}

static void test_values_mean_what_they_say(void **state)
{
	struct account a;
	struct failure f;

	(void)state;
	account_defaults(&a);
	assert_int_equal(a.timeout, 600);
	assert_int_equal(a.connect_timeout, 60);
	assert_int_equal(a.window, 16);
	assert_int_equal(a.port, 0);
	assert_int_equal(a.set_from_header, 0);
	assert_true(setting_is(&a, SET_tls, "on") && setting_is(&a, SET_auth, "auto") && a.tls_certcheck);
	assert_string_equal(a.netrc, "~/.netrc");
	assert_int_equal(set(&a, "timeout", "2h", &f), 0);
	assert_int_equal(a.timeout, 7200);
	assert_int_equal(set(&a, "timeout", "off", &f), 0);
	assert_int_equal(a.timeout, 604800);
	assert_int_equal(set(&a, "tls", "Off", &f), 0);
	assert_true(setting_is(&a, SET_tls, "off") && !setting_is(&a, SET_tls, "of"));
	assert_int_equal(set(&a, "tls_certcheck", "off", &f), 0);
	assert_true(!a.tls_certcheck && setting_is(&a, SET_tls_certcheck, "off"));
	assert_int_equal(set(&a, "host", "[::1]", &f), 0);
	assert_string_equal(a.host, "::1");
	assert_int_equal(set(&a, "tls_trust_file", "system", &f), 0);
	assert_string_equal(a.tls_trust_file, "");
	assert_int_equal(set(&a, "port", "26", &f), 0);
	assert_int_equal(a.port, 26);
	account_unset(&a, SET_port);
	assert_true(a.port == 0 && !setting_is_set(&a, SET_port));
}

static void test_an_error_names_the_option_or_variable_and_an_option_is_usage(void **state)
{
	static const struct { struct origin from; const char *text; int exit; } rows[] = {
		{{RANK_OPTION, 0, "--port"}, "--port takes a number from 1 to 65535, not \"x\"", EX_USAGE},
		{{RANK_ENVIRONMENT, 0, "MYSEND_PORT"}, "MYSEND_PORT takes a number from 1 to 65535, not \"x\"", EX_CONFIG},
		{{RANK_SYSTEM, 3, "/etc/c"}, "/etc/c:3: port takes a number from 1 to 65535, not \"x\"", EX_CONFIG},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;
		struct failure f;

		account_defaults(&a);
		assert_int_equal(account_set(&a, &arena, SET_port, SLICE("x"), &rows[i].from, &f), -1);
		assert_string_equal(f.text, rows[i].text);
		assert_int_equal(f.exit, rows[i].exit);
	}
}

static const char *shown(const struct account *a)
{
	static char text[16384];
	FILE *out = tmpfile();
	size_t n;

	account_show(a, out);
	rewind(out);
	n = fread(text, 1, sizeof text - 1, out);
	text[n] = '\0';
	fclose(out);
	return text;
}

static void test_show_tells_each_value_and_its_origin_and_no_secret(void **state)
{
	struct account a;
	struct failure f;
	const char *text;

	(void)state;
	account_defaults(&a);
	assert_int_equal(set(&a, "password", "hunter2", &f), 0);
	assert_int_equal(set(&a, "proxy", "socks5://me:hunter2@proxy.example:1080", &f), 0);
	assert_int_equal(set(&a, "host", "h.example", &f), 0);
	assert_int_equal(set(&a, "tls", "try", &f), 0);
	text = shown(&a);
	assert_null(strstr(text, "hunter2"));
	assert_non_null(strstr(text, "password (set)\t# /x/conf:7\n"));
	assert_non_null(strstr(text, "proxy socks5://me:(set)@proxy.example:1080\t"));
	assert_non_null(strstr(text, "host h.example\t# /x/conf:7\n"));
	assert_non_null(strstr(text, "tls try\t# /x/conf:7\n"));
	assert_non_null(strstr(text, "timeout 600\t# default\n"));
	assert_non_null(strstr(text, "\nuser \t# default\n"));
	assert_non_null(strstr(text, "# account default\n"));
}

static void test_no_error_quotes_a_secret(void **state)
{
	static const struct { const char *name, *value; } rows[] = {
		{"password", "hunter2\x01"},	      {"proxy", "x://me:hunter2@p q"},
		{"pop_before_smtp", "pop3://me:hunter2@p"}, {"relay", "smtp://me:hunter2@h x"},
		{"host", "me:hunter2@h"},	      {"proxy_host", "me:hunter2@p"},
		{"tls_host_override", "me:hunter2@h"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;
		struct failure f;

		account_defaults(&a);
		assert_int_equal(set(&a, rows[i].name, rows[i].value, &f), -1);
		assert_null(strstr(f.text, "hunter2"));
		assert_null(strstr(f.hint, "hunter2"));
	}
}

static void test_a_password_in_a_url_is_a_secret_too(void **state)
{
	static const struct { const char *url; bool secret; const char *shown; } rows[] = {
		{"", false, "proxy \t"},
		{"socks5h://p:1080", false, "proxy socks5h://p:1080\t"},
		{"socks5h://me@p:1080", false, "proxy socks5h://me@p:1080\t"},
		{"socks5h://me:hunter2@p:1080", true, "proxy socks5h://me:(set)@p:1080\t"},
		{"socks5h://me:hunt@er2@p", true, "proxy socks5h://me:(set)@p\t"},
		{"socks5h://:hunter2@p", true, "proxy socks5h://:(set)@p\t"},
		{"me:hunter2@p", true, "proxy me:(set)@p\t"},
		{"socks5h://me:@p", true, "proxy socks5h://me:(set)@p\t"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;
		struct failure f;

		account_defaults(&a);
		assert_int_equal(set(&a, "proxy", rows[i].url, &f), 0);
		assert_int_equal(setting_holds_secret(&a, SET_proxy), rows[i].secret);
		assert_non_null(strstr(shown(&a), rows[i].shown));
	}
}

static void test_the_nearest_keyword_is_named_if_it_is_near(void **state)
{
	static const struct { const char *typed, *meant; } rows[] = {
		{"hots", "host"},	      {"hosts", "host"},	 {"tls_startls", "tls_starttls"},
		{"pasword", "password"}, {"timout", "timeout"}, {"colour", NULL},
		{"prot", "port"},	      {"xyzzy", NULL},	 {"tls_trust_fil", "tls_trust_file"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *nearest = setting_nearest(slice_of(rows[i].typed));

		if (rows[i].meant)
			assert_string_equal(nearest, rows[i].meant);
		else
			assert_null(nearest);
	}
}

static void test_settings_that_may_stand_alone_are_those_with_an_on(void **state)
{
	(void)state;
	assert_true(setting_takes_optional(SET_tls) && setting_takes_optional(SET_auth));
	assert_true(setting_takes_optional(SET_tls_starttls) && setting_takes_optional(SET_syslog));
	assert_false(setting_takes_optional(SET_ip) || setting_takes_optional(SET_host));
	assert_false(setting_takes_optional(SET_port) || setting_takes_optional(SET_tls_min_version));
	assert_true(setting_is_secret(SET_password) && !setting_is_secret(SET_password_file));
	assert_true(setting_is_path(SET_netrc) && setting_is_path(SET_tls_trust_file) && !setting_is_path(SET_host));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_every_default_is_a_value_that_the_setting_takes, teardown),
		cmocka_unit_test_teardown(test_a_setting_is_found_by_keyword_option_and_older_name, teardown),
		cmocka_unit_test_teardown(test_values_are_checked_as_they_come_in, teardown),
		cmocka_unit_test_teardown(test_every_word_of_every_choice_is_taken_in_any_case_and_no_other, teardown),
		cmocka_unit_test_teardown(test_no_setting_takes_a_control_character, teardown),
		cmocka_unit_test_teardown(test_an_empty_text_takes_back_what_a_lower_place_set, teardown),
		cmocka_unit_test_teardown(test_a_copy_has_the_value_and_its_origin, teardown),
		cmocka_unit_test_teardown(test_a_password_in_a_url_is_a_secret_too, teardown),
		cmocka_unit_test_teardown(test_values_mean_what_they_say, teardown),
		cmocka_unit_test_teardown(test_an_error_names_the_option_or_variable_and_an_option_is_usage, teardown),
		cmocka_unit_test_teardown(test_show_tells_each_value_and_its_origin_and_no_secret, teardown),
		cmocka_unit_test_teardown(test_no_error_quotes_a_secret, teardown),
		cmocka_unit_test_teardown(test_the_nearest_keyword_is_named_if_it_is_near, teardown),
		cmocka_unit_test_teardown(test_settings_that_may_stand_alone_are_those_with_an_on, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
