#include "unit.h"

#include "post/renew.h"

enum { NOW = 1000000000, HOUR = 3600, DAY = 24 * HOUR };

static void test_a_login_is_due_a_week_after_its_last_exchange(void **state)
{
	static const struct { const char *what; bool login, token, refused, due; time_t obtained, tried; } rows[] = {
		{"of an hour ago", true, false, false, false, NOW - HOUR, 0},
		{"of almost a week ago", true, false, false, false, NOW - 7 * DAY + 1, 0},
		{"of a week ago", true, false, false, true, NOW - 7 * DAY, 0},
		{"of nobody knows when", true, false, false, true, 0, 0},
		{"none", false, false, false, false, NOW - 30 * DAY, 0},
		{"whose token lasts longer", true, true, false, false, NOW - 30 * DAY, 0},
		{"obtained in the future: the clock was set back", true, false, false, false, NOW + DAY, 0},
		{"tried a minute ago", true, false, false, false, NOW - 30 * DAY, NOW - 60},
		{"tried almost an hour ago", true, false, false, false, NOW - 30 * DAY, NOW - HOUR + 1},
		{"tried an hour ago", true, false, false, true, NOW - 30 * DAY, NOW - HOUR},
		{"refused an hour ago", true, false, true, false, NOW - 30 * DAY, NOW - HOUR},
		{"refused a day ago", true, false, true, true, NOW - 30 * DAY, NOW - DAY},
		{"tried in the future", true, false, true, true, NOW - 30 * DAY, NOW + DAY},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct token_outlook k = {.login = rows[i].login, .token = rows[i].token, .refused = rows[i].refused, .obtained = rows[i].obtained, .tried = rows[i].tried};

		if (renew_is_due(&k, NOW) != rows[i].due)
			print_error("a login %s\n", rows[i].what);
		assert_int_equal(renew_is_due(&k, NOW), rows[i].due);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_login_is_due_a_week_after_its_last_exchange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
