#include "unit.h"

#include <time.h>

#include "base/clock.h"

static struct timespec system_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

/* Around the beginning of a second, where a clock that is behind shows: time(2) is, and files are dated by one that is not. */
static void test_the_wall_clock_is_the_systems(void **state)
{
	const time_t second = system_clock().tv_sec + 1;
	const struct timespec shortly_before = {second - 1, 990 * 1000 * 1000};

	(void)state;
	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &shortly_before, NULL);
	for (struct timespec before; (before = system_clock()).tv_sec < second || before.tv_nsec < 20 * 1000 * 1000;) {
		time_t now = clock_wall();

		assert_true(before.tv_sec <= now && now <= system_clock().tv_sec);
		if (before.tv_sec > second)
			break;
	}
}

static void test_the_steady_clock_counts_milliseconds_and_never_goes_back(void **state)
{
	const struct timespec pause = {0, 30 * 1000 * 1000};
	int64_t began = clock_steady(), last = began;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		int64_t now = clock_steady();

		assert_true(now >= last);
		last = now;
	}
	began = clock_steady();
	nanosleep(&pause, NULL);
	assert_true(clock_steady() - began >= 29);
}

static void test_the_other_clocks_count_milliseconds_too(void **state)
{
	const struct timespec pause = {0, 20 * 1000 * 1000};
	int64_t boot = clock_boot(), wall = clock_wall_ms();

	(void)state;
	assert_true(boot >= clock_steady() - 1 && wall / 1000 - clock_wall() <= 1 && clock_wall() - wall / 1000 <= 1);
	nanosleep(&pause, NULL);
	assert_in_range(clock_boot() - boot, 19, 60000);
	assert_in_range(clock_wall_ms() - wall, 19, 60000);
}

static void test_what_is_left_is_told_in_whole_units(void **state)
{
	static const struct { int64_t seconds; const char *words; } rows[] = {
		{-5, "less than a minute"}, {0, "less than a minute"}, {59, "less than a minute"}, {60, "1 minute"}, {119, "1 minute"}, {2460, "41 minutes"},
		{7199, "119 minutes"}, {7200, "2 hours"}, {86400, "24 hours"}, {172799, "47 hours"}, {172800, "2 days"}, {83 * 86400, "83 days"},
		{INT64_MAX, "106751991167300 days"},
	};
	char to[CLOCK_LEFT];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(clock_left(to, rows[i].seconds), rows[i].words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_left_is_told_in_whole_units),
		cmocka_unit_test(test_the_wall_clock_is_the_systems),
		cmocka_unit_test(test_the_steady_clock_counts_milliseconds_and_never_goes_back),
		cmocka_unit_test(test_the_other_clocks_count_milliseconds_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
