#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "wire/memory.h"
#include "wire/token_answer.h"

/* Ends the test, with words on which row it was. */
#define wrong_row(...) \
	do { \
		print_error(__VA_ARGS__); \
		print_error("\n"); \
		assert_true(false); \
	} while (0)

#define TOKEN_OF(lifetime) "{\"token_type\":\"Bearer\",\"access_token\":\"eyJ.a-b_c\"" lifetime "}"
#define DEVICE_OF(members) "{\"device_code\":\"d\",\"user_code\":\"AB-CD\",\"verification_uri\":\"https://x/d\"" members "}"

static int parse(struct token_answer *a, int status, const char *body, enum token_wanted wanted, struct failure *f)
{
	memset(a, 0xa5, sizeof *a);
	memset(f, 0, sizeof *f);
	return token_answer_read(a, status, slice_of(body), wanted, f);
}

static void test_a_token_is_read_with_all_that_stands_beside_it(void **state)
{
	struct token_answer a;
	struct failure f;

	(void)state;
	assert_int_equal(parse(&a, 200, "{\"token_type\":\"Bearer\",\"scope\":\"https://mail.google.com/\",\"expires_in\":3599,\"ext_expires_in\":3599,"
					"\"access_token\":\"eyJ0.x\",\"refresh_token\":\"1//04 ~\",\"id_token\":\"e\",\"more\":{\"a\":[1,null,true]}}",
			       ANSWER_TOKEN, &f), 0);
	assert_string_equal(a.access, "eyJ0.x");
	assert_string_equal(a.refresh, "1//04 ~");
	assert_string_equal(a.scope, "https://mail.google.com/");
	assert_string_equal(a.error, "");
	assert_int_equal(a.lasts, 3599);
	assert_true(a.lasts_said);
	token_answer_free(&a);
}

static void test_how_long_a_token_lasts(void **state)
{
	static const struct {
		const char *body;
		unsigned lasts;
		bool said;
	} rows[] = {
		{TOKEN_OF(",\"expires_in\":3600"), 3600, true},
		{TOKEN_OF(",\"expires_in\":\"3600\""), 3600, true},
		{TOKEN_OF(",\"expires_in\":3599.9"), 3599, true},
		{TOKEN_OF(",\"expires_in\":3.6e3"), 3600, true},
		{TOKEN_OF(",\"expires_in\":1"), 1, true},
		{TOKEN_OF(",\"expires_in\":31536000"), TOKEN_LASTS_MOST, true},
		{TOKEN_OF(",\"expires_in\":31536001"), TOKEN_LASTS_MOST, true},
		{TOKEN_OF(",\"expires_in\":99999999999999999999999999"), TOKEN_LASTS_MOST, true},
		{TOKEN_OF(",\"expires_in\":1e300"), TOKEN_LASTS_MOST, true},
		{TOKEN_OF(",\"expires_in\":\"99999999999999999\""), TOKEN_LASTS_MOST, true},
		{TOKEN_OF(",\"expires_in\":\"99999999999999999999999999\""), TOKEN_LASTS, false},
		{TOKEN_OF(""), TOKEN_LASTS, false},
		{TOKEN_OF(",\"expires_in\":null"), TOKEN_LASTS, false},
		{TOKEN_OF(",\"expires_in\":0"), TOKEN_LASTS, false},
		{TOKEN_OF(",\"expires_in\":0.5"), TOKEN_LASTS, false},
		{TOKEN_OF(",\"expires_in\":-3600"), TOKEN_LASTS, false},
		{TOKEN_OF(",\"expires_in\":\"-1\""), TOKEN_LASTS, false},
		{TOKEN_OF(",\"expires_in\":\"soon\""), TOKEN_LASTS, false},
		{TOKEN_OF(",\"expires_in\":\"\""), TOKEN_LASTS, false},
		{TOKEN_OF(",\"expires_in\":{}"), TOKEN_LASTS, false},
		{TOKEN_OF(",\"expires_in\":[3600]"), TOKEN_LASTS, false},
		{TOKEN_OF(",\"expires_in\":true"), TOKEN_LASTS, false},
	};
	struct token_answer a;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(parse(&a, 200, rows[i].body, ANSWER_TOKEN, &f), 0);
		if (a.lasts != rows[i].lasts || a.lasts_said != rows[i].said)
			wrong_row("%s: %u, %s", rows[i].body, a.lasts, a.lasts_said ? "said" : "not said");
		token_answer_free(&a);
	}
}

