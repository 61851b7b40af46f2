#include "unit.h"

#include "post/defer.h"

static void test_pauses_grow_to_an_hour_give_or_take_a_tenth(void **state)
{
	static const time_t minutes[] = {1, 2, 5, 10, 20, 40, 60, 60, 60};

	(void)state;
	for (unsigned i = 0; i < ROWS(minutes); i++) {
		time_t whole = minutes[i] * 60;

		assert_int_equal(defer_pause(i + 1, 0), whole - whole / 10);
		assert_in_range(defer_pause(i + 1, 999), whole + whole / 10 - 8, whole + whole / 10);
		for (unsigned chance = 0; chance < 5000; chance += 7)
			assert_in_range(defer_pause(i + 1, chance), whole - whole / 10, whole + whole / 10);
	}
	assert_int_equal(defer_pause(4000000000U, 500), 3600);
	assert_int_equal(defer_pause(0, 500), 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pauses_grow_to_an_hour_give_or_take_a_tenth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
