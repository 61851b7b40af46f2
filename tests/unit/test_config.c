#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf/config.h"
#include "conf/vault.h"

static struct arena arena;

static int parse(struct config *c, struct slice text, struct failure *f)
{
	*c = (struct config){.path = "/x/conf", .rank = RANK_USER};
	return config_parse(c, &arena, text, f);
}

static const struct account *account(const struct config *c, const char *name)
{
	const struct section *s = config_find(c, name);

	assert_non_null(s);
	return &s->whole;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	vault_wipe();
	return 0;
}

static void test_lines_make_accounts_as_in_msmtp(void **state)
{
	static const struct { const char *text, *name, *host, *from; unsigned timeout; } rows[] = {
		{"host h\n", "default", "h", "", 600},
		{"\n# c\n   # c\n\t host \t h  \n", "default", "h", "", 600},
		{"host h\r\nfrom a@b\r\n", "default", "h", "a@b", 600},
		{"\xef\xbb\xbfhost h", "default", "h", "", 600},
		{"host \"h\"\nfrom \"a@b\"", "default", "h", "a@b", 600},
		{"defaults\ntimeout 9\naccount a\nhost h\n", "a", "h", "", 9},
		{"defaults\ntimeout 9\naccount a\nhost h\ntimeout 8\n", "a", "h", "", 8},
		/* later defaults are for later accounts, and add to those before */
		{"defaults\ntimeout 9\nfrom a@b\naccount a\nhost h\ndefaults\ntimeout 7\n", "a", "h", "a@b", 9},
		{"defaults\ntimeout 9\nfrom a@b\naccount a\nhost h\ndefaults\ntimeout 7\naccount b\nhost i\n", "b", "i", "a@b", 7},
		/* what a parent set goes before defaults, what it had from defaults does not */
		{"defaults\ntimeout 9\naccount a\nhost h\ndefaults\ntimeout 7\naccount b : a\n", "b", "h", "", 7},
		{"account a\nhost h\ntimeout 9\ndefaults\ntimeout 7\naccount b : a\n", "b", "h", "", 9},
		{"account a\nhost h\nfrom a@b\naccount b:a\nfrom c@d\n", "b", "h", "c@d", 600},
		/* the last parent wins */
		{"account a\nhost h\nfrom a@b\naccount b\nhost i\naccount c : a, b\n", "c", "i", "a@b", 600},
		{"account a\nhost h\naccount b:a\nfrom a@b\naccount c:b\ntimeout 5\n", "c", "h", "a@b", 5},
		{"timeout 5\nhost h\naccount a\nhost i\n", "a", "i", "", 600},
		/* of each parent what it says itself, whichever stands first in the file */
		{"account a\nhost h\nfrom a@b\naccount b\nhost i\naccount c : b, a\nhost j\n", "c", "j", "a@b", 600},
		{"account a\nhost h\naccount default : a\nfrom c@d\n", "default", "h", "c@d", 600},
		{"defaults\naccount a\nhost h\n", "a", "h", "", 600},
		{"Account a\nhost h\nDEFAULTS\n", "a", "h", "", 600},
		{"account \"a\"\nhost h\n", "a", "h", "", 600},
		{"account a\nhost h\n\n   \t\n#account b\nfrom a@b", "a", "h", "a@b", 600},
		{"timeout off\nhost h\n", "default", "h", "", 604800},
		{"eval echo\nhost h\n", "default", "h", "", 600},
		{"eval true\nhost h\n", "default", "h", "", 600},
		{"eval echo '# host i'\nhost h\n", "default", "h", "", 600},
		{"eval echo account a\nhost h\n", "a", "h", "", 600},
		{"eval echo host h\n", "default", "h", "", 600},
		{"eval printf 'host h\\nfrom no@b'\n", "default", "h", "", 600},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct account *a;
		struct failure f;
		struct config c;

		assert_int_equal(parse(&c, slice_of(rows[i].text), &f), 0);
		a = account(&c, rows[i].name);
		assert_string_equal(a->name, rows[i].name);
		assert_string_equal(a->host, rows[i].host);
		assert_string_equal(a->from, rows[i].from);
		assert_int_equal(a->timeout, rows[i].timeout);
	}
}

