#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/redirect.h"

#define STATE "AbC-123_xyz"

static const struct {
	const char *text;
	enum redirect_kind kind;
	const char *code, *error, *description;
} pasted[] = {
	{"http://127.0.0.1:4711/?code=4%2F0Ab-c_d&state=" STATE "&scope=https://mail.google.com/", REDIRECT_CODE, "4/0Ab-c_d", "", ""},
	{"http://127.0.0.1:4711/?state=" STATE "&code=a%2Bb%20c", REDIRECT_CODE, "a+b c", "", ""},
	{"  http://127.0.0.1:4711/?state=" STATE "&co\r\n   de=4/0Ab\n", REDIRECT_CODE, "4/0Ab", "", ""},
	{"\x1b[200~http://127.0.0.1:4711/?state=" STATE "&code=x\x1b[201~\n", REDIRECT_CODE, "x", "", ""},
	{"<http://localhost/?state=" STATE "&code=x#top>", REDIRECT_CODE, "x", "", ""},
	{"?code=x&state=" STATE, REDIRECT_CODE, "x", "", ""},
	{"code=x&state=" STATE "&session_state=", REDIRECT_CODE, "x", "", ""},
	{"c%6Fde=x&st%61te=" STATE, REDIRECT_CODE, "x", "", ""},
	{"code=x&state=" STATE "x", REDIRECT_OTHER, "", "", ""},
	{"code=x&state=AbC-123_xyZ", REDIRECT_OTHER, "", "", ""},
	{"code=x&state=", REDIRECT_OTHER, "", "", ""},
	{"code=x", REDIRECT_OTHER, "", "", ""},
	{"code=x&state=" STATE "&state=" STATE, REDIRECT_OTHER, "", "", ""},
	{"code=x&code=y&state=" STATE, REDIRECT_NOTHING, "", "", ""},
	{"code=&state=" STATE, REDIRECT_NOTHING, "", "", ""},
	{"code&state=" STATE, REDIRECT_NOTHING, "", "", ""},
	{"code=%&state=" STATE, REDIRECT_NOTHING, "", "", ""},
	{"code=%4&state=" STATE, REDIRECT_NOTHING, "", "", ""},
	{"code=a%00b&state=" STATE, REDIRECT_NOTHING, "", "", ""},
	{"code=a%0Ab&state=" STATE, REDIRECT_NOTHING, "", "", ""},
	{"code=%C3%A4&state=" STATE, REDIRECT_NOTHING, "", "", ""},
	{"error=access_denied&error_description=The%20user+said%20no&state=" STATE, REDIRECT_REFUSED, "", "access_denied", "The user said no"},
	{"error=access_denied&state=" STATE, REDIRECT_REFUSED, "", "access_denied", ""},
	{"error=a%1B%5B2Jb&error_description=%07%E2%80%AE&state=" STATE, REDIRECT_REFUSED, "", "a\\x1b[2Jb", "\\x07\\u{202e}"},
	{"error=invalid_request&error_description=AADSTS50011%3a+The+URI.%0d%0aTrace+ID%3a+1&state=" STATE, REDIRECT_REFUSED, "", "invalid_request", "AADSTS50011: The URI."},
	{"error=access_denied&error_description=no", REDIRECT_OTHER, "", "", ""},
	{"error=&state=" STATE, REDIRECT_NOTHING, "", "", ""},
	{"state=" STATE, REDIRECT_NOTHING, "", "", ""},
	{"4/0AbCdEf", REDIRECT_NOTHING, "", "", ""},
	{"http://127.0.0.1:4711/", REDIRECT_NOTHING, "", "", ""},
	{"\x1b", REDIRECT_NOTHING, "", "", ""},
	{"\x1b[", REDIRECT_NOTHING, "", "", ""},
	{"&&=&=x&?&", REDIRECT_NOTHING, "", "", ""},
	{"", REDIRECT_NOTHING, "", "", ""},
};

