#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "conf/keyword.h"
#include "conf/oauth.h"

#ifdef WITHOUT_OAUTH
#define NEEDS_OAUTH skip() /* what it would say is never asked for */
#else
#define NEEDS_OAUTH (void)0
#endif

static struct arena arena;

/* An account of those lines, as they would stand in conf. */
static struct account account_of(const char *lines)
{
	struct slice rest = slice_of(lines), line, word;
	struct origin from = {RANK_USER, 0, "conf"};
	struct account a;
	struct failure f;

	account_defaults(&a);
	while (slice_line(&rest, &line)) {
		struct keyword k;

		from.line++;
		assert_true(slice_cut(&line, ' ', &word));
		assert_int_equal(keyword_read(&k, word, line, &f), 0);
		assert_int_equal(account_set(&a, &arena, k.setting, k.value, &from, &f), 0);
	}
	return a;
}

#define OWN "oauth client\nuser u@example.org\noauth_client_id id\n"

static void test_a_provider_by_name_gives_urls_and_scope(void **state)
{
	static const struct {
		const char *lines;
		enum oauth_maker maker;
		const char *scope, *token, *login, *device, *revoke, *redirect, *host;
		unsigned idle_days;
	} rows[] = {
		{OWN "oauth_provider microsoft:contoso.example", OAUTH_MICROSOFT, "https://outlook.office365.com/.default",
		 "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token", "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/authorize",
		 "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/devicecode", "", "localhost", "login.microsoftonline.com", 90},
		{"oauth login\nuser u\noauth_client_id id\noauth_provider Microsoft:common", OAUTH_MICROSOFT, "https://outlook.office.com/SMTP.Send offline_access",
		 "https://login.microsoftonline.com/common/oauth2/v2.0/token", "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
		 "https://login.microsoftonline.com/common/oauth2/v2.0/devicecode", "", "localhost", "login.microsoftonline.com", 90},
		{"oauth login\nuser u\noauth_client_id id\noauth_provider google", OAUTH_GOOGLE, "https://mail.google.com/", "https://oauth2.googleapis.com/token",
		 "https://accounts.google.com/o/oauth2/v2/auth", "", "https://oauth2.googleapis.com/revoke", "127.0.0.1", "oauth2.googleapis.com", 180},
		{OWN "oauth_provider google\noauth_assertion_command sign", OAUTH_GOOGLE, "https://mail.google.com/", "https://oauth2.googleapis.com/token",
		 "https://accounts.google.com/o/oauth2/v2/auth", "", "https://oauth2.googleapis.com/revoke", "127.0.0.1", "oauth2.googleapis.com", 180},
		/* What is set goes before what the provider would say. */
		{OWN "oauth_provider microsoft:t\noauth_scope a b\noauth_token_url https://x.example:8443/t?u=1\noauth_revoke_url https://x.example/r", OAUTH_MICROSOFT, "a b",
		 "https://x.example:8443/t?u=1", "https://login.microsoftonline.com/t/oauth2/v2.0/authorize", "https://login.microsoftonline.com/t/oauth2/v2.0/devicecode",
		 "https://x.example/r", "localhost", "x.example", 90},
		{"oauth login\nuser u\noauth_client_id id\noauth_provider microsoft:t\noauth_device_url off", OAUTH_MICROSOFT, "https://outlook.office.com/SMTP.Send offline_access",
		 "https://login.microsoftonline.com/t/oauth2/v2.0/token", "https://login.microsoftonline.com/t/oauth2/v2.0/authorize", "", "", "localhost",
		 "login.microsoftonline.com", 90},
		{OWN "oauth_token_url http://127.0.0.1:99/t", OAUTH_OWN, "", "http://127.0.0.1:99/t", "", "", "", "127.0.0.1", "127.0.0.1", 0},
		{OWN "oauth_token_url http://[::1]:99/t\nauth xoauth2", OAUTH_OWN, "", "http://[::1]:99/t", "", "", "", "127.0.0.1", "::1", 0},
		{OWN "oauth_token_url HTTPS://h\nauth oauthbearer", OAUTH_OWN, "", "HTTPS://h", "", "", "", "127.0.0.1", "h", 0},
	};

	(void)state;
	NEEDS_OAUTH;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a = account_of(rows[i].lines);
		struct failure f;
		struct oauth o;

		assert_true(oauth_is_on(&a));
		assert_int_equal(oauth_of(&a, &arena, &o, &f), 0);
		assert_int_equal(o.maker, rows[i].maker);
		assert_string_equal(o.client_id, "id");
		assert_string_equal(o.scope, rows[i].scope);
		assert_string_equal(o.token_url, rows[i].token);
		assert_string_equal(o.login_url, rows[i].login);
		assert_string_equal(o.device_url, rows[i].device);
		assert_string_equal(o.revoke_url, rows[i].revoke);
		assert_string_equal(o.redirect, rows[i].redirect);
		assert_string_equal(o.host, rows[i].host);
		assert_int_equal(o.idle_days, rows[i].idle_days);
	}
}

