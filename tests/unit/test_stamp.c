#include "unit.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "mail/stamp.h"

static void test_a_date_is_local_with_its_zone_and_english(void **state)
{
	static const struct {
		const char *zone;
		time_t now;
		const char *expected;
	} rows[] = {
		{"UTC0", 0, "Thu, 01 Jan 1970 00:00:00 +0000"},
		{"UTC0", 880127706, "Fri, 21 Nov 1997 15:55:06 +0000"},
		{"CST6", 880127706, "Fri, 21 Nov 1997 09:55:06 -0600"},
		{"CET-1CEST,M3.5.0,M10.5.0/3", 1751360000, "Tue, 01 Jul 2025 10:53:20 +0200"},
		{"NST3:30", -27723426, "Thu, 13 Feb 1969 23:32:54 -0330"},
		{"IST-5:30", 951782400, "Tue, 29 Feb 2000 05:30:00 +0530"},
		{"XXX0:30", 0, "Wed, 31 Dec 1969 23:30:00 -0030"},
	};
	struct arena in = {0};

	(void)state;
	setlocale(LC_ALL, "");
	for (size_t i = 0; i < ROWS(rows); i++) {
		setenv("TZ", rows[i].zone, 1);
		assert_string_equal(stamp_date(&in, rows[i].now), rows[i].expected);
	}
	unsetenv("TZ");
	arena_free(&in);
}

static void test_a_message_id_is_time_chance_and_host_and_never_twice(void **state)
{
	enum { MANY = 1000 };
	const char *id[MANY];
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		id[i] = stamp_message_id(&in, "h.example", 880127706);
		assert_memory_equal(id[i], "<19971121155506.", 16);
		assert_string_equal(id[i] + 32, "@h.example>");
		assert_int_equal(strspn(id[i] + 16, "abcdefghijklmnopqrstuvwxyz234567"), 16);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(id[i], id[k]);
	}
	arena_free(&in);
}

static void test_every_random_bit_counts(void **state)
{
	unsigned seen[16][32] = {{0}};
	struct arena in = {0};

	(void)state;
	for (int i = 0; i < 4000; i++) {
		const char *word = stamp_message_id(&in, "h", 0) + 16;

		for (size_t k = 0; k < 16; k++)
			seen[k][word[k] >= 'a' ? word[k] - 'a' : word[k] - '2' + 26]++;
		arena_reset(&in);
	}
	for (size_t k = 0; k < 16; k++)
		for (size_t d = 0; d < 32; d++)
			assert_in_range(seen[k][d], 40, 260); /* 125 on average */
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_date_is_local_with_its_zone_and_english),
		cmocka_unit_test(test_a_message_id_is_time_chance_and_host_and_never_twice),
		cmocka_unit_test(test_every_random_bit_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
