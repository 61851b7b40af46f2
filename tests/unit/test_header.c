#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/header.h"

static const char *printed(struct arena *in, const struct header *h)
{
	const char *text;
	struct buf out;

	buf_start(&out, 4 * 1024 * 1024);
	assert_int_equal(header_print(h, &out), 0);
	text = arena_text(in, out.p, out.len);
	buf_free(&out);
	return text;
}

static void test_a_header_leaves_byte_for_byte_as_it_came(void **state)
{
	static const char *const rows[] = {
		"",
		"A: b\r\n",
		"To: a@x,\r\n\tb@x,\r\n c@x\r\nSubject:  two  blanks \r\n",
		"To : a@x\r\nCC\t :b@x\r\nx:\r\ny: \r\n",
		"X: a\r\n \r\n\t\r\n b\r\nZ: 1\r\n",
		"Testing: caf\xc3\xa9 \xff\r\n",
		"DKIM-Signature: v=1; a=rsa-sha256;\r\n\tb=abc\r\n\t def;\r\n",
		"!#$%&'*+-./;<=>?@[\\]^_`{|}~\": all that a name may hold\r\n",
		/* RFC 5322 A.5 and A.6.3 */
		"From: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\r\nTo:A Group(Some people)\r\n"
		"     :Chris Jones <c@(Chris's host.)public.example>,\r\n         joe@example.org,\r\n"
		"  John <jdoe@one.test> (my dear friend); (the end of the group)\r\n"
		"Cc:(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;\r\nDate: Thu,\r\n      13\r\n"
		"        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)\r\n"
		"Message-ID:              <testabcd.1234@silly.test>\r\n",
		"From  : John Doe <jdoe@machine(comment).  example>\r\nTo    : Mary Smith\r\n  \r\n"
		"          <mary@example.net>\r\nSubject     : Saying Hello\r\n"
		"Date  : Fri, 21 Nov 1997 09(comment):   55  :  06 -0600\r\n"
		"Message-ID  : <1234   @   local(blah)  .machine .example>\r\n",
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *text = arena_printf(&in, "%s\r\nbody\r\n", rows[i]);
		struct slice rest = slice_of(text);
		struct header h = {.in = &in};

		assert_true(header_parse(&h, &rest));
		assert_string_equal(rest.p, "body\r\n");
		assert_string_equal(printed(&in, &h), arena_printf(&in, "%s\r\n", rows[i]));
	}
	arena_free(&in);
}

static void test_a_header_is_as_long_as_its_fields_and_no_longer(void **state)
{
	static const struct {
		const char *text;
		size_t fields;
		const char *body;
		bool ended;
	} rows[] = {
		{"", 0, "", false},
		{"hello world\r\n", 0, "hello world\r\n", true},
		{"Warning: disk full\r\n", 1, "", false},
		{"Warning: disk full\r\nand more\r\n", 1, "and more\r\n", true},
		{"Subject: x\r\ntext\r\n", 1, "text\r\n", true},
		{"Subject: x\r\ntext with a colon: here\r\n", 1, "text with a colon: here\r\n", true},
		{"\r\nA: b\r\n", 0, "A: b\r\n", true},
		{"Subject:\r\n", 1, "", false},
		{"A: b\r\nmy name: c\r\n", 1, "my name: c\r\n", true},
		{"A: b\r\n--C: d\r\n", 1, "--C: d\r\n", true},
		{"A: b\r\n-C: d\r\n", 2, "", false},
		{"--boundary: x\r\n", 0, "--boundary: x\r\n", true},
		{" A: b\r\n", 0, " A: b\r\n", true},
		{"\tA: b\r\n", 0, "\tA: b\r\n", true},
		{"A: b\r\n \r\nC: d\r\n\r\n", 2, "", true},
		{"A: b\r\n\r\n\r\nx\r\n", 1, "\r\nx\r\n", true},
		{"A: b\r\n: no name\r\n", 1, ": no name\r\n", true},
		{"A: b\r\n\x80: no name\r\n", 1, "\x80: no name\r\n", true},
		{"A: b\r\n.\r\n", 1, ".\r\n", true},
		{"From x Thu Jan 1\r\n", 0, "From x Thu Jan 1\r\n", true},
		{"A: b", 1, "", false},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct slice rest = slice_of(rows[i].text);
		struct header h = {.in = &in};

		assert_int_equal(header_parse(&h, &rest), rows[i].ended);
		assert_int_equal(h.fields, rows[i].fields);
		assert_int_equal(rest.len, strlen(rows[i].body));
		assert_memory_equal(rest.p, rows[i].body, rest.len);
	}
	arena_free(&in);
}

