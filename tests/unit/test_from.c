#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "mail/address.h"
#include "mail/from.h"

static const struct completion plain = {
	.forced_from = "",	 .from_address = "me@x.example", .from_name = "Me Myself",
	.message_host = "h.example", .charset = "",
};

static void test_a_name_is_written_as_it_must_be_and_the_address_as_it_is(void **state)
{
	static const struct {
		const char *name, *expected;
	} rows[] = {
		{"", "a@x"},
		{"  ", "a@x"},
		{"Joe Public", "Joe Public <a@x>"},
		{"Dr. \"X\", (y) <z>", "\"Dr. \\\"X\\\", (y) <z>\" <a@x>"},
		{"J\xc3\xb6rg", "=?utf-8?B?SsO2cmc=?= <a@x>"},
		{"J\xf6rg", "=?utf-8?B?SsO2cmc=?= <a@x>"}, /* iso-8859-1 */
		{"\xc3\x9cml\xc3\xa4ut <evil@y>", "=?utf-8?B?w5xtbMOkdXQgPGV2aWxAeT4=?= <a@x>"},
		{"evil@y", "\"evil@y\" <a@x>"},
		{"a name that is longer than what a line of mail should hold, which is not much at all",
		 "=?utf-8?Q?a_name_that_is_longer_than_what_a_line_of_mail_should_hold?=\r\n"
		 " =?utf-8?Q?=2C_which_is_not_much_at_all?= <a@x>"},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct mailboxes list = {.count = 0};
		struct failure f;
		const char *text = mailbox_text(&in, rows[i].name, "a@x");

		assert_string_equal(text, rows[i].expected);
		assert_int_equal(address_list(&list, &in, slice_of(text), &f), 0);
		assert_int_equal(list.count, 1);
		assert_string_equal(list.box[0].address, "a@x");
	}
	arena_free(&in);
}

static void test_a_long_address_goes_on_a_line_of_its_own(void **state)
{
	struct arena in = {0};

	(void)state;
	assert_string_equal(mailbox_text(&in, "A name of some length, as they are",
		"somebody.with.a.long.name@a.long.example.org"),
			    "\"A name of some length, as they are\"\r\n"
			    " <somebody.with.a.long.name@a.long.example.org>");
	arena_free(&in);
}

/* The From field that comes of it, or the failure's words. */
static const char *result(struct arena *in, const char *header, const struct completion *c)
{
	struct slice rest = slice_of(header);
	struct header h = {.in = in};
	const char *text;
	struct failure f;
	struct buf out;

	header_parse(&h, &rest);
	if (from_complete(&h, c, &f) < 0)
		return arena_text(in, f.text, strlen(f.text));
	buf_start(&out, 10000);
	assert_int_equal(header_print(&h, &out), 0);
	text = arena_text(in, out.p, out.len - 2);
	buf_free(&out);
	return text;
}

static void test_a_from_is_added_only_where_none_says_anything(void **state)
{
	static const struct {
		const char *header;
		enum put put;
		const char *expected;
	} rows[] = {
		{"", PUT_MISSING, "From: Me Myself <me@x.example>\r\n"},
		{"From: a@y\r\n", PUT_MISSING, "From: a@y\r\n"},
		{"from:  a@y \r\n", PUT_MISSING, "from:  a@y \r\n"},
		{"From:\r\nTo: b@y\r\n", PUT_MISSING, "From: Me Myself <me@x.example>\r\nTo: b@y\r\n"},
		{"From: \r\n \r\n", PUT_MISSING, "From: Me Myself <me@x.example>\r\n"},
		{"From: a@y\r\nFrom: b@y\r\n", PUT_MISSING, "From: a@y\r\nFrom: b@y\r\n"},
		{"From:\r\nFrom: b@y\r\n", PUT_MISSING, "From: b@y\r\n"},
		{"From: a@y\r\nFrom: b@y\r\n", PUT_ALWAYS, "From: Me Myself <me@x.example>\r\n"},
		{"", PUT_NEVER, ""},
		{"From:\r\n", PUT_NEVER, ""},
		{"From: <>\r\nTo: b@y\r\n", PUT_MISSING, "From: Me Myself <me@x.example>\r\nTo: b@y\r\n"},
	};
	struct arena in = {0};
	struct completion c = plain;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		c.from = rows[i].put;
		assert_string_equal(result(&in, rows[i].header, &c), rows[i].expected);
	}
	c.from = PUT_MISSING;
	c.from_name = "";
	assert_string_equal(result(&in, "", &c), "From: me@x.example\r\n");
	c.from_address = "";
	assert_string_equal(result(&in, "", &c), "the message has no From field, and no address is known for it");
	assert_string_equal(result(&in, "From: a@y\r\n", &c), "From: a@y\r\n");
	arena_free(&in);
}

