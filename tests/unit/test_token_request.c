#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "http_server.h"
#include "wire/token_request.h"

#define OK_OF(body) "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" body
#define BAD_OF(body) "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n" body

struct shown { /* what a tracer is shown */
	char text[4000];
	size_t used;
};

static void note(void *ctx, char way, struct slice line)
{
	struct shown *s = ctx;

	s->used += (size_t)snprintf(s->text + s->used, sizeof s->text - s->used, "%c %.*s\n", way, (int)line.len, line.p);
}

/* What asks, and whom: the server's address stands in each of the URLs. */
struct world {
	struct server server;
	struct account account;
	struct oauth oauth;
	struct shown shown;
	struct tracer tracer;
	struct token_request r;
};

static struct world *world_of(const char *answer, enum oauth_maker maker, const char *secret)
{
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	account_defaults(&w->account);
	w->account.name = "alerts";
	w->server.answer = answer;
	server_start(&w->server);
	w->oauth = (struct oauth){.maker = maker, .client_id = "id&1", .scope = "a b", .token_url = w->server.url, .login_url = "", .device_url = w->server.url,
		.revoke_url = w->server.url, .host = "127.0.0.1"};
	w->tracer = (struct tracer){.ctx = &w->shown, .line = note};
	w->r = (struct token_request){&w->account, &w->oauth, secret, &w->tracer};
	return w;
}

/* The server has got this form, and the tracer was shown that; {URL} stands for the server's. */
static void ends(struct world *w, struct token_answer *got, const char *form, const char *shown)
{
	const char *hole = strstr(shown, "{URL}");
	char wanted[1000];

	server_stop(&w->server);
	assert_string_equal(strstr(w->server.request, "\r\n\r\n") + 4, form);
	if (hole)
		snprintf(wanted, sizeof wanted, "%.*s%s%s", (int)(hole - shown), shown, w->server.url, hole + 5);
	else
		snprintf(wanted, sizeof wanted, "%s", shown);
	assert_string_equal(w->shown.text, wanted);
	token_answer_free(got);
	free(w);
}

static void test_a_client_asks_with_its_secret(void **state)
{
	struct world *w = world_of(OK_OF("{\"access_token\":\"TOKEN\",\"expires_in\":3599}"), OAUTH_MICROSOFT, "s3~cret+=");
	struct token_answer got;
	struct failure f;

	(void)state;
	assert_int_equal(token_request_client(&w->r, &got, &f), 0);
	assert_string_equal(got.access, "TOKEN");
	ends(w, &got, "grant_type=client_credentials&client_id=id%261&client_secret=s3~cret%2B%3D&scope=a%20b",
	     "> POST {URL} grant_type=client_credentials client_id=id&1 client_secret=**** scope=a b\n< 200, a token for 3599 s\n");
}

static void test_a_client_without_a_secret_shows_a_signed_statement(void **state)
{
	struct world *w = world_of(OK_OF("{\"access_token\":\"TOKEN\"}"), OAUTH_OWN, "");
	struct token_answer got;
	struct failure f;

	(void)state;
	w->account.oauth_assertion_command = "echo aaa.bbb.ccc; echo more";
	assert_int_equal(token_request_client(&w->r, &got, &f), 0);
	ends(w, &got,
	     "grant_type=client_credentials&client_id=id%261&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"
	     "client_assertion=aaa.bbb.ccc&scope=a%20b",
	     "> POST {URL} grant_type=client_credentials client_id=id&1 client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer "
	     "client_assertion=**** scope=a b\n< 200, a token for 900 s, which is a guess\n");

	w = world_of(OK_OF("{\"access_token\":\"TOKEN\",\"expires_in\":60}"), OAUTH_GOOGLE, "");
	w->account.oauth_assertion_command = "echo aaa.bbb.ccc";
	assert_int_equal(token_request_client(&w->r, &got, &f), 0);
	ends(w, &got, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=aaa.bbb.ccc",
	     "> POST {URL} grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer assertion=****\n< 200, a token for 60 s\n");
}