static void test_a_field_knows_its_name_and_its_body(void **state)
{
	struct slice rest = SLICE("To \t: a@x,\r\n b@x\r\nSUBJECT:x\r\n\r\n");
	struct arena in = {0};
	struct header h = {.in = &in};

	(void)state;
	assert_true(header_parse(&h, &rest));
	assert_true(slice_is(h.field[0].raw, "To \t: a@x,\r\n b@x"));
	assert_true(slice_is(h.field[0].name, "To"));
	assert_true(slice_is(h.field[0].body, " a@x,\r\n b@x"));
	assert_string_equal(header_unfold(&h, &h.field[0]), "a@x, b@x");
	assert_ptr_equal(header_find(&h, "subject", NULL), &h.field[1]);
	assert_ptr_equal(header_find(&h, "to", NULL), &h.field[0]);
	assert_null(header_find(&h, "to", &h.field[0]));
	assert_null(header_find(&h, "Cc", NULL));
	assert_null(header_find(&h, "T", NULL));
	arena_free(&in);
}

static void test_put_replaces_the_first_drops_the_others_or_appends(void **state)
{
	struct slice rest = SLICE("A: 1\r\nB: 2\r\na: 3\r\nC: 4\r\nA : 5\r\n\r\n");
	struct arena in = {0};
	struct header h = {.in = &in};

	(void)state;
	assert_true(header_parse(&h, &rest));
	header_put(&h, "A", "new");
	assert_string_equal(printed(&in, &h), "A: new\r\nB: 2\r\nC: 4\r\n\r\n");
	header_put(&h, "D", "");
	header_put(&h, "C", "x\r\n y");
	assert_string_equal(printed(&in, &h), "A: new\r\nB: 2\r\nC: x\r\n y\r\nD: \r\n\r\n");
	header_insert(&h, &h.field[0], "E", "first");
	header_insert(&h, &h.field[2], "F", "mid");
	assert_string_equal(printed(&in, &h), "E: first\r\nA: new\r\nF: mid\r\nB: 2\r\nC: x\r\n y\r\nD: \r\n\r\n");
	assert_int_equal(header_remove(&h, "b"), 1);
	assert_int_equal(header_remove(&h, "b"), 0);
	assert_int_equal(header_remove(&h, "D"), 1);
	header_set_body(&h, &h.field[0], SLICE("\tother"));
	assert_string_equal(printed(&in, &h), "E:\tother\r\nA: new\r\nF: mid\r\nC: x\r\n y\r\n\r\n");
	arena_free(&in);
}

static void test_a_field_that_says_nothing_is_known_as_such(void **state)
{
	static const struct {
		const char *header, *said, *left;
	} rows[] = {
		{"", NULL, ""},
		{"A:\r\nB:\r\n", NULL, "B:\r\n"},
		{"A: <>\r\n", NULL, ""},
		{"A:\r\n \t\r\n <> \r\n", NULL, ""},
		{"A: \r\na: x\r\nA: y\r\n", " x", "a: x\r\nA: y\r\n"},
		{"A: < >\r\n", " < >", "A: < >\r\n"},
		{"A: 0\r\n", " 0", "A: 0\r\n"},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct slice rest = slice_of(rows[i].header);
		struct header h = {.in = &in};
		const struct field *said;
		struct buf out;

		header_parse(&h, &rest);
		said = header_find_said(&h, "a");
		assert_int_equal(!said, !rows[i].said);
		if (said)
			assert_memory_equal(said->body.p, rows[i].said, strlen(rows[i].said));
		header_drop_silent(&h, "a");
		buf_start(&out, 1000);
		assert_int_equal(header_print(&h, &out), 0);
		assert_int_equal(out.len, strlen(rows[i].left) + 2);
		assert_memory_equal(out.p, rows[i].left, strlen(rows[i].left));
		buf_free(&out);
	}
	arena_free(&in);
}