static void test_tokens_that_may_be_there_or_not(void **state)
{
	static const char *const bodies[] = {
		"{\"access_token\":\"x\"}", /* without a type: Bearer */
		"{\"access_token\":\"x\",\"token_type\":\"bearer\",\"refresh_token\":null,\"scope\":null,\"error\":null}",
		"{\"access_token\":\"x\",\"token_type\":\"BEARER\",\"refresh_token\":\"\",\"scope\":\"\",\"error\":\"\"}",
		" \r\n\t{ \"access_token\" : \"x\" }\n\n",
		"{\"\\u0061ccess_token\":\"\\u0078\"}",
		"{\"access_token\":\"x\",\"Access_Token\":\"y\",\"\":7,\"expires_on\":\"1700000000\"}",
	};
	struct token_answer a;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(bodies); i++) {
		if (parse(&a, 200, bodies[i], ANSWER_TOKEN, &f) < 0)
			wrong_row("%s: %s", bodies[i], f.text);
		assert_string_equal(a.access, "x");
		assert_string_equal(a.refresh, "");
		token_answer_free(&a);
	}
}

static void test_what_is_no_answer_is_a_failure_that_quotes_nothing(void **state)
{
	static const struct {
		int status;
		const char *body;
		int exit;
		enum hint hint;
		const char *text;
	} rows[] = {
		{200, "", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{204, "", EX_PROTOCOL, HINT_OAUTH_URL, "204, and no JSON, or with a fault in it"},
		{200, "<!DOCTYPE html><title>SECRET</title>", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "access_token=SECRET&expires_in=3600", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "\"SECRET\"", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "[{\"access_token\":\"SECRET\"}]", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "null", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "{\"access_token\":\"SECRET\"", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "{\"access_token\":\"SECRET\"}}", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "{\"access_token\":\"SECRET\"}{\"access_token\":\"SECRET\"}", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "{\"access_token\":\"SECRET\",\"access_token\":\"x\"}", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "{\"access_token\":\"SECRET\",\"a\":{\"b\":1,\"b\":2}}", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "{\"access_token\":\"SECRET\\u0000more\"}", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "{\"access_token\":\"SECRET\xff\"}", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "{\"access_token\":\"SECRET\", \"expires_in\":1e400}", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "{'access_token':'SECRET'}", EX_PROTOCOL, HINT_OAUTH_URL, "200, and no JSON, or with a fault in it"},
		{200, "{}", EX_PROTOCOL, HINT_OAUTH_URL, "200, and neither a token nor an error"},
		{200, "{\"access_token\":\"\"}", EX_PROTOCOL, HINT_OAUTH_URL, "200, and neither a token nor an error"},
		{200, "{\"access_token\":null}", EX_PROTOCOL, HINT_OAUTH_URL, "200, and neither a token nor an error"},
		{200, "{\"refresh_token\":\"SECRET\"}", EX_PROTOCOL, HINT_OAUTH_URL, "200, and neither a token nor an error"},
		{200, "{\"access_token\":7}", EX_PROTOCOL, NO_HINT, "200, and access_token is no text"},
		{200, "{\"access_token\":[\"SECRET\"]}", EX_PROTOCOL, NO_HINT, "200, and access_token is no text"},
		{200, "{\"access_token\":\"SEC RET\"}", EX_PROTOCOL, NO_HINT, "200, and access_token has an octet that it must not have"},
		{200, "{\"access_token\":\"SEC\\u0001RET\"}", EX_PROTOCOL, NO_HINT, "200, and access_token has an octet that it must not have"},
		{200, "{\"access_token\":\"SEC\\r\\nRET\"}", EX_PROTOCOL, NO_HINT, "200, and access_token has an octet that it must not have"},
		{200, "{\"access_token\":\"SECR\\u00c9T\"}", EX_PROTOCOL, NO_HINT, "200, and access_token has an octet that it must not have"},
		{200, "{\"access_token\":\"SECRET\\u007f\"}", EX_PROTOCOL, NO_HINT, "200, and access_token has an octet that it must not have"},
		{200, "{\"access_token\":\"x\",\"refresh_token\":\"SEC\\nRET\"}", EX_PROTOCOL, NO_HINT, "200, and refresh_token has an octet that it must not have"},
		{200, "{\"access_token\":\"x\",\"refresh_token\":true}", EX_PROTOCOL, NO_HINT, "200, and refresh_token is no text"},
		{200, "{\"access_token\":\"x\",\"token_type\":\"DPoP\"}", EX_PROTOCOL, NO_HINT, "200, and token_type is none that mail relays take (Bearer)"},
		{200, "{\"access_token\":\"x\",\"token_type\":1}", EX_PROTOCOL, NO_HINT, "200, and token_type is no text"},
		{200, "{\"access_token\":\"x\",\"scope\":[\"a\"]}", EX_PROTOCOL, NO_HINT, "200, and scope is no text"},
		{200, "{\"error\":3}", EX_PROTOCOL, NO_HINT, "200, and error is no text"},
		{400, "{}", EX_PROTOCOL, HINT_OAUTH_URL, "400, and neither a token nor an error"},
		{400, "{\"access_token\":\"SECRET\"}", EX_PROTOCOL, HINT_OAUTH_URL, "400, and neither a token nor an error"},
		{400, "{\"error_description\":\"x\"}", EX_PROTOCOL, HINT_OAUTH_URL, "400, and neither a token nor an error"},
		{404, "<html>", EX_PROTOCOL, HINT_OAUTH_URL, "404, and no JSON, or with a fault in it"},
		{302, "", EX_PROTOCOL, HINT_OAUTH_URL, "302, and an address to go on to, which is not done"},
		{307, "{}", EX_PROTOCOL, HINT_OAUTH_URL, "307, and an address to go on to, which is not done"},
		{408, "", EX_TEMPFAIL, NO_HINT, "408"},
		{429, "slower", EX_TEMPFAIL, NO_HINT, "429"},
		{500, "{}", EX_TEMPFAIL, NO_HINT, "500"},
		{502, "<html>SECRET", EX_TEMPFAIL, NO_HINT, "502"},
		{503, "{\"error\":[]}", EX_TEMPFAIL, NO_HINT, "503"},
	};
	struct token_answer a;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int rc = parse(&a, rows[i].status, rows[i].body, ANSWER_TOKEN, &f);

		if (rc == 0 || f.stage != AT_TOKEN || f.exit != rows[i].exit || f.hint_id != rows[i].hint || strcmp(f.text, rows[i].text) != 0)
			wrong_row("%d %s: %d, %d, %s", rows[i].status, rows[i].body, rc, f.exit, f.text);
		token_answer_free(&a);
	}
}

