#include "unit.h"

#include <stdlib.h>

#include "mail/when.h"

static void test_a_moment_is_read_however_it_is_written(void **state)
{
	static const struct {
		const char *text;
		long long time;
		bool zoned;
	} rows[] = {
		{"@0", 0, false},
		{"@1795428000", 1795428000, false},
		{"@4102444800", 4102444800, false}, /* more than 32 bits: configure sees to it that a time_t has 64 */
		{"2100-01-01T00:00Z", 4102444800, true},
		{"Fri, 01 Jan 2100 00:00:00 +0000", 4102444800, true},
		{"1 Jan 2100", 4102441200, false},
		{"Fri,  1 Jan 2100 00:00 GMT", 4102444800, true},
		{"2026-11-23", 1795388400, false},
		{"2026-11-23 10:00", 1795424400, false},
		{"2026-11-23T10:00", 1795424400, false},
		{"2026-11-23T10:00:07", 1795424407, false},
		{"2026-11-23T10:00:07.123Z", 1795428007, true},
		{"2026-11-23T10:00:07+01:00", 1795424407, true},
		{"2026-11-23 10:00:07 -0530", 1795447807, true},
		{"2026-07-01 12:00", 1782900000, false}, /* summer */
		{"23 Nov 2026 10:00", 1795424400, false},
		{"23 Nov 2026", 1795388400, false},
		{" 3 Nov 2026 10:00:00 +0100", 1793696400, true},
		{"Mon, 23 Nov 2026 10:00:00 +0100", 1795424400, true},
		{"Mon, 23 Nov 2026 10:00 +0100", 1795424400, true},
		{"Mon, 23 Nov 2026 10:00:00 GMT", 1795428000, true},
		{"Mon,23 Nov 2026 10:00:00 +0100 (CET)", 1795424400, true},
		{"2024-02-29", 1709161200, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct when w;
		bool read = when_read(rows[i].text, &w);

		if (!read || w.time != rows[i].time || w.zoned != rows[i].zoned)
			print_error("%s: %d, %lld, %d\n", rows[i].text, read, (long long)w.time, w.zoned);
		assert_true(read && w.time == rows[i].time && w.zoned == rows[i].zoned);
	}
}

static void test_what_is_no_moment_is_refused(void **state)
{
	static const char *const rows[] = {
		"", "@", "@x", "@1x", "@99999999999999999999", "tomorrow", "2026-02-31 10:00", "2026-13-01", "2026-11-23 25:00", "2026-11-23 10:60",
		"2026-11-23 10:00 x", "2026-11-23x", "2026-11-23T", "Mon, 23 Nov 2026 10:00:00 +0100 garbage", "Tuesday, 23 November 26 10:00 +0100",
		"Mon, 30 Feb 2026 10:00:00 +0100", "Tue, 23 Nov 2026 10:00:00 +0100", "Mon, 23 Nov 2026 10:00:00", "Mon, 23 Nov 2026 10:00:00 +9999",
		"Mon, 23 Nov 2026 10:00:00 +01", "23 Nov 26 10:00", "10:00", "2025-02-29", "Mon, 23 Nov 2026 10:00:00 +0100 (CET", "Mon, 23 Nov 2026 10:00:00 +0100 (CET) x",
	};
	struct when w;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		bool read = when_read(rows[i], &w);

		if (read)
			print_error("read: %s\n", rows[i]);
		assert_false(read);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_moment_is_read_however_it_is_written),
		cmocka_unit_test(test_what_is_no_moment_is_refused),
	};

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
