#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "mail/lexer.h"
#include "mail/words.h"

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static size_t b_decode(char *to, struct slice s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t used = 0;
	unsigned bits = 0, have = 0;

	assert_int_equal(s.len % 4, 0);
	for (size_t i = 0; i < s.len && s.p[i] != '='; i++) {
		const char *at = strchr(digits, s.p[i]);

		assert_non_null(at);
		bits = bits << 6 | (unsigned)(at - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[used++] = (char)(bits >> have & 255);
		}
	}
	return used;
}

static size_t q_decode(char *to, struct slice s)
{
	size_t used = 0;

	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '_') {
			to[used++] = ' ';
		} else if (s.p[i] == '=') {
			assert_true(i + 2 < s.len && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0);
			to[used++] = (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]));
			i += 2;
		} else {
			/* RFC 2047 5 (3): nothing else in a phrase */
			assert_true(strchr("!*+-/", s.p[i]) || (s.p[i] >= '0' && s.p[i] <= '9') ||
				    (s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= 'a' && s.p[i] <= 'z'));
			to[used++] = s.p[i];
		}
	return used;
}

/* One encoded word: at most 75 octets, whole characters. */
static size_t word_decode(char *to, struct slice word)
{
	struct slice text = {word.p + 10, word.len - 12};
	size_t used;

	assert_true(word.len <= 75);
	assert_true(slice_begins(word, "=?utf-8?Q?") || slice_begins(word, "=?utf-8?B?"));
	assert_memory_equal(word.p + word.len - 2, "?=", 2);
	used = word.p[8] == 'Q' ? q_decode(to, text) : b_decode(to, text);
	assert_true(slice_is_utf8((struct slice){to, used}));
	assert_true(used > 0);
	return used;
}

/* What a reader sees (RFC 2047 6.2): blanks between encoded words are not shown. Lines are at most 76. */
static size_t shown(char *to, struct slice text, size_t column)
{
	size_t used = 0, gap = 0;
	bool before = slice_begins(text, "\r\n"); /* the line was full */
	struct slice rest = text, line;

	for (bool first = true; slice_line(&rest, &line); first = false) {
		if (first && !line.len)
			continue;
		assert_true(line.len + (first ? column : 0) <= 76 || !memchr(line.p + 1, ' ', line.len - 1));
		if (!first)
			assert_true(line.len > 1 && line.p[0] == ' ' && slice_trim(line).len);
	}
	for (size_t i = 0; i < text.len;) {
		size_t end = i;

		if (strchr("\r\n \t", text.p[i])) {
			if (text.p[i] != '\r' && text.p[i] != '\n')
				to[used + gap++] = text.p[i];
			i++;
			continue;
		}
		while (end < text.len && !strchr("\r\n \t", text.p[end]))
			end++;
		if (slice_begins((struct slice){text.p + i, end - i}, "=?")) {
			used += before ? 0 : gap;
			used += word_decode(to + used, (struct slice){text.p + i, end - i});
			before = true;
		} else {
			used += gap;
			memcpy(to + used, text.p + i, end - i);
			used += end - i;
			before = false;
		}
		gap = 0;
		i = end;
	}
	return used;
}

static void check(struct slice text, size_t column, int (*encode)(struct buf *, struct slice, size_t))
{
	char back[20000];
	struct buf out;
	size_t len;

	buf_start(&out, 100000);
	assert_int_equal(encode(&out, text, column), 0);
	assert_true(slice_is_ascii(buf_slice_of(&out)));
	len = shown(back, buf_slice_of(&out), column);
	assert_int_equal(len, text.len);
	assert_memory_equal(back, text.p, len);
	buf_free(&out);
}

static void test_the_shorter_of_b_and_q_is_taken(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{"Keld J\xc3\xb8rn Simonsen", "=?utf-8?Q?Keld_J=C3=B8rn_Simonsen?="},
		{"\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82", "=?utf-8?B?0J/RgNC40LLQtdGC?="},
		{"a", "=?utf-8?Q?a?="},
		{"\xc3\xbc", "=?utf-8?B?w7w=?="},
		{"a=b_c?d", "=?utf-8?B?YT1iX2M/ZA==?="},
		{"one (two) three", "=?utf-8?Q?one_=28two=29_three?="},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct buf out;

		buf_start(&out, 1000);
		assert_int_equal(words_encode(&out, slice_of(rows[i].text), 0), 0);
		assert_string_equal(out.p ? out.p : "", rows[i].expected);
		buf_free(&out);
	}
}

static void test_encoded_words_are_short_whole_and_read_back(void **state)
{
	static const char *const characters[] = {"a", " ", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"?", "\"", "="};
	unsigned seed = 11;

	(void)state;
	for (size_t round = 0; round < 4000; round++) {
		char text[1000];
		size_t used = 0, most = round % 400, kinds = round % ROWS(characters) + 1;

		while (used < most) {
			const char *c;

			seed = seed * 1103515245u + 12345u;
			c = characters[(seed >> 16) % kinds];
			memcpy(text + used, c, strlen(c));
			used += strlen(c);
		}
		if (used)
			check((struct slice){text, used}, round % 90, words_encode);
	}
}