/* A body of that many octets in the place of @. */
static char *body_of(const char *frame, size_t n)
{
	const char *at = strchr(frame, '@');
	size_t before = (size_t)(at - frame);
	char *body = malloc(strlen(frame) + n);

	assert_non_null(body);
	memcpy(body, frame, before);
	memset(body + before, 'x', n);
	memcpy(body + before + n, at + 1, strlen(at));
	return body;
}

static void test_texts_have_a_most(void **state)
{
	static const struct {
		const char *frame;
		size_t octets;
		enum token_wanted wanted;
		bool good;
	} rows[] = {
		{"{\"access_token\":\"@\"}", TOKEN_MOST, ANSWER_TOKEN, true},
		{"{\"access_token\":\"@\"}", TOKEN_MOST + 1, ANSWER_TOKEN, false},
		{"{\"access_token\":\"x\",\"refresh_token\":\"@\"}", TOKEN_MOST, ANSWER_TOKEN, true},
		{"{\"access_token\":\"x\",\"refresh_token\":\"@\"}", TOKEN_MOST + 1, ANSWER_TOKEN, false},
		{"{\"access_token\":\"x\",\"id_token\":\"@\"}", 40000, ANSWER_TOKEN, true},
		{"{\"access_token\":\"x\",\"scope\":\"@\"}", 40000, ANSWER_TOKEN, true}, /* cut: it is only shown */
		{"{\"error\":\"@\",\"error_description\":\"x\"}", 40000, ANSWER_TOKEN, true},
		{"{\"device_code\":\"d\",\"user_code\":\"@\",\"verification_uri\":\"https://x\"}", TOKEN_WORDS, ANSWER_DEVICE, true},
		{"{\"device_code\":\"d\",\"user_code\":\"@\",\"verification_uri\":\"https://x\"}", TOKEN_WORDS + 1, ANSWER_DEVICE, false},
		{"{\"device_code\":\"@\",\"user_code\":\"x\",\"verification_uri\":\"https://x\"}", TOKEN_MOST + 1, ANSWER_DEVICE, false},
		{"{\"device_code\":\"d\",\"user_code\":\"x\",\"verification_uri\":\"https://@\"}", 2040, ANSWER_DEVICE, true},
		{"{\"device_code\":\"d\",\"user_code\":\"x\",\"verification_uri\":\"https://@\"}", 2041, ANSWER_DEVICE, false},
	};
	struct token_answer a;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char *body = body_of(rows[i].frame, rows[i].octets);
		int rc = parse(&a, 200, body, rows[i].wanted, &f);

		if ((rc == 0) != rows[i].good || (rc < 0 && !strstr(f.text, "is too long")))
			wrong_row("%s of %zu: %d %s", rows[i].frame, rows[i].octets, rc, rc < 0 ? f.text : "");
		assert_true(strlen(a.scope) < TOKEN_WORDS && strlen(a.error) < TOKEN_WORDS);
		token_answer_free(&a);
		free(body);
	}
}

