/* What is read out of libcurl's words, row by row. */
#include "unit.h"

#include "wire/facts.h"

static void test_the_version_of_tls_is_the_word_behind_using(void **state)
{
	static const struct {
		const char *line, *wanted;
	} rows[] = {
		{"SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384\n", "TLSv1.3"},
		{"SSL connection using TLSv1.2 / ECDHE-RSA-AES256-GCM-SHA384 / X25519 / RSASSA-PSS", "TLSv1.2"},
		{"SSL connection using TLS1.3 / ECDHE_RSA_AES_256_GCM_SHA384\n", "TLS1.3"},
		{"SSL connection using TLSv1.3\r\n", "TLSv1.3"},
		{"SSL connection using TLSv1.3", "TLSv1.3"},
		{"SSL connection using ", ""},
		{"SSL connection using \n", ""},
		{"SSL connection using a\033b/c", "a\\x1bb"},
		{"SSL connection", ""},
		{"  Trying 127.0.0.1:25...\n", ""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct session_facts f;

		facts_start(&f);
		facts_text(&f, slice_of(rows[i].line));
		assert_string_equal(f.tls, rows[i].wanted);
	}
}

static void test_a_version_that_is_too_long_is_cut(void **state)
{
	struct session_facts f;

	(void)state;
	facts_start(&f);
	facts_text(&f, SLICE("SSL connection using 0123456789012345678901234567890123456789 / x"));
	assert_string_equal(f.tls, "0123456789012345678901234567890");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_version_of_tls_is_the_word_behind_using),
		cmocka_unit_test(test_a_version_that_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
