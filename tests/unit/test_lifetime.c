/* When a mail has waited for too long, row by row. */
#include "unit.h"

#include "post/lifetime.h"

enum { HOUR = 3600, CAME = 1000000 };

static const struct account account = {.name = "default", .queue_lifetime = 5 * HOUR, .queue_warning = HOUR};

static void test_a_mail_is_over_when_it_is_older_than_queue_lifetime_without_its_idle_time(void **state)
{
	static const struct {
		time_t since, idle, now;
		bool warned, over, warns;
	} rows[] = {
		{0, 0, CAME, false, false, false},
		{0, 0, CAME + HOUR - 1, false, false, false},
		{0, 0, CAME + HOUR, false, false, true}, /* queue_warning has come */
		{0, 0, CAME + HOUR, true, false, false}, /* once */
		{0, 0, CAME + 5 * HOUR, true, false, false},
		{0, 0, CAME + 5 * HOUR + 1, true, true, false},
		{0, 2 * HOUR, CAME + 5 * HOUR + 1, true, false, false}, /* for two hours the host was off */
		{0, 2 * HOUR, CAME + 2 * HOUR, false, false, false},
		{0, 2 * HOUR, CAME + 7 * HOUR + 1, true, true, false},
		{CAME - 5 * HOUR, 0, CAME + 1, true, true, false}, /* it came by a clock that was ahead */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct entry e = {.arrived = CAME, .since = rows[i].since, .idle = rows[i].idle, .warned = rows[i].warned};

		if (lifetime_is_over(&e, &account, rows[i].now) != rows[i].over || lifetime_warns(&e, &account, rows[i].now) != rows[i].warns)
			print_error("row %zu\n", i);
		assert_int_equal(lifetime_is_over(&e, &account, rows[i].now), rows[i].over);
		assert_int_equal(lifetime_warns(&e, &account, rows[i].now), rows[i].warns);
		assert_int_equal(lifetime_end(&e, &account) < rows[i].now, rows[i].over); /* what a warning says agrees */
	}
}

static void test_time_in_which_it_was_due_and_not_tried_is_idle_but_for_what_a_run_may_be_late(void **state)
{
	static const struct {
		time_t since, next, idle, now, beyond, wanted;
	} rows[] = {
		{0, CAME + 60, 0, CAME + 60, 100, 0},
		{0, CAME + 60, 0, CAME + 160, 100, 0},
		{0, CAME + 60, 0, CAME + 161, 100, 1},
		{0, CAME + 60, 7, CAME + 171, 100, 18}, /* it adds up */
		{0, 0, 0, CAME + 150, 100, 50},	      /* never tried: due since it came */
		{CAME - 20, 0, 0, CAME + 100, 100, 20},
		{0, CAME + 60, 3, CAME, 0, 3}, /* not due yet */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct entry e = {.arrived = CAME, .since = rows[i].since, .next = rows[i].next, .idle = rows[i].idle};

		lifetime_idle(&e, rows[i].now, rows[i].beyond);
		if (e.idle != rows[i].wanted)
			print_error("row %zu\n", i);
		assert_int_equal(e.idle, rows[i].wanted);
	}
}

static void test_a_clock_that_was_set_back_makes_no_mail_eternal(void **state)
{
	static const struct {
		time_t since, idle, now, wanted_since, wanted_idle;
	} rows[] = {
		{0, 0, CAME, 0, 0},
		{0, 50, CAME + 100, 0, 50},
		{0, 500, CAME + 100, 0, 100},	      /* never more than have passed */
		{0, 50, CAME - 100, CAME - 100, 0},   /* it came in the future */
		{CAME - 10, 0, CAME - 100, CAME - 100, 0}, /* again */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct entry e = {.arrived = CAME, .since = rows[i].since, .idle = rows[i].idle};

		lifetime_correct(&e, rows[i].now);
		if (e.since != rows[i].wanted_since || e.idle != rows[i].wanted_idle)
			print_error("row %zu\n", i);
		assert_int_equal(e.since, rows[i].wanted_since);
		assert_int_equal(e.idle, rows[i].wanted_idle);
		assert_true(lifetime_is_over(&e, &account, rows[i].now + 6 * HOUR));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mail_is_over_when_it_is_older_than_queue_lifetime_without_its_idle_time),
		cmocka_unit_test(test_time_in_which_it_was_due_and_not_tried_is_idle_but_for_what_a_run_may_be_late),
		cmocka_unit_test(test_a_clock_that_was_set_back_makes_no_mail_eternal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
