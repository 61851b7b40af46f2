#include "unit.h"

#include <string.h>

#include "mail/envelope.h"

static void test_a_recipient_comes_once_however_its_domain_is_written(void **state)
{
	static const char *const given[] = {"a@x.example", "b@x.example", "a@X.Example", "A@x.example", "a@x.example",
					    "bob", "Bob", "bob", "\"a b\"@x.example", "\"a b\"@X.EXAMPLE"};
	static const char *const kept[] = {"a@x.example", "b@x.example", "A@x.example", "bob", "Bob",
		"\"a b\"@x.example"};
	struct envelope e = {.sender = ""};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(given); i++)
		envelope_add(&e, &in, given[i]);
	assert_int_equal(e.recipients, ROWS(kept));
	for (size_t i = 0; i < ROWS(kept); i++) {
		assert_string_equal(e.recipient[i].address, kept[i]);
		assert_int_equal(e.recipient[i].verdict, PENDING);
		assert_null(e.recipient[i].why);
	}
	arena_free(&in);
}

static void test_many_recipients_keep_their_order_and_are_found_at_once(void **state)
{
	enum { MANY = 50000 };
	struct envelope e = {.sender = ""};
	struct arena in = {0};

	(void)state;
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < MANY; i++)
			envelope_add(&e, &in, arena_printf(&in, "user%d@%s.example", i, round ? "HOST" : "host"));
	assert_int_equal(e.recipients, MANY);
	for (int i = 0; i < MANY; i++)
		assert_string_equal(e.recipient[i].address, arena_printf(&in, "user%d@host.example", i));
	arena_free(&in);
}

static void test_an_envelope_made_by_hand_can_be_added_to(void **state)
{
	struct recipient given[100];
	struct envelope e = {.sender = "", .recipient = given, .recipients = 100, .room = 100};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < 100; i++)
		given[i] = (struct recipient){.address = arena_printf(&in, "u%zu@x", i)};
	envelope_add(&e, &in, "u99@X");
	assert_int_equal(e.recipients, 100);
	envelope_add(&e, &in, "u100@x");
	assert_int_equal(e.recipients, 101);
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_recipient_comes_once_however_its_domain_is_written),
		cmocka_unit_test(test_many_recipients_keep_their_order_and_are_found_at_once),
		cmocka_unit_test(test_an_envelope_made_by_hand_can_be_added_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
