#include "unit.h"

#include <string.h>

#include "conf/value.h"

static struct arena arena;

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void test_a_count_is_digits_within_its_range(void **state)
{
	static const struct { const char *text; unsigned least, most; int ok; unsigned value; } rows[] = {
		{"0", 0, 9, 0, 0},	      {"9", 0, 9, 0, 9},	      {"10", 0, 9, -1, 0},
		{"0", 1, 9, -1, 0},	      {"007", 1, 9, 0, 7},	      {"", 0, 9, -1, 0},
		{"-1", 0, 9, -1, 0},	      {"+1", 0, 9, -1, 0},	      {" 1", 0, 9, -1, 0},
		{"1 ", 0, 9, -1, 0},	      {"1x", 0, 9, -1, 0},	      {"0x1", 0, 9, -1, 0},
		{"1.0", 0, 9, -1, 0},	      {"1e1", 0, 99, -1, 0},	      {"\xd9\xa1", 0, 9, -1, 0},
		{"4294967295", 0, 4294967295U, 0, 4294967295U},		      {"4294967296", 0, 4294967295U, -1, 0},
		{"18446744073709551617", 0, 4294967295U, -1, 0}, /* 1 once around */
		{"0000000000000000000000000000000000000001", 1, 9, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		unsigned n = 0;

		assert_int_equal(value_count(slice_of(rows[i].text), rows[i].least, rows[i].most, &n), rows[i].ok);
		if (rows[i].ok == 0)
			assert_int_equal(n, rows[i].value);
	}
}

static void test_a_time_is_a_count_of_seconds_or_of_a_unit(void **state)
{
	static const struct { const char *text; int ok; unsigned value; } rows[] = {
		{"1", 0, 1},	   {"30", 0, 30},     {"30s", 0, 30},	  {"5m", 0, 300},	  {"2h", 0, 7200},
		{"1d", 0, 86400},  {"7d", 0, 604800}, {"168h", 0, 604800}, {"604800", 0, 604800}, {"off", 0, 604800},
		{"OFF", 0, 604800}, {"0", -1, 0},     {"0s", -1, 0},	  {"0d", -1, 0},	  {"", -1, 0},
		{"s", -1, 0},	   {"8d", -1, 0},     {"169h", -1, 0},	  {"604801", -1, 0},	  {"5M", -1, 0},
		{"5 m", -1, 0},	   {"5ms", -1, 0},    {"1.5h", -1, 0},	  {"-1", -1, 0},	  {"on", -1, 0},
		{"1w", -1, 0},	   {"4294967297s", -1, 0}, {"71582789m", -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		unsigned n = 0;

		assert_int_equal(value_seconds(slice_of(rows[i].text), 1, 604800, &n), rows[i].ok);
		if (rows[i].ok == 0)
			assert_int_equal(n, rows[i].value);
	}
}

static void test_a_size_is_octets_or_a_power_of_1024(void **state)
{
	static const struct { const char *text; int ok; uint64_t value; } rows[] = {
		{"1", 0, 1}, {"5000", 0, 5000}, {"2k", 0, 2048}, {"2K", 0, 2048}, {"20M", 0, 20971520},
		{"1g", 0, 1073741824}, {"off", 0, 0}, {"0", -1, 0}, {"0k", -1, 0}, {"", -1, 0}, {"k", -1, 0},
		{"2T", -1, 0}, {"-1", -1, 0}, {"1.5M", -1, 0}, {"2 M", -1, 0}, {"2MB", -1, 0}, {"5g", -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		uint64_t n = 9;

		assert_int_equal(value_bytes(slice_of(rows[i].text), 1, (uint64_t)4 << 30, &n), rows[i].ok);
		if (rows[i].ok == 0)
			assert_int_equal(n, rows[i].value);
	}
}

static void test_a_choice_is_one_whole_word_of_the_list(void **state)
{
	static const struct { const char *words, *text; int place; } rows[] = {
		{"off|on", "off", 0}, {"off|on", "on", 1},  {"off|on", "ON", 1},     {"off|on", "o", -1},
		{"off|on", "onn", -1}, {"off|on", "", -1},  {"off|on", "off|on", -1}, {"off|on", "|", -1},
		{"1.0|1.1", "1.1", 1}, {"1.0|1.1", "1", -1}, {"one", "one", 0},	     {"", "x", -1}, {"", "", -1},
		{"a|b|LOG_LOCAL7", "log_local7", 2},
	};
	char wall[100];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(value_choice(rows[i].words, slice_of(rows[i].text)), rows[i].place);
		if (rows[i].place >= 0)
			assert_true(slice_is(value_word(rows[i].words, (unsigned)rows[i].place), rows[i].text));
	}
	memset(wall, 'w', sizeof wall);
	assert_int_equal(value_choice("a|b", (struct slice){wall, sizeof wall}), -1);
}

static void test_a_name_is_letters_digits_hyphens_underscores_and_dots_in_their_places(void **state)
{
	static const struct { const char *text; bool good; } rows[] = {
		{"a", true}, {"a.b", true}, {"A-b_c.9", true}, {"_dmarc.x", true}, {"", false}, {".", false}, {".a", false},
		{"a.", false}, {"-a", false}, {"a-", false}, {"a..b", false}, {"a b", false}, {"a\n", false}, {"a/b", false},
		{"b\xc3\xbc", false}, {"(none)", false},
	};
	char wall[300];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(value_is_name(rows[i].text), rows[i].good);
	memset(wall, 'w', sizeof wall);
	wall[255] = '\0';
	assert_true(value_is_name(wall));
	wall[255] = 'w';
	wall[256] = '\0';
	assert_false(value_is_name(wall));
}

static void test_each_kind_keeps_what_it_takes_and_refuses_the_rest(void **state)
{
	static const struct { value_kind *kind; const char *text, *kept; } rows[] = {
		{kind_text, "", ""}, {kind_text, "a b", "a b"},
		{kind_word, "", ""}, {kind_word, "a", "a"}, {kind_word, "a b", NULL}, {kind_word, "a\tb", NULL},
		{kind_path, "~/a b", "~/a b"},
		{kind_trust, "system", ""}, {kind_trust, "System", "System"}, {kind_trust, "/f", "/f"},
		{kind_host, "", NULL}, {kind_host, "h", "h"}, {kind_host, "h.", "h."}, {kind_host, ".h", NULL},
		{kind_host, "[::1]", "::1"}, {kind_host, "[]", NULL}, {kind_host, "[", NULL}, {kind_host, "[127.0.0.1]", NULL},
		{kind_host, "::1%lo", "::1%lo"}, {kind_host, "[fe80::1%eth0.1]", "fe80::1%eth0.1"},
		{kind_host, "fe80::1%", NULL}, {kind_host, "fe80::1%a/b", NULL}, {kind_host, "fe80::1%a]@evil", NULL},
		{kind_host, "fe80::1%a b", NULL}, {kind_host, "h%1", NULL}, {kind_host, "1:2", NULL}, {kind_host, "h/x", NULL},
		{kind_host, "h?x", NULL}, {kind_host, "h#x", NULL}, {kind_host, "u@h", NULL}, {kind_host, "h\\x", NULL},
		{kind_name, "", ""}, {kind_name, "h.example", "h.example"}, {kind_name, "h x", NULL},
		{kind_ip, "", ""}, {kind_ip, "192.0.2.1", "192.0.2.1"}, {kind_ip, "192.0.2.256", NULL}, {kind_ip, "192.0.2", NULL},
		{kind_ip, "2001:db8::1", "2001:db8::1"}, {kind_ip, "[::1]", NULL}, {kind_ip, "eth0", NULL},
		{kind_ip, "192.0.2.1%eth0", NULL}, {kind_ip, "fe80::1%eth0", "fe80::1%eth0"}, {kind_ip, "fe80::1%!", NULL},
		{kind_url, "socks5h://p:1", "socks5h://p:1"}, {kind_url, "a b", NULL},
		{kind_pop, "", ""}, {kind_pop, "pop3://h", "pop3://h"}, {kind_pop, "POP3S://h:995", "POP3S://h:995"},
		{kind_pop, "imap://h", NULL}, {kind_pop, "pop3:h", NULL}, {kind_pop, "pop3s://", NULL}, {kind_pop, "pop3://a b", NULL},
		{kind_pin, "", ""}, {kind_pin, "/k.pem", "/k.pem"}, {kind_pin, "~/k.pem", "~/k.pem"}, {kind_pin, "k.pem", NULL},
		{kind_pin, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
		{kind_pin, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;", NULL},
		{kind_pin, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;x", NULL},
		{kind_pin, "sha256//AAAAAAAAAAAAAAAAAAAAA*AAAAAAAAAAAAAAAAAAAAA=", NULL},
		{kind_pin, "sha256//", NULL},
		{kind_sender, "", ""}, {kind_sender, "a@b", "a@b"}, {kind_sender, "*@b", "*@b"}, {kind_sender, "root", "root"},
		{kind_sender, "* b", NULL}, {kind_sender, "a@b c", NULL}, {kind_sender, "a@b, c@d", NULL}, {kind_sender, "<>", NULL},
		{kind_address, "", ""}, {kind_address, "a@b", "a@b"}, {kind_address, "a", "a"}, {kind_address, "a@b,c@d", NULL},
		{kind_address, "a@b>", NULL}, {kind_address, "\"a b\"@c", "\"a b\"@c"},
		{kind_addresses, "", ""}, {kind_addresses, "a@b", "a@b"}, {kind_addresses, "a@b, c@d", "a@b, c@d"},
		{kind_addresses, "a@b, <c", NULL},
		{kind_notify, "", ""}, {kind_notify, "off", "off"}, {kind_notify, "never", "never"},
		{kind_notify, "success,failure,delay", "success,failure,delay"}, {kind_notify, "Success , DELAY", "Success , DELAY"},
		{kind_notify, "never,success", NULL}, {kind_notify, "off,success", NULL}, {kind_notify, "success,", NULL},
		{kind_notify, ",", NULL}, {kind_notify, "always", NULL},
		{kind_returns, "", ""}, {kind_returns, "full", "full"}, {kind_returns, "Headers", "Headers"},
		{kind_returns, "hdrs", "hdrs"}, {kind_returns, "OFF", "OFF"}, {kind_returns, "body", NULL}, {kind_returns, ",", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *kept = rows[i].kind(&arena, arena_text(&arena, rows[i].text, strlen(rows[i].text)));

		if (!rows[i].kept != !kept)
			print_error("\"%s\" in row %zu\n", rows[i].text, i);
		if (rows[i].kept)
			assert_string_equal(kept, rows[i].kept);
		else
			assert_null(kept);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_a_count_is_digits_within_its_range, teardown),
		cmocka_unit_test_teardown(test_a_time_is_a_count_of_seconds_or_of_a_unit, teardown),
		cmocka_unit_test_teardown(test_a_size_is_octets_or_a_power_of_1024, teardown),
		cmocka_unit_test_teardown(test_a_choice_is_one_whole_word_of_the_list, teardown),
		cmocka_unit_test_teardown(test_a_name_is_letters_digits_hyphens_underscores_and_dots_in_their_places, teardown),
		cmocka_unit_test_teardown(test_each_kind_keeps_what_it_takes_and_refuses_the_rest, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
