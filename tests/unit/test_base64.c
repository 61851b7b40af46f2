#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/source.h"

static void test_texts_of_rfc_4648(void **state)
{
	static const char *const rows[][2] = {
		{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
		{"\xff\xfe\xfd", "//79"}, {"\xfb\xf0", "+/A="},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char to[64] = "";
		size_t len = base64_text(to, rows[i][0], strlen(rows[i][0]));

		assert_int_equal(len, strlen(rows[i][1]));
		assert_string_equal(to, rows[i][1]);
	}
}

/* All of it, pulled in pieces of that size. */
static size_t pull_all(struct source *s, char *to, size_t room, size_t piece)
{
	struct failure f;
	size_t len = 0, got;

	assert_int_equal(s->rewind(s, &f), 0);
	do {
		assert_int_equal(s->pull(s, to + len, piece < room - len ? piece : room - len, &got, &f), 0);
		len += got;
	} while (got);
	return len;
}

static void test_size_is_known_before_and_lines_have_76_letters(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 3, 56, 57, 58, 113, 114, 115, 14591, 14592, 14593, 29184, 60000};
	static char data[60000], once[100000], again[100000];

	(void)state;
	memset(data, 'x', sizeof data);
	for (size_t i = 0; i < ROWS(sizes); i++) {
		struct arena in = {0};
		struct source *s = source_base64(&in, source_text(&in, (struct slice){data, sizes[i]}));
		size_t len = pull_all(s, once, sizeof once, sizeof once);

		assert_int_equal(len, s->size);
		assert_int_equal(pull_all(s, again, sizeof again, 7), len);
		assert_memory_equal(once, again, len);
		for (size_t at = 0; at < len; at++)
			assert_true((once[at] == '\r') == (at % 78 == 76 || at + 2 == len));
		arena_free(&in);
	}
}

/* Rows are encoded in another way than a text is. */
static void test_rows_are_the_text_in_lines_whatever_the_octets_and_the_pieces(void **state)
{
	static const size_t pieces[] = {1, 76, 78, 19967, 19968, 19969, 39936, 65536, 262144};
	static char data[50003], letters[70000], expected[80000], got[80000];
	size_t len, at = 0;

	(void)state;
	srandom(1);
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)(random() >> 8);
	len = base64_text(letters, data, sizeof data);
	for (size_t i = 0; i < len; i += 76)
		at += (size_t)snprintf(expected + at, sizeof expected - at, "%.*s\r\n", (int)(len - i < 76 ? len - i : 76), letters + i);
	for (size_t i = 0; i < ROWS(pieces); i++) {
		struct arena in = {0};
		struct source *s = source_base64(&in, source_text(&in, (struct slice){data, sizeof data}));

		assert_int_equal(pull_all(s, got, sizeof got, pieces[i]), at);
		assert_memory_equal(got, expected, at);
		arena_free(&in);
	}
}

/* What is left of a small piece comes before what goes straight into a large one. */
static void test_small_pieces_and_large_ones_take_turns(void **state)
{
	static const size_t rooms[] = {7, 65536, 30000, 100, 20000, 65536};
	static char data[120000], once[170000], again[170000];
	struct arena in = {0};
	struct source *s = source_base64(&in, source_text(&in, (struct slice){data, sizeof data}));
	struct failure f;
	size_t len, at = 0, got;

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)(i / 3 * 7);
	len = pull_all(s, once, sizeof once, 5000);
	assert_int_equal(len, s->size);
	assert_int_equal(s->rewind(s, &f), 0);
	for (size_t i = 0; at < len; i++, at += got) {
		size_t room = rooms[i % ROWS(rooms)];

		assert_int_equal(s->pull(s, again + at, room < sizeof again - at ? room : sizeof again - at, &got, &f), 0);
		assert_true(got > 0 && got <= room);
	}
	assert_int_equal(s->pull(s, again, 65536, &got, &f), 0);
	assert_int_equal(got, 0);
	assert_memory_equal(once, again, len);
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_of_rfc_4648),
		cmocka_unit_test(test_size_is_known_before_and_lines_have_76_letters),
		cmocka_unit_test(test_rows_are_the_text_in_lines_whatever_the_octets_and_the_pieces),
		cmocka_unit_test(test_small_pieces_and_large_ones_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
