/* How files in the spool are called (mysend-spool(5)). */
#include "unit.h"

#include <string.h>

#include "base/clock.h"
#include "spool/spool.h"

#define ID "0123456789abcdefghjkmnpqrs"

static void test_a_new_name_tells_its_time_and_sorts_by_it(void **state)
{
	const struct spool s = {.path = "/nowhere"};
	char first[SPOOL_ID], second[SPOOL_ID], earliest[] = "0000000000abcdefghjkmnpqrs";
	time_t before = clock_wall();
	struct failure f;

	(void)state;
	assert_int_equal(spool_name(&s, first, &f), 0);
	assert_int_equal(spool_name(&s, second, &f), 0);
	assert_in_range(spool_name_time(first), before, clock_wall());
	assert_true(spool_is_name(first) && !spool_is_bounce(first));
	assert_true(strcmp(first, second) != 0 && strncmp(first, second, 8) <= 0);
	assert_int_equal(spool_name_time(earliest), 0);
	assert_true(strcmp(earliest, first) < 0);
}

static void test_a_bounce_and_a_warning_are_called_after_the_mail_and_its_last_try(void **state)
{
	struct entry e = {.id = ID, .attempts = 3};
	char id[SPOOL_ID];

	(void)state;
	spool_name_bounce(id, &e, false);
	assert_string_equal(id, ID ".b3");
	assert_true(spool_is_bounce(id));
	spool_name_bounce(id, &e, true);
	assert_string_equal(id, ID ".d3");
	e.attempts = 12345;
	spool_name_bounce(id, &e, false);
	assert_string_equal(id, ID ".b345");
	/* that a bounce of ours could not be sent is told under the mail's name, too */
	memcpy(e.id, ID ".b345", sizeof ID ".b345");
	spool_name_bounce(id, &e, false);
	assert_string_equal(id, ID ".b345");
}

static void test_what_is_the_name_of_a_mail(void **state)
{
	static const struct {
		const char *name;
		bool mail, state;
	} rows[] = {
		{ID, true, false},	    {ID ".b1", true, false},	    {ID ".d999", true, false}, {ID ".state", false, true},
		{ID ".b12.state", false, true}, {ID ".b1000", false, false}, {ID ".b", false, false},   {ID ".c1", false, false},
		{ID ".b1x", false, false},  {ID "t", false, false},	    {"0123456789abcdefghjkmnpqr", false, false},
		{"0123456789abcdefghjkmnpqrl", false, false}, /* no l: it looks like 1 */
		{"", false, false},	    {".state", false, false},	    {"note.state", false, false}, {ID ".state.state", false, false},
	};
	char of[SPOOL_ID];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(spool_is_name(rows[i].name), rows[i].mail);
		assert_int_equal(spool_is_state(rows[i].name, of), rows[i].state);
		if (rows[i].state) {
			char name[SPOOL_STATE_NAME];

			spool_name_state(name, of);
			assert_string_equal(name, rows[i].name);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_new_name_tells_its_time_and_sorts_by_it),
		cmocka_unit_test(test_a_bounce_and_a_warning_are_called_after_the_mail_and_its_last_try),
		cmocka_unit_test(test_what_is_the_name_of_a_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
