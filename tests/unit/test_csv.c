#include "unit.h"

#include <string.h>

#include "base/csv.h"

#define OCTETS(text) {text, sizeof(text) - 1}

static void test_a_cell_is_quoted_where_it_has_to_be(void **state)
{
	static const struct {
		struct slice cell;
		char separator;
		const char *wanted;
	} rows[] = {
		{OCTETS(""), ',', ""},		       {OCTETS("Bob"), ',', "Bob"},	    {OCTETS("Bob, the"), ',', "\"Bob, the\""},
		{OCTETS("Bob, the"), ';', "Bob, the"}, {OCTETS("a;b"), ';', "\"a;b\""},	    {OCTETS("a\tb"), '\t', "\"a\tb\""},
		{OCTETS("\""), ',', "\"\"\"\""},       {OCTETS("a\"b\""), ',', "\"a\"\"b\"\"\""}, {OCTETS("a\nb"), ',', "\"a\nb\""},
		{OCTETS("a\r\nb"), ',', "\"a\r\nb\""}, {OCTETS(" a"), ',', "\" a\""},	    {OCTETS("a\t"), ',', "\"a\t\""},
		{OCTETS("a b"), ',', "a b"},	       {OCTETS("\xc3\xa9"), ',', "\xc3\xa9"}, {OCTETS("\xef\xbb\xbf" "a"), ',', "\"\xef\xbb\xbf" "a\""},
		{OCTETS("\xef\xbb"), ',', "\xef\xbb"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct buf b;

		buf_start(&b, 100);
		assert_int_equal(csv_cell(&b, rows[i].cell, rows[i].separator), 0);
		assert_string_equal(b.p ? b.p : "", rows[i].wanted);
		buf_free(&b);
		for (size_t room = 0; room < strlen(rows[i].wanted); room++) {
			buf_start(&b, room);
			assert_int_equal(csv_cell(&b, rows[i].cell, rows[i].separator), -1);
			buf_free(&b);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_cell_is_quoted_where_it_has_to_be)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
