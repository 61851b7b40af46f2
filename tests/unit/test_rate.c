/* conf/rate: what the setting rate may say, and what is said where it does not. */
#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "conf/rate.h"

static void test_each_limit_is_read_and_printed_again(void **state)
{
	static const struct {
		const char *given;
		uint32_t count;
		bool recipients;
		int64_t seconds;
		const char *printed;
	} rows[] = {
		{"30/min", 30, false, 60, "30/min"}, {"1/s", 1, false, 1, "1/s"}, {"5000/day", 5000, false, 86400, "5000/day"},
		{" 100 / 5m ", 100, false, 300, "100/5min"}, {"100 per 5m", 100, false, 300, "100/5min"}, {"100 per 5 minutes", 100, false, 300, "100/5min"},
		{"2000 recipients/day", 2000, true, 86400, "2000 recipients/day"}, {"1 recipient per h", 1, true, 3600, "1 recipients/h"},
		{"12 Mails / Hour", 12, false, 3600, "12/h"}, {"7 messages per 90s", 7, false, 90, "7/90s"}, {"1000000/31d", 1000000, false, 31 * 86400, "1000000/31day"},
		{"24/24h", 24, false, 86400, "24/day"}, {"0030/060s", 30, false, 60, "30/min"}, {"3 PER 2 Days", 3, false, 2 * 86400, "3/2day"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char words[RATE_WORDS];
		struct rate r, again;
		struct failure f = {0};

		if (rate_parse(&r, slice_of(rows[i].given), &f) < 0)
			print_error("%s: %s\n", rows[i].given, f.text);
		assert_int_equal(rate_parse(&r, slice_of(rows[i].given), &f), 0);
		assert_int_equal(r.limits, 1);
		assert_int_equal(r.limit[0].count, rows[i].count);
		assert_int_equal(r.limit[0].recipients, rows[i].recipients);
		assert_int_equal(r.limit[0].span, rows[i].seconds * 1000);
		assert_string_equal(rate_words(words, &r.limit[0]), rows[i].printed);
		assert_int_equal(rate_parse(&again, slice_of(words), &f), 0);
		assert_memory_equal(&again, &r, sizeof r);
	}
}

static void test_several_limits_and_none(void **state)
{
	struct failure f;
	struct rate r;

	(void)state;
	assert_int_equal(rate_parse(&r, SLICE("30/min, 5000/day,2000 recipients/day"), &f), 0);
	assert_int_equal(r.limits, 3);
	assert_true(r.limit[2].recipients && r.limit[2].count == 2000 && !r.limit[1].recipients);
	assert_int_equal(rate_parse(&r, SLICE("1/s,2/s,3/s,4/s,5/s,6/s,7/s,8/s"), &f), 0);
	assert_int_equal(r.limits, RATE_LIMITS);
	assert_int_equal(rate_parse(&r, SLICE(""), &f), 0);
	assert_int_equal(r.limits, 0);
	assert_int_equal(rate_parse(&r, SLICE(" Off "), &f), 0);
	assert_int_equal(r.limits, 0);
}

static void test_what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *given, *said;
	} rows[] = {
		{"fast", "\"fast\" begins with no number"}, {"/min", "\"/min\" begins with no number"}, {"-3/min", "\"-3/min\" begins with no number"},
		{"30", "\"30\" names no time, as 30/min does"}, {"30 mails", "names no time"}, {"30 per", "names no time"}, {"30 per ", "names no time"},
		{"30/fortnight", "\"fortnight\" is no time: s, min, h, day, or as in 5m"}, {"30/", "\"\" is no time"}, {"30/5", "\"\" is no time"}, {"30/1.5h", "is no time"},
		{"30/min/h", "\"min/h\" is no time"}, {"0/min", "\"0/min\" has no number from 1 to 1000000"}, {"1000001/day", "no number from 1"},
		{"99999999999999999999999/day", "no number from 1"}, {"30/0s", "no time of at least 1 s"}, {"30/32d", "at most 31 days"},
		{"30/99999999999999999999s", "at most 31 days"}, {"30 bounces/day", "counts neither mails nor recipients"}, {"30/min,", "a limit is missing"},
		{"30/min,,5/h", "a limit is missing"}, {",", "a limit is missing"}, {"30/min;5/h", "\"min;5/h\" is no time"}, {"off, 3/min", "\"off\" begins with no number"},
		{"1/s,2/s,3/s,4/s,5/s,6/s,7/s,8/s,9/s", "more than 8 limits"}, {"30 perhaps/day", "counts neither"}, {"30super day", "names no time"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f = {0};
		struct rate r;

		assert_int_equal(rate_parse(&r, slice_of(rows[i].given), &f), -1);
		if (!strstr(f.text, rows[i].said))
			print_error("%s: %s\n", rows[i].given, f.text);
		assert_non_null(strstr(f.text, rows[i].said));
		assert_int_equal(f.stage, AT_CONFIG);
		assert_int_equal(f.exit, EX_CONFIG);
	}
}

static void test_the_setting_takes_what_the_parser_takes(void **state)
{
	char good[] = "30/min", bad[] = "30";
	struct arena in = {0};

	(void)state;
	assert_ptr_equal(kind_rate(&in, good), good);
	assert_null(kind_rate(&in, bad));
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_limit_is_read_and_printed_again),
		cmocka_unit_test(test_several_limits_and_none),
		cmocka_unit_test(test_what_is_wrong_is_named),
		cmocka_unit_test(test_the_setting_takes_what_the_parser_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
