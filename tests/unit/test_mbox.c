#include "unit.h"

#include <string.h>

#include "mail/mbox.h"

static void test_which_line_begins_a_message(void **state)
{
	static const struct { const char *text; bool begins; } rows[] = {
		/* as mail programs write it */
		{"From alice@example.org Mon Jan  1 00:00:00 2024\n", true},
		{"From alice@example.org Mon Jan  1 00:00:00 2024\r\nSubject: x\r\n", true},
		{"From - Tue Mar  5 09:12:33 2019\n", true},						 /* Thunderbird */
		{"From MAILER-DAEMON Fri Jul  8 12:08:34 2011\n", true},				 /* formail, mutt */
		{"From 93d4a1c0f4de5eb2a1f2f4c7b6a5d4e3c2b1a099 Mon Sep 17 00:00:00 2001\n", true}, /* git format-patch */
		{"From 1787422385642152833@xxx Mon Jan 01 10:02:11 +0000 2024\n", true},		 /* Google Takeout */
		{"From alice@example.org Mon Jan 01 10:02:11 2024\n", true},				 /* Apple Mail */
		{"From a@b Sun Nov 29 9:05 2026\n", true},
		{"From a@b Sun Nov 29 09:05:00 EST 2026\n", true},
		{"From a@b Sun Nov 29 09:05:00 2026 +0100\n", true},
		{"From a@b Sun Nov 29 09:05:00 2026 remote from elsewhere\n", true},
		{"From \"a b\"@example.org  Sun Nov 29 09:05:00 2026\n", true},
		{"From a b c d Sun Nov 29 09:05:00 2026", true},
		/* odd dates, with a header behind them */
		{"From a@b\nSubject: x\n\n", true},
		{"From \nFrom: a@b\n", true},
		{"From a@b Sun, 29 Nov 2026 09:05:00 +0100\nDate: x\n", true},
		{"From a@b 2026-11-29 09:05:00\nReceived: x\n y\n\tz\nTo: c\n\n", true},
		{"From a@b So 29. Nov 2026\nX-Foo: 1\nX-Bar: 2\nSubject: x\n\n", true},
		{"From a@b SUN NOV 29 09:05:00 2026\r\nFrom: a@b\r\n\r\ntext\r\n", true},
		{"From a@b\n>From c@d Sun Nov 29 09:05:00 2026\nSubject : x\n", true},
		{"From a@b\nX-Mozilla-Status: 0001\nX-Moz", true}, /* as far as it is known */
		/* text */
		{"", false}, {"F", false}, {"From", false}, {"From:", false}, {"From: a@b\n", false}, {"from a Sun Nov 29 09:05:00 2026\n", false},
		{"From\tSun Nov 29 09:05:00 2026\n", false},
		{">From a@b Sun Nov 29 09:05:00 2026\n", false},
		{" From a@b Sun Nov 29 09:05:00 2026\n", false},
		{"From today on the backup fails.\n", false},
		{"From today on the backup fails.\n\nSubject: x\n", false},
		{"From now on see\nhttp://example.org\n\n", false},
		{"From now on see\nNote: this\n\n", false},
		{"From now on see\nSubject: x\nand more\n", false},
		{"From now on see\n continued\nSubject: x\n", false},
		{"From Sun Nov 29 on\n", false}, {"From Sun Nov 29 10:00 on\n", false}, {"From Sun to Mon Nov 2026\n", false},
		{"From Sun Nov 123 10:00:00 2026\n", false}, {"From Sun Nov 2 10:00:00 20266\n", false}, {"From Sun Nov 2 10:0:0 2026\n", false},
		{"From Sun Nov 2 10 2026\n", false}, {"From Sun Nov 2 1:2:3:44 2026\n", false}, {"From Sun Nuv 2 10:00 2026\n", false},
	};
	char line[2000];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		if (mbox_begins(slice_of(rows[i].text)) != rows[i].begins)
			print_error("%s\n", rows[i].text);
		assert_int_equal(mbox_begins(slice_of(rows[i].text)), rows[i].begins);
	}
	memset(line, 'x', sizeof line);
	memcpy(line, "From ", 5);
	memcpy(line + MBOX_LINE - 25, " Sun Nov 29 09:05:00 2026\n", 26);
	assert_true(mbox_begins((struct slice){line, MBOX_LINE + 1}));
	memset(line + MBOX_LINE - 25, 'x', 26);
	memcpy(line + MBOX_LINE - 24, " Sun Nov 29 09:05:00 2026\n", 26);
	assert_false(mbox_begins((struct slice){line, MBOX_LINE + 2}));
}

