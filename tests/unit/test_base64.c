#include "unit.h"

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
	static const size_t sizes[] = {0, 1, 2, 3, 56, 57, 58, 113, 114, 115, 29183, 29184, 29185, 60000};
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_of_rfc_4648),
		cmocka_unit_test(test_size_is_known_before_and_lines_have_76_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
