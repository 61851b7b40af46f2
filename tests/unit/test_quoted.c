#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/source.h"

static struct slice encoded(struct arena *in, struct slice text, size_t room)
{
	struct failure f;
	struct source *s = source_quoted(in, source_text(in, text), &f);
	size_t used = 0, got;
	char *all;

	assert_non_null(s);
	all = arena_zeroed(in, (size_t)s->size + room + 1, 1);
	do {
		assert_int_equal(s->pull(s, all + used, room, &got, &f), 0);
		used += got;
	} while (got);
	assert_int_equal(used, s->size);
	return (struct slice){all, used};
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The other way, by RFC 2045 6.7, checking every rule there is: lines of at most 76, no blank at an end, no
 * octet but printable ASCII. */
static size_t decoded(char *to, struct slice qp)
{
	size_t used = 0;
	struct slice line;

	while (slice_line(&qp, &line)) {
		assert_true(line.len <= 76);
		if (line.len)
			assert_false(strchr(" \t", line.p[line.len - 1]));
		for (size_t i = 0; i < line.len; i++) {
			char c = line.p[i];

			assert_true((c >= 32 && c < 127) || c == '\t');
			if (c != '=') {
				to[used++] = c;
			} else if (i + 1 == line.len) {
				goto soft;
			} else {
				assert_true(i + 2 < line.len && digit(line.p[i + 1]) >= 0 && digit(line.p[i + 2]) >= 0);
				to[used++] = (char)(digit(line.p[i + 1]) * 16 + digit(line.p[i + 2]));
				i += 2;
			}
		}
		if (qp.p[-1] == '\n') { /* settled text ends in one */
			to[used++] = '\r';
			to[used++] = '\n';
		}
	soft:;
	}
	return used;
}

static void test_text_is_encoded_as_rfc_2045_says(void **state)
{
	static const char seventy[] = "1234567890123456789012345678901234567890123456789012345678901234567890";
	struct arena in = {0};
	const struct {
		const char *text, *expected;
	} rows[] = {
		{"", ""},
		{"\r\n", "\r\n"},
		{"a=b\r\n", "a=3Db\r\n"},
		{"caf\xc3\xa9\r\n", "caf=C3=A9\r\n"},
		{"a \r\n", "a=20\r\n"},
		{"a\t\r\n", "a=09\r\n"},
		{"a  \r\nb c\r\n", "a =20\r\nb c\r\n"},
		{" \r\n", "=20\r\n"},
		{"\x7f\x01\r\n", "=7F=01\r\n"},
		{".\r\n", ".\r\n"},
		{"a\rb\nc\r\n", "a=0Db=0Ac\r\n"},
		{"no end", "no end"},
		{arena_printf(&in, "%s123456\r\n", seventy), arena_printf(&in, "%s123456\r\n", seventy)},
		{arena_printf(&in, "%s1234567\r\n", seventy), arena_printf(&in, "%s12345=\r\n67\r\n", seventy)},
		{arena_printf(&in, "%s12345=\r\n", seventy), arena_printf(&in, "%s12345=\r\n=3D\r\n", seventy)},
		{arena_printf(&in, "%s123=\r\n", seventy), arena_printf(&in, "%s123=3D\r\n", seventy)},
		{arena_printf(&in, "%s123=4\r\n", seventy), arena_printf(&in, "%s123=\r\n=3D4\r\n", seventy)},
		{arena_printf(&in, "%s12345 \r\n", seventy), arena_printf(&in, "%s12345=\r\n=20\r\n", seventy)},
		/* No line of it can be taken for a boundary (RFC 2046 5.1.1). */
		{"--b\r\n", "=2D-b\r\n"},
		{"-- \r\n-a\r\n-", "=2D-=20\r\n-a\r\n-"},
		{"a--b\r\n--", "a--b\r\n=2D-"},
		{arena_printf(&in, "%s12345--b\r\n", seventy), arena_printf(&in, "%s12345=\r\n=2D-b\r\n", seventy)},
		{arena_printf(&in, "%s1234--b\r\n", seventy), arena_printf(&in, "%s1234-=\r\n-b\r\n", seventy)},
		{arena_printf(&in, "%s1234---b\r\n", seventy), arena_printf(&in, "%s1234-=\r\n=2D-b\r\n", seventy)},
		{arena_printf(&in, "%s123456 x\r\n", seventy), arena_printf(&in, "%s12345=\r\n6 x\r\n", seventy)},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t room = 1; room < 100; room = room * 2 + 1)
			assert_string_equal(encoded(&in, slice_of(rows[i].text), room).p, rows[i].expected);
	arena_free(&in);
}

static void test_whatever_is_encoded_comes_back(void **state)
{
	static const char pieces[] = "aaaa bcde\t=\xc3\xa9 .";
	unsigned seed = 3;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct arena in = {0};
		size_t len = (size_t)round * 61, used = 0;
		char *text = arena_zeroed(&in, len + 2, 1), *back;
		struct slice qp;

		while (used < len) {
			seed = seed * 1103515245u + 12345u;
			if ((seed >> 16) % 100 == 0) {
				text[used++] = '\r';
				text[used++] = '\n';
			} else {
				text[used++] = (seed >> 24) % 4 ? pieces[(seed >> 16) % (sizeof pieces - 1)]
								: (char)((seed >> 8) & 0xff);
			}
		}
		qp = encoded(&in, (struct slice){text, used}, (size_t)round % 50 + 1);
		back = arena_zeroed(&in, qp.len + 2, 1);
		len = decoded(back, qp);
		/* Text without an end comes back without one. */
		assert_int_equal(len, used);
		assert_memory_equal(back, text, used);
		arena_free(&in);
	}
}