static void test_each_value_knows_its_line_and_an_inherited_one_its_parents(void **state)
{
	const struct account *a;
	struct failure f;
	struct config c;

	(void)state;
	assert_int_equal(parse(&c, SLICE("defaults\r\ntimeout 9\r\n\r\n# x\r\naccount a\r\nhost h\r\n"
					 "eval echo port 26\r\naccount b : a\r\nfrom x@y"),
			       &f), 0);
	a = account(&c, "b");
	assert_int_equal(a->origin[SET_timeout].line, 2);
	assert_int_equal(a->origin[SET_host].line, 6);
	assert_int_equal(a->origin[SET_port].line, 7); /* where the command stands */
	assert_int_equal(a->origin[SET_from].line, 9);
	assert_int_equal(a->origin[SET_from].rank, RANK_USER);
	assert_string_equal(a->origin[SET_from].file, "/x/conf");
	assert_int_equal(a->origin[SET_user].rank, RANK_DEFAULT);
	assert_false(setting_is_set(account(&c, "a"), SET_from));
	assert_null(config_find(&c, "c"));
	assert_null(config_find(&c, "default"));
}

static void test_a_value_is_the_rest_of_the_line(void **state)
{
	static const struct { const char *line, *value; } rows[] = {
		{"user a b", "a b"},	   {"user a # b", "a # b"}, {"user  a  ", "a"},
		{"user \" a \"", " a "}, {"user \"a\"b\"", "a\"b"}, {"user \"a", "\"a"},
		{"user \"", "\""},	   {"user \"\"", ""},	     {"user", ""},
		{"user\ta", "a"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f;
		struct config c;

		assert_int_equal(parse(&c, slice_of(rows[i].line), &f), 0);
		assert_string_equal(account(&c, "default")->user, rows[i].value);
	}
}

static void test_keywords_of_msmtp_are_read_as_what_they_mean(void **state)
{
	struct failure f;
	struct config c;
	const struct account *a;

	(void)state;
	assert_int_equal(parse(&c, SLICE("host h\npasswordeval pw\nkeepbcc\nadd_missing_from_header off\n"
					 "add_missing_date_header\nprotocol smtp\nauto_from off\naliases\ntls\n"
					 "tls_fingerprint\nntlmdomain\ntls_priorities\nsource_ip\nproxy_port\n"),
			       &f), 0);
	a = account(&c, "default");
	assert_string_equal(a->password_command, "pw");
	assert_false(a->remove_bcc_headers);
	assert_true(setting_is(a, SET_set_from_header, "off") && setting_is(a, SET_set_date_header, "auto"));
	assert_true(setting_is_set(a, SET_tls) && setting_is(a, SET_tls, "on"));
}

static char *warned(const char *text)
{
	static char said[2048];
	FILE *to = tmpfile();
	int kept = dup(STDERR_FILENO);
	struct failure f;
	struct config c;
	size_t n;

	fflush(stderr);
	dup2(fileno(to), STDERR_FILENO);
	assert_int_equal(parse(&c, slice_of(text), &f), 0);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(to);
	n = fread(said, 1, sizeof said - 1, to);
	said[n] = '\0';
	fclose(to);
	return said;
}

static void test_what_means_nothing_here_is_a_warning_where_it_would_matter(void **state)
{
	(void)state;
	assert_string_equal(warned("host h\ntls_priorities\nauto_from off\nprotocol smtp\n"), "");
	assert_non_null(strstr(warned("host h\ntls_priorities NORMAL\n"),
			       "/x/conf:2: tls_priorities of msmtp is ignored: use tls_min_version"));
	assert_non_null(strstr(warned("host h\nauto_from\n\nauto_from on\n"), "/x/conf:4: auto_from"));
}

static void test_an_error_names_file_and_line_and_what_to_do(void **state)
{
	static const struct { const char *text, *says, *hint; } rows[] = {
		{"host h\ntimout 5\n", "/x/conf:2: unknown keyword \"timout\"", "did you mean timeout?"},
		{"oauth_provider microsoft: t\n", "/x/conf:1: oauth_provider takes PROVIDER, not \"microsoft: t\"", "this is one word: there is no blank in it"},
		{"host h\n\nwhatever 5\n", "/x/conf:3: unknown keyword \"whatever\"", "mysend --list-settings lists them"},
		{"host h\nport x\n", "/x/conf:2: port takes a number from 1 to 65535, not \"x\"", ""},
		{"host h\nhost i\n", "/x/conf:2: host is set in line 1 already", ""},
		{"defaults\ntls on\ntls off\n", "/x/conf:3: tls is set in line 2 already", ""},
		{"account a\nhost h\naccount a\n", "/x/conf:3: there is an account a already", ""},
		{"host h\naccount default\n", "/x/conf:2: there is an account default already", ""},
		{"account a : b\n", "/x/conf:1: there is no account \"b\" above", ""},
		{"account a : a\n", "/x/conf:1: there is no account \"a\" above", ""},
		{"account a :\n", "/x/conf:1: there is no account \"\" above", ""},
		{"account\n", "/x/conf:1: account takes NAME, or NAME : PARENT", ""},
		{"account a b\n", "/x/conf:1: account takes NAME, or NAME : PARENT", ""},
		{"defaults x\n", "/x/conf:1: defaults takes no value", ""},
		{"protocol lmtp\n", "/x/conf:1: protocol takes smtp, not \"lmtp\": there is no LMTP here", ""},
		{"keepbcc maybe\n", "/x/conf:1: remove_bcc_headers takes off|on, not \"maybe\"", ""},
		{"user a\x01" "b\n", "/x/conf:1: user holds a control character", ""},
		{"host h\nrelay smtp://i\n", "/x/conf:2: relay contradicts host (/x/conf:1)", "keep one of them"},
		{"relay mail.example.com 587\n", "/x/conf:1: relay takes URL, not \"mail.example.com 587\"", "a port stands behind a colon: HOST:PORT"},
		{"relay smtp://joe:hunter2@h x\n", "/x/conf:1: relay takes URL", ""},
		{"account a\nrelay smtps://h\naccount b\ntls off\nrelay smtps://h\n",
		 "/x/conf:5: relay contradicts tls (/x/conf:4)",
		 "smtps://HOST is TLS from the start: leave tls out"},
		{"eval false\n", "/x/conf:1: eval: the command failed with status 1", ""},
		{"account a\nhost h\naccount b : a,\n", "/x/conf:3: there is no account \"\" above", ""},
		{"account a\nhost h\naccount b : a, c\n", "/x/conf:3: there is no account \"c\" above", ""},
		{"account a\nhost h\naccount b : A\n", "/x/conf:3: there is no account \"A\" above", ""},
		{"account a,b\n", "/x/conf:1: account takes NAME, or NAME : PARENT", ""},
		{"account a\tb\n", "/x/conf:1: account takes NAME, or NAME : PARENT", ""},
		{"account : a\n", "/x/conf:1: account takes NAME, or NAME : PARENT", ""},
		{"account a\ndefaults\nhost h\nhost i\n", "/x/conf:4: host is set in line 3 already", ""},
		{"passwordeval a\npassword_command b\n", "/x/conf:2: password_command is set in line 1 already", ""},
		{"keepbcc\nremove_bcc_headers on\n", "/x/conf:2: remove_bcc_headers is set in line 1 already", ""},
		{"password hunter2\npassword hunter3\n", "/x/conf:2: password is set in line 1 already", ""},
		{"password hunter2\x01\n", "/x/conf:1: password holds a control character", ""},
		{"pasword hunter2\n", "/x/conf:1: unknown keyword \"pasword\"", "did you mean password?"},
		{"host\n", "/x/conf:1: host takes NAME, not \"\"", ""},
		{"timeout\n", "/x/conf:1: timeout takes a time as 30, 30s, 5m, 2h or 1d, not \"\"", ""},
		{"host h\r\ntls_starttls maybe\r\n", "/x/conf:2: tls_starttls takes off|on, not \"maybe\"", ""},
		{"eval printf 'password hunter2\\001'\n", "/x/conf:1: password holds a control character", ""},
		{"eval echo eval echo\n", "/x/conf:1: eval printed another eval", ""},
		{"eval echo port x\n", "/x/conf:1: port takes a number from 1 to 65535, not \"x\"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f;
		struct config c;

		assert_int_equal(parse(&c, slice_of(rows[i].text), &f), -1);
		assert_string_equal(f.text, rows[i].says);
		assert_string_equal(f.hint, rows[i].hint);
		assert_int_equal(f.stage, AT_CONFIG);
		assert_int_equal(f.exit, EX_CONFIG);
	}
}

static void test_what_is_no_text_is_refused(void **state)
{
	char *wall = malloc(100000);
	struct failure f;
	struct config c;

	(void)state;
	assert_int_equal(parse(&c, SLICE("host h\nuser a\0b\n"), &f), -1);
	assert_non_null(strstr(f.text, "/x/conf:2: "));
	assert_int_equal(parse(&c, SLICE("\x7f" "ELF\0\0\0"), &f), -1);
	memset(wall, 'x', 100000);
	assert_int_equal(parse(&c, (struct slice){wall, 100000}, &f), -1);
	assert_non_null(strstr(f.text, "/x/conf:1: unknown keyword \"xxx"));
	free(wall);
}

static void test_too_many_accounts_are_an_error(void **state)
{
	struct failure f;
	struct config c;
	struct buf b;

	(void)state;
	buf_start(&b, CONFIG_LIMIT);
	for (int i = 0; i < CONFIG_ACCOUNTS; i++)
		assert_int_equal(buf_printf(&b, "account a%d\n", i), 0);
	assert_int_equal(parse(&c, buf_slice_of(&b), &f), 0);
	assert_int_equal(c.sections, CONFIG_ACCOUNTS);
	assert_int_equal(buf_text(&b, "account b\n"), 0);
	assert_int_equal(parse(&c, buf_slice_of(&b), &f), -1);
	buf_free(&b);
}

static void test_a_file_with_a_password_is_known_as_such(void **state)
{
	struct failure f;
	struct config c;

	(void)state;
	assert_int_equal(parse(&c, SLICE("password a  b \n"), &f), 0);
	assert_true(c.has_secret);
	assert_string_equal(vault_take(account(&c, "default")->password), "a  b");
	assert_int_equal(parse(&c, SLICE("password_file x\npasswordeval y\n"), &f), 0);
	assert_false(c.has_secret);
	assert_int_equal(parse(&c, SLICE("proxy socks5h://me:x@p\n"), &f), 0);
	assert_true(c.has_secret);
	assert_int_equal(parse(&c, SLICE("proxy socks5h://me@p\nproxy_port\n"), &f), 0);
	assert_false(c.has_secret);
	assert_int_equal(parse(&c, SLICE("account a\nhost h\ndefaults\npassword x\n"), &f), 0);
	assert_true(c.has_secret);
	assert_int_equal(parse(&c, SLICE("eval echo password x\n"), &f), 0);
	assert_false(c.has_secret);
	assert_string_equal(vault_take(account(&c, "default")->password), "x");
}

/* A child's choice of one kind puts out the parent's of another kind. */
static void test_what_a_child_says_takes_the_place_of_its_kind(void **state)
{
	struct failure f;
	struct config c;

	(void)state;
	assert_int_equal(parse(&c, SLICE("account a\nrelay smtps://h:4650\npassword x\nproxy_host p\nproxy_port 9\n"
					 "account b : a\nhost i\npassword_command y\nproxy socks5h://q\n"
					 "account c : b\nsocket /s\n"
					 "account d : c\nrelay j\n"),
			       &f), 0);
	assert_string_equal(account(&c, "a")->host, "h");
	assert_string_equal(account(&c, "b")->host, "i");
	assert_string_equal(account(&c, "b")->relay, "");
	assert_int_equal(account(&c, "b")->port, 4650);
	assert_false(account(&c, "b")->tls_starttls);
	assert_int_equal(account(&c, "b")->password, 0);
	assert_string_equal(account(&c, "b")->password_command, "y");
	assert_string_equal(account(&c, "b")->proxy_host, "");
	assert_int_equal(account(&c, "b")->proxy_port, 0);
	assert_string_equal(account(&c, "c")->host, "");
	assert_string_equal(account(&c, "c")->socket, "/s");
	assert_string_equal(account(&c, "d")->host, "j");
	assert_string_equal(account(&c, "d")->socket, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_lines_make_accounts_as_in_msmtp, teardown),
		cmocka_unit_test_teardown(test_each_value_knows_its_line_and_an_inherited_one_its_parents, teardown),
		cmocka_unit_test_teardown(test_a_value_is_the_rest_of_the_line, teardown),
		cmocka_unit_test_teardown(test_keywords_of_msmtp_are_read_as_what_they_mean, teardown),
		cmocka_unit_test_teardown(test_what_means_nothing_here_is_a_warning_where_it_would_matter, teardown),
		cmocka_unit_test_teardown(test_an_error_names_file_and_line_and_what_to_do, teardown),
		cmocka_unit_test_teardown(test_what_is_no_text_is_refused, teardown),
		cmocka_unit_test_teardown(test_too_many_accounts_are_an_error, teardown),
		cmocka_unit_test_teardown(test_a_file_with_a_password_is_known_as_such, teardown),
		cmocka_unit_test_teardown(test_what_a_child_says_takes_the_place_of_its_kind, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
