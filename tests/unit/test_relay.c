#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf/config.h"
#include "conf/relay.h"
#include "conf/whoami.h"

static struct arena arena;

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* The settings of one place, as KEYWORD VALUE lines. */
static int place(struct account *a, const char *lines, enum rank rank, struct failure *f)
{
	struct slice rest = slice_of(lines), line, word;
	struct origin from = {rank, 0, "conf"};

	account_defaults(a);
	while (slice_line(&rest, &line)) {
		from.line++;
		assert_true(slice_cut(&line, ' ', &word));
		if (account_set(a, &arena, setting_find(word.p, word.len), line, &from, f) < 0)
			return -1;
	}
	return relay_split(a, &arena, f);
}

static int settled(struct account *a, const char *lines, struct failure *f)
{
	return place(a, lines, RANK_USER, f) < 0 || account_settle(a, &arena, f) < 0 ? -1 : 0;
}

static void test_relay_is_short_for_host_port_and_tls(void **state)
{
	static const struct { const char *lines, *host, *socket; unsigned port; const char *tls; bool starttls; } rows[] = {
		{"relay smtp://h.example", "h.example", "", 587, "on", true},
		{"relay SMTP://h.example/", "h.example", "", 587, "on", true},
		{"relay smtp://h:2525", "h", "", 2525, "on", true},
		{"relay smtps://h", "h", "", 465, "on", false},
		{"relay smtps://h:4650/", "h", "", 4650, "on", false},
		{"relay h", "h", "", 587, "on", true},
		{"relay h:25", "h", "", 25, "on", true},
		{"relay [::1]", "::1", "", 587, "on", true},
		{"relay [2001:db8::1]:26", "2001:db8::1", "", 26, "on", true},
		{"relay smtp://[::1]:26", "::1", "", 26, "on", true},
		{"relay unix:/run/x y/s", "", "", 0, "", false}, /* see below */
		{"relay smtp://h\ntls off", "h", "", 587, "off", true},
		{"relay smtp://h\ntls try", "h", "", 587, "try", true},
		{"relay smtps://h\ntls on\ntls_starttls off", "h", "", 465, "on", false},
		{"relay h:465\ntls_starttls off", "h", "", 465, "on", false},
		{"relay h\ntls_starttls off", "h", "", 465, "on", false},
		{"relay smtp://h\nport 26", "h", "", 26, "on", true},
		{"relay smtp://h:26\nport 26", "h", "", 26, "on", true},
		{"host h", "h", "", 587, "on", true},
		{"host h\ntls_starttls off", "h", "", 465, "on", false},
		{"host h\ntls_starttls off\ntls off", "h", "", 587, "off", false},
		{"host h\nport 25", "h", "", 25, "on", true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;
		struct failure f;

		if (!*rows[i].host) {
			assert_int_equal(settled(&a, rows[i].lines, &f), -1); /* a blank in a URL */
			continue;
		}
		assert_int_equal(settled(&a, rows[i].lines, &f), 0);
		assert_string_equal(a.host, rows[i].host);
		assert_string_equal(a.socket, rows[i].socket);
		assert_int_equal(a.port, rows[i].port);
		assert_true(setting_is(&a, SET_tls, rows[i].tls));
		assert_int_equal(a.tls_starttls, rows[i].starttls);
	}
}

static void test_relay_may_be_a_socket_and_then_tls_is_not_set(void **state)
{
	struct account a;
	struct failure f;

	(void)state;
	assert_int_equal(settled(&a, "relay unix:/run/mysend/socket", &f), 0);
	assert_string_equal(a.socket, "/run/mysend/socket");
	assert_true(!*a.host && a.port == 0 && !setting_is_set(&a, SET_tls));
	assert_true(account_has_relay(&a));
	assert_int_equal(a.origin[SET_socket].line, 1);
}

static void test_contradictions_are_told_with_both_places(void **state)
{
	static const struct { const char *lines, *says, *hint; } rows[] = {
		{"relay smtp://h\nhost i", "conf:2: host contradicts relay (conf:1)", "keep one of them"},
		{"socket /s\nrelay smtp://h", "conf:2: relay contradicts socket (conf:1)", NULL},
		{"relay smtps://h\ntls off", "conf:2: tls contradicts relay (conf:1)", "smtps://HOST is TLS from the start: leave tls out"},
		{"tls_starttls on\nrelay smtps://h", "conf:2: relay contradicts tls_starttls (conf:1)", NULL},
		{"tls_starttls off\nrelay smtp://h", "conf:2: relay contradicts tls_starttls (conf:1)",
		 "smtps://HOST is TLS from the start, smtp://HOST is STARTTLS: leave tls_starttls out"},
		{"relay smtp://h:25\nport 26", "conf:1: relay has another port than the setting port beside it", NULL},
		{"host h\ntls_key_file k", "conf:2: tls_key_file needs tls_cert_file beside it", NULL},
		{"host h\nproxy socks5://p\nproxy_host q", "conf:3: proxy_host contradicts proxy (conf:2)", NULL},
		{"host h\nproxy socks5h://p\nproxy_port 9", "conf:3: proxy_port needs proxy_host beside it", NULL},
		{"host h\npop_before_smtp pop3://p", "conf:2: pop_before_smtp needs user beside it", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;
		struct failure f;

		assert_int_equal(settled(&a, rows[i].lines, &f), -1);
		assert_string_equal(f.text, rows[i].says);
		assert_int_equal(f.exit, EX_CONFIG);
		if (rows[i].hint)
			assert_string_equal(f.hint, rows[i].hint);
	}
}

static void test_a_relay_that_is_none_is_refused(void **state)
{
	static const char *const rows[] = {
		"gopher://h", "smtp://", "smtps://", ":25", "h:", "h:0", "h:65536", "h:x", "h:25:26", "::1", "[::1",
		"[::1]x", "[h]", "smtp://h/path", "smtp://h?x", "unix:", "unix:run", "-h", "h:-1",
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;
		struct failure f;

		assert_int_equal(settled(&a, arena_printf(&arena, "relay %s", rows[i]), &f), -1);
		assert_non_null(strstr(f.text, "conf:1: relay"));
	}
}

static void test_a_password_in_the_relay_is_refused_and_not_shown(void **state)
{
	static const char *const rows[] = {"relay smtp://me:hunter2@h", "relay me:hunter2@h:25", "relay gopher://me:hunter2@h"};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;
		struct failure f;

		assert_int_equal(settled(&a, rows[i], &f), -1);
		assert_null(strstr(f.text, "hunter2"));
		assert_non_null(strstr(f.hint, "password_file"));
	}
}

static void test_a_higher_place_goes_over_a_lower_one(void **state)
{
	static const struct { const char *under, *over, *relay, *host; unsigned port; const char *tls; bool starttls; } rows[] = {
		{"relay smtps://h", "host i", "", "i", 465, "on", false},
		{"host h\nport 26", "relay smtp://i", "smtp://i", "i", 587, "on", true},
		{"host h\nport 26", "relay i", "i", "i", 26, "on", true},
		{"host h\ntls off", "relay smtps://i", "smtps://i", "i", 465, "on", false},
		{"host h\ntls off", "relay smtp://i", "smtp://i", "i", 587, "off", true},
		{"host h\ntls_starttls off", "relay smtp://i", "smtp://i", "i", 587, "on", true},
		{"relay smtp://h:26", "port 27", "smtp://h:26", "h", 27, "on", true},
		{"relay unix:/s", "host i", "", "i", 587, "on", true},
		{"relay smtp://h", "tls off", "smtp://h", "h", 587, "off", true},
		{"host h\nsocket /s", "socket ", "", "h", 587, "on", true}, /* no socket: the host again */
		{"host h\nproxy_host p\nproxy_port 9", "proxy_host ", "", "h", 587, "on", true},
		{"host h\nproxy_host p\nproxy_port 9", "proxy ", "", "h", 587, "on", true},
		{"host h\nproxy_host p", "proxy_port 9", "", "h", 587, "on", true},
		{"socket /s", "host h", "", "h", 587, "on", true},
		{"host h\nsocket /s", "relay smtps://i", "smtps://i", "i", 465, "on", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a, over;
		struct failure f;

		assert_int_equal(place(&a, rows[i].under, RANK_USER, &f), 0);
		assert_int_equal(place(&over, rows[i].over, RANK_ENVIRONMENT, &f), 0);
		account_lay(&a, &over);
		assert_int_equal(account_settle(&a, &arena, &f), 0);
		assert_string_equal(a.relay, rows[i].relay);
		assert_string_equal(a.host, rows[i].host);
		assert_string_equal(a.socket, "");
		assert_int_equal(a.port, rows[i].port);
		assert_true(setting_is(&a, SET_tls, rows[i].tls));
		assert_int_equal(a.tls_starttls, rows[i].starttls);
	}
}

static void test_another_provider_of_tokens_takes_its_own_urls(void **state)
{
	struct account a, over;
	struct failure f;

	(void)state;
	assert_int_equal(place(&a, "oauth login\nuser u\noauth_client_id i\noauth_token_url https://own.example/t\noauth_scope s", RANK_SYSTEM, &f), 0);
	assert_int_equal(place(&over, "oauth_provider google\noauth_revoke_url https://own.example/r", RANK_USER, &f), 0);
	account_lay(&a, &over);
	assert_string_equal(a.oauth_token_url, "");
	assert_string_equal(a.oauth_scope, "");
	assert_string_equal(a.oauth_revoke_url, "https://own.example/r");
	assert_string_equal(a.oauth_client_id, "i");
}

static void test_a_higher_place_may_still_contradict_a_relay_and_an_option_is_usage(void **state)
{
	static const struct { const char *under, *over; } rows[] = {
		{"relay smtps://h", "tls off"},
		{"relay smtps://h", "tls_starttls on"},
		{"relay smtp://h", "tls_starttls off"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a, over;
		struct failure f;

		assert_int_equal(place(&a, rows[i].under, RANK_USER, &f), 0);
		assert_int_equal(place(&over, rows[i].over, RANK_OPTION, &f), 0);
		account_lay(&a, &over);
		assert_int_equal(account_settle(&a, &arena, &f), -1);
		assert_non_null(strstr(f.text, "contradicts relay (conf:1)"));
		assert_int_equal(f.exit, EX_USAGE);
	}
}

static void test_patterns_in_from_are_replaced(void **state)
{
	struct account a;
	struct failure f;
	const char *user = whoami_user(&arena), *host = whoami_host(&arena);

	(void)state;
	assert_string_equal(account_expand(&arena, "plain@x"), "plain@x");
	assert_string_equal(account_expand(&arena, "a%%b%x%"), "a%b%x%");
	assert_string_equal(account_expand(&arena, "%%U"), "%U");
	assert_int_equal(settled(&a, "host h\nfrom %U@x.%H\ndomain %H", &f), 0);
	assert_string_equal(a.from, arena_printf(&arena, "%s@x.%s", user, host));
	assert_string_equal(a.domain, host);
}

static void test_a_tilde_is_the_home(void **state)
{
	struct account a;
	struct failure f;

	(void)state;
	setenv("HOME", "/home/x", 1);
	assert_int_equal(settled(&a, "host h\npassword_file ~/pw\nlogfile ~user/log\ntls_trust_file a~/b", &f), 0);
	assert_string_equal(a.password_file, "/home/x/pw");
	assert_string_equal(a.netrc, "/home/x/.netrc");
	assert_string_equal(a.logfile, "~user/log");
	assert_string_equal(a.tls_trust_file, "a~/b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_relay_is_short_for_host_port_and_tls, teardown),
		cmocka_unit_test_teardown(test_relay_may_be_a_socket_and_then_tls_is_not_set, teardown),
		cmocka_unit_test_teardown(test_contradictions_are_told_with_both_places, teardown),
		cmocka_unit_test_teardown(test_a_relay_that_is_none_is_refused, teardown),
		cmocka_unit_test_teardown(test_a_password_in_the_relay_is_refused_and_not_shown, teardown),
		cmocka_unit_test_teardown(test_a_higher_place_goes_over_a_lower_one, teardown),
		cmocka_unit_test_teardown(test_another_provider_of_tokens_takes_its_own_urls, teardown),
		cmocka_unit_test_teardown(test_a_higher_place_may_still_contradict_a_relay_and_an_option_is_usage, teardown),
		cmocka_unit_test_teardown(test_patterns_in_from_are_replaced, teardown),
		cmocka_unit_test_teardown(test_a_tilde_is_the_home, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