static void test_no_text_that_is_put_begins_another_field(void **state)
{
	static const struct {
		const char *body, *expected;
	} rows[] = {
		{"a\r\nBcc: evil@x", "S: a  Bcc: evil@x"}, {"a\nBcc: b", "S: a Bcc: b"}, {"a\rBcc: b", "S: a Bcc: b"},
		{"a\r\n", "S: a"},			   {"a\r\n b", "S: a\r\n b"},	 {"a\r\n\tb", "S: a\r\n\tb"},
		{"a\r\n\r\n b", "S: a  \r\n b"},	   {"a  ", "S: a"},		 {"", "S: "},
		{"a\r\n \r\n b", "S: a\r\n b"}, {"a\r\n \t\r\n \r\n\tb", "S: a\r\n\tb"}, {"\r\n \r\n b", "S: \r\n b"}, {"a\r\n ", "S: a"},
		{"\r", "S: "},			   {"a\r\n \r\n", "S: a"}, {"a \n\r\n \n", "S: a"},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct header h = {.in = &in};

		header_put(&h, "S", rows[i].body);
		assert_int_equal(h.fields, 1);
		assert_string_equal(printed(&in, &h), arena_printf(&in, "%s\r\n\r\n", rows[i].expected));
	}
	arena_free(&in);
}

/* A printed header has no line above `most`, none of blanks only, and unfolds to what was put in. */
static void check_lines(const char *text, size_t most)
{
	struct slice rest = slice_of(text), line;

	while (slice_line(&rest, &line)) {
		assert_true(line.len <= most);
		if (rest.len) /* all but the empty line at the end */
			assert_true(slice_trim(line).len > 0);
	}
}

static void test_a_long_text_that_is_put_is_folded_at_its_blanks(void **state)
{
	struct arena in = {0};
	struct header h = {.in = &in};
	char text[2000];

	(void)state;
	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = i % 9 == 8 ? ' ' : 'a';
	text[sizeof text - 1] = '\0';
	header_put(&h, "Subject", text);
	check_lines(printed(&in, &h), 78);
	assert_string_equal(header_unfold(&h, &h.field[0]), text);
	memset(text, 'a', sizeof text - 1);
	header_put(&h, "Subject", text); /* nowhere to fold */
	assert_string_equal(header_unfold(&h, &h.field[0]), text);
	memset(text + 5, ' ', 900);
	header_put(&h, "Subject", text);
	assert_string_equal(header_unfold(&h, &h.field[0]), text);
	memset(text + 5, ' ', sizeof text - 6); /* blanks at the end go */
	header_put(&h, "Subject", text);
	assert_string_equal(printed(&in, &h), "Subject: aaaaa\r\n\r\n");
	arena_free(&in);
}

static void test_an_overlong_line_is_folded_at_a_blank_on_its_way_out(void **state)
{
	struct arena in = {0};

	(void)state;
	for (size_t len = 990; len < 3100; len += len < 1010 ? 1 : 97)
		for (size_t gap = 1; gap < 1500; gap = gap * 3 + 1) {
			char *text = arena_zeroed(&in, len + 20, 1);
			struct header h = {.in = &in};
			struct slice rest;
			const char *out;

			memset(text, 'a', len);
			memcpy(text, "X-List: a", 9);
			for (size_t i = 9; i < len; i++)
				if (i % (gap + 1) == 0)
					text[i] = i % 2 ? ' ' : '\t';
			text[len - 1] = 'z';
			memcpy(text + len, "\r\nY: z\r\n\r\n", 11);
			rest = slice_of(text);
			assert_true(header_parse(&h, &rest));
			out = printed(&in, &h);
			check_lines(out, 998);
			if (len <= 998)
				assert_string_equal(out, text);
			if (gap < 900) { /* no hard split: nothing is added but folds */
				size_t k = 0;

				for (const char *p = out; *p; p++)
					if (*p != '\r' && *p != '\n')
						assert_int_equal(*p, text[k++]);
					else if (text[k] == *p)
						k++;
				assert_int_equal(k, strlen(text));
			}
		}
	arena_free(&in);
}

static void test_a_line_without_a_blank_is_split_hard_but_not_in_a_character(void **state)
{
	struct arena in = {0};
	struct header h = {.in = &in};
	struct slice rest, line;
	char text[5000] = "X:";
	size_t used = 2;

	(void)state;
	for (; used < 4800; used += 3)
		memcpy(text + used, "\xe2\x82\xac", 3);
	memcpy(text + used, "\r\n\r\n", 5);
	rest = slice_of(text);
	assert_true(header_parse(&h, &rest));
	rest = slice_of(printed(&in, &h));
	check_lines(rest.p, 998);
	while (slice_line(&rest, &line)) {
		assert_true(slice_is_utf8(line));
		if (line.len)
			assert_true(line.p[0] == 'X' || line.p[0] == ' ');
	}
	arena_free(&in);
}

