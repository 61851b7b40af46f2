#include "unit.h"

#include <string.h>

#include "mail/decode.h"

#define TEXT(octets) {octets, sizeof(octets) - 1}

static void test_octets_stand_for_what_the_encoding_says(void **state)
{
	static const struct {
		enum mime_encoding encoding;
		struct slice octets, said;
	} rows[] = {
		{MIME_PLAIN, TEXT("a=20\r\n"), TEXT("a=20\r\n")},
		{MIME_UNKNOWN, TEXT("a=20\r\n"), TEXT("a=20\r\n")},
		{MIME_QUOTED, TEXT(""), TEXT("")},
		{MIME_QUOTED, TEXT("M=C3=BCller=3d\r\n"), TEXT("M\xc3\xbcller=\r\n")},
		{MIME_QUOTED, TEXT("{{na=\r\nme}}"), TEXT("{{name}}")},
		{MIME_QUOTED, TEXT("{{na= \t\r\nme}}=\n"), TEXT("{{name}}")},
		{MIME_QUOTED, TEXT("a \t\r\nb  \nc \t"), TEXT("a\r\nb\nc")}, /* rule 3 */
		{MIME_QUOTED, TEXT("a=20\r\nb =\r\n c"), TEXT("a \r\nb  c")},
		{MIME_QUOTED, TEXT("a=zz=4=\xff= b="), TEXT("a=zz=4=\xff= b=")},
		{MIME_QUOTED, TEXT("\r\n=0D=0A\r\n"), TEXT("\r\n\r\n\r\n")},
		{MIME_BASE64, TEXT(""), TEXT("")},
		{MIME_BASE64, TEXT("YQ=="), TEXT("a")},
		{MIME_BASE64, TEXT("YWI=\r\n"), TEXT("ab")},
		{MIME_BASE64, TEXT("YW\r\n J!j\0/w"), TEXT("abc\xff")},
		{MIME_BASE64, TEXT("YWJjYQ==YWJj"), TEXT("abca")},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena in = {0};
		struct slice said = decode_part(&in, rows[i].encoding, rows[i].octets);

		assert_int_equal(said.len, rows[i].said.len);
		assert_memory_equal(said.p, rows[i].said.p, said.len);
		arena_free(&in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_octets_stand_for_what_the_encoding_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