static void test_what_is_pasted_is_read_as_the_address_that_it_was(void **state)
{
	struct redirect_answer a;

	(void)state;
	for (size_t i = 0; i < ROWS(pasted); i++) {
		print_message("%s\n", pasted[i].text);
		redirect_read_pasted(&a, slice_of(pasted[i].text), STATE);
		assert_int_equal(a.kind, pasted[i].kind);
		assert_string_equal(a.code, pasted[i].code);
		assert_string_equal(a.error, pasted[i].error);
		assert_string_equal(a.description, pasted[i].description);
	}
}

static void test_what_is_too_long_is_no_answer(void **state)
{
	static char text[20000];
	struct redirect_answer a;
	size_t most = sizeof a.code - 1;

	(void)state;
	for (size_t len = most - 1; len <= most + 1; len++) {
		size_t n = (size_t)snprintf(text, sizeof text, "state=" STATE "&code=");

		memset(text + n, 'x', len);
		text[n + len] = '\0';
		redirect_read_pasted(&a, slice_of(text), STATE);
		assert_int_equal(a.kind, len <= most ? REDIRECT_CODE : REDIRECT_NOTHING);
	}
	memset(text, 'x', sizeof text - 1);
	memcpy(text, "code=x&state=" STATE "&", strlen("code=x&state=" STATE "&"));
	text[sizeof text - 1] = '\0';
	redirect_read_pasted(&a, slice_of(text), STATE);
	assert_int_equal(a.kind, REDIRECT_NOTHING);
}

static const struct {
	const char *line;
	int status;
	bool body;
	enum redirect_kind kind;
} requests[] = {
	{"GET /?code=x&state=" STATE " HTTP/1.1", 200, true, REDIRECT_CODE},
	{"GET /?code=x&state=" STATE " HTTP/1.0", 200, true, REDIRECT_CODE},
	{"GET http://127.0.0.1:4711/?code=x&state=" STATE " HTTP/1.1", 200, true, REDIRECT_CODE},
	{"GET /?error=access_denied&state=" STATE " HTTP/1.1", 200, true, REDIRECT_REFUSED},
	{"HEAD /?code=x&state=" STATE " HTTP/1.1", 200, false, REDIRECT_NOTHING},
	{"HEAD /?code=x&state=wrong HTTP/1.1", 400, false, REDIRECT_NOTHING},
	{"POST /?code=x&state=" STATE " HTTP/1.1", 405, true, REDIRECT_NOTHING},
	{"OPTIONS * HTTP/1.1", 405, true, REDIRECT_NOTHING},
	{"get /?code=x&state=" STATE " HTTP/1.1", 405, true, REDIRECT_NOTHING},
	{"GET /?code=x&state=wrong HTTP/1.1", 400, true, REDIRECT_OTHER},
	{"GET / HTTP/1.1", 400, true, REDIRECT_NOTHING},
	{"GET /favicon.ico HTTP/1.1", 404, true, REDIRECT_NOTHING},
	{"GET /favicon.ico?code=x&state=" STATE " HTTP/1.1", 404, true, REDIRECT_NOTHING},
	{"GET //?code=x&state=" STATE " HTTP/1.1", 404, true, REDIRECT_NOTHING},
	{"GET ?code=x&state=" STATE " HTTP/1.1", 404, true, REDIRECT_NOTHING},
	{"GET http://127.0.0.1 HTTP/1.1", 400, true, REDIRECT_NOTHING},
	{"GET /?code=x&state=" STATE, 400, true, REDIRECT_NOTHING},
	{"GET /?code=x&state=" STATE " x HTTP/1.1", 400, true, REDIRECT_NOTHING},
	{"GET /?code=x&state=" STATE " HTTP/2", 400, true, REDIRECT_NOTHING},
	{"GET\t/ HTTP/1.1", 400, true, REDIRECT_NOTHING},
	{"\x16\x03\x01", 400, true, REDIRECT_NOTHING},
	{" ", 400, true, REDIRECT_NOTHING},
	{"", 400, true, REDIRECT_NOTHING},
};

static void test_a_request_line_of_anybody_is_answered(void **state)
{
	struct redirect_answer a;
	bool body;

	(void)state;
	for (size_t i = 0; i < ROWS(requests); i++) {
		print_message("%s\n", requests[i].line);
		assert_int_equal(redirect_read_request(&a, slice_of(requests[i].line), STATE, &body), requests[i].status);
		assert_int_equal(body, requests[i].body);
		assert_int_equal(a.kind, requests[i].kind);
	}
}

