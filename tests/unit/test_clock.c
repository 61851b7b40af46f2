#include "unit.h"

#include <time.h>

#include "base/clock.h"

static void test_the_wall_clock_is_the_systems(void **state)
{
	time_t before = time(NULL), now = clock_wall(), after = time(NULL);

	(void)state;
	assert_true(before <= now && now <= after);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_wall_clock_is_the_systems),
		cmocka_unit_test(test_the_steady_clock_counts_milliseconds_and_never_goes_back),
		cmocka_unit_test(test_the_other_clocks_count_milliseconds_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
