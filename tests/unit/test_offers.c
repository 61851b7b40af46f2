#include "unit.h"

#include "mail/offers.h"

static void test_a_list_of_offers_is_read_in_any_case_and_printed_in_one_way(void **state)
{
	static const struct { const char *list; int ok; unsigned set; const char *printed; } rows[] = {
		{"", 0, 0, ""},
		{"chunking", 0, OFFER_CHUNKING, "chunking"},
		{"DSN, Pipelining", 0, OFFER_DSN | OFFER_PIPELINING, "pipelining,dsn"},
		{" 8bitmime\tsize,,smtputf8 ", 0, OFFER_8BITMIME | OFFER_SIZE | OFFER_SMTPUTF8, "8bitmime,size,smtputf8"},
		{"pipelining,chunking,8bitmime,size,smtputf8,dsn", 0, 63, "pipelining,chunking,8bitmime,size,smtputf8,dsn"},
		{"starttls", -1, 0, ""}, {"chunking auth", -1, 0, ""}, {"chunk", -1, 0, ""}, {"chunkings", -1, 0, ""}, {"dsn;size", -1, 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char text[OFFERS_TEXT];
		unsigned set;

		assert_int_equal(offers_parse(slice_of(rows[i].list), &set), rows[i].ok);
		if (rows[i].ok < 0)
			continue;
		assert_int_equal(set, rows[i].set);
		assert_string_equal(offers_print(text, set), rows[i].printed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_of_offers_is_read_in_any_case_and_printed_in_one_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