static void test_what_was_quoted(void **state)
{
	static const struct { const char *line; size_t rd, o; } rows[] = {
		{">From x\n", 1, 1}, {">>From x\n", 1, 0}, {">>>>From ", 1, 0}, {">From", 0, 0}, {">From: x", 0, 0}, {"> From x", 0, 0},
		{">> From x", 0, 0}, {">from x", 0, 0}, {"From x", 0, 0}, {"", 0, 0}, {">", 0, 0}, {">>>", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(mbox_quotes(slice_of(rows[i].line), MBOX_RD), rows[i].rd);
		assert_int_equal(mbox_quotes(slice_of(rows[i].line), MBOX_O), rows[i].o);
		assert_int_equal(mbox_quotes(slice_of(rows[i].line), MBOX_CL2), 0);
	}
}

static void test_how_long_a_text_is_said_to_be(void **state)
{
	static const struct { const char *line; bool is; uint64_t length; } rows[] = {
		{"Content-Length: 12\r\n", true, 12}, {"content-length:0", true, 0}, {"CONTENT-LENGTH :\t7 \n", true, 7},
		{"Content-Length: 9223372036854775807\n", true, INT64_MAX}, {"Content-Length: 9223372036854775808\n", false, 0},
		{"Content-Length:\n", false, 0}, {"Content-Length: -1\n", false, 0}, {"Content-Length: 1 2\n", false, 0},
		{"Content-Length: 0x1\n", false, 0}, {"Content-Lengths: 1\n", false, 0}, {"Content-Length 1\n", false, 0}, {"", false, 0},
		{"Content-Length: 12 (twelve)\n", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		uint64_t length = 0;

		assert_int_equal(mbox_length(slice_of(rows[i].line), &length), rows[i].is);
		assert_int_equal(length, rows[i].length);
	}
}

static void test_which_fields_are_notes_of_a_mail_program(void **state)
{
	static const char *const notes[] = {"Status", "status", "X-STATUS", "X-UID", "X-UIDL", "X-Keywords", "X-IMAP", "X-IMAPbase", "Content-Length", "Lines",
					    "X-Mozilla-Status", "X-Mozilla-Status2", "X-Mozilla-Keys", "X-Mozilla-Draft-Info", "X-Account-Key", "X-Identity-Key",
					    "FCC", "X-Evolution", "X-Evolution-Source", "X-KMail-Fcc", "X-Mutt-Fcc", "X-GM-THRID", "X-Gmail-Labels"};
	static const char *const mail[] = {"", "To", "Subject", "Received", "Delivered-To", "Return-Path", "Keywords", "X-Label", "Statuses", "Line", "Content-Type",
					   "X-Mozilla", "X-UIDs", "DKIM-Signature", "Message-ID", "In-Reply-To", "Resent-To"};

	(void)state;
	for (size_t i = 0; i < ROWS(notes); i++)
		assert_true(mbox_is_note(slice_of(notes[i])));
	for (size_t i = 0; i < ROWS(mail); i++)
		assert_false(mbox_is_note(slice_of(mail[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_line_begins_a_message),
		cmocka_unit_test(test_what_was_quoted),
		cmocka_unit_test(test_how_long_a_text_is_said_to_be),
		cmocka_unit_test(test_which_fields_are_notes_of_a_mail_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
