#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "conf/keyword.h"

static void check(struct slice got, const char *expected)
{
	assert_int_equal(got.len, strlen(expected));
	if (got.len)
		assert_memory_equal(got.p, expected, got.len);
}

static void test_a_keyword_is_a_setting_or_what_msmtp_calls_so(void **state)
{
	static const struct { const char *word, *value; enum setting setting; const char *means; } rows[] = {
		{"host", "h", SET_host, "h"},
		{"tls-trust-file", "/f", SET_tls_trust_file, "/f"},
		{"password_command", "pw", SET_password_command, "pw"},
		{"passwordeval", "pw on", SET_password_command, "pw on"},
		{"add_missing_from_header", "on", SET_set_from_header, "auto"},
		{"add_missing_from_header", "off", SET_set_from_header, "off"},
		{"add_missing_from_header", "", SET_set_from_header, "auto"},
		{"add_missing_date_header", "off", SET_set_date_header, "off"},
		{"keepbcc", "on", SET_remove_bcc_headers, "off"},
		{"keepbcc", "off", SET_remove_bcc_headers, "on"},
		{"keepbcc", "", SET_remove_bcc_headers, "off"},
		{"keepbcc", "maybe", SET_remove_bcc_headers, "maybe"}, /* the setting's to refuse */
		{"keepbcc", "o", SET_remove_bcc_headers, "o"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct keyword k;
		struct failure f;

		assert_int_equal(keyword_read(&k, slice_of(rows[i].word), slice_of(rows[i].value), &f), 0);
		assert_int_equal(k.setting, rows[i].setting);
		assert_null(k.why);
		check(k.value, rows[i].means);
	}
}

static void test_a_value_of_msmtp_that_means_another_one_here_is_told_of(void **state)
{
	static const struct { const char *word, *value, *means; bool told; } rows[] = {
		{"auth", "scram-sha-256-plus", "scram-sha-256", true}, {"auth", "SCRAM-SHA-1-PLUS", "scram-sha-1", true},
		{"auth", "scram-sha-256", "scram-sha-256", false},     {"auth", "scram-sha-256-", "scram-sha-256-", false},
		{"user", "scram-sha-256-plus", "scram-sha-256-plus", false}, {"tls_nostarttls", "", "off", false}, {"tls_nocertcheck", "on", "off", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct keyword k;
		struct failure f;

		assert_int_equal(keyword_read(&k, slice_of(rows[i].word), slice_of(rows[i].value), &f), 0);
		assert_int_not_equal(k.setting, SETTINGS);
		assert_int_equal(k.why != NULL, rows[i].told);
		check(k.value, rows[i].means);
	}
}

static void test_what_may_stand_alone_is_on_then_and_the_rest_is_empty(void **state)
{
	static const struct { const char *word, *means; } rows[] = {
		{"tls", "on"}, {"tls_starttls", "on"}, {"tls_certcheck", "on"}, {"auth", "on"}, {"syslog", "on"},
		{"set_from_header", "on"}, {"remove_bcc_headers", "on"}, {"undisclosed_recipients", "on"},
		{"allow_from_override", "on"}, {"host", ""}, {"port", ""}, {"timeout", ""}, {"ip", ""},
		{"tls_min_version", ""}, {"dsn_notify", ""}, {"password", ""}, {"tls_trust_file", ""}, {"logfile", ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct keyword k;
		struct failure f;

		assert_int_equal(keyword_read(&k, slice_of(rows[i].word), SLICE(""), &f), 0);
		check(k.value, rows[i].means);
	}
}

static void test_what_means_nothing_here_says_why_unless_it_changes_nothing(void **state)
{
	static const struct { const char *word, *value; bool told; } rows[] = {
		{"tls_fingerprint", "AA:BB", true}, {"tls_fingerprint", "", false},
		{"tls_priorities", "NORMAL", true}, {"tls_priorities", "", false},
		{"tls_min_dh_prime_bits", "512", true}, {"tls_min_dh_prime_bits", "", false},
		{"ntlmdomain", "CORP", true},	    {"ntlmdomain", "", false},
		{"auto_from", "on", true},	    {"auto_from", "off", false}, {"auto_from", "", false},
		{"protocol", "smtp", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct keyword k;
		struct failure f;

		assert_int_equal(keyword_read(&k, slice_of(rows[i].word), slice_of(rows[i].value), &f), 0);
		assert_int_equal(k.setting, SETTINGS);
		assert_int_equal(k.why != NULL, rows[i].told);
	}
}

static void test_any_other_keyword_is_an_error_with_the_nearest_as_a_hint(void **state)
{
	static const struct { const char *word, *value, *says, *hint; } rows[] = {
		{"pasword", "hunter2", "unknown keyword \"pasword\"", "did you mean password?"},
		{"Host", "h", "unknown keyword \"Host\"", "did you mean host?"},
		{"TLS", "off", "unknown keyword \"TLS\"", "did you mean tls?"},
		{"tls_trustfile", "/f", "unknown keyword \"tls_trustfile\"", "did you mean tls_trust_file?"},
		{"oauth_client_secret", "x", "unknown keyword \"oauth_client_secret\"", "a client's secret is set as the password: password_file names a file that holds it"},
		{"frobnicate", "x", "unknown keyword \"frobnicate\"", "mysend --list-settings lists them"},
		{"=", "x", "unknown keyword \"\"", "mysend --list-settings lists them"},
		{"password=hunter2", "", "unknown keyword \"password\"", "a blank stands between a keyword and its value, no ="},
		{"host:h", "", "unknown keyword \"host\"", "a blank stands between a keyword and its value, no :"},
		{"protocol", "lmtp", "protocol takes smtp, not \"lmtp\": there is no LMTP here", ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct keyword k;
		struct failure f;

		assert_int_equal(keyword_read(&k, slice_of(rows[i].word), slice_of(rows[i].value), &f), -1);
		assert_string_equal(f.text, rows[i].says);
		assert_string_equal(f.hint, rows[i].hint);
		assert_true(f.stage == AT_CONFIG && f.exit == EX_CONFIG);
	}
}

static void test_a_long_word_is_cut_where_it_is_quoted(void **state)
{
	char *wall = malloc(5000);
	struct keyword k;
	struct failure f;

	(void)state;
	memset(wall, 'w', 5000);
	assert_int_equal(keyword_read(&k, (struct slice){wall, 5000}, SLICE("x"), &f), -1);
	assert_true(strlen(f.text) < 100);
	assert_int_equal(keyword_read(&k, SLICE("protocol"), (struct slice){wall, 5000}, &f), -1);
	assert_true(strlen(f.text) < 150);
	free(wall);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_keyword_is_a_setting_or_what_msmtp_calls_so),
		cmocka_unit_test(test_a_value_of_msmtp_that_means_another_one_here_is_told_of),
		cmocka_unit_test(test_what_may_stand_alone_is_on_then_and_the_rest_is_empty),
		cmocka_unit_test(test_what_means_nothing_here_says_why_unless_it_changes_nothing),
		cmocka_unit_test(test_any_other_keyword_is_an_error_with_the_nearest_as_a_hint),
		cmocka_unit_test(test_a_long_word_is_cut_where_it_is_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