static void test_what_lacks_or_contradicts_is_named_with_its_line(void **state)
{
	static const struct { const char *lines, *text; enum hint hint; } rows[] = {
		{"oauth client", "conf:1: oauth needs user beside it", NO_HINT},
		{"user u\noauth_provider google\noauth_client_id i\npassword s", "conf:3: oauth_client_id needs oauth beside it: client or login", NO_HINT},
		{"oauth client\nuser u", "conf:1: oauth needs oauth_client_id beside it", HINT_OAUTH_ID},
		{OWN, "conf:1: oauth needs oauth_provider or oauth_token_url beside it", NO_HINT},
		{OWN "oauth_provider github", "conf:4: oauth_provider takes microsoft:TENANT or google, not github", NO_HINT},
		{OWN "oauth_provider googlemail", "conf:4: oauth_provider takes microsoft:TENANT or google, not googlemail", NO_HINT},
		{OWN "oauth_provider microsoft:", "conf:4: oauth_provider takes microsoft:TENANT or google, not microsoft:", NO_HINT},
		{OWN "oauth_provider microsoft", "conf:4: oauth_provider takes microsoft:TENANT or google, not microsoft", NO_HINT},
		{OWN "oauth_provider microsoft:a/b", "conf:4: oauth_provider takes microsoft:TENANT or google, not microsoft:a/b", NO_HINT},
		{OWN "oauth_provider microsoft:common", "conf:4: oauth_provider takes the tenant's id or domain with oauth client, not common", NO_HINT},
		{OWN "oauth_provider google", "conf:1: oauth client needs oauth_assertion_command with google; a person's mailbox takes oauth login", NO_HINT},
		{OWN "auth plain", "conf:1: oauth contradicts auth (conf:4)", HINT_KEEP_ONE},
		{OWN "auth off", "conf:1: oauth contradicts auth (conf:4)", HINT_KEEP_ONE},
		{OWN "pop_before_smtp pop3://h", "conf:1: oauth contradicts pop_before_smtp (conf:4)", HINT_KEEP_ONE},
		{"oauth login\nuser u\noauth_client_id i\noauth_assertion_command x", "conf:1: oauth contradicts oauth_assertion_command (conf:4)", HINT_KEEP_ONE},
		{OWN "oauth_token_url http://x.example/t", "conf:4: oauth_token_url takes https:// only: http:// is for an address of this host alone, as 127.0.0.1", NO_HINT},
		{OWN "oauth_token_url http://localhost/t", "conf:4: oauth_token_url takes https:// only: http:// is for an address of this host alone, as 127.0.0.1", NO_HINT},
		{OWN "oauth_token_url http://127.0.0.1.example/t", "conf:4: oauth_token_url takes https:// only: http:// is for an address of this host alone, as 127.0.0.1", NO_HINT},
		{OWN "oauth_token_url ftp://x.example/t", "conf:4: oauth_token_url takes https://HOST/PATH", NO_HINT},
		{OWN "oauth_token_url x.example", "conf:4: oauth_token_url takes https://HOST/PATH", NO_HINT},
		{OWN "oauth_token_url http://[::1].example/t", "conf:4: oauth_token_url takes https://HOST/PATH", NO_HINT},
		{OWN "oauth_token_url http://[::1/t", "conf:4: oauth_token_url takes https://HOST/PATH", NO_HINT},
		{OWN "oauth_token_url https://", "conf:4: oauth_token_url takes https://HOST/PATH", NO_HINT},
		{OWN "oauth_provider microsoft:t\noauth_login_url http://x.example/t", "conf:5: oauth_login_url takes https:// only: http:// is for an address of this host alone, as 127.0.0.1", NO_HINT},
		{OWN "oauth_provider microsoft:t\noauth_device_url https:///t", "conf:5: oauth_device_url takes https://HOST/PATH", NO_HINT},
		{OWN "oauth_provider microsoft:t\noauth_revoke_url https://h/#t", "conf:5: oauth_revoke_url takes https://HOST/PATH", NO_HINT},
	};

	(void)state;
	NEEDS_OAUTH;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a = account_of(rows[i].lines);
		struct failure f = {.text = ""};
		struct oauth o;

		assert_int_equal(oauth_of(&a, &arena, &o, &f), -1);
		assert_string_equal(f.text, rows[i].text);
		assert_int_equal(f.stage, AT_CONFIG);
		assert_int_equal(f.exit, EX_CONFIG);
		assert_int_equal(f.hint_id, rows[i].hint);
	}
}

