#include "unit.h"

#include "base/json.h"

static void test_text_is_what_json_wants(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", "\"\""}, {"plain", "\"plain\""}, {"a\"b\\c", "\"a\\\"b\\\\c\""}, {"a\tb\n", "\"a\\u0009b\\u000a\""},
		{"\x7f", "\"\\u007f\""}, {"b\xc3\xb6" "b", "\"b\xc3\xb6" "b\""}, {"\xf0\x9f\x93\xa7", "\"\xf0\x9f\x93\xa7\""},
		{"\xff", "\"\xef\xbf\xbd\""}, {"\xc3", "\"\xef\xbf\xbd\""}, {"a\xc3(", "\"a\xef\xbf\xbd(\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, {"</script>", "\"</script>\""},
		{"a\xc2\x80\xc2\x9f\xc2\xa0", "\"a\\u0080\\u009f\xc2\xa0\""}, {"\xe2\x80\xae\xe2\x81\xa9\xe2\x80\xa6", "\"\\u202e\\u2069\xe2\x80\xa6\""}, {"\xe2\x80\xa8\xf3\xa0\x81\xa1\xf0\x9d\x85\xba\xf3\xa0\xbf\xbf", "\"\\u2028\\udb40\\udc61\\ud834\\udd7a\\udb43\\udfff\""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct buf b;

		buf_start(&b, 1000);
		assert_int_equal(json_text(&b, slice_of(rows[i].in)), 0);
		assert_string_equal(b.p, rows[i].out);
		buf_free(&b);
	}
}

static void test_text_that_finds_no_room_is_an_error(void **state)
{
	struct buf b;

	(void)state;
	buf_start(&b, 4);
	assert_int_equal(json_text(&b, SLICE("longer than that")), -1);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_what_json_wants),
		cmocka_unit_test(test_text_that_finds_no_room_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
