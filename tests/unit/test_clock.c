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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_wall_clock_is_the_systems),
		cmocka_unit_test(test_the_steady_clock_counts_milliseconds_and_never_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
