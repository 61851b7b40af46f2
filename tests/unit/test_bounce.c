#include "unit.h"

#include "post/bounce.h"

static void test_who_is_not_told_of_is_not_marked_as_told(void **state)
{
	struct arena in = {.block = NULL};
	struct entry e = {.envelope.sender = "ann@example.net"};
	size_t left = 0;

	(void)state;
	for (unsigned i = 0; i < BOUNCE_TOLD + 3; i++)
		envelope_add(&e.envelope, &in, arena_printf(&in, "u%u@example.org", i))->verdict = REFUSED;
	e.envelope.recipient[0].verdict = ACCEPTED;
	e.envelope.recipient[1].notify = NOTIFY_NEVER; /* wants no word, so that nothing is left to be told */
	bounce_note(&e);
	assert_int_equal(e.envelope.recipient[0].verdict, ACCEPTED);
	for (size_t i = 1; i < e.envelope.recipients; i++)
		left += e.envelope.recipient[i].verdict == REFUSED;
	assert_int_equal(left, 1);
	assert_int_equal(e.envelope.recipient[1].verdict, BOUNCED);
	assert_int_equal(e.envelope.recipient[BOUNCE_TOLD + 2].verdict, REFUSED);
	bounce_note(&e);
	assert_int_equal(e.envelope.recipient[BOUNCE_TOLD + 2].verdict, BOUNCED);
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_not_told_of_is_not_marked_as_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