/* As many brackets as fit into an answer: the stack is not what bounds them. */
static void test_depth_is_bounded(void **state)
{
	static const char *const opens[] = {"[", "{\"a\":"};
	struct token_answer a;
	struct failure f;
	char *deep = malloc(65536 + 1);

	(void)state;
	assert_non_null(deep);
	for (size_t i = 0; i < ROWS(opens); i++) {
		size_t n = strlen(opens[i]), len = 0;

		while (len + n <= 65536) {
			memcpy(deep + len, opens[i], n);
			len += n;
		}
		deep[len] = '\0';
		assert_int_equal(parse(&a, 200, deep, ANSWER_TOKEN, &f), -1);
		assert_int_equal(f.exit, EX_PROTOCOL);
		token_answer_free(&a);
	}
	free(deep);
}

static void test_errors_are_read_at_any_status_and_shown_on_one_line(void **state)
{
	static const struct {
		int status;
		const char *body, *error, *description;
		unsigned number;
	} rows[] = {
		{400, "{\"error\":\"invalid_grant\"}", "invalid_grant", "", 0},
		{200, "{\"error\":\"bad_verification_code\",\"error_description\":\"x\"}", "bad_verification_code", "x", 0},
		{200, "{\"error\":\"a\",\"access_token\":\"t\"}", "a", "", 0},
		{503, "{\"error\":\"temporarily_unavailable\"}", "temporarily_unavailable", "", 0},
		{401, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret provided. Ensure it. Trace ID: 1 Correlation ID: 2\","
		      "\"error_codes\":[7000215],\"timestamp\":\"2026-11-30 06:00:00Z\",\"trace_id\":\"1\",\"error_uri\":\"https://x\"}",
		 "invalid_client", "AADSTS7000215: Invalid client secret provided. Ensure it.", 7000215},
		{400, "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS70008: The code has ended.\\r\\nTrace ID: 1\\r\\nCorrelation ID: 2\"}",
		 "invalid_grant", "AADSTS70008: The code has ended.", 70008},
		{400, "{\"error\":\"x\",\"error_description\":\"AADSTS\"}", "x", "AADSTS", 0},
		{400, "{\"error\":\"x\",\"error_description\":\"AADSTS99999999999999999999\"}", "x", "AADSTS99999999999999999999", 999999999},
		{400, "{\"error\":\"\\u001b[2J\",\"error_description\":\"\\u001b]0;x\\u0007 \\u202e gr\\u00fc\\u00dfe\"}", "\\x1b[2J", "\\x1b]0;x\\x07 \\u{202e} gr\303\274\303\237e", 0},
		{403, "{\"error\":{\"code\":403,\"message\":\"No.\",\"status\":\"PERMISSION_DENIED\"}}", "PERMISSION_DENIED", "No.", 0},
		{400, "{\"error\":{\"code\":400,\"message\":\"No.\"}}", "error", "No.", 0},
	};
	struct token_answer a;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		if (parse(&a, rows[i].status, rows[i].body, ANSWER_TOKEN, &f) < 0)
			wrong_row("%s: %s", rows[i].body, f.text);
		assert_string_equal(a.error, rows[i].error);
		assert_string_equal(a.description, rows[i].description);
		assert_int_equal(a.number, rows[i].number);
		assert_string_equal(a.access, "");
		token_answer_free(&a);
	}
}

