#include "unit.h"

#include <string.h>

#include "mail/address.h"
#include "mail/ascii.h"

#define U "\303\274" /* an u with two dots */

/* The header with its fields in ASCII. */
static const char *ascii(struct arena *in, const char *text)
{
	struct slice rest = slice_of(text);
	struct header h = {.in = in};
	const char *done;
	struct buf out;

	header_parse(&h, &rest);
	ascii_fields(&h);
	buf_start(&out, 100000);
	assert_int_equal(header_print(&h, &out), 0);
	done = arena_text(in, out.p, out.len - 2);
	buf_free(&out);
	return done;
}

struct row {
	const char *text, *ascii; /* NULL: as it came */
};

static void check(const struct row *rows, size_t count)
{
	struct arena in = {0};

	for (size_t i = 0; i < count; i++)
		assert_string_equal(ascii(&in, rows[i].text), rows[i].ascii ? rows[i].ascii : rows[i].text);
	arena_free(&in);
}

static void test_a_name_is_encoded_and_nothing_around_it_changes(void **state)
{
	static const struct row rows[] = {
		{"From: J" U "rg <a@x>\r\n", "From: =?utf-8?B?SsO8cmc=?= <a@x>\r\n"},
		{"From: \"J" U "rg, \\\"x\\\"\"\t<a@x>\r\n", "From: =?utf-8?B?SsO8cmcsICJ4Ig==?=\t<a@x>\r\n"},
		{"From:J" U "rg<a@x>\r\n", "From: =?utf-8?B?SsO8cmc=?= <a@x>\r\n"},
		{"Cc:  Ann  Other <b@x> ,\r\n\tJ" U "rg <a@x>, c@x (J" U "rg)\r\n", "Cc:  Ann  Other <b@x> ,\r\n\t=?utf-8?B?SsO8cmc=?= <a@x>, c@x (=?utf-8?B?SsO8cmc=?=)\r\n"},
		{"To: friends: J" U "rg <a@x>, b@x;, c@x\r\n", "To: friends: =?utf-8?B?SsO8cmc=?= <a@x>, b@x;, c@x\r\n"},
		{"Reply-To: =?utf-8?Q?J=C3=B6rg?= M" U "ller <a@x>\r\n", "Reply-To: =?utf-8?Q?J=C3=B6rg?= =?utf-8?Q?_M=C3=BCller?= <a@x>\r\n"},
		{"resent-from: J" U "rg <a@x>\r\nSENDER: J" U " <b@x>\r\n", "resent-from: =?utf-8?B?SsO8cmc=?= <a@x>\r\nSENDER: =?utf-8?B?SsO8?= <b@x>\r\n"},
		/* a long one: the address where it fits */
		{"To: a@x,M" U "ller Inhaber Karl-Heinz junior<somebody.with.a.name@a.long.example.org>\r\n",
		 "To: a@x, =?utf-8?Q?M=C3=BCller_Inhaber_Karl-Heinz_junior?=\r\n <somebody.with.a.name@a.long.example.org>\r\n"},
		{"From: M" U "ller und S" U "hne, Inhaber Karl-Heinz M" U "ller junior <somebody@a.long.example.org>\r\n", NULL},
		{"To: M" U "ller Inhaber Karl-Heinz junior <somebody.with.a.name@a.long.example.org>\r\n",
		 "To: =?utf-8?Q?M=C3=BCller_Inhaber_Karl-Heinz_junior?=\r\n <somebody.with.a.name@a.long.example.org>\r\n"},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_a_text_is_encoded_where_words_are_read(void **state)
{
	static const struct row rows[] = {
		{"Subject: f" U "r alle\r\n", "Subject: =?utf-8?Q?f=C3=BCr?= alle\r\n"},
		{"Comments: " U "\r\nX-Tag: plain " U "\r\nOrganization: M" U "ller GmbH\r\n", "Comments: =?utf-8?B?w7w=?=\r\nX-Tag: plain =?utf-8?B?w7w=?=\r\nOrganization: =?utf-8?Q?M=C3=BCller?= GmbH\r\n"},
		{"Subject:  two  blanks\r\nX-Fold: one\r\n two\r\n", NULL},
		/* fields that are no text */
		{"Received: from " U "\r\nMessage-ID: <" U "@x>\r\nList-Id: " U " <x>\r\nContent-Type: text/plain; name=\"" U "\"\r\n", NULL},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_groups_comments_and_keywords_are_encoded_and_what_cannot_be_leaves_the_others(void **state)
{
	static const struct row rows[] = {
		{"To: Gr" U "n: J" U "rg <a@x>;\r\n", "To: =?utf-8?B?R3LDvG4=?= : =?utf-8?B?SsO8cmc=?= <a@x>;\r\n"},
		{"To:Gr" U "n:a@x;, " U "b <q@x>\r\n", "To: =?utf-8?B?R3LDvG4=?= :a@x;, =?utf-8?B?w7xi?= <q@x>\r\n"},
		{"To: a@x, \"Gr" U "n, x\" :;\r\n", "To: a@x, =?utf-8?B?R3LDvG4sIHg=?= :;\r\n"},
		{"To: a@x (J" U "rg) (M" U "ller)\r\n", "To: a@x (=?utf-8?B?SsO8cmc=?=) (=?utf-8?Q?M=C3=BCller?=)\r\n"},
		{"To: (c" U ") k@x, " U "b <q@x>\r\n", "To: (=?utf-8?B?Y8O8?=) k@x, =?utf-8?B?w7xi?= <q@x>\r\n"},
		{"From: \"a\" <j@x> (a (" U " b) c)\r\n", "From: \"a\" <j@x> (a (=?utf-8?B?w7w=?= b) c)\r\n"},
		{"From: a <j@x> (" U " \\) b)\r\n", "From: a <j@x> (=?utf-8?B?w7wgKSBi?=)\r\n"},
		{"From: J" U " (" U ") <j@x>\r\n", "From: =?utf-8?B?SsO8?= (=?utf-8?B?w7w=?=) <j@x>\r\n"},
		{"To: J" U "rg (the one) M" U " <a@x>, " U "b <q@x>\r\n", "To: J" U "rg (the one) M" U " <a@x>, =?utf-8?B?w7xi?= <q@x>\r\n"},
		{"To: \"J" U " (x)\" <a@x>\r\n", "To: =?utf-8?B?SsO8ICh4KQ==?= <a@x>\r\n"},
		{"To: a@[IPv6:::1], <@x,@y:b@x> (" U ")\r\n", "To: a@[IPv6:::1], <@x,@y:b@x> (=?utf-8?B?w7w=?=)\r\n"},
		{"Keywords: plain, two " U " words, \"" U ", x\", last\r\n", "Keywords: plain, =?utf-8?Q?two_=C3=BC_words?= , =?utf-8?B?w7wsIHg=?= , last\r\n"},
		{"Keywords:" U "\r\n", "Keywords: =?utf-8?B?w7w=?=\r\n"},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_what_could_not_be_ascii_or_is_signed_stays_as_it_came(void **state)
{
	static const struct row rows[] = {
		{"From: J" U "rg <j" U "rg@x>\r\n", NULL},
		{"To: J" U "rg <a@x>, b" U "@x\r\n", NULL},
		{"To: J" U "rg (the one) M" U "ller <a@x>\r\n", NULL},
		{"From: J\374rg <a@x>\r\nSubject: \374\r\n", NULL},
		{"From: J" U "rg <a@x\r\n", NULL},
		{"DKIM-Signature: v=1\r\nFrom: J" U "rg <a@x>\r\nSubject: " U "\r\n", NULL},
		{"Subject: " U "\r\nFrom: J" U " <a@x>\r\nContent-Type: text/plain; charset=koi8-r\r\n", NULL},
		{"From: Joe Public <a@x>\r\nSubject: x\r\n", NULL},
	};

	(void)state;
	check(rows, ROWS(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_is_encoded_and_nothing_around_it_changes),
		cmocka_unit_test(test_a_text_is_encoded_where_words_are_read),
		cmocka_unit_test(test_groups_comments_and_keywords_are_encoded_and_what_cannot_be_leaves_the_others),
		cmocka_unit_test(test_what_could_not_be_ascii_or_is_signed_stays_as_it_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
