#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/address.h"

/* What address_list made of the text: the addresses with | between them, or the failure's words. */
static const char *read_list(struct arena *in, const char *text)
{
	struct mailboxes list = {.count = 0};
	const char *said = "";
	struct failure f;
	/* A copy of just that size, so that a sanitizer sees a look beyond its end. */
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	if (address_list(&list, in, (struct slice){copy, len}, &f) < 0) {
		assert_int_equal(f.exit, EX_DATAERR);
		assert_int_equal(f.stage, AT_RECIPIENT);
		assert_int_equal(list.count, 0);
		said = arena_text(in, f.text, strlen(f.text));
	}
	for (size_t i = 0; i < list.count; i++)
		said = arena_printf(in, "%s%s%s", said, i ? "|" : "", list.box[i].address);
	free(copy);
	return said;
}

struct row {
	const char *text, *expected;
};

static void check(const struct row *rows, size_t count)
{
	struct arena in = {0};

	for (size_t i = 0; i < count; i++)
		assert_string_equal(read_list(&in, rows[i].text), rows[i].expected);
	arena_free(&in);
}

static void test_the_lists_of_rfc_5322_appendix_a_are_read(void **state)
{
	static const struct row rows[] = {
		/* A.1.1 */
		{"John Doe <jdoe@machine.example>", "jdoe@machine.example"},
		{"Mary Smith <mary@example.net>", "mary@example.net"},
		/* A.1.2 */
		{"\"Joe Q. Public\" <john.q.public@example.com>", "john.q.public@example.com"},
		{"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
		 "mary@x.test|jdoe@example.org|one@y.test"},
		{"<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
		 "boss@nil.test|sysservices@example.net"},
		/* A.1.3 */
		{"Pete <pete@silly.example>", "pete@silly.example"},
		{"A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
		 "c@a.test|joe@where.test|jdoe@one.test"},
		{"Undisclosed recipients:;", ""},
		/* A.2 */
		{"\"Mary Smith: Personal Account\" <smith@home.example>", "smith@home.example"},
		/* A.5 */
		{"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "pete@silly.test"},
		{"A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
		 "         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)",
		 "c@public.example|joe@example.org|jdoe@one.test"},
		{"(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", ""},
		/* A.6.1 */
		{"Joe Q. Public <john.q.public@example.com>", "john.q.public@example.com"},
		{"Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
		 "mary@example.net|jdoe@test.example"},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_lists_as_programs_and_people_write_them_are_read(void **state)
{
	static const struct row rows[] = {
		{"", ""},
		{" ", ""},
		{"bob", "bob"},
		{"a@x,b@x", "a@x|b@x"},
		{"a@x, b@x", "a@x|b@x"},
		{"a@x,", "a@x"},
		{",,a@x,,,b@x,,", "a@x|b@x"},
		{"a@x; b@x", "a@x|b@x"},
		{"a@x;", "a@x"},
		{"a@x b@x", "a@x|b@x"},
		{"a@x\tb@x  c@x", "a@x|b@x|c@x"},
		{"<a@x> <b@x>", "a@x|b@x"},
		{"<a@x> b@x, c", "a@x|b@x|c"},
		{"<a@x>", "a@x"},
		{"< a@x >", "a@x"},
		{"<root>", "root"},
		{"Name X <a@x>", "a@x"},
		{"Name X<a@x>", "a@x"},
		{"a@x <a@x>", "a@x"},
		{"Me @home <a@x>", "a@x"},
		{"root (Cron Daemon)", "root"},
		{"(x) root", "root"},
		{"bob, alice", "bob|alice"},
		{"bob, a@x, <c>", "bob|a@x|c"},
		{"[list] members <a@x>", "a@x"},
		{"Dr. X. Y. Z. <a@x>", "a@x"},
		{"\"a,b\" <a@x>, \"c\\\"d\" <b@x>", "a@x|b@x"},
		{"=?utf-8?Q?J=C3=B6rg?= <j@x>", "j@x"},
		{"J\xc3\xb6rg <j@x>", "j@x"},
		{"J\xf6rg <j@x>", "j@x"},
		{"g: a, b@x;, c", "a|b@x|c"},
		{"\"quoted group\": a@x;", "a@x"},
		{"g:;h:a@x;b@x", "a@x|b@x"},
		{"g: a@x b@x;", "a@x|b@x"},
		{"friends: a@x, b@x", "a@x|b@x"}, /* its end is missing, nothing else */
		{"undisclosed-recipients:", ""},
		{"mailto:a@x", "a@x"},
		{"a@x (one), (two) b@x (three (four) \\) five)", "a@x|b@x"},
		{"a@[192.0.2.1]", "a@[192.0.2.1]"},
		{"a@[IPv6:2001:db8::1], b@x", "a@[IPv6:2001:db8::1]|b@x"},
		{"<@a,@b:user@x>", "user@x"},
		{"<@a.example,,@b.example:user@x>", "user@x"},
		{"<,@a:user@x>", "user@x"},
		{"a@x.", "a@x"},
		{"<a@x.>, b@y.", "a@x|b@y"},
		{"pete(his account)@silly.test(his host)", "pete@silly.test"},
		{"jdoe@test   . example", "jdoe@test.example"},
		{"j . doe @ test", "j.doe@test"},
		{"j\r\n .doe\r\n @\r\n\ttest\r\n ", "j.doe@test"},
		{"a@x,\r\n b@x,\r\n\tc@x", "a@x|b@x|c@x"},
		{"|/bin/true", "|/bin/true"},
		{"/tmp/f, a+b=c@x", "/tmp/f|a+b=c@x"},
		{"!#$%&'*+-/=?^_`{|}~@x", "!#$%&'*+-/=?^_`{|}~@x"},
		{"-@x", "-@x"},
		{"m\xc3\xbcller@b\xc3\xbc" "cher.example", "m\xc3\xbcller@b\xc3\xbc" "cher.example"},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_local_parts_are_quoted_only_where_they_must_be(void **state)
{
	static const struct row rows[] = {
		{"\"john doe\"@x", "\"john doe\"@x"},
		{"\"john.doe\"@x", "john.doe@x"},
		{"\"q l\"@x", "\"q l\"@x"},
		{"\"j\\o\\hn\"@x", "john@x"},
		{"\"a\\\"b\\\\c\"@x", "\"a\\\"b\\\\c\"@x"},
		{"\"a@b\"@x", "\"a@b\"@x"},
		{"a\\@b@x", "\"a@b\"@x"},
		{"john.\"d e\"@x", "\"john.d e\"@x"},
		{"\"john\".\"doe\"@x", "john.doe@x"},
		{"\"\\john\"@x", "john@x"},
		{"a..b@x", "\"a..b\"@x"},
		{".a@x", "\".a\"@x"},
		{"a.@x", "\"a.\"@x"},
		{"a...@x", "\"a...\"@x"},
		{"\" \"@x", "\" \"@x"},
		{"\"a\r\n b\"@x", "\"a b\"@x"},
		{"\"john doe\"", "\"john doe\""},
		{"\"a(b)c\"@x", "\"a(b)c\"@x"},
		{"\"<a@b>\"@x", "\"<a@b>\"@x"},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_what_cannot_be_read_is_refused_and_quoted(void **state)
{
	static const struct row rows[] = {
		{"John Smith", "\"John Smith\" is no address: it is several words without <>"},
		{"a b c", "\"a b c\" is no address: it is several words without <>"},
		{"good@x, a b c, other@x", "\"a b c\" is no address: it is several words without <>"},
		{"J. Smith", "\"J. Smith\" is no address: it is several words without <>"},
		{"a@x John", "\"John\" is no address: no comma stands before it"},
		{"John a@x", "\"John a@x\" is no address: several words stand before the @"},
		{"<root> <bob>", "\"<bob>\" is no address: no comma stands before it"},
		{"a@x b@y <c@z>", "\"b@y <c@z>\" is no address: no comma stands before it"},
		{"a@x \"b\" <b@x>", "\"\"b\" <b@x>\" is no address: no comma stands before it"},
		{"<a@x>b@x", "\"b@x\" is no address: no comma stands before it"},
		{"Me too @ home <a@x>", "\"Me too @ home <a@x>\" is no address: several words stand before the @"},
		{"@x", "\"@x\" is no address: no name stands in it"},
		{"a@", "\"a@\" is no address: no domain stands behind the @"},
		{"a@, b@x", "\"a@\" is no address: no domain stands behind the @"},
		{"a@.x", "\"a@.x\" is no address: no domain stands behind the @"},
		{"a@x..y", "\"a@x..y\" is no address: the domain has an empty part"},
		{"a@@x", "\"a@@x\" is no address: no domain stands behind the @"},
		{"a@x@y", "\"a@x@y\" is no address: it has two @"},
		{"\"\"@x", "\"\"\"@x\" is no address: no name stands in it"},
		{"\"\"", "\"\"\"\" is no address: no name stands in it"},
		{"..@x", "\"..@x\" is no address: no name stands in it"},
		{".", "\".\" is no address: no name stands in it"},
		{"<>", "\"<>\" is no address: <> is the null sender"},
		{"a@x, <>", "\"<>\" is no address: <> is the null sender"},
		{"<a@x", "\"<a@x\" is no address: a > is missing"},
		{"<a@x, b@x", "\"<a@x\" is no address: a > is missing"},
		{"a@x>", "\"a@x>\" is no address: a > stands alone"},
		{"<<a@x>>", "\"<<a@x>>\" is no address: a > is missing"},
		{"<a b@x>", "\"<a b@x>\" is no address: it is several words without <>"},
		{"<@a,@b user@x>", "\"<@a,@b user@x>\" is no address: its route does not end"},
		{": a@x;", "\": a@x\" is no address: a group can't stand here"},
		{"g: h: a@x;;", "\"h: a@x\" is no address: a group can't stand here"},
		{"a@x g: b@x;", "\"g: b@x\" is no address: no comma stands before it"},
		{"\"a@x", "\"\"a@x\" is no address: a quoted text does not end"},
		{"\"a@x\\\"", "\"\"a@x\\\"\" is no address: a quoted text does not end"},
		{"\"a@x\\", "\"\"a@x\\\" is no address: a quoted text does not end"},
		{"a@x (no end", "\"a@x (no end\" is no address: a comment does not end"},
		{"((((a@x)))", "\"((((a@x)))\" is no address: a comment does not end"},
		{"a@x (\\", "\"a@x (\\\" is no address: a comment does not end"},
		{"a@x)", "\"a@x)\" is no address: a bracket closes that was not opened"},
		{"a]@x", "\"a]@x\" is no address: a bracket closes that was not opened"},
		{"a@[1.2", "\"a@[1.2\" is no address: a [ has no ]"},
		{"a@[[]]", "\"a@[[]]\" is no address: a [ has no ]"},
		{"a@x[y]", "\"[y]\" is no address: it holds a ["},
		{"a\\", "\"a\\\" is no address: a backslash stands alone"},
		{"a@x\\y", "\"a@x\\y\" is no address: the domain holds a backslash"},
		{"a@\"x\"", "\"a@\"x\"\" is no address: no domain stands behind the @"},
		{"=?utf-8?Q?Doe,_Joe?= <a@x>", "\"=?utf-8?Q?Doe\" is no address: it is part of an encoded name"},
		{"m\xfcller@x", "\"m\\xfcller@x\" is no address: it is not UTF-8"},
		{"m\xc0\xafller@x", "\"m\\xc0\\xafller@x\" is no address: it is not UTF-8"},
		{"a@[\xc3\xbc]", "\"a@[\xc3\xbc]\" is no address: the domain is not ASCII"},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_no_control_octet_gets_into_an_address(void **state)
{
	static const struct row rows[] = {
		{"a@x>\nRCPT TO:<evil@x", "\"a@x>\\x0aRCPT TO:<evil@x\" is no address: it holds a control character"},
		{"a@x\n", "\"a@x\" is no address: it holds a control character"},
		{"a@x\r\n", "\"a@x\" is no address: it holds a control character"},
		{"a\rb@x", "\"a\\x0db@x\" is no address: it holds a control character"},
		{"a\x01@x", "\"a\\x01@x\" is no address: it holds a control character"},
		{"a@x\x7f", "\"a@x\\x7f\" is no address: it holds a control character"},
		{"\"a\tb\"@x", "\"\"a\\x09b\"@x\" is no address: it holds a control character"},
		{"\"a\\\tb\"@x", "\"\"a\\\\x09b\"@x\" is no address: it holds a control character"},
		{"\"\x1b[2J\" <a@x>", "\"\"\\x1b[2J\" <a@x>\" is no address: it holds a control character"},
	};
	struct mailboxes list = {.count = 0};
	struct arena in = {0};
	struct failure f;

	(void)state;
	check(rows, ROWS(rows));
	assert_int_equal(address_list(&list, &in, SLICE("a\0b@x"), &f), -1);
	for (int c = 0; c < 256; c++) {
		char text[] = {'a', (char)c, 'b', '@', 'x'};

		list.count = 0;
		if (address_list(&list, &in, (struct slice){text, sizeof text}, &f) == 0)
			for (size_t i = 0; i < list.count; i++)
				assert_false(slice_has_control(slice_of(list.box[i].address)));
		if (c < 32 || c == 127) /* a tab parts two words, and "a" is none with an @ */
			assert_int_equal(list.count, 0);
	}
	arena_free(&in);
}

static void test_254_octets_are_an_address_and_255_are_none(void **state)
{
	struct arena in = {0};
	char text[400];

	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text + 252, "@x", 3);
	assert_string_equal(read_list(&in, text), text);
	memcpy(text + 252, "a@x", 4);
	assert_non_null(strstr(read_list(&in, text), "...\" is no address: it is too long"));
	memset(text, 'a', sizeof text);
	memcpy(text, "b@", 2);
	text[254] = '\0';
	assert_string_equal(read_list(&in, text), text);
	text[254] = 'a';
	text[255] = '\0';
	assert_non_null(strstr(read_list(&in, text), "...\" is no address: it is too long"));
	/* Quotes count: 253 octets and a blank need two more. */
	memset(text, 'a', sizeof text);
	memcpy(text, "\"", 1);
	memcpy(text + 100, " ", 1);
	memcpy(text + 251, "\"@x", 4);
	assert_string_equal(read_list(&in, text), text);
	memcpy(text + 251, "a\"@x", 5);
	assert_non_null(strstr(read_list(&in, text), "it is too long"));
	for (size_t len = 240; len < 400; len++) { /* around every limit of the parser's own buffers */
		memset(text, 'a', sizeof text);
		text[len - 1] = '\0';
		text[len / 2] = '.';
		read_list(&in, text);
		text[len - 2] = '@';
		read_list(&in, text);
		text[1] = '@';
		text[len - 2] = '.';
		read_list(&in, text);
		memset(text, '"', len - 1);
		read_list(&in, text);
		memset(text, '\\', len - 1);
		read_list(&in, text);
	}
	arena_free(&in);
}

static void test_a_long_bad_address_is_cut_at_a_character(void **state)
{
	struct arena in = {0};

	(void)state;
	assert_string_equal(
		read_list(&in, "\xc3\xbc""bcdefghi \xc3\xbc""bcdefghi \xc3\xbc""bcdefghi \xc3\xbc""bcdefghi "
			       "\xc3\xbc""bcdefghi 012\xc3\xbc and more of it"),
		"\"\xc3\xbc""bcdefghi \xc3\xbc""bcdefghi \xc3\xbc""bcdefghi \xc3\xbc""bcdefghi "
		"\xc3\xbc""bcdefghi 012\xc3\xbc...\" is no address: it is several words without <>");
	assert_string_equal(
		read_list(&in, "\xc3\xbc""bcdefghi \xc3\xbc""bcdefghi \xc3\xbc""bcdefghi \xc3\xbc""bcdefghi "
			       "\xc3\xbc""bcdefghi 0123\xc3\xbc and more of it"),
		"\"\xc3\xbc""bcdefghi \xc3\xbc""bcdefghi \xc3\xbc""bcdefghi \xc3\xbc""bcdefghi "
		"\xc3\xbc""bcdefghi 0123...\" is no address: it is several words without <>");
	arena_free(&in);
}

static void test_the_spelled_part_is_the_addr_spec_and_nothing_else(void **state)
{
	static const struct {
		const char *text, *spelled, *name;
		bool escaped;
	} rows[] = {
		{"bob", "bob", "", false},
		{"  bob  ", "bob", "", false},
		{"(a) bob (b)", "bob", "b", false},
		{"root (Cron Daemon)", "root", "Cron Daemon", false},
		{"X Y <bob>", "bob", "X Y", false},
		{"X Y < bob >", "bob", "X Y", false},
		{"\"X, Y\" <@a:bob@x . y> (z)", "bob@x . y", "\"X, Y\"", false},
		{"a@x <b@y>", "b@y", "a@x", false},
		{"\\root", "\\root", "", true},
		{"<\\root@x>", "\\root@x", "", true},
		{"ro\\ot", "ro\\ot", "", false},
		{"\"\\root\"", "\"\\root\"", "", false},
		{"\"a b\" (c)", "\"a b\"", "c", false},
		{"g: bob (x);", "bob", "x", false},
		{"bob@x.", "bob@x.", "", false},
		{"bob (a) @ (b) x (c)", "bob (a) @ (b) x", "c", false},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct mailboxes list = {.count = 0};
		struct failure f;

		assert_int_equal(address_list(&list, &in, slice_of(rows[i].text), &f), 0);
		assert_int_equal(list.count, 1);
		assert_int_equal(list.box[0].spelled.len, strlen(rows[i].spelled));
		assert_memory_equal(list.box[0].spelled.p, rows[i].spelled, strlen(rows[i].spelled));
		assert_int_equal(list.box[0].name.len, strlen(rows[i].name));
		assert_true(slice_is(list.box[0].name, rows[i].name));
		assert_int_equal(list.box[0].escaped, rows[i].escaped);
		assert_null(strchr(list.box[0].address, '\\'));
	}
	arena_free(&in);
}

static void test_one_address_is_exactly_one_or_the_null_sender(void **state)
{
	static const struct {
		const char *text, *address; /* NULL: refused */
	} rows[] = {
		{"", ""},	       {"  ", ""},		    {"<>", ""},
		{" <> ", ""},	       {"Mailer <>", ""},	    {"s@example.net", "s@example.net"},
		{"bob", "bob"},	       {"<s@example.net>", "s@example.net"},
		{"Name X <s@example.net>", "s@example.net"},	    {"\\root", "root"},
		{"a@x, b@x", NULL},    {"a@x b@x", NULL},	    {"g: a@x;", NULL},
		{",", NULL},	       {"(only a comment)", NULL},  {"John Smith", NULL},
		{"a@x, <>", NULL},     {"a@x\nb", NULL},	    {"<", NULL},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *out = "untouched";
		struct failure f;
		int ok = address_one(&out, &in, slice_of(rows[i].text), &f);

		assert_int_equal(ok, rows[i].address ? 0 : -1);
		assert_string_equal(out, rows[i].address ? rows[i].address : "untouched");
	}
	arena_free(&in);
}

static void test_what_an_address_consists_of_is_told_apart_even_in_quotes(void **state)
{
	static const struct {
		const char *address, *domain;
		bool bare, ascii;
	} rows[] = {
		{"bob", "", true, true},	    {"bob@x", "x", false, true}, {"\"a@b\"", "", true, true},
		{"\"a@b\"@x", "x", false, true},    {"", "", false, true},	 {"a@[x@y]", "[x@y]", false, true},
		{"\"a\\\"@b\"@x", "x", false, true}, {"\xc3\xbc@x", "x", false, false},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_string_equal(address_domain(rows[i].address), rows[i].domain);
		assert_int_equal(address_is_bare(rows[i].address), rows[i].bare);
		assert_int_equal(address_is_ascii(rows[i].address), rows[i].ascii);
	}
	assert_string_equal(address_qualify(&in, "bob", "x"), "bob@x");
	assert_string_equal(address_qualify(&in, "\"a@b\"", "x"), "\"a@b\"@x");
	assert_string_equal(address_qualify(&in, "bob@y", "x"), "bob@y");
	assert_string_equal(address_qualify(&in, "bob", ""), "bob");
	assert_string_equal(address_qualify(&in, "", "x"), "");
	arena_free(&in);
}

static void test_addresses_are_the_same_without_case_in_the_domain_only(void **state)
{
	(void)state;
	assert_true(address_same("a@X.example", "a@x.EXAMPLE"));
	assert_false(address_same("A@x", "a@x"));
	assert_false(address_same("a@x", "a@xy"));
	assert_false(address_same("a@x", "a"));
	assert_false(address_same("a", "a@x"));
	assert_true(address_same("a", "a"));
	assert_false(address_same("a", "A"));
	assert_true(address_same("\"a@B\"@x", "\"a@B\"@X"));
	assert_false(address_same("\"a@B\"@x", "\"a@b\"@x"));
	assert_true(address_same("", ""));
}

static void test_xtext_leaves_nothing_that_ends_a_parameter(void **state)
{
	struct buf out;

	(void)state;
	buf_start(&out, 1000);
	assert_int_equal(address_xtext(&out, "a+b=c d\t\xc3\xbc~!\r\n\x7f"), 0);
	assert_string_equal(out.p, "a+2Bb+3Dc+20d+09+C3+BC~!+0D+0A+7F");
	buf_free(&out);
	buf_start(&out, 3);
	assert_int_equal(address_xtext(&out, "abcd"), -1);
	buf_free(&out);
}

static void test_a_text_is_clean_without_controls_and_with_folds_only(void **state)
{
	static const struct {
		const char *text;
		bool clean;
	} rows[] = {
		{"", true},	   {"a\tb", true},   {"a\r\n b", true},	  {"a\r\n\tb", true}, {"a\n b", true},
		{"a\r\nb", false}, {"a\r\n", false}, {"a\r", false},	  {"a\r b", false},   {"a\n", false},
		{"a\x1b", false},  {"\x7f", false},  {"\xc2\x80", true}, {"a\r\n \r\n b", true},
		{"a\r\n\r\n b", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(address_text_is_clean(slice_of(rows[i].text)), rows[i].clean);
	assert_false(address_text_is_clean(SLICE("a\0b")));
}

static void test_a_megabyte_of_anything_is_read_in_linear_time(void **state)
{
	static const char *const pieces[] = {"(", "\"", "\\", "<", "a,", "a@x ", "a ", "@", ".", ";", ":",
		"g:", "[", "\r\n ",
					     "()", "\"\"", "a:b@x;", "<@a,", "(a", ",", "a@b,"};
	size_t size = 1024 * 1024;
	char *text = malloc(size);

	(void)state;
	for (size_t i = 0; i < ROWS(pieces); i++) {
		struct mailboxes list = {.count = 0};
		size_t len = strlen(pieces[i]), used = 0;
		struct arena in = {0};
		struct failure f;
		int ok;

		for (; used + len <= size; used += len)
			memcpy(text + used, pieces[i], len);
		ok = address_list(&list, &in, (struct slice){text, used}, &f);
		if (ok == 0)
			assert_true(list.count <= used);
		arena_free(&in);
	}
	free(text);
}

static void test_random_texts_give_clean_addresses_that_read_back_as_themselves(void **state)
{
	static const char *const pieces[] = {"a", "b.c", "@", "x.y", "<", ">", ",", ";", ":", "\"", "(", ")", "\\", " ",
					     ".", "[", "]", "\r\n ", "\t", "\xc3\xbc", "\xff", "\"q l\"",
					      "a@x", "<b@y>",
					     "\x01", "\n"};
	struct arena in = {0};
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		struct mailboxes list = {.count = 0};
		char text[200];
		size_t used = 0;
		struct failure f;

		for (seed = seed * 1103515245u + 12345u; used < 150 && (seed >> 16) % 16;) {
			const char *piece = pieces[(seed >> 16) % ROWS(pieces)];

			memcpy(text + used, piece, strlen(piece));
			used += strlen(piece);
			seed = seed * 1103515245u + 12345u;
		}
		if (address_list(&list, &in, (struct slice){text, used}, &f) == 0)
			for (size_t i = 0; i < list.count; i++) {
				const struct mailbox *box = &list.box[i];
				const char *again = NULL;

				assert_false(slice_has_control(slice_of(box->address)));
				assert_true(slice_is_utf8(slice_of(box->address)));
				assert_true(strlen(box->address) <= ADDRESS_MAX && *box->address);
				assert_true(box->spelled.p >= text && box->spelled.p + box->spelled.len <= text + used);
				assert_int_equal(address_one(&again, &in, slice_of(box->address), &f), 0);
				assert_string_equal(again, box->address);
				assert_int_equal(address_one(&again, &in, box->spelled, &f), 0);
				assert_string_equal(again, box->address);
			}
		arena_reset(&in);
	}
	arena_free(&in);
}

static void test_xtext_is_read_back_unless_a_control_character_comes_of_it(void **state)
{
	static const struct { const char *text, *want; } rows[] = {
		{"", ""},	   {"bob+2Btag@x", "bob+tag@x"}, {"+C3+BC", "\xc3\xbc"}, {"a+3Db", "a=b"}, {"a+2b", NULL},
		{"a+2", NULL},	   {"a+", NULL},		 {"a+0Ab", NULL},	   {"a+00b", NULL},  {"a+7F", NULL},
	};
	struct arena in = {.block = NULL};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *got = address_of_xtext(&in, slice_of(rows[i].text));

		if (rows[i].want)
			assert_string_equal(got, rows[i].want);
		else
			assert_null(got);
	}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_lists_of_rfc_5322_appendix_a_are_read),
		cmocka_unit_test(test_lists_as_programs_and_people_write_them_are_read),
		cmocka_unit_test(test_local_parts_are_quoted_only_where_they_must_be),
		cmocka_unit_test(test_what_cannot_be_read_is_refused_and_quoted),
		cmocka_unit_test(test_no_control_octet_gets_into_an_address),
		cmocka_unit_test(test_254_octets_are_an_address_and_255_are_none),
		cmocka_unit_test(test_a_long_bad_address_is_cut_at_a_character),
		cmocka_unit_test(test_the_spelled_part_is_the_addr_spec_and_nothing_else),
		cmocka_unit_test(test_one_address_is_exactly_one_or_the_null_sender),
		cmocka_unit_test(test_what_an_address_consists_of_is_told_apart_even_in_quotes),
		cmocka_unit_test(test_addresses_are_the_same_without_case_in_the_domain_only),
		cmocka_unit_test(test_xtext_leaves_nothing_that_ends_a_parameter),
		cmocka_unit_test(test_xtext_is_read_back_unless_a_control_character_comes_of_it),
		cmocka_unit_test(test_a_text_is_clean_without_controls_and_with_folds_only),
		cmocka_unit_test(test_a_megabyte_of_anything_is_read_in_linear_time),
		cmocka_unit_test(test_random_texts_give_clean_addresses_that_read_back_as_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