static void test_a_login_by_device_is_begun(void **state)
{
	static const struct {
		const char *body, *uri, *complete;
		unsigned lasts, interval;
	} rows[] = {
		{DEVICE_OF(",\"expires_in\":900,\"interval\":5,\"message\":\"To sign in\""), "https://x/d", "", 900, 5},
		{DEVICE_OF(",\"verification_uri_complete\":\"https://x/d?c=AB-CD\",\"expires_in\":\"600\""), "https://x/d", "https://x/d?c=AB-CD", 600, 5},
		{DEVICE_OF(",\"interval\":0"), "https://x/d", "", TOKEN_LASTS, 5},
		{DEVICE_OF(",\"interval\":86400"), "https://x/d", "", TOKEN_LASTS, 300},
		{"{\"device_code\":\"d\",\"user_code\":\"AB-CD\",\"verification_url\":\"http://g/d\",\"interval\":\"7\"}", "http://g/d", "", TOKEN_LASTS, 7},
	};
	static const char *const bad[] = {
		"{\"user_code\":\"AB-CD\",\"verification_uri\":\"https://x/d\"}",
		"{\"device_code\":\"d\",\"verification_uri\":\"https://x/d\"}",
		"{\"device_code\":\"d\",\"user_code\":\"AB-CD\"}",
		"{\"device_code\":\"d\",\"user_code\":\"\\u001b[31m\",\"verification_uri\":\"https://x/d\"}",
		"{\"device_code\":\"d\",\"user_code\":\"x\",\"verification_uri\":\"javascript:alert(1)\"}",
		"{\"device_code\":\"d\",\"user_code\":\"x\",\"verification_uri\":\"https://x/ d\"}",
		"{\"device_code\":\"d\",\"user_code\":\"x\",\"verification_uri\":\"https://x/d\",\"verification_uri_complete\":\"file:///etc/passwd\"}",
		"{\"access_token\":\"x\"}",
	};
	struct token_answer a;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		if (parse(&a, 200, rows[i].body, ANSWER_DEVICE, &f) < 0)
			wrong_row("%s: %s", rows[i].body, f.text);
		assert_string_equal(a.device_code, "d");
		assert_string_equal(a.user_code, "AB-CD");
		assert_string_equal(a.verification_uri, rows[i].uri);
		assert_string_equal(a.verification_uri_complete, rows[i].complete);
		assert_int_equal(a.lasts, rows[i].lasts);
		assert_int_equal(a.interval, rows[i].interval);
		token_answer_free(&a);
	}
	for (size_t i = 0; i < ROWS(bad); i++) {
		if (parse(&a, 200, bad[i], ANSWER_DEVICE, &f) == 0)
			wrong_row("%s is taken", bad[i]);
		assert_int_equal(f.exit, EX_PROTOCOL);
		token_answer_free(&a);
	}
}

static void test_a_revocation_that_went_well_has_a_body_that_means_nothing(void **state)
{
	struct token_answer a;
	struct failure f;

	(void)state;
	assert_int_equal(parse(&a, 200, "<html>", ANSWER_REVOKED, &f), 0);
	token_answer_free(&a);
	assert_int_equal(parse(&a, 200, "", ANSWER_REVOKED, &f), 0);
	token_answer_free(&a);
	assert_int_equal(parse(&a, 400, "{\"error\":\"invalid_token\"}", ANSWER_REVOKED, &f), 0);
	assert_string_equal(a.error, "invalid_token");
	token_answer_free(&a);
	assert_int_equal(parse(&a, 503, "", ANSWER_REVOKED, &f), -1);
	assert_int_equal(f.exit, EX_TEMPFAIL);
	token_answer_free(&a);
}

static void count(void *ctx, char *p, size_t len)
{
	(void)p;
	(void)len;
	++*(size_t *)ctx;
}

/* What jansson held is given back to wire/memory, which wipes it: no block of it is left, whatever came. */
static void test_nothing_of_an_answer_is_left_in_jansson(void **state)
{
	static const char *const bodies[] = {TOKEN_OF(""), "{\"access_token\":\"SECRET\"", "[1,2", "\"", "{\"error\":\"x\"}"};
	struct token_answer a;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(bodies); i++) {
		size_t blocks = 0;

		(void)!parse(&a, 200, bodies[i], ANSWER_TOKEN, &f);
		memory_visit(count, &blocks);
		assert_int_equal(blocks, 0);
		token_answer_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_token_is_read_with_all_that_stands_beside_it),
		cmocka_unit_test(test_how_long_a_token_lasts),
		cmocka_unit_test(test_tokens_that_may_be_there_or_not),
		cmocka_unit_test(test_what_is_no_answer_is_a_failure_that_quotes_nothing),
		cmocka_unit_test(test_texts_have_a_most),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_errors_are_read_at_any_status_and_shown_on_one_line),
		cmocka_unit_test(test_a_login_by_device_is_begun),
		cmocka_unit_test(test_a_revocation_that_went_well_has_a_body_that_means_nothing),
		cmocka_unit_test(test_nothing_of_an_answer_is_left_in_jansson),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
