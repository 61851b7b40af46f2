#include "unit.h"

#include <signal.h>
#include <sysexits.h>

#include "wire/http.c"

#include "base/ending.h"
#include "http_server.h"
#include "wire/memory.h"

enum { SHORT = 400, LONG = 20000 }; /* milliseconds: what ends an exchange that has no end; one that ends by itself */

static int ask_as(enum http_end end, struct server *s, const struct account *a, long patience, struct http_answer *got, struct failure *f)
{
	struct exchange e = {.answer = got, .end = end, .patience = patience};
	struct private form;
	int rc;

	server_start(s);
	assert_int_equal(http_form_start(&form, f), 0);
	assert_int_equal(http_form_add(&form, "grant_type", "client_credentials", f), 0);
	rc = run(&e, a, s->url, &form, f);
	private_free(&form);
	server_stop(s);
	return rc;
}

static int ask_within(struct server *s, const struct account *a, long patience, struct http_answer *got, struct failure *f)
{
	return ask_as(HTTP_MAY_END, s, a, patience, got, f);
}

static int ask(struct server *s, long patience, struct http_answer *got, struct failure *f)
{
	struct account a;

	account_defaults(&a);
	return ask_within(s, &a, patience, got, f);
}

static void test_a_form_is_posted_with_its_values_escaped(void **state)
{
	struct server *s = calloc(1, sizeof *s);
	struct http_answer got;
	struct private form;
	struct account a;
	struct failure f;
	const char *body;

	(void)state;
	assert_non_null(s);
	s->answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
	account_defaults(&a);
	server_start(s);
	assert_int_equal(http_form_start(&form, &f), 0);
	assert_int_equal(http_form_add(&form, "client_secret", "a b&c=d~e+f%g\303\274\"\n", &f), 0);
	assert_int_equal(http_form_add(&form, "scope", "", &f), 0);
	assert_int_equal(http_form_add(&form, "redirect_uri", "http://127.0.0.1:9", &f), 0);
	assert_int_equal(http_post(&a, s->url, &form, HTTP_MAY_END, NULL, &got, &f), 0);
	server_stop(s);
	assert_int_equal(strncmp(s->request, "POST /token HTTP/1.1\r\n", 22), 0);
	assert_non_null(strstr(s->request, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
	assert_non_null(strstr(s->request, "\r\nAccept: application/json\r\n"));
	assert_null(strstr(s->request, "\r\nExpect:"));
	assert_null(strstr(s->request, "\r\nUser-Agent:"));
	body = strstr(s->request, "\r\n\r\n") + 4;
	assert_string_equal(body, "client_secret=a%20b%26c%3Dd~e%2Bf%25g%C3%BC%22%0A&redirect_uri=http%3A%2F%2F127.0.0.1%3A9");
	assert_int_equal(got.status, 200);
	assert_int_equal(got.body.buf.len, 2);
	http_answer_free(&got);
	private_free(&form);
	free(s);
}

static void test_answers_of_any_status_are_read_and_no_redirect_is_followed(void **state)
{
	static const struct {
		const char *answer;
		int status;
		const char *body;
		bool dated;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{} ", 200, "{} ", false},
		{"HTTP/1.0 200\r\n\r\n{}", 200, "{}", false},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\nDate: later\r\n\r\n", 200, "{}", false},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\nContent-Length: 1\r\n\r\nx", 400, "x", false},
		{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/other\r\nContent-Length: 0\r\n\r\n", 302, "", false},
		{"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/other\r\nContent-Length: 0\r\n\r\n", 307, "", false},
		{"HTTP/1.1 429 Slower\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 429, "", false},
		{"HTTP/1.1 503 No\r\nretry-after:  120 \r\nDATE: Mon, 30 Nov 2026 06:00:00 GMT\r\nContent-Length: 0\r\n\r\n", 503, "", true},
		{"HTTP/1.1 503 No\r\nRetry-After: Mon, 30 Nov 2026 06:00:00 GMT\r\nDate: soon\r\nDater: x\r\nContent-Length: 0\r\n\r\n", 503, "", false},
		{"HTTP/1.1 503 No\r\nRetry-After: 99999999999\r\nDate:\r\nContent-Length: 0\r\n\r\n", 503, "", false},
		{"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 2\r\n\r\n{}", 401, "{}", false},
	};
	struct server *s = calloc(1, sizeof *s);
	struct http_answer got;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		s->answer = rows[i].answer;
		if (ask(s, LONG, &got, &f) < 0) {
			print_error("%s: %s\n", rows[i].answer, f.text);
			assert_true(false);
		}
		assert_int_equal(got.status, rows[i].status);
		assert_string_equal(got.body.buf.len ? got.body.buf.p : "", rows[i].body);
		assert_int_equal(got.dated, rows[i].dated);
		http_answer_free(&got);
	}
	free(s);
}

static void test_their_date_tells_how_far_their_clock_is_ahead(void **state)
{
	struct server *s = calloc(1, sizeof *s);
	struct http_answer got;
	struct failure f;
	time_t ahead = time(NULL) + 3600;
	char answer[200], date[64];
	struct tm broken;

	(void)state;
	assert_non_null(gmtime_r(&ahead, &broken));
	assert_true(strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &broken) > 0);
	snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Length: 0\r\n\r\n", date);
	s->answer = answer;
	assert_int_equal(ask(s, LONG, &got, &f), 0);
	assert_true(got.dated && got.skew <= 3600 && got.skew > 3500);
	http_answer_free(&got);
	free(s);
}

static void test_what_has_no_end_or_too_much_is_ended(void **state)
{
	static const struct {
		const char *answer;
		enum server_end end;
		const char *more;
		long patience;
		int exit;
		const char *says;
	} rows[] = {
		/* late */
		{NULL, THEN_HANG, NULL, SHORT, EX_TEMPFAIL, "imed out"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", THEN_HANG, NULL, SHORT, EX_TEMPFAIL, "imed out"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{", THEN_DRIP, "x", SHORT, EX_TEMPFAIL, "imed out"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", THEN_DRIP, "1\r\nx\r\n", SHORT, EX_TEMPFAIL, "imed out"},
		{"HTTP/1.1 200 OK\r\n", THEN_DRIP, "X: y\r\n", SHORT, EX_TEMPFAIL, "imed out"},
		{"H", THEN_DRIP, "T", LONG, EX_PROTOCOL, "what answers is no HTTP"},
		{"HTTP/1.1 100 Continue\r\n\r\n", THEN_DRIP, "HTTP/1.1 100 Continue\r\n\r\n", SHORT, EX_TEMPFAIL, "imed out"},
		/* too much */
		{"HTTP/1.1 200 OK\r\n\r\n", THEN_FLOOD, "some more of a body\n", LONG, EX_PROTOCOL, "200, and an answer of more than 65536 octets"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", THEN_FLOOD, "4\r\nmore\r\n", LONG, EX_PROTOCOL, "200, and an answer of more than 65536 octets"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n{}", THEN_HANG, NULL, LONG, EX_PROTOCOL, "200, and an answer of more than 65536 octets"},
		{"HTTP/1.1 503 No\r\n\r\n", THEN_FLOOD, "some more of a body\n", LONG, EX_TEMPFAIL, "503, and an answer of more than 65536 octets"},
		{"HTTP/1.1 200 OK\r\n", THEN_FLOOD, "X-More: and more\r\n", LONG, EX_PROTOCOL, "200, and an answer of more than 65536 octets"},
		{"HTTP/1.1 200 OK\r\nX-More: ", THEN_FLOOD, "and more", LONG, EX_TEMPFAIL, ""},
		{"HTTP/1.1 100 Continue\r\n\r\n", THEN_FLOOD, "HTTP/1.1 100 Continue\r\n\r\n", LONG, EX_PROTOCOL, "100, and an answer of more than 65536 octets"},
		/* broken */
		{NULL, THEN_CLOSE, NULL, LONG, EX_TEMPFAIL, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", THEN_CLOSE, NULL, LONG, EX_TEMPFAIL, ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", THEN_CLOSE, NULL, LONG, EX_TEMPFAIL, ""},
		{"{\"access_token\":\"SECRET\"}", THEN_CLOSE, NULL, LONG, EX_PROTOCOL, "what answers is no HTTP"},
		{"220 mail.example.org ESMTP\r\n", THEN_CLOSE, NULL, LONG, EX_PROTOCOL, "what answers is no HTTP"},
		{"\x15\x03\x03\x00\x02\x02\x28", THEN_CLOSE, NULL, LONG, EX_PROTOCOL, "what answers is no HTTP"},
	};
	struct server *s = calloc(1, sizeof *s);
	struct http_answer got;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t began = clock_steady();
		int rc;

		s->answer = rows[i].answer;
		s->end = rows[i].end;
		s->more = rows[i].more;
		rc = ask(s, rows[i].patience, &got, &f);
		if (rc == 0 || f.stage != AT_TOKEN || f.exit != rows[i].exit || !strstr(f.text, rows[i].says) || strstr(f.text, "SECRET")) {
			print_error("row %zu, %s: %d, %d, %s\n", i, rows[i].answer ? rows[i].answer : "", rc, f.exit, rc ? f.text : "");
			assert_true(false);
		}
		assert_string_equal(f.relay, "127.0.0.1");
		assert_true(clock_steady() - began < LONG / 2);
		http_answer_free(&got);
	}
	free(s);
}

static void test_a_body_may_have_as_much_as_that(void **state)
{
	struct server *s = calloc(1, sizeof *s);
	char *answer = malloc(HTTP_BODY + 200);
	struct http_answer got;
	struct failure f;
	size_t head;

	(void)state;
	assert_non_null(answer);
	head = (size_t)snprintf(answer, 200, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", HTTP_BODY);
	memset(answer + head, 'x', HTTP_BODY);
	answer[head + HTTP_BODY] = '\0';
	s->answer = answer;
	assert_int_equal(ask(s, LONG, &got, &f), 0);
	assert_int_equal(got.body.buf.len, HTTP_BODY);
	http_answer_free(&got);
	free(answer);
	free(s);
}

static void test_http_goes_to_loopback_alone_and_never_by_a_proxy(void **state)
{
	static const char *const refused[] = {"http://192.0.2.1/token", "http://localhost/token", "http://127.0.0.1.example.org/", "http://[::2]/", "ftp://127.0.0.1/", "file:///etc/passwd"};
	struct server *s = calloc(1, sizeof *s);
	struct http_answer got;
	struct account a;
	struct failure f;
	struct private form;

	(void)state;
	account_defaults(&a);
	assert_int_equal(http_form_start(&form, &f), 0);
	for (size_t i = 0; i < ROWS(refused); i++) {
		assert_int_equal(http_post(&a, refused[i], &form, HTTP_MAY_END, NULL, &got, &f), -1);
		if (f.stage != AT_CONFIG || f.exit != EX_CONFIG) {
			print_error("%s: %d %s\n", refused[i], f.exit, f.text);
			assert_true(false);
		}
		http_answer_free(&got);
	}
	private_free(&form);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	a.proxy = "socks5h://127.0.0.1:1";
	s->answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
	assert_int_equal(ask_within(s, &a, LONG, &got, &f), 0);
	http_answer_free(&got);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	free(s);
}

static void test_who_is_not_there_is_waited_for(void **state)
{
	struct server *s = calloc(1, sizeof *s);
	struct http_answer got;
	struct account a;
	struct failure f;
	struct private form;

	(void)state;
	account_defaults(&a);
	server_start(s);
	server_stop(s);
	assert_int_equal(http_form_start(&form, &f), 0);
	assert_int_equal(http_post(&a, s->url, &form, HTTP_MAY_END, NULL, &got, &f), -1);
	assert_true(f.stage == AT_TOKEN && f.exit == EX_TEMPFAIL && f.hint_id == HINT_OAUTH_NETWORK);
	http_answer_free(&got);
	private_free(&form);
	free(s);
}

static void count(void *ctx, char *p, size_t len)
{
	(void)p;
	(void)len;
	++*(size_t *)ctx;
}

static void test_nothing_of_it_is_left_in_libcurl(void **state)
{
	struct server *s = calloc(1, sizeof *s);
	struct http_answer got;
	struct failure f;
	size_t blocks = 0;

	(void)state;
	s->answer = "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"access_token\":\"SECRET\"}  ";
	assert_int_equal(ask(s, LONG, &got, &f), 0);
	memory_visit(count, &blocks);
	assert_int_equal(blocks, 0);
	http_answer_free(&got);
	free(s);
}

static void test_told_to_end_it_does_not_wait(void **state)
{
	struct server *s = calloc(1, sizeof *s);
	struct http_answer got;
	struct ending held;
	struct failure f;
	sigset_t taken;
	int unused;

	(void)state;
	ending_hold(&held);
	assert_int_equal(raise(SIGTERM), 0);
	s->end = THEN_HANG;
	assert_int_equal(ask(s, LONG, &got, &f), -1);
	sigemptyset(&taken);
	sigaddset(&taken, SIGTERM);
	assert_int_equal(sigwait(&taken, &unused), 0);
	ending_release(&held);
	assert_int_equal(f.exit, EX_TEMPFAIL);
	assert_string_equal(f.text, ENDING_TOLD);
	http_answer_free(&got);
	free(s);
}

/* It has the only copy of the next refresh token. */
static void test_told_to_end_it_waits_for_an_answer_that_must_be_heard(void **state)
{
	struct account a;
	struct server *s = calloc(1, sizeof *s);
	struct http_answer got;
	struct ending held;
	struct failure f;
	sigset_t taken;
	int unused;

	(void)state;
	ending_hold(&held);
	account_defaults(&a);
	s->tells = SIGTERM;
	s->answer = "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n";
	s->end = THEN_DRIP;
	s->more = "{ }";
	assert_int_equal(ask_as(HTTP_MUST_HEAR, s, &a, LONG, &got, &f), 0);
	assert_true(ending_asked());
	sigemptyset(&taken);
	sigaddset(&taken, SIGTERM);
	assert_int_equal(sigwait(&taken, &unused), 0);
	ending_release(&held);
	assert_int_equal(got.body.buf.len, 60);
	http_answer_free(&got);
	free(s);
}

static void test_a_form_has_a_most(void **state)
{
	char *value = malloc(HTTP_FORM + 1);
	struct private form;
	struct failure f;

	(void)state;
	assert_non_null(value);
	memset(value, 'x', HTTP_FORM);
	value[HTTP_FORM] = '\0';
	assert_int_equal(http_form_start(&form, &f), 0);
	assert_int_equal(http_form_add(&form, "a", value, &f), -1);
	assert_int_equal(f.exit, EX_PROTOCOL);
	private_free(&form);
	free(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_form_is_posted_with_its_values_escaped),
		cmocka_unit_test(test_answers_of_any_status_are_read_and_no_redirect_is_followed),
		cmocka_unit_test(test_their_date_tells_how_far_their_clock_is_ahead),
		cmocka_unit_test(test_what_has_no_end_or_too_much_is_ended),
		cmocka_unit_test(test_a_body_may_have_as_much_as_that),
		cmocka_unit_test(test_http_goes_to_loopback_alone_and_never_by_a_proxy),
		cmocka_unit_test(test_who_is_not_there_is_waited_for),
		cmocka_unit_test(test_nothing_of_it_is_left_in_libcurl),
		cmocka_unit_test(test_told_to_end_it_does_not_wait),
		cmocka_unit_test(test_told_to_end_it_waits_for_an_answer_that_must_be_heard),
		cmocka_unit_test(test_a_form_has_a_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
