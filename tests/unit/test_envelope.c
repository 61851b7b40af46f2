#include "unit.h"

#include <stdio.h>
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

static void test_smtputf8_is_needed_where_it_was_said_or_an_address_is_not_ascii(void **state)
{
	static const struct { const char *sender, *to[2]; bool said, needs; } rows[] = {
		{"a@x", {"b@x", "c@x"}, false, false}, {"a@x", {"b@x", "c@x"}, true, true}, {"j\xc3\xbcrgen@x", {"b@x", "c@x"}, false, true},
		{"a@x", {"j\xc3\xbcrgen@x", "c@x"}, false, true}, {"a@x", {"b@x", "c@b\xc3\xbc.example"}, false, true}, {"", {"b@x", "c@x"}, false, false},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct envelope e = {.sender = rows[i].sender, .smtputf8 = rows[i].said};

		assert_non_null(envelope_add(&e, &in, rows[i].to[0]));
		assert_non_null(envelope_add(&e, &in, rows[i].to[1]));
		assert_int_equal(envelope_needs_utf8(&e), rows[i].needs);
	}
	arena_free(&in);
}

static void test_a_copy_without_recipients_asks_the_same_and_has_nobody(void **state)
{
	struct arena in = {0};
	struct envelope e = {.sender = "a@x", .ret = RET_HDRS, .envid = "id", .notify = NOTIFY_NEVER, .smtputf8 = false}, copy;
	struct recipient *r = envelope_add(&e, &in, "j\xc3\xbcrgen@x");

	(void)state;
	r->notify = NOTIFY_DELAY;
	r->orcpt = "rfc822;j";
	r->verdict = REFUSED;
	copy = envelope_without_recipients(&e);
	assert_true(copy.recipients == 0 && copy.ret == RET_HDRS && copy.notify == NOTIFY_NEVER && !envelope_needs_utf8(&copy));
	assert_string_equal(copy.sender, "a@x");
	assert_string_equal(copy.envid, "id");
	r = envelope_add_like(&copy, &in, "b@x", &e.recipient[0]);
	assert_non_null(r);
	assert_true(r->notify == NOTIFY_DELAY && r->verdict == PENDING && !strcmp(r->orcpt, "rfc822;j") && !strcmp(r->address, "b@x"));
	assert_null(envelope_add_like(&copy, &in, "b@X", &e.recipient[0]));
	assert_int_equal(e.recipients, 1);
	arena_free(&in);
}

static bool is_in(void *ctx, const struct recipient *r)
{
	return strchr(ctx, *r->address) != NULL;
}

static void test_only_those_stay_who_are_to_and_others_can_be_added(void **state)
{
	static const struct { char *stay; const char *left; bool beyond; } rows[] = {
		{"abcd\xc3", "a@x b@x c@x d@x \xc3\xa9@x ", true}, {"ac", "a@x c@x ", false}, {"", "", false}, {"d\xc3", "d@x \xc3\xa9@x ", true}};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		static const char *const to[] = {"a@x", "b@x", "c@x", "d@x", "\xc3\xa9@x"};
		struct envelope e = {.sender = ""};
		struct arena in = {0};
		char left[64] = "";

		for (size_t k = 0; k < ROWS(to); k++)
			envelope_add(&e, &in, to[k]);
		envelope_keep(&e, is_in, rows[i].stay);
		for (size_t k = 0; k < e.recipients; k++)
			snprintf(left + strlen(left), sizeof left - strlen(left), "%s ", e.recipient[k].address);
		assert_string_equal(left, rows[i].left);
		assert_int_equal(e.beyond_ascii, rows[i].beyond);
		assert_non_null(envelope_add(&e, &in, "z@x"));
		assert_null(envelope_add(&e, &in, "z@X"));
		assert_int_equal(envelope_add(&e, &in, "a@x") == NULL, strchr(rows[i].stay, 'a') != NULL);
		arena_free(&in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_recipient_comes_once_however_its_domain_is_written),
		cmocka_unit_test(test_many_recipients_keep_their_order_and_are_found_at_once),
		cmocka_unit_test(test_an_envelope_made_by_hand_can_be_added_to),
		cmocka_unit_test(test_smtputf8_is_needed_where_it_was_said_or_an_address_is_not_ascii),
		cmocka_unit_test(test_only_those_stay_who_are_to_and_others_can_be_added),
		cmocka_unit_test(test_a_copy_without_recipients_asks_the_same_and_has_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
