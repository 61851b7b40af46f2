#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "mail/offers.h"
#include "spool/entry.h"

static const char block[] = "mysend-mail 1\nArrived: 880127706\nAccount: my work\nSize: 7\nEightbit: 1\nSender: <\"a b\"@x>\n"
			    "Notify: 6\nRet: 2\nBody: 2\nSmtputf8: 1\nEnvid: a+b c\nRecipient: 0 - <r@x>\n"
			    "Recipient: 1 rfc822;o+2Bp@y <j\xc3\xbcrgen@x>\n\n";

static struct entry parsed(struct arena *in, const char *text)
{
	struct slice rest = slice_of(text);
	struct failure f;
	struct entry e = {.fd = -1};

	assert_int_equal(entry_parse(&e, in, &rest, &f), 0);
	return e;
}

static void test_an_envelope_comes_back_as_it_was_written(void **state)
{
	struct arena in = {0};
	struct slice rest = slice_of(arena_printf(&in, "%smessage", block));
	struct failure f;
	struct entry e = {.fd = -1};
	struct buf out;

	(void)state;
	assert_int_equal(entry_parse(&e, &in, &rest, &f), 0);
	assert_string_equal(rest.p, "message");
	assert_string_equal(e.account, "my work");
	assert_string_equal(e.envelope.sender, "\"a b\"@x");
	assert_int_equal(e.arrived, 880127706);
	assert_true(e.size == 7 && e.eightbit && e.envelope.smtputf8);
	assert_int_equal(e.envelope.notify, NOTIFY_SUCCESS | NOTIFY_FAILURE);
	assert_int_equal(e.envelope.ret, RET_HDRS);
	assert_int_equal(e.envelope.body, BODY_8BITMIME);
	assert_string_equal(e.envelope.envid, "a+b c");
	assert_int_equal(e.envelope.recipients, 2);
	assert_null(e.envelope.recipient[0].orcpt);
	assert_string_equal(e.envelope.recipient[1].orcpt, "rfc822;o+2Bp@y");
	assert_int_equal(e.envelope.recipient[1].notify, NOTIFY_NEVER);
	buf_start(&out, 10000);
	assert_int_equal(entry_print(&out, &e, &f), 0);
	assert_string_equal(out.p, block);
	assert_null(e.config);
	buf_free(&out);
	arena_free(&in);
}

static void test_an_envelope_of_a_file_of_its_own_comes_back_as_it_was_written(void **state)
{
	static const char named[] = "mysend-mail 2\nArrived: 880127706\nAccount: my work\nConfig: /home/j o/c\nSize: 7\nEightbit: 0\n"
				    "Sender: <>\nNotify: 0\nRet: 0\nBody: 0\nSmtputf8: 0\nRecipient: 0 - <r@x>\n\n";
	struct arena in = {0};
	struct entry e = parsed(&in, named);
	struct failure f;
	struct buf out;

	(void)state;
	assert_string_equal(e.account, "my work");
	assert_string_equal(e.config, "/home/j o/c");
	buf_start(&out, 10000);
	assert_int_equal(entry_print(&out, &e, &f), 0);
	assert_string_equal(out.p, named);
	buf_free(&out);
	arena_free(&in);
}

/* Each text of an entry; its place is looked for by what it holds in the block above. */
static void test_a_control_character_gets_into_no_entry(void **state)
{
	static const char *const bad[] = {"/a\nRecipient: 0 - <eve@x>", "\n", "a\r", "a\tb", "\x01", "a\x7f"};

	(void)state;
	for (size_t i = 0; i < ROWS(bad); i++)
		for (size_t k = 0; k < 6; k++) {
			struct arena in = {0};
			struct entry e = parsed(&in, block);
			const char **const value[] = {&e.account, &e.config, &e.envelope.sender, &e.envelope.envid, &e.envelope.recipient[1].address, &e.envelope.recipient[1].orcpt};
			struct failure f;
			struct buf out;

			*value[k] = bad[i];
			buf_start(&out, 10000);
			assert_int_equal(entry_print(&out, &e, &f), -1);
			assert_int_equal(f.exit, EX_DATAERR);
			assert_non_null(strstr(f.text, "control character"));
			assert_int_equal(out.len, 0);
			buf_free(&out);
			arena_free(&in);
		}
}

static void test_a_clock_before_1970_writes_what_can_be_read_again(void **state)
{
	struct arena in = {0};
	struct entry e = parsed(&in, block), again = {.fd = -1};
	struct failure f;
	struct slice rest;
	struct buf out;

	(void)state;
	e.arrived = e.next = e.since = e.idle = -86400;
	buf_start(&out, 10000);
	assert_int_equal(entry_print(&out, &e, &f), 0);
	rest = buf_slice_of(&out);
	assert_int_equal(entry_parse(&again, &in, &rest, &f), 0);
	assert_int_equal(again.arrived, 0);
	buf_clear(&out);
	assert_int_equal(entry_print_state(&out, &e), 0);
	again.next = again.since = again.idle = 7;
	assert_int_equal(entry_parse_state(&again, &in, buf_slice_of(&out), &f), 0);
	assert_true(again.next == 0 && again.since == 0 && again.idle == 0);
	buf_free(&out);
	arena_free(&in);
}