static int broken_pull(struct source *s, char *to, size_t room, size_t *got, struct failure *f)
{
	size_t *left = s->state;

	if (!*left)
		return fail(f, AT_INPUT, EX_IOERR, "broken");
	*got = room < *left ? room : *left;
	memset(to, 'a', *got);
	*left -= *got;
	return 0;
}

static int broken_rewind(struct source *s, struct failure *f)
{
	(void)s;
	(void)f;
	return 0;
}

static void test_a_source_that_fails_is_not_encoded(void **state)
{
	size_t left = 20000;
	struct source broken = {30000, broken_pull, broken_rewind, &left};
	struct arena in = {0};
	struct failure f;

	(void)state;
	assert_null(source_quoted(&in, &broken, &f));
	assert_string_equal(f.text, "broken");
	arena_free(&in);
}

static struct slice again(struct arena *in, const char *text, bool base64, size_t room)
{
	struct failure f;
	struct source *of = source_text(in, slice_of(text)), *s = base64 ? source_base64_again(in, of, &f) : source_quoted_again(in, of, &f);
	char *all;
	size_t used = 0, got;

	assert_non_null(s);
	all = arena_zeroed(in, (size_t)s->size + room + 1, 1);
	do {
		assert_int_equal(s->pull(s, all + used, room, &got, &f), 0);
		used += got;
	} while (got);
	assert_int_equal(used, s->size);
	return (struct slice){all, used};
}

#define X25 "xxxxxxxxxxxxxxxxxxxxxxxxx"
#define X75 X25 X25 X25

static void test_what_is_encoded_already_gets_shorter_lines_and_means_the_same(void **state)
{
	static const struct {
		bool base64;
		const char *text, *expected; /* NULL: as it came */
	} rows[] = {
		{false, "a=3Db=\r\nc =20\r\nd \r\n=C3=BC", NULL},
		{false, X75 "x\r\n" X75 "=\r\n" X25 X25 X25, NULL},
		{false, X75 "xy\r\n", X75 "=\r\nxy\r\n"},
		{false, X75 "=3D\r\n", X75 "=\r\n=3D\r\n"},
		{false, X25 X25 "xxxxxxxxxxxxxxxxxxxxxxx=3Dx\r\n", X25 X25 "xxxxxxxxxxxxxxxxxxxxxxx=\r\n=3Dx\r\n"},
		{false, "gr\xc3\xbc\r\n=\xfcx\r\n=3", "gr=C3=BC\r\n=3D=FCx\r\n=3D3"},
		{false, "a=\xe9=FF\r\n= \r\nb=\t \r\n=", "a=3D=E9=FF\r\n= \r\nb=\t \r\n="}, /* a = that encodes nothing is itself, whatever comes of the next octet */
		{false, X75 "--b--\r\n", X75 "=\r\n=2D-b--\r\n"},
		{true, "QUJD\r\nQUI=\r\n", NULL},
		{true, X75 "x\r\n" X75 "xy\r\nz=", X75 "x\r\n" X75 "x\r\ny\r\nz="},
		{true, X75 X75 "\r\n", X75 "x\r\n" X25 X25 "xxxxxxxxxxxxxxxxxxxxxxxx\r\n"},
		{true, X75 "x--b\r\n", X75 "x--\r\nb\r\n"}, /* no boundary comes of it */
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t room = 1; room < 100; room++) {
			struct slice got = again(&in, rows[i].text, rows[i].base64, room);

			assert_string_equal(got.p, rows[i].expected ? rows[i].expected : rows[i].text);
		}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_encoded_as_rfc_2045_says),
		cmocka_unit_test(test_whatever_is_encoded_comes_back),
		cmocka_unit_test(test_a_source_that_fails_is_not_encoded),
		cmocka_unit_test(test_what_is_encoded_already_gets_shorter_lines_and_means_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