static void test_a_forced_from_keeps_the_name_and_nothing_of_the_address(void **state)
{
	static const struct {
		const char *header, *expected;
	} rows[] = {
		{"", "From: Me Myself <only@x>\r\n"},
		{"From:\r\n", "From: Me Myself <only@x>\r\n"},
		{"From: a@y\r\n", "From: Me Myself <only@x>\r\n"},
		{"From: Ann Other <a@y>\r\n", "From: Ann Other <only@x>\r\n"},
		{"From: \"Other, Ann\" <a@y>\r\n", "From: \"Other, Ann\" <only@x>\r\n"},
		{"From: root (Cron Daemon)\r\n", "From: Cron Daemon <only@x>\r\n"},
		{"From: root (a (b) c)\r\n", "From: a c <only@x>\r\n"},
		{"From: =?utf-8?Q?J=C3=B6rg?= <a@y>\r\n", "From: =?utf-8?Q?J=C3=B6rg?= <only@x>\r\n"},
		{"From:\r\nSender: s@y\r\nFrom: Ann <a@y>\r\n", "From: Ann <only@x>\r\n"},
		{"From: =?utf-8?Q?J=C3=B6rg?=\r\n =?utf-8?Q?_X?= <a@y>\r\n",
		 "From: =?utf-8?Q?J=C3=B6rg?=\r\n =?utf-8?Q?_X?= <only@x>\r\n"},
		{"From: J\xc3\xb6rg <a@y>\r\n", "From: =?utf-8?B?SsO2cmc=?= <only@x>\r\n"},
		{"From: Joe Q. Public <a@y>\r\n", "From: \"Joe Q. Public\" <only@x>\r\n"},
		{"From: [list] Joe <a@y>\r\n", "From: \"[list] Joe\" <only@x>\r\n"},
		{"From: a@y <a@y>\r\n", "From: \"a@y\" <only@x>\r\n"},
		{"From: \"a@y\" <a@y>\r\n", "From: \"a@y\" <only@x>\r\n"},
		{"From: John Smith\r\n", "From: Me Myself <only@x>\r\n"}, /* unreadable */
		{"From: A <a@y>, B <b@y>\r\nFrom: c@y\r\n", "From: A <only@x>\r\n"},
	};
	struct arena in = {0};
	struct completion c = plain;

	(void)state;
	c.forced_from = "only@x";
	for (size_t i = 0; i < ROWS(rows); i++)
		for (enum put put = PUT_MISSING; put <= PUT_NEVER; put++) {
			c.from = put;
			assert_string_equal(result(&in, rows[i].header, &c), rows[i].expected);
		}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_is_written_as_it_must_be_and_the_address_as_it_is),
		cmocka_unit_test(test_a_long_address_goes_on_a_line_of_its_own),
		cmocka_unit_test(test_a_from_is_added_only_where_none_says_anything),
		cmocka_unit_test(test_a_forced_from_keeps_the_name_and_nothing_of_the_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