static void test_an_envelope_that_a_service_took_says_from_whom(void **state)
{
	static const char served[] = "mysend-mail 3\nUser: 4294967294\nArrived: 880127706\nAccount: my work\nConfig: /c\nSize: 7\nEightbit: 0\n"
				     "Sender: <>\nNotify: 0\nRet: 0\nBody: 0\nSmtputf8: 0\nRecipient: 0 - <r@x>\n\n";
	static const struct { const char *text; bool is; uid_t uid; } rows[] = {
		{served, true, 4294967294}, {"mysend-mail 3\nUser: 0\n", true, 0}, {"mysend-mail 3\nUser: 1000\nArr", true, 1000},
		{"mysend-mail 1\nUser: 1000\n", false, 0}, {"mysend-mail 3\nArrived: 5\nUser: 1000\n", false, 0}, {"mysend-mail 3\nUser: x\n", false, 0},
		{"mysend-mail 3\nUser: 4294967296\n", false, 0}, {"", false, 0},
	};
	struct arena in = {0};
	struct entry e = parsed(&in, served);
	struct failure f;
	struct buf out;

	(void)state;
	assert_true(e.served && e.uid == 4294967294);
	buf_start(&out, 10000);
	assert_int_equal(entry_print(&out, &e, &f), 0);
	assert_string_equal(out.p, served);
	buf_free(&out);
	assert_false(parsed(&in, block).served);
	arena_free(&in);
	for (size_t i = 0; i < ROWS(rows); i++) {
		uid_t uid = 0;

		assert_int_equal(entry_user(slice_of(rows[i].text), &uid), rows[i].is);
		assert_int_equal(uid, rows[i].uid);
	}
}

static void test_a_block_that_is_none_of_ours_is_an_error(void **state)
{
	static const char *const rows[] = {
		"", "\n", "From: a@b\n\nx", "mysend-mail 2\n\n", "mysend-mail 3\n\n", "mysend-mail 4\n\n", "mysend-mail 1\n\n",
		"mysend-mail 3\nUser: -1\nAccount: a\nSender: <a@b>\nRecipient: 0 - <a@b>\n\n",
		"mysend-mail 2\nAccount: a\nConfig: b\nSender: <a@b>\nRecipient: 0 - <a@b>\n\n",
		"mysend-mail 2\nAccount: a\nConfig: \nSender: <a@b>\nRecipient: 0 - <a@b>\n\n",
		"mysend-mail 1\nAccount: a\nSender: <a@b>\n\n",				  /* nobody */
		"mysend-mail 1\nAccount: a\nRecipient: 0 - <a@b>\n\n",			  /* from nobody */
		"mysend-mail 1\nSender: <a@b>\nRecipient: 0 - <a@b>\n\n",		  /* of no account */
		"mysend-mail 1\nAccount: a\nSender: <a@b>\nRecipient: 0 - <a@b>\n",	  /* no end */
		"mysend-mail 1\nAccount: a\nSender: <a@b>\nRecipient: 0 - <>\n\n",
		"mysend-mail 1\nAccount: a\nSender: <a@b>\nRecipient: 0 - <a@b>\nRecipient: 0 - <a@b>\n\n",
		"mysend-mail 1\nAccount: a\nSender: a@b\nRecipient: 0 - <a@b>\n\n",
		"mysend-mail 1\nAccount: a\nSender: <a@b>\nRecipient: 16 - <a@b>\n\n",
		"mysend-mail 1\nAccount: a\nSender: <a@b>\nRecipient: 0 <a@b>\n\n",
		"mysend-mail 1\nAccount: a\nSender: <a@b>\nRecipient: 0 - <a@[x> NOTIFY=NEVER]>\n\n",
		"mysend-mail 1\nAccount: a\nSender: <a@b>\nRecipient: 0 - <a@b>\nColour: red\n\n",
		"mysend-mail 1\nAccount: a\nSender: <a@b>\nRecipient: 0 - <a@b>\nSize: -1\n\n",
		"mysend-mail 1\nAccount: a\x01\nSender: <a@b>\nRecipient: 0 - <a@b>\n\n",
		"mysend-mail 1\nAccount: a\nSender: <a@b>\nRecipient: 0 - <a@b>\nRet: 3\n\n",
		"mysend-mail 1\nArrived: 253402300800\nAccount: a\nSender: <a@b>\nRecipient: 0 - <a@b>\n\n", /* the year 10000 */
		"mysend-mail 1\nArrived: 99999999999999999\nAccount: a\nSender: <a@b>\nRecipient: 0 - <a@b>\n\n",
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct slice rest = slice_of(rows[i]);
		struct entry e = {.fd = -1};
		struct failure f;

		assert_int_equal(entry_parse(&e, &in, &rest, &f), -1);
		assert_int_equal(f.stage, AT_SPOOL);
		assert_int_equal(f.exit, strstr(f.text, "another version") ? EX_CONFIG : EX_DATAERR);
	}
	arena_free(&in);
}