static void test_the_name_and_its_colon_are_never_parted(void **state)
{
	struct arena in = {0};

	(void)state;
	for (size_t name = 1; name < 1100; name += name < 20 ? 1 : 53)
		for (size_t blanks = 0; blanks < 1200; blanks = blanks * 2 + 1) {
			char *text = arena_zeroed(&in, name + blanks + 3000, 1);
			size_t len = name + blanks;
			struct header h = {.in = &in}, again = {.in = &in};
			struct slice rest;

			memset(text, 'n', name);
			memset(text + name, ' ', blanks);
			text[len++] = ':';
			memset(text + len, 'x', 2000);
			memcpy(text + len + 2000, "\r\n\r\n", 5);
			rest = slice_of(text);
			assert_true(header_parse(&h, &rest));
			assert_int_equal(h.fields, name + blanks + 1 <= HEADER_NAME_MAX);
			rest = slice_of(printed(&in, &h));
			check_lines(rest.p, 998);
			assert_true(header_parse(&again, &rest));
			assert_int_equal(again.fields, h.fields);
			if (h.fields)
				assert_int_equal(again.field[0].name.len, name);
			arena_reset(&in);
		}
	arena_free(&in);
}

static void test_blanks_alone_never_make_a_line(void **state)
{
	struct arena in = {0};

	(void)state;
	for (size_t blanks = 1; blanks < 5000; blanks += 7) {
		struct header h = {.in = &in};
		char *text = arena_zeroed(&in, blanks + 100, 1);
		struct slice rest;

		memcpy(text, "Subject: a", 10);
		memset(text + 10, blanks % 2 ? ' ' : '\t', blanks);
		memcpy(text + 10 + blanks, blanks % 3 ? "b\r\n\r\n" : "\r\n\r\n", blanks % 3 ? 6 : 5);
		rest = slice_of(text);
		assert_true(header_parse(&h, &rest));
		check_lines(printed(&in, &h), 998);
		arena_reset(&in);
	}
	arena_free(&in);
}

static void test_a_full_buf_is_told(void **state)
{
	struct slice rest = SLICE("A: 1\r\nB: 2\r\n\r\n");
	struct arena in = {0};
	struct header h = {.in = &in};

	(void)state;
	assert_true(header_parse(&h, &rest));
	for (size_t limit = 0; limit <= 14; limit++) {
		struct buf out;

		buf_start(&out, limit);
		assert_int_equal(header_print(&h, &out), limit < 14 ? -1 : 0);
		buf_free(&out);
	}
	arena_free(&in);
}

static void test_random_headers_are_parsed_and_printed_alike(void **state)
{
	static const char *const pieces[] = {"A", ":", " ", "\t", "\r\n", "b: c\r\n", "--", "x y",
		"\xc3\xbc", "From: ", "\r\n ",
					     "Subject", ",", "\r\n\r\n"};
	struct arena in = {0};
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		struct header h = {.in = &in}, again = {.in = &in};
		char text[300];
		size_t used = 0;
		struct slice rest, second;
		const char *out;

		for (seed = seed * 1103515245u + 12345u; used < 280 && (seed >> 16) % 32;) {
			const char *piece = pieces[(seed >> 16) % ROWS(pieces)];

			memcpy(text + used, piece, strlen(piece));
			used += strlen(piece);
			seed = seed * 1103515245u + 12345u;
		}
		rest = (struct slice){arena_text(&in, text, used), used};
		header_parse(&h, &rest);
		out = printed(&in, &h);
		second = slice_of(out);
		assert_true(header_parse(&again, &second));
		assert_int_equal(second.len, 0);
		assert_int_equal(again.fields, h.fields);
		assert_string_equal(printed(&in, &again), out);
		arena_reset(&in);
	}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_header_leaves_byte_for_byte_as_it_came),
		cmocka_unit_test(test_a_header_is_as_long_as_its_fields_and_no_longer),
		cmocka_unit_test(test_a_field_knows_its_name_and_its_body),
		cmocka_unit_test(test_put_replaces_the_first_drops_the_others_or_appends),
		cmocka_unit_test(test_a_field_that_says_nothing_is_known_as_such),
		cmocka_unit_test(test_no_text_that_is_put_begins_another_field),
		cmocka_unit_test(test_a_long_text_that_is_put_is_folded_at_its_blanks),
		cmocka_unit_test(test_an_overlong_line_is_folded_at_a_blank_on_its_way_out),
		cmocka_unit_test(test_a_line_without_a_blank_is_split_hard_but_not_in_a_character),
		cmocka_unit_test(test_the_name_and_its_colon_are_never_parted),
		cmocka_unit_test(test_blanks_alone_never_make_a_line),
		cmocka_unit_test(test_a_full_buf_is_told),
		cmocka_unit_test(test_random_headers_are_parsed_and_printed_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
