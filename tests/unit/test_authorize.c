#include "unit.h"

#include <string.h>

#include "wire/authorize.h"

/* RFC 7636, appendix B. */
static void test_the_challenge_is_that_of_the_standard(void **state)
{
	char challenge[AUTHORIZE_VERIFIER];

	(void)state;
	authorize_challenge(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
	assert_string_equal(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static void test_each_login_has_a_state_and_a_verifier_of_its_own(void **state)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char before[AUTHORIZE_STATE + AUTHORIZE_VERIFIER] = "", challenge[AUTHORIZE_VERIFIER];
	struct authorize z;
	struct failure f;

	(void)state;
	for (int i = 0; i < 200; i++) {
		assert_int_equal(authorize_begin(&z, &f), 0);
		assert_int_equal(strlen(z.state), 22);
		assert_int_equal(strlen(z.verifier), 43); /* RFC 7636 4.1: 43 at least */
		assert_int_equal(strspn(z.state, letters), 22);
		assert_int_equal(strspn(z.verifier, letters), 43);
		authorize_challenge(challenge, z.verifier);
		assert_string_equal(challenge, z.challenge);
		assert_true(strncmp(before, z.state, 22) != 0 && strcmp(before + 22, z.verifier) != 0);
		memcpy(before, z.state, 22);
		memcpy(before + 22, z.verifier, 44);
	}
	authorize_wipe(&z);
	assert_true(!*z.verifier && !z.verifier[5] && !*z.state);
}

#define URL(more) \
	"https://id.example.org/auth?response_type=code&client_id=a%20b%26c&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711" \
	"&scope=https%3A%2F%2Fmail.google.com%2F%20offline_access&state=STATE&code_challenge=CHALLENGE&code_challenge_method=S256" \
	"&login_hint=me%40example.org" more "&prompt=consent"

static void test_the_address_has_all_that_the_provider_needs(void **state)
{
	struct authorize z = {.state = "STATE", .verifier = "VERIFIER", .challenge = "CHALLENGE"};
	struct oauth o = {.maker = OAUTH_OWN, .client_id = "a b&c", .scope = "https://mail.google.com/ offline_access", .login_url = "https://id.example.org/auth"};
	struct arena in = {0};

	(void)state;
	assert_string_equal(authorize_url(&in, &o, &z, "http://127.0.0.1:4711", "me@example.org"), URL(""));
	o.maker = OAUTH_GOOGLE;
	assert_string_equal(authorize_url(&in, &o, &z, "http://127.0.0.1:4711", "me@example.org"), URL("&access_type=offline"));
	o.maker = OAUTH_OWN;
	o.login_url = "https://id.example.org/auth?realm=a";
	o.scope = "";
	assert_string_equal(authorize_url(&in, &o, &z, "http://127.0.0.1:1", ""),
			    "https://id.example.org/auth?realm=a&response_type=code&client_id=a%20b%26c&redirect_uri=http%3A%2F%2F127.0.0.1%3A1&state=STATE"
			    "&code_challenge=CHALLENGE&code_challenge_method=S256");
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_challenge_is_that_of_the_standard),
		cmocka_unit_test(test_each_login_has_a_state_and_a_verifier_of_its_own),
		cmocka_unit_test(test_the_address_has_all_that_the_provider_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