static void test_a_state_comes_back_as_it_was_written(void **state)
{
	struct arena in = {0};
	struct entry e = parsed(&in, block), again = parsed(&in, block);
	struct failure f;
	struct buf out;

	(void)state;
	e.attempts = 3;
	e.next = 880128000;
	e.on_hold = true;
	e.idle = 5;
	e.last = "RCPT TO: 450\nlater";
	e.envelope.recipient[0].verdict = REFUSED;
	e.envelope.recipient[1].verdict = UNSURE;
	buf_start(&out, 10000);
	assert_int_equal(entry_print_state(&out, &e), 0);
	assert_string_equal(out.p, "mysend-state 1\nAttempts: 3\nNext: 880128000\nHeld: 1\nWarned: 0\nIdle: 5\nLast: RCPT TO: 450\\x0alater\nVerdicts: ru\n");
	assert_int_equal(entry_parse_state(&again, &in, slice_of(out.p), &f), 0);
	assert_int_equal(again.attempts, 3);
	assert_true(again.next == e.next && again.on_hold);
	assert_int_equal(again.envelope.recipient[0].verdict, REFUSED);
	assert_int_equal(again.envelope.recipient[1].verdict, UNSURE);
	assert_false(entry_is_settled(&again));
	assert_int_equal(again.since, 0);
	again.envelope.recipient[1].verdict = ACCEPTED;
	assert_true(entry_is_settled(&again));
	again.since = 880127800;
	buf_free(&out);
	buf_start(&out, 10000);
	assert_int_equal(entry_print_state(&out, &again), 0);
	assert_non_null(strstr(out.p, "Idle: 5\nSince: 880127800\nLast: "));
	assert_int_equal(entry_parse_state(&e, &in, slice_of(out.p), &f), 0);
	assert_int_equal(e.since, 880127800);
	assert_int_equal(e.envelope.without, 0);
	again.envelope.without = OFFER_CHUNKING | OFFER_DSN;
	buf_free(&out);
	buf_start(&out, 10000);
	assert_int_equal(entry_print_state(&out, &again), 0);
	assert_non_null(strstr(out.p, "Since: 880127800\nWithout: chunking,dsn\nLast: "));
	assert_int_equal(entry_parse_state(&e, &in, slice_of(out.p), &f), 0);
	assert_int_equal(e.envelope.without, OFFER_CHUNKING | OFFER_DSN);
	assert_string_equal(e.hint, "");
	assert_false(e.needs_admin);
	again.needs_admin = true;
	again.hint = "set user\nVerdicts: aa"; /* cannot begin a line of its own */
	buf_free(&out);
	buf_start(&out, 10000);
	assert_int_equal(entry_print_state(&out, &again), 0);
	assert_non_null(strstr(out.p, "later\nHint: set user\\x0aVerdicts: aa\nNeeds-Admin: 1\nVerdicts: "));
	assert_int_equal(entry_parse_state(&e, &in, slice_of(out.p), &f), 0);
	assert_true(e.needs_admin);
	assert_string_equal(e.hint, "set user\\x0aVerdicts: aa");
	buf_free(&out);
	arena_free(&in);
}

static void test_a_state_that_is_not_whole_is_an_error_and_a_line_of_the_future_is_not(void **state)
{
	static const struct { const char *text; int ok; } rows[] = {
		{"", -1}, {"mysend-state 2\nVerdicts: --\n", -1}, {"mysend-state 1\n", -1}, {"mysend-state 1\nVerdicts: -\n", -1},
		{"mysend-state 1\nVerdicts: ---\n", -1}, {"mysend-state 1\nVerdicts: x-\n", -1},
		{"mysend-state 1\nVerdicts: t-\n", 0}, {"mysend-state 1\nWarned: 1\nVerdicts: t-\n", 0},
		{"mysend-state 1\nNext: 99999999999999999\nVerdicts: --\n", 0},
		{"mysend-state 1\nWithout: colour\nVerdicts: --\n", 0}, {"mysend-state 1\nWithout: chunking,\nVerdicts: --\n", 0},
		{"mysend-state 1\nVerdicts: --\n", 0}, {"mysend-state 1\nColour: red\nVerdicts: a-\n", 0},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct entry e = parsed(&in, block);
		struct failure f;

		assert_int_equal(entry_parse_state(&e, &in, slice_of(rows[i].text), &f), rows[i].ok);
		assert_int_equal(e.next, 0);
	}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_envelope_comes_back_as_it_was_written),
		cmocka_unit_test(test_an_envelope_of_a_file_of_its_own_comes_back_as_it_was_written),
		cmocka_unit_test(test_a_control_character_gets_into_no_entry),
		cmocka_unit_test(test_a_clock_before_1970_writes_what_can_be_read_again),
		cmocka_unit_test(test_an_envelope_that_a_service_took_says_from_whom),
		cmocka_unit_test(test_a_block_that_is_none_of_ours_is_an_error),
		cmocka_unit_test(test_a_state_comes_back_as_it_was_written),
		cmocka_unit_test(test_a_state_that_is_not_whole_is_an_error_and_a_line_of_the_future_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