/* --- the port --- */

static int visit(const struct redirect *r)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)r->port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* One round, once something has come. */
static void serve(struct redirect *r, struct redirect_answer *a)
{
	struct pollfd fds[REDIRECT_FDS];

	assert_true(poll(fds, redirect_watch(r, fds), 10000) > 0);
	redirect_serve(r, fds, a);
}

static const char *heard(int fd)
{
	static char text[4096];
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, text + n, sizeof text - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(fd);
	return text;
}

static void test_the_browser_gets_a_page_and_we_the_code(void **state)
{
	struct redirect_answer a;
	struct redirect r;
	struct failure f;
	int idle, icon, other, one;

	(void)state;
	assert_int_equal(redirect_open(&r, STATE, &f), 0);
	idle = visit(&r); /* browsers open one more, and say nothing there */
	serve(&r, &a);
	icon = visit(&r);
	serve(&r, &a);
	other = visit(&r);
	serve(&r, &a);
	one = visit(&r);
	serve(&r, &a);
	say(icon, "GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n");
	serve(&r, &a);
	assert_int_equal(a.kind, REDIRECT_NOTHING);
	assert_non_null(strstr(heard(icon), "404 Not Found"));
	say(other, "GET /?code=secret&state=wrong HTTP/1.1\r\n\r\n");
	while (a.kind == REDIRECT_NOTHING)
		serve(&r, &a);
	assert_int_equal(a.kind, REDIRECT_OTHER);
	assert_non_null(strstr(heard(other), "belongs to another login"));
	say(one, "GET /?code=4%2F0&state=" STATE " HTT");
	serve(&r, &a);
	assert_int_equal(a.kind, REDIRECT_NOTHING);
	say(one, "P/1.1\r\nCookie: much\r\n\r\n");
	while (a.kind == REDIRECT_NOTHING)
		serve(&r, &a);
	assert_int_equal(a.kind, REDIRECT_CODE);
	assert_string_equal(a.code, "4/0");
	shutdown(one, SHUT_WR);
	redirect_close(&r);
	assert_non_null(strstr(heard(one), "This page can be closed"));
	close(idle);
}

static void test_many_connections_and_endless_lines_keep_nobody_out(void **state)
{
	static char line[REDIRECT_LINE + 100];
	struct redirect_answer a = {.kind = REDIRECT_NOTHING};
	struct redirect r;
	struct failure f;
	int idle[2 * REDIRECT_VISITORS], one;

	(void)state;
	assert_int_equal(redirect_open(&r, STATE, &f), 0);
	for (size_t i = 0; i < ROWS(idle); i++) {
		idle[i] = visit(&r);
		serve(&r, &a);
	}
	memset(line, 'x', sizeof line - 1);
	say(idle[ROWS(idle) - 1], line);
	while (poll(&(struct pollfd){.fd = idle[ROWS(idle) - 1], .events = POLLIN}, 1, 0) == 0)
		serve(&r, &a);
	assert_int_equal(a.kind, REDIRECT_NOTHING);
	assert_non_null(strstr(heard(idle[ROWS(idle) - 1]), "400 Bad Request"));
	one = visit(&r);
	say(one, "GET /?code=x&state=" STATE " HTTP/1.1\n\n");
	while (a.kind == REDIRECT_NOTHING)
		serve(&r, &a);
	assert_int_equal(a.kind, REDIRECT_CODE);
	for (size_t i = 0; i + 1 < ROWS(idle); i++)
		close(idle[i]);
	close(one);
	redirect_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_pasted_is_read_as_the_address_that_it_was),
		cmocka_unit_test(test_what_is_too_long_is_no_answer),
		cmocka_unit_test(test_a_request_line_of_anybody_is_answered),
		cmocka_unit_test(test_the_browser_gets_a_page_and_we_the_code),
		cmocka_unit_test(test_many_connections_and_endless_lines_keep_nobody_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