static void test_a_phrase_is_atoms_quoted_or_encoded_as_it_needs(void **state)
{
	static const struct {
		const char *name, *expected;
	} rows[] = {
		{"", ""},
		{"Joe", "Joe"},
		{"Joe Public", "Joe Public"},
		{"O'Neil - Sons", "O'Neil - Sons"},
		{"Joe Q. Public", "\"Joe Q. Public\""},
		{"Joe  Public", "\"Joe  Public\""},
		{" Joe", "\" Joe\""},
		{"Joe ", "\"Joe \""},
		{"Dr. \"X\", (y) <z>", "\"Dr. \\\"X\\\", (y) <z>\""},
		{"a\\b", "\"a\\\\b\""},
		{"a@b", "\"a@b\""},
		{"J\xc3\xb6rg <x@y>", "=?utf-8?B?SsO2cmcgPHhAeT4=?="},
		{"J\xc3\xb6rg, von und zu", "=?utf-8?Q?J=C3=B6rg=2C_von_und_zu?="},
		{"=?utf-8?Q?x?=", "=?utf-8?B?PT91dGYtOD9RP3g/PQ==?="},
		{"a\tb", "=?utf-8?B?YQli?="},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct lexer l;
		struct token t;
		struct buf out;

		buf_start(&out, 1000);
		assert_int_equal(words_phrase(&out, slice_of(rows[i].name), 6), 0);
		assert_string_equal(out.p ? out.p : "", rows[i].expected);
		/* It is nothing but words to whoever reads the field. */
		l = lexer_of(buf_slice_of(&out));
		for (lexer_next(&l, &t); out.len && t.kind != TOKEN_END; lexer_next(&l, &t))
			assert_true(t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED);
		buf_free(&out);
	}
}

static void test_a_long_name_is_folded_as_encoded_words(void **state)
{
	char name[500];
	size_t used = 0;

	(void)state;
	while (used + 8 < sizeof name) {
		memcpy(name + used, "Abcdefg ", 8);
		used += 8;
	}
	check((struct slice){name, used - 1}, 6, words_phrase);
}

static void test_only_the_words_that_need_it_are_encoded_in_a_text(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{"", ""},
		{"plain text", "plain text"},
		{"Re: caf\xc3\xa9 today", "Re: =?utf-8?B?Y2Fmw6k=?= today"},
		{"gr\xc3\xbc\xc3\x9f gott", "=?utf-8?B?Z3LDvMOf?= gott"},
		{"\xc3\xa4 \xc3\xb6  \xc3\xbc x", "=?utf-8?B?w6Qgw7YgIMO8?= x"},
		{"=?utf-8?Q?a?= plain", "=?utf-8?Q?a?= plain"},
		{"=?utf-8?Q?a?= \xc3\xbc", "=?utf-8?Q?a?= =?utf-8?B?IMO8?="},
		{"\xc3\xbc =?utf-8?Q?a?=", "=?utf-8?B?w7wg?= =?utf-8?Q?a?="},
		{"a  b\tc", "a  b\tc"},
		{"end  ", "end"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct buf out;

		buf_start(&out, 1000);
		assert_int_equal(words_text(&out, slice_of(rows[i].text), 9), 0);
		assert_string_equal(out.p ? out.p : "", rows[i].expected);
		buf_free(&out);
	}
}

static void test_a_text_is_folded_and_reads_back(void **state)
{
	static const char *const words[] = {"a", "bc", "defghijk", "\xc3\xbc", "stra\xc3\xbc\xc3\x9f",
		"\xe2\x82\xac\xe2\x82\xac",
					    "averyverylongwordthatalmostfillsaline"};
	unsigned seed = 17;

	(void)state;
	for (size_t round = 0; round < 4000; round++) {
		char text[2000];
		size_t used = 0;

		for (size_t i = 0; i < round % 40 + 1; i++) {
			const char *word;

			seed = seed * 1103515245u + 12345u;
			word = words[(seed >> 16) % ROWS(words)];
			if (i)
				text[used++] = ' ';
			if (i && round % 5 == 0)
				text[used++] = ' ';
			memcpy(text + used, word, strlen(word));
			used += strlen(word);
		}
		check((struct slice){text, used}, 9, words_text);
	}
}

static void test_octets_that_are_no_utf8_do_no_harm(void **state)
{
	char text[3000];

	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t column = 0; column < 100; column += 33) {
			struct slice rest, line;
			struct buf out;

			memset(text, c, sizeof text);
			buf_start(&out, 100000);
			assert_int_equal(words_encode(&out, (struct slice){text, sizeof text}, column), 0);
			rest = buf_slice_of(&out);
			while (slice_line(&rest, &line))
				assert_true(line.len <= 76);
			assert_true(slice_is_ascii(buf_slice_of(&out)));
			buf_free(&out);
		}
}

static void test_a_full_buf_is_told(void **state)
{
	(void)state;
	for (size_t limit = 0; limit < 15; limit++) {
		struct buf out;

		buf_start(&out, limit);
		assert_int_equal(words_encode(&out, SLICE("\xc3\xbc"), 0), -1);
		buf_free(&out);
		buf_start(&out, limit);
		assert_int_equal(words_phrase(&out, SLICE("this is, a long name"), 0), -1);
		buf_free(&out);
		buf_start(&out, limit);
		assert_int_equal(words_text(&out, SLICE("a \xc3\xbc"), 0), -1);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_shorter_of_b_and_q_is_taken),
		cmocka_unit_test(test_encoded_words_are_short_whole_and_read_back),
		cmocka_unit_test(test_a_phrase_is_atoms_quoted_or_encoded_as_it_needs),
		cmocka_unit_test(test_a_long_name_is_folded_as_encoded_words),
		cmocka_unit_test(test_only_the_words_that_need_it_are_encoded_in_a_text),
		cmocka_unit_test(test_a_text_is_folded_and_reads_back),
		cmocka_unit_test(test_octets_that_are_no_utf8_do_no_harm),
		cmocka_unit_test(test_a_full_buf_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