static void test_a_command_that_signs_nothing_asks_nobody(void **state)
{
	static const struct {
		const char *command, *says;
	} rows[] = {
		{"exit 3", "conf:7: oauth_assertion_command: the command failed with status 3"},
		{"true", "conf:7: oauth_assertion_command: the first line should be the signed statement, and is empty"},
		{"printf 'a\\001b'", "conf:7: oauth_assertion_command: there is a control character in the signed statement"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct world *w = world_of(NULL, OAUTH_OWN, "");
		struct token_answer got;
		struct failure f;

		w->account.oauth_assertion_command = rows[i].command;
		w->account.origin[SET_oauth_assertion_command] = (struct origin){RANK_USER, 7, "conf"};
		assert_int_equal(token_request_client(&w->r, &got, &f), -1);
		assert_int_equal(f.stage, AT_CONFIG);
		assert_int_equal(f.exit, EX_CONFIG);
		assert_string_equal(f.text, rows[i].says);
		assert_string_equal(w->shown.text, "");
		server_stop(&w->server);
		assert_int_equal(w->server.len, 0);
		token_answer_free(&got);
		free(w);
	}
}

static void test_a_login_is_renewed(void **state)
{
	struct world *w = world_of(OK_OF("{\"access_token\":\"TOKEN\",\"expires_in\":3599,\"refresh_token\":\"NEW\"}"), OAUTH_MICROSOFT, "");
	struct token_answer got;
	struct failure f;

	(void)state;
	assert_int_equal(token_request_refresh(&w->r, "OLD/+", &got, &f), 0);
	assert_string_equal(got.refresh, "NEW");
	ends(w, &got, "grant_type=refresh_token&client_id=id%261&refresh_token=OLD%2F%2B&scope=a%20b",
	     "> POST {URL} grant_type=refresh_token client_id=id&1 refresh_token=**** scope=a b\n< 200, a token for 3599 s, and one to renew it\n");

	w = world_of(OK_OF("{\"access_token\":\"TOKEN\",\"expires_in\":3599}"), OAUTH_GOOGLE, "s");
	assert_int_equal(token_request_refresh(&w->r, "OLD", &got, &f), 0);
	assert_string_equal(got.refresh, "");
	ends(w, &got, "grant_type=refresh_token&client_id=id%261&client_secret=s&refresh_token=OLD",
	     "> POST {URL} grant_type=refresh_token client_id=id&1 client_secret=**** refresh_token=****\n< 200, a token for 3599 s\n");
}

static void test_a_code_becomes_a_token(void **state)
{
	struct world *w = world_of(OK_OF("{\"access_token\":\"TOKEN\",\"expires_in\":3599,\"refresh_token\":\"NEW\"}"), OAUTH_GOOGLE, "s");
	struct token_answer got;
	struct failure f;

	(void)state;
	assert_int_equal(token_request_code(&w->r, "4/0A", "http://127.0.0.1:9", "VERIFIER", &got, &f), 0);
	ends(w, &got, "grant_type=authorization_code&client_id=id%261&client_secret=s&code=4%2F0A&redirect_uri=http%3A%2F%2F127.0.0.1%3A9&code_verifier=VERIFIER",
	     "> POST {URL} grant_type=authorization_code client_id=id&1 client_secret=**** code=**** redirect_uri=http://127.0.0.1:9 code_verifier=****\n"
	     "< 200, a token for 3599 s, and one to renew it\n");
}

static void test_a_login_by_device(void **state)
{
	struct world *w = world_of(OK_OF("{\"device_code\":\"D\",\"user_code\":\"U\",\"verification_uri\":\"https://x\",\"expires_in\":900}"), OAUTH_OWN, "");
	struct token_answer got;
	struct failure f;

	(void)state;
	assert_int_equal(token_request_device(&w->r, "CHALLENGE", &got, &f), 0);
	assert_string_equal(got.user_code, "U");
	ends(w, &got, "client_id=id%261&scope=a%20b&code_challenge=CHALLENGE&code_challenge_method=S256",
	     "> POST {URL} client_id=id&1 scope=a b code_challenge=CHALLENGE code_challenge_method=S256\n< 200, a code for 900 s\n");

	w = world_of(BAD_OF("{\"error\":\"authorization_pending\"}"), OAUTH_OWN, "");
	assert_int_equal(token_request_device_poll(&w->r, "D", "", &got, &f), 0);
	assert_string_equal(got.access, "");
	assert_string_equal(got.error, "authorization_pending");
	ends(w, &got, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=id%261&device_code=D",
	     "> POST {URL} grant_type=urn:ietf:params:oauth:grant-type:device_code client_id=id&1 device_code=****\n< 400 authorization_pending\n");

	w = world_of("HTTP/1.1 429 Slower\r\n\r\n{\"error\":\"slow_down\"}", OAUTH_OWN, "");
	assert_int_equal(token_request_device_poll(&w->r, "D", "V", &got, &f), 0);
	assert_string_equal(got.error, "slow_down");
	ends(w, &got, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=id%261&device_code=D&code_verifier=V",
	     "> POST {URL} grant_type=urn:ietf:params:oauth:grant-type:device_code client_id=id&1 device_code=**** code_verifier=****\n< 429 slow_down\n");

	w = world_of(BAD_OF("{\"error\":\"expired_token\"}"), OAUTH_OWN, "");
	assert_int_equal(token_request_device_poll(&w->r, "D", "", &got, &f), -1);
	assert_int_equal(f.hint_id, HINT_OAUTH_LATE);
	server_stop(&w->server);
	token_answer_free(&got);
	free(w);
}

static void test_a_login_is_given_back(void **state)
{
	struct world *w = world_of("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", OAUTH_OWN, "");
	struct token_answer got;
	struct failure f;

	(void)state;
	assert_int_equal(token_request_revoke(&w->r, "OLD", &got, &f), 0);
	ends(w, &got, "token=OLD&client_id=id%261", "> POST {URL} token=**** client_id=id&1\n< 200\n");

	w = world_of(BAD_OF("{\"error\":\"invalid_token\"}"), OAUTH_GOOGLE, "s");
	assert_int_equal(token_request_revoke(&w->r, "OLD", &got, &f), 0);
	ends(w, &got, "token=OLD", "> POST {URL} token=****\n< 400 invalid_token\n");

	w = world_of(BAD_OF("{\"error\":\"unsupported_token_type\"}"), OAUTH_OWN, "");
	assert_int_equal(token_request_revoke(&w->r, "OLD", &got, &f), -1);
	assert_int_equal(f.exit, EX_NOPERM);
	server_stop(&w->server);
	token_answer_free(&got);
	free(w);
}

static void test_what_is_refused_says_who_and_what_to_change(void **state)
{
	struct world *w = world_of(BAD_OF("{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret provided.\\r\\nTrace ID: 1\"}"), OAUTH_MICROSOFT, "s");
	struct token_answer got;
	struct failure f;

	(void)state;
	assert_int_equal(token_request_client(&w->r, &got, &f), -1);
	assert_string_equal(got.error, "invalid_client");
	assert_string_equal(f.relay, "127.0.0.1");
	assert_string_equal(f.text, "400 invalid_client: AADSTS7000215: Invalid client secret provided.");
	assert_int_equal(f.hint_id, HINT_OAUTH_SECRET_VALUE);
	ends(w, &got, "grant_type=client_credentials&client_id=id%261&client_secret=s&scope=a%20b",
	     "> POST {URL} grant_type=client_credentials client_id=id&1 client_secret=**** scope=a b\n"
	     "< 400 invalid_client AADSTS7000215: Invalid client secret provided.\n");

	w = world_of("HTTP/1.1 503 No\r\nContent-Type: text/html\r\n\r\n<html>", OAUTH_MICROSOFT, "s");
	assert_int_equal(token_request_client(&w->r, &got, &f), -1);
	assert_int_equal(f.exit, EX_TEMPFAIL);
	assert_string_equal(f.relay, "127.0.0.1");
	assert_string_equal(f.text, "503");
	ends(w, &got, "grant_type=client_credentials&client_id=id%261&client_secret=s&scope=a%20b",
	     "> POST {URL} grant_type=client_credentials client_id=id&1 client_secret=**** scope=a b\n< 503\n");
}

static void test_a_secret_that_an_answer_repeats_is_masked_as_it_is_and_as_the_form_has_it(void **state)
{
	struct world *w = world_of(BAD_OF("{\"error\":\"invalid_grant\",\"error_description\":\"no rt+abc/12345= here: rt%2Babc%2F12345%3D of s3cret\"}"), OAUTH_OWN, "s3cret");
	struct token_answer got;
	struct failure f;

	(void)state;
	assert_int_equal(token_request_refresh(&w->r, "rt+abc/12345=", &got, &f), -1);
	assert_string_equal(got.error, "invalid_grant");
	assert_string_equal(f.text, "400 invalid_grant: no **** here: **** of ****");
	ends(w, &got, "grant_type=refresh_token&client_id=id%261&client_secret=s3cret&refresh_token=rt%2Babc%2F12345%3D",
	     "> POST {URL} grant_type=refresh_token client_id=id&1 client_secret=**** refresh_token=****\n"
	     "< 400 invalid_grant no **** here: **** of ****\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_client_asks_with_its_secret),
		cmocka_unit_test(test_a_client_without_a_secret_shows_a_signed_statement),
		cmocka_unit_test(test_a_command_that_signs_nothing_asks_nobody),
		cmocka_unit_test(test_a_login_is_renewed),
		cmocka_unit_test(test_a_code_becomes_a_token),
		cmocka_unit_test(test_a_login_by_device),
		cmocka_unit_test(test_a_login_is_given_back),
		cmocka_unit_test(test_what_is_refused_says_who_and_what_to_change),
		cmocka_unit_test(test_a_secret_that_an_answer_repeats_is_masked_as_it_is_and_as_the_form_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
