#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/lexer.h"

/* The tokens of a text, each with a letter for its kind, a _ in front where blanks stood. */
static void tokens(char *to, size_t room, const char *text)
{
	static const char kinds[] = {[TOKEN_WORD] = 'w', [TOKEN_QUOTED] = 'q', [TOKEN_LITERAL] = 'l',
				     [TOKEN_SPECIAL] = 's', [TOKEN_BAD] = '!', [TOKEN_END] = '.'};
	size_t len = strlen(text), used = 0;
	char *copy = malloc(len + 1);
	struct lexer l;
	struct token t;

	memcpy(copy, text, len);
	l = lexer_of((struct slice){copy, len});
	do {
		int n;

		lexer_next(&l, &t);
		n = snprintf(to + used, room - used, "%s%c[%.*s]", t.spaced ? "_" : "", kinds[t.kind], (int)t.raw.len,
			     t.raw.p);
		assert_true(n > 0 && (size_t)n < room - used);
		used += (size_t)n;
	} while (t.kind != TOKEN_END && t.kind != TOKEN_BAD);
	if (t.kind == TOKEN_BAD) {
		const char *trouble = l.trouble;

		assert_non_null(trouble);
		lexer_next(&l, &t);
		assert_int_equal(t.kind, TOKEN_BAD); /* it stays there */
		assert_ptr_equal(l.trouble, trouble);
	}
	free(copy);
}

static void test_a_field_is_taken_apart_into_tokens(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{"", ".[]"},
		{" ", "_.[]"},
		{"a", "w[a].[]"},
		{"a b", "w[a]_w[b].[]"},
		{"a.b@c", "w[a]s[.]w[b]s[@]w[c].[]"},
		{"a,b;c:d<e>", "w[a]s[,]w[b]s[;]w[c]s[:]w[d]s[<]w[e]s[>].[]"},
		{"\"a b\"c", "q[\"a b\"]w[c].[]"},
		{"\"a\\\"b\"", "q[\"a\\\"b\"].[]"},
		{"[1.2.3.4]", "l[[1.2.3.4]].[]"},
		{"a(c)b", "w[a]_w[b].[]"},
		{"a(c(d)\\)e)b", "w[a]_w[b].[]"},
		{"a\r\n\t b", "w[a]_w[b].[]"},
		{"\\a\\@b", "w[\\a\\@b].[]"},
		{"a\\", "![]"},
		{"\xc3\xbc", "w[\xc3\xbc].[]"},
		{"(", "![]"},
		{" (a", "![]"},
		{"\"", "![]"},
		{"[", "![]"},
		{")", "![]"},
		{"]", "![]"},
		{"\\", "![]"},
		{"\x01", "![]"},
		{"a \x7f", "w[a]_![]"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char found[400];

		tokens(found, sizeof found, rows[i].text);
		assert_string_equal(found, rows[i].expected);
	}
}

static void test_a_comment_is_kept_for_who_wants_it(void **state)
{
	struct lexer l = lexer_of(SLICE("a (one) (two (three)) b"));
	struct token t;

	(void)state;
	lexer_next(&l, &t);
	assert_int_equal(l.comment.len, 0);
	lexer_next(&l, &t);
	assert_true(slice_is(l.comment, "two (three)"));
	assert_true(slice_is(t.raw, "b"));
}

static void test_a_value_is_what_quotes_backslashes_and_folds_mean(void **state)
{
	static const struct {
		const char *raw, *value;
	} rows[] = {
		{"a", "a"},		  {"\"a b\"", "a b"},	     {"\"a\\\"b\\\\\"", "a\"b\\"}, {"\\root", "root"},
		{"\"a\r\n b\"", "a b"}, {"\"\"", ""},		     {"\"", "\""},		   {"a\\", "a\\"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char value[20];
		size_t len, most = strlen(rows[i].value);

		assert_true(lexer_value(slice_of(rows[i].raw), value, most, &len));
		assert_int_equal(len, most);
		assert_memory_equal(value, rows[i].value, len);
		if (most)
			assert_false(lexer_value(slice_of(rows[i].raw), value, most - 1, &len));
	}
}

static void test_atext_is_that_of_rfc_5322_and_all_above_ascii(void **state)
{
	static const char ascii[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~";

	(void)state;
	for (int c = 0; c < 256; c++)
		assert_int_equal(lexer_is_atext((char)c), c > 127 || (c && strchr(ascii, c)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_field_is_taken_apart_into_tokens),
		cmocka_unit_test(test_a_comment_is_kept_for_who_wants_it),
		cmocka_unit_test(test_a_value_is_what_quotes_backslashes_and_folds_mean),
		cmocka_unit_test(test_atext_is_that_of_rfc_5322_and_all_above_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
