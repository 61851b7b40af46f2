#include "unit.h"

#include "wire/idn.h"

#define TEN "\xc3\xbc\xe6\xbc\xa2\xc3\xa4\xe5\xad\x97\xd0\xb6\xc3\xb6\xce\xbb\xe6\x97\xa5\xc3\xa9\xe6\x9c\xac"

static void test_labels_are_what_rfc_3492_says(void **state)
{
	static const char *const rows[][2] = {
		{"a@b.example", "a@b.example"}, {"a@b\xc3\xbc" "cher.example", "a@xn--bcher-kva.example"}, {"a@m\xc3\xbcnchen.de", "a@xn--mnchen-3ya.de"},
		{"a@\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e.jp", "a@xn--wgv71a119e.jp"}, {"a@\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.\xd0\xb8\xd1\x81\xd0\xbf\xd1\x8b\xd1\x82\xd0\xb0\xd0\xbd\xd0\xb8\xd0\xb5", "a@xn--e1afmkfd.xn--80akhbyknj4f"},
		{"a@\xce\xb5\xce\xbb.gr", "a@xn--qxam.gr"}, {"a@\xe4\xbb\x96\xe4\xbb\xac\xe4\xb8\xba\xe4\xbb\x80\xe4\xb9\x88\xe4\xb8\x8d\xe8\xaf\xb4\xe4\xb8\xad\xe6\x96\x87", "a@xn--ihqwcrb4cv8a8dqg056pqjye"},
		{"a@\xc3\x9c" "ber.example", "a@xn--ber-goa.example"}, {"a@\xc5\x81\xc3\x93" "D\xc5\xb9.pl", "a@xn--d-uga0v4h.pl"},
		{"a@b" "u\xcc\x88" "cher.example", "a@xn--bcher-kva.example"}, {"a@\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x80\x82jp", "a@xn--wgv71a119e.jp"},
		{"a@xn--bcher-kva.example", "a@xn--bcher-kva.example"}, {"a@\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80.example", "a@xn--j2bd4cyah0f.example"},
	};

	(void)state;
	if (idn_is_missing()) /* before 7.88, or built without */
		skip();
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena in = {0};
		const char *said = idn_address(&in, rows[i][0]);

		assert_non_null(said);
		assert_string_equal(said, rows[i][1]);
		arena_free(&in);
	}
}

static void test_what_cannot_be_said_in_ascii_is_not(void **state)
{
	static const char *const rows[] = {
		"j\xc3\xbc@b.example", "bob", "a@\xff.example", "a@\xc3\xa4.org\xef\xbc\xa0n.org", "a@\xc3\xa4.org\xef\xbc\x9e", "a@\xc3\xa4.org\xef\xbc\x8cn.org", "a@-\xc3\xbc.example", "a@\xe2\x80\xae" "b.example",
		"a@" TEN TEN TEN TEN TEN TEN TEN ".example",
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena in = {0};

		assert_null(idn_address(&in, rows[i]));
		arena_free(&in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels_are_what_rfc_3492_says),
		cmocka_unit_test(test_what_cannot_be_said_in_ascii_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
