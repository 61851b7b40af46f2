#include "unit.h"

#include <string.h>

#include "wire/certificate.c"

static void test_dates_and_names_are_read_as_each_tls_library_writes_them(void **state)
{
	static const struct {
		const char *line, *names, *subject;
		time_t from, until;
	} rows[] = {
		{"Expire date:Feb  1 00:00:00 2020 GMT", "", "", 0, 1580515200},
		{"Expire date:2020-02-01 00:00:00 GMT", "", "", 0, 1580515200},
		{"Start date:Jan 11 10:20:30 2021 GMT", "", "", 1610360430, 0},
		{"Start date:soon", "", "", 0, 0},
		{"Start date:", "", "", 0, 0},
		{"Expire date:Feb 31 00:00:00 2020 GMT", "", "", 0, 0},
		{"X509v3 Subject Alternative Name:DNS:mail.example.org, DNS:*.example.org, IP Address:192.0.2.1, email:x@y", "mail.example.org, *.example.org, 192.0.2.1", "", 0, 0},
		{"X509v3 Subject Alternative Name:", "", "", 0, 0},
		{"X509v3 Subject Alternative Name:DNS:run this; then mail goes, DNS:good.example, DNS:a\x1b[2Jb, DNS:\xc3\xa4.example, DNS:", "good.example", "", 0, 0},
		{"X509v3 Subject Alternative Name:IP Address:2001:DB8:0:0:0:0:0:1, DNS:_x.example", "2001:DB8:0:0:0:0:0:1, _x.example", "", 0, 0},
		{"Subject:C = DE, CN = mail.example.org, O = x", "", "C = DE, CN = mail.example.org, O = x", 0, 0},
		{"Version:2", "", "", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct certificate c = {0};

		take(&c, rows[i].line, c.names, sizeof c.names);
		assert_string_equal(c.names, rows[i].names);
		assert_string_equal(c.subject, rows[i].subject);
		assert_int_equal(c.from, rows[i].from);
		assert_int_equal(c.until, rows[i].until);
	}
}

static void test_without_alternative_names_the_common_name_counts(void **state)
{
	static const char *const rows[][2] = {{"C = DE, CN = mail.example.org, O = x", "mail.example.org"}, {"CN=mail.example.org", "mail.example.org"}, {"O = x", ""},
					   {"CN = a.example, CN = b.example", "b.example"}, {"O = SYNCNET, CN = mail.example.org", "mail.example.org"}, {"/C=DE/CN=mail.example.org", "mail.example.org"},
					   {"OCN = x", ""}, {"CN", ""}, {"CN=", ""}, {"CN = \"x; run this\"", ""}, {"CN = \\C2\\9B2J", ""}};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char to[40] = "";

		take_common_name(to, sizeof to, rows[i][0]);
		assert_string_equal(to, rows[i][1]);
	}
}

static void test_of_many_names_those_count_that_have_room(void **state)
{
	char line[4000] = "", to[30];

	(void)state;
	for (int i = 0; i < 100; i++)
		strncat(line, "DNS:a-long-name.example.org, ", sizeof line - strlen(line) - 1);
	take_alternatives(to, sizeof to, slice_of(line));
	assert_string_equal(to, "a-long-name.example.org");
}

static void test_no_name_is_cut(void **state)
{
	char line[100];

	(void)state;
	for (size_t room = 1; room < 40; room++) {
		char to[40] = "";

		snprintf(line, sizeof line, "DNS:mail.example.org, DNS:mx.example.org");
		take_alternatives(to, room, slice_of(line));
		assert_string_equal(to, room > 32 ? "mail.example.org, mx.example.org" : room > 16 ? "mail.example.org" : room > 14 ? "mx.example.org" : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates_and_names_are_read_as_each_tls_library_writes_them),
		cmocka_unit_test(test_without_alternative_names_the_common_name_counts),
		cmocka_unit_test(test_of_many_names_those_count_that_have_room),
		cmocka_unit_test(test_no_name_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