static void test_an_option_that_does_not_fit_is_a_failure_of_usage(void **state)
{
	struct account a = account_of(OWN);
	struct failure f;

	(void)state;
	NEEDS_OAUTH;
	assert_int_equal(account_set(&a, &arena, SET_oauth_token_url, SLICE("http://x.example/"), &(struct origin){RANK_OPTION, 0, "--oauth-token-url"}, &f), 0);
	assert_int_equal(oauth_check(&a, &f), -1);
	assert_int_equal(f.stage, AT_USAGE);
	assert_int_equal(f.exit, EX_USAGE);
	assert_string_equal(f.text, "--oauth-token-url takes https:// only: http:// is for an address of this host alone, as 127.0.0.1");
}

static void test_a_program_that_was_built_without_it_says_so(void **state)
{
	struct account a = account_of(OWN "oauth_provider microsoft:contoso.example");
	struct failure f;

	(void)state;
#ifdef WITHOUT_OAUTH
	assert_int_equal(oauth_check(&a, &f), -1);
	assert_int_equal(f.exit, EX_CONFIG);
	assert_non_null(strstr(f.text, "conf:1: oauth is of no use: mysend was built without it"));
#else
	assert_int_equal(oauth_check(&a, &f), 0);
#endif
}

static void test_without_oauth_nothing_of_it_is_looked_at(void **state)
{
	struct account a = account_of("oauth off\noauth_client_id i\noauth_token_url nonsense\npop_before_smtp pop3://h\nauth plain");
	struct failure f;

	(void)state;
	assert_false(oauth_is_on(&a));
	assert_int_equal(oauth_check(&a, &f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_provider_by_name_gives_urls_and_scope),
		cmocka_unit_test(test_what_lacks_or_contradicts_is_named_with_its_line),
		cmocka_unit_test(test_an_option_that_does_not_fit_is_a_failure_of_usage),
		cmocka_unit_test(test_a_program_that_was_built_without_it_says_so),
		cmocka_unit_test(test_without_oauth_nothing_of_it_is_looked_at),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	arena_free(&arena);
	return failed;
}
