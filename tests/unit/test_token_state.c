#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf/token_state.h"
#include "files.h"

#define FOR "Token-URL: https://p.example/token\nClient: c1\nScope: mail send\nUser: joe@example.org\n"
#define TIMES "Obtained: 1000\nExpires: 4600\nLogged-In: 900\n"
#define TOKENS "Access: aaa\nRefresh: rrr\n"
#define WHOLE "mysend-token 1\n" FOR TIMES TOKENS

static const struct token_purpose ours = {"https://p.example/token", "c1", "mail send", "joe@example.org"};

/* Gives the octets to be read by way of a file, as they come in the program. */
static void parse(struct token_state *s, const char *octets, size_t len)
{
	struct private text;
	int fd = open(own_file(), O_RDWR | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, octets, len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	private_start(&text, TOKEN_STATE_OCTETS);
	assert_int_equal(private_read(&text, fd), 0);
	close(fd);
	token_state_parse(s, &text, &ours);
	assert_null(text.buf.p);
}

static void test_a_whole_file_of_this_configuration_gives_its_tokens(void **state)
{
	struct token_state s;

	(void)state;
	parse(&s, WHOLE, strlen(WHOLE));
	assert_int_equal(s.found, TOKEN_OURS);
	assert_string_equal(s.access, "aaa");
	assert_string_equal(s.refresh, "rrr");
	assert_int_equal(s.obtained, 1000);
	assert_int_equal(s.expires, 4600);
	assert_int_equal(s.logged_in, 900);
	assert_true(s.keeps_login);
	assert_null(s.differs);
	token_state_free(&s);
	assert_string_equal(s.access, "");
	assert_null(s.text.buf.p);
}

static void test_of_anything_else_no_token_is_given(void **state)
{
	static const struct { const char *text; enum token_found found; const char *differs; bool keeps_login; } rows[] = {
		{"", TOKEN_DAMAGED, NULL, false},
		{"\n", TOKEN_OTHER, NULL, false},
		{"m", TOKEN_DAMAGED, NULL, false},
		{"mysend-password", TOKEN_OTHER, NULL, false},
		{"s3cret\n", TOKEN_OTHER, NULL, false},
		{"mysend-token 1", TOKEN_DAMAGED, NULL, false},
		{"mysend-token 1\n", TOKEN_DAMAGED, NULL, false},
		{"mysend-state 1\n" FOR TIMES TOKENS, TOKEN_OTHER, NULL, true},
		{"mysend-token 2\n", TOKEN_FOREIGN, NULL, true},
		{"mysend-token 11\n" FOR TIMES TOKENS, TOKEN_FOREIGN, NULL, true},
		{"mysend-token 1\r\n" FOR TIMES TOKENS, TOKEN_FOREIGN, NULL, true},
		{"{\"access_token\":\"aaa\"}\n", TOKEN_OTHER, NULL, false},
		/* cut */
		{"mysend-token 1\n" FOR TIMES "Access: aaa\nRefresh: rrr", TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\n" FOR TIMES "Access: aaa\nRefresh: ", TOKEN_DAMAGED, NULL, false},
		{"mysend-token 1\n" FOR TIMES "Access: aaa\n", TOKEN_DAMAGED, NULL, false},
		{"mysend-token 1\n" FOR, TOKEN_DAMAGED, NULL, false},
		/* something more, or twice, or in another order */
		{WHOLE "\n", TOKEN_DAMAGED, NULL, true},
		{WHOLE "More: 1\n", TOKEN_DAMAGED, NULL, true},
		{WHOLE "x", TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\n" FOR FOR TIMES TOKENS, TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\n" FOR TIMES "Refresh: rrr\nAccess: aaa\n", TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\n" FOR TIMES "access: aaa\nRefresh: \n", TOKEN_DAMAGED, NULL, false},
		{"mysend-token 1\n" FOR TIMES "Access:aaa\nRefresh: \n", TOKEN_DAMAGED, NULL, false},
		/* what no number, and no token, has */
		{"mysend-token 1\n" FOR "Obtained: -1\nExpires: 4600\nLogged-In: 900\n" TOKENS, TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\n" FOR "Obtained: \nExpires: 4600\nLogged-In: 900\n" TOKENS, TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\n" FOR "Obtained: 1e3\nExpires: 4600\nLogged-In: 900\n" TOKENS, TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\n" FOR "Obtained: 1000\nExpires: 253402300800\nLogged-In: 900\n" TOKENS, TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\n" FOR "Obtained: 1000\nExpires: 99999999999999999999\nLogged-In: 900\n" TOKENS, TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\n" FOR TIMES "Access: a\x01" "a\nRefresh: rrr\n", TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\n" FOR TIMES "Access: a\xc3\xa4\nRefresh: rrr\n", TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\n" FOR TIMES "Access: aaa\nRefresh: r\x7fr\n", TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\n" FOR TIMES "Access: aaa\nRefresh: rrr\r\n", TOKEN_DAMAGED, NULL, true},
		{"mysend-token 1\nToken-URL: https://p.example/token\x01\nClient: c1\nScope: mail send\nUser: joe@example.org\n" TIMES TOKENS, TOKEN_DAMAGED, NULL, true},
		/* of another configuration: the first setting that differs is named */
		{"mysend-token 1\nToken-URL: https://q.example/token\nClient: c2\nScope: mail send\nUser: joe@example.org\n" TIMES TOKENS, TOKEN_FOREIGN, "oauth_token_url", true},
		{"mysend-token 1\nToken-URL: https://p.example/token\nClient: C1\nScope: mail send\nUser: joe@example.org\n" TIMES TOKENS, TOKEN_FOREIGN, "oauth_client_id", true},
		{"mysend-token 1\nToken-URL: https://p.example/token\nClient: c1\nScope: mail\nUser: joe@example.org\n" TIMES TOKENS, TOKEN_FOREIGN, "oauth_scope", true},
		{"mysend-token 1\nToken-URL: https://p.example/token\nClient: c1\nScope: mail send\nUser: joe\n" TIMES TOKENS, TOKEN_FOREIGN, "user", true},
		{"mysend-token 1\nToken-URL: https://p.example/token\nClient: c1\nScope: mail send\nUser: joe\n" TIMES "Access: aaa\nRefresh: \n", TOKEN_FOREIGN, "user", false},
		{"mysend-token 1\nToken-URL: https://p.example/token\nClient: c1\nScope: mail send\nUser: joe\n" TIMES "Access: aaa\n", TOKEN_DAMAGED, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct token_state s;

		parse(&s, rows[i].text, strlen(rows[i].text));
		if (s.found != rows[i].found || s.keeps_login != rows[i].keeps_login)
			print_error("row %zu\n", i);
		assert_int_equal(s.found, rows[i].found);
		assert_int_equal(s.keeps_login, rows[i].keeps_login);
		assert_true(text_is_same(s.differs, rows[i].differs));
		assert_string_equal(s.access, "");
		assert_string_equal(s.refresh, "");
		assert_null(s.text.buf.p);
		token_state_free(&s);
	}
}

static void test_a_NUL_anywhere_makes_it_damaged(void **state)
{
	char text[sizeof WHOLE];

	(void)state;
	for (size_t at = 0; at < strlen(WHOLE); at++) {
		struct token_state s;

		memcpy(text, WHOLE, sizeof WHOLE);
		text[at] = '\0';
		parse(&s, text, strlen(WHOLE));
		if (s.found != TOKEN_DAMAGED)
			print_error("octet %zu\n", at);
		assert_int_equal(s.found, TOKEN_DAMAGED);
		token_state_free(&s);
	}
}

static void test_what_is_cut_is_never_taken_for_whole(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(WHOLE); len++) {
		struct token_state s;

		parse(&s, WHOLE, len);
		assert_int_equal(s.found, TOKEN_DAMAGED);
		token_state_free(&s);
	}
}

static void test_what_is_printed_is_read_the_same(void **state)
{
	static const struct token_state rows[] = {
		{.access = "aaa", .refresh = "rrr", .obtained = 1000, .expires = 4600, .logged_in = 900},
		{.access = "", .refresh = "", .obtained = 0, .expires = 0},
		{.access = "eyJ0.a-b_c~d+e/f==", .refresh = "", .obtained = 1, .expires = 253402300799},
		{.access = " : ", .refresh = "Access: x", .obtained = 1, .expires = 2},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct private text;
		struct token_state s;
		struct failure f;
		size_t room;

		assert_int_equal(token_state_print(&text, &rows[i], &ours, &f), 0);
		room = text.buf.room;
		assert_true(room > text.buf.len && room < text.buf.len + 64); /* taken at once, and never moved */
		token_state_parse(&s, &text, &ours);
		assert_int_equal(s.found, TOKEN_OURS);
		assert_string_equal(s.access, rows[i].access);
		assert_string_equal(s.refresh, rows[i].refresh);
		assert_int_equal(s.obtained, rows[i].obtained);
		assert_int_equal(s.expires, rows[i].expires);
		assert_int_equal(s.logged_in, rows[i].logged_in);
		assert_int_equal(s.keeps_login, *rows[i].refresh != '\0');
		token_state_free(&s);
	}
}

static void test_a_time_before_1970_is_written_as_0(void **state)
{
	const struct token_state s = {.access = "a", .refresh = "", .obtained = -5, .expires = 3600};
	struct private text;
	struct failure f;

	(void)state;
	assert_int_equal(token_state_print(&text, &s, &ours, &f), 0);
	assert_non_null(strstr(text.buf.p, "\nObtained: 0\nExpires: 3600\n"));
	private_free(&text);
}

static void test_what_no_line_can_hold_is_not_printed(void **state)
{
	static char long_token[TOKEN_STATE_OCTETS + 1];
	const struct { const char *access, *refresh, *user; int exit; } rows[] = {
		{"a\nRefresh: x", "", "joe", EX_UNAVAILABLE},
		{"a", "r\r", "joe", EX_UNAVAILABLE},
		{"\xc3\xa4", "", "joe", EX_UNAVAILABLE},
		{"a", "", "joe\nAccess: b", EX_CONFIG},
		{long_token, "", "joe", EX_UNAVAILABLE},
	};

	(void)state;
	memset(long_token, 'a', sizeof long_token - 1);
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct token_state s = {.access = rows[i].access, .refresh = rows[i].refresh};
		const struct token_purpose of = {"u", "c", "s", rows[i].user};
		struct private text;
		struct failure f;

		assert_int_equal(token_state_print(&text, &s, &of, &f), -1);
		assert_int_equal(f.exit, rows[i].exit);
		assert_null(strstr(f.text, "Refresh"));
		private_free(&text);
	}
}

static void test_a_token_is_fresh_while_enough_of_its_life_is_left(void **state)
{
	static const struct { time_t obtained, expires, now; bool fresh; } rows[] = {
		{1000, 4600, 1000, true},
		{1000, 4600, 3999, true},
		{1000, 4600, 4000, false}, /* ten minutes are left, and no more */
		{1000, 4600, 4600, false},
		{1000, 4600, 9000, false},
		{1000, 4600, 999, false}, /* the clock was set back */
		{1000, 1100, 1074, true}, /* a quarter of a life that is short */
		{1000, 1100, 1075, false},
		{1000, 1001, 1000, true},
		{1000, 1001, 1001, false},
		{1000, 1000, 1000, false},
		{1000, 900, 1000, false},
		{0, 0, 0, false},
		{0, 253402300799, 253402300000, true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct token_state s = {.access = "a", .refresh = "", .obtained = rows[i].obtained, .expires = rows[i].expires};

		if (token_state_is_fresh(&s, rows[i].now) != rows[i].fresh)
			print_error("row %zu\n", i);
		assert_int_equal(token_state_is_fresh(&s, rows[i].now), rows[i].fresh);
		s.access = "";
		assert_false(token_state_is_fresh(&s, rows[i].now));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_file_of_this_configuration_gives_its_tokens),
		cmocka_unit_test(test_of_anything_else_no_token_is_given),
		cmocka_unit_test(test_a_NUL_anywhere_makes_it_damaged),
		cmocka_unit_test(test_what_is_cut_is_never_taken_for_whole),
		cmocka_unit_test(test_what_is_printed_is_read_the_same),
		cmocka_unit_test(test_a_time_before_1970_is_written_as_0),
		cmocka_unit_test(test_what_no_line_can_hold_is_not_printed),
		cmocka_unit_test(test_a_token_is_fresh_while_enough_of_its_life_is_left),
	};

	return cmocka_run_group_tests(tests, own_file_make, own_file_remove);
}
