#include "unit.h"

#include <sysexits.h>

#include "cli/batch_status.h"

static void test_the_sum_makes_the_status(void **state)
{
	static const struct { struct batch_sum sum; int status; } rows[] = {
		{{.seen = 5, .accepted = 5}, EX_OK},
		{{.seen = 5, .before = 5}, EX_OK},
		{{.seen = 5, .accepted = 4, .spooled = 1}, EX_OK},
		{{.seen = 0}, EX_OK},
		{{.seen = 5, .accepted = 4, .refused = 1}, EX_DATAERR},
		{{.seen = 5, .accepted = 4, .bad = 1}, EX_DATAERR},
		{{.seen = 5, .before = 5, .before_refused = 1}, EX_DATAERR},
		{{.seen = 5, .accepted = 3, .waits = 1, .refused = 1}, EX_TEMPFAIL},
		{{.seen = 5, .accepted = 4, .doubtful = 1}, EX_TEMPFAIL},
		{{.seen = 5, .accepted = 2, .left = 3}, EX_TEMPFAIL},
		{{.seen = 5, .accepted = 5, .told_to_end = true}, EX_TEMPFAIL}, /* there may be others */
		{{.seen = 5, .accepted = 5, .told_to_end = true, .whole = true}, EX_OK},
		{{.seen = 5, .accepted = 4, .refused = 1, .told_to_end = true, .whole = true}, EX_DATAERR},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(batch_status(&rows[i].sum, NULL), rows[i].status);
}

static void test_what_stops_a_run_decides(void **state)
{
	static const struct { struct failure why; int status; } rows[] = {
		{{.stage = AT_LOGIN, .exit = EX_NOPERM}, EX_NOPERM},
		{{.stage = AT_LOGIN, .exit = EX_TEMPFAIL}, EX_TEMPFAIL},
		{{.stage = AT_CONNECT, .exit = EX_TEMPFAIL}, EX_TEMPFAIL},
		{{.stage = AT_GREETING, .exit = EX_UNAVAILABLE}, EX_TEMPFAIL},
		{{.stage = AT_TLS, .exit = EX_PROTOCOL}, EX_TEMPFAIL},
		{{.stage = AT_INPUT, .exit = EX_CANTCREAT}, EX_CANTCREAT},
		{{.stage = AT_INPUT, .exit = EX_TEMPFAIL}, EX_TEMPFAIL},
		{{.stage = AT_INPUT, .exit = EX_DATAERR}, EX_DATAERR},
		{{.stage = AT_CONFIG, .exit = EX_CONFIG}, EX_CONFIG},
	};
	const struct batch_sum sum = {.seen = 5, .accepted = 2, .left = 3};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(batch_status(&sum, &rows[i].why), rows[i].status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sum_makes_the_status),
		cmocka_unit_test(test_what_stops_a_run_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
