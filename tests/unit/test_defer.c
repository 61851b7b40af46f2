/* post/defer: the policy, row by row, and the pauses. The .c is included, so that a row nobody tries is seen. */
#include "unit.h"

#include <sysexits.h>

#include "../../src/post/defer.c"

static const struct example {
	const char *what;
	size_t row; /* which decides */
	enum verdict verdict;
	struct failure why;
	enum fate fate;
	bool admin; /* whether somebody who waits for it would wait in vain */
} examples[] = {
	{"it has it, after a try that failed", 0, ACCEPTED, {.stage = AT_CONNECT, .exit = EX_TEMPFAIL}, FATE_DONE, false},
	{"the spool has it", 0, WAITS, {.stage = AT_RECIPIENT, .exit = EX_TEMPFAIL, .code = 450}, FATE_DONE, false},
	{"a bounce has told of it", 0, BOUNCED, {.stage = AT_RECIPIENT, .exit = EX_NOUSER, .code = 550, .enhanced = "5.1.1"}, FATE_DONE, true},
	{"lost behind the dot", 1, UNSURE, {.stage = AT_END, .exit = EX_TEMPFAIL}, FATE_WAIT, false},
	{"silence behind the dot, and then nonsense", 1, UNSURE, {.stage = AT_END, .exit = EX_PROTOCOL}, FATE_WAIT, false},
	{"greylisted", 2, DEFERRED, {.stage = AT_RECIPIENT, .exit = EX_TEMPFAIL, .code = 450, .enhanced = "4.7.1"}, FATE_WAIT, false},
	{"its mailbox is closed to the login, and it waits already", 2, DEFERRED, {.stage = AT_END, .exit = EX_TEMPFAIL, .code = 430, .enhanced = "4.2.0", .text = "STOREDRV; mailbox logon failure"}, FATE_WAIT, true},
	{"its disk is full", 2, DEFERRED, {.stage = AT_END, .exit = EX_TEMPFAIL, .code = 452, .enhanced = "4.3.1"}, FATE_WAIT, false},
	{"354 to MAIL", 2, DEFERRED, {.stage = AT_SENDER, .exit = EX_PROTOCOL, .code = 354}, FATE_WAIT, false},
	{"421 in a transaction", 2, DEFERRED, {.stage = AT_DATA, .exit = EX_TEMPFAIL, .code = 421}, FATE_WAIT, false},
	{"no such host", 3, PENDING, {.stage = AT_RESOLVE, .exit = EX_NOHOST}, FATE_OTHER_RELAY, true},
	{"a connection that this host forbids", 3, PENDING, {.stage = AT_CONNECT, .exit = EX_NOPERM}, FATE_OTHER_RELAY, true},
	{"the resolver is down", 4, PENDING, {.stage = AT_RESOLVE, .exit = EX_TEMPFAIL}, FATE_OTHER_RELAY, false},
	{"connection refused", 4, PENDING, {.stage = AT_CONNECT, .exit = EX_TEMPFAIL}, FATE_OTHER_RELAY, false},
	{"421 as a greeting", 5, PENDING, {.stage = AT_GREETING, .exit = EX_TEMPFAIL, .code = 421}, FATE_OTHER_RELAY, false},
	{"no greeting in time", 5, PENDING, {.stage = AT_GREETING, .exit = EX_TEMPFAIL}, FATE_OTHER_RELAY, false},
	{"the provider of tokens does not answer", 5, PENDING, {.stage = AT_TOKEN, .exit = EX_TEMPFAIL}, FATE_OTHER_RELAY, false},
	{"no more today", 6, REFUSED, {.stage = AT_END, .exit = EX_UNAVAILABLE, .code = 550, .enhanced = "5.4.5", .text = "Daily user sending limit exceeded."}, FATE_WAIT, false},
	{"no more today, to MAIL, as if the sender were not ours", 6, REFUSED, {.stage = AT_SENDER, .exit = EX_NOPERM, .code = 550, .enhanced = "5.7.1", .text = "Daily SMTP relay limit exceeded for customer."}, FATE_WAIT, false},
	{"too many at a time, to AUTH", 6, PENDING, {.stage = AT_LOGIN, .exit = EX_NOPERM, .code = 550, .text = "too many sessions"}, FATE_WAIT, false},
	{"HTTP at that port", 7, PENDING, {.stage = AT_GREETING, .exit = EX_PROTOCOL}, FATE_WAIT, true},
	{"the provider of tokens speaks nonsense", 7, PENDING, {.stage = AT_TOKEN, .exit = EX_PROTOCOL}, FATE_WAIT, true},
	{"nonsense behind STARTTLS", 8, PENDING, {.stage = AT_TLS, .exit = EX_PROTOCOL}, FATE_WAIT, false},
	{"454 to STARTTLS", 8, PENDING, {.stage = AT_TLS, .exit = EX_TEMPFAIL, .code = 454}, FATE_WAIT, false},
	{"454 to AUTH", 8, PENDING, {.stage = AT_LOGIN, .exit = EX_TEMPFAIL, .code = 454, .enhanced = "4.7.0"}, FATE_WAIT, false},
	{"554 as a greeting", 9, PENDING, {.stage = AT_GREETING, .exit = EX_UNAVAILABLE, .code = 554}, FATE_WAIT, true},
	{"a certificate of somebody else", 9, PENDING, {.stage = AT_TLS, .exit = EX_UNAVAILABLE}, FATE_WAIT, true},
	{"a wrong password", 9, PENDING, {.stage = AT_LOGIN, .exit = EX_NOPERM, .code = 535, .enhanced = "5.7.8"}, FATE_WAIT, true},
	{"the client is not known to the provider of tokens", 9, PENDING, {.stage = AT_TOKEN, .exit = EX_NOPERM}, FATE_WAIT, true},
	{"the certificate of the provider of tokens", 9, PENDING, {.stage = AT_TOKEN, .exit = EX_UNAVAILABLE}, FATE_WAIT, true},
	{"530 to MAIL", 10, REFUSED, {.stage = AT_SENDER, .exit = EX_NOPERM, .code = 530, .enhanced = "5.7.0"}, FATE_WAIT, true},
	{"535 to RCPT", 10, REFUSED, {.stage = AT_RECIPIENT, .exit = EX_NOPERM, .code = 535}, FATE_WAIT, true},
	{"5.7.10, encryption needed", 10, REFUSED, {.stage = AT_SENDER, .exit = EX_NOPERM, .code = 550, .enhanced = "5.7.10"}, FATE_WAIT, true},
	{"the login may not open its mailbox", 11, PENDING, {.stage = AT_END, .exit = EX_TEMPFAIL, .code = 430, .enhanced = "4.2.0", .text = "STOREDRV; mailbox logon failure; MapiExceptionLogonFailed"}, FATE_WAIT, true},
	{"421 before it was sent", 12, PENDING, {.stage = AT_SENDER, .exit = EX_TEMPFAIL, .code = 421}, FATE_WAIT, false},
	{"the session was lost before it was sent", 13, PENDING, {.stage = AT_BODY, .exit = EX_TEMPFAIL}, FATE_OTHER_SESSION, false},
	{"and after an answer that nobody had asked for", 13, PENDING, {.stage = AT_SENDER, .exit = EX_PROTOCOL}, FATE_OTHER_SESSION, false},
	{"the message cannot be read", 15, PENDING, {.stage = AT_BODY, .exit = EX_IOERR}, FATE_GIVE_UP, true},
	{"no memory", 15, PENDING, {.stage = AT_SENDER, .exit = EX_OSERR}, FATE_GIVE_UP, true},
	{"its account is gone, or its password", 14, PENDING, {.stage = AT_CONFIG, .exit = EX_CONFIG}, FATE_WAIT, true},
	{"the rate is used up", 16, PENDING, {.stage = AT_SPOOL, .exit = EX_TEMPFAIL}, FATE_WAIT, false},
	{"nobody of that name", 17, REFUSED, {.stage = AT_RECIPIENT, .exit = EX_NOUSER, .code = 550, .enhanced = "5.1.1"}, FATE_GIVE_UP, true},
	{"a sender who is not ours", 17, REFUSED, {.stage = AT_SENDER, .exit = EX_NOPERM, .code = 553, .enhanced = "5.7.1"}, FATE_GIVE_UP, true},
	{"too large", 17, REFUSED, {.stage = AT_SENDER, .exit = EX_UNAVAILABLE, .code = 552, .enhanced = "5.3.4"}, FATE_GIVE_UP, true},
	{"spam", 17, REFUSED, {.stage = AT_END, .exit = EX_UNAVAILABLE, .code = 554}, FATE_GIVE_UP, true},
	{"an address that the relay cannot be told", 17, REFUSED, {.stage = AT_RECIPIENT, .exit = EX_DATAERR}, FATE_GIVE_UP, true},
	{"a mailbox is full", 17, REFUSED, {.stage = AT_RECIPIENT, .exit = EX_UNAVAILABLE, .code = 552, .enhanced = "5.2.2", .text = "quota exceeded"}, FATE_GIVE_UP, true},
	{"a daily limit of the recipient's", 17, REFUSED, {.stage = AT_RECIPIENT, .exit = EX_UNAVAILABLE, .code = 550, .enhanced = "5.2.1", .text = "The user you are trying to contact is receiving mail at a rate that"}, FATE_GIVE_UP, true},
	{"the file of the message is gone", 17, PENDING, {.stage = AT_SPOOL, .exit = EX_IOERR}, FATE_GIVE_UP, false},
};

static void test_each_row_of_the_policy_has_its_example(void **state)
{
	bool tried[ROWS(rows)] = {false};

	(void)state;
	for (size_t i = 0; i < ROWS(examples); i++) {
		const struct example *x = &examples[i];
		const struct recipient r = {.verdict = x->verdict, .why = &x->why};
		size_t row = (size_t)(row_of(&x->why, x->verdict) - rows);

		if (row != x->row || defer_fate(&x->why, x->verdict) != x->fate || defer_needs_admin(&x->why) != x->admin)
			print_error("%s: row %zu, fate %d, %d\n", x->what, row, defer_fate(&x->why, x->verdict), defer_needs_admin(&x->why));
		assert_int_equal(row, x->row);
		assert_int_equal(defer_fate(&x->why, x->verdict), x->fate);
		assert_int_equal(defer_waits(&r), x->fate != FATE_DONE && x->fate != FATE_GIVE_UP);
		assert_int_equal(defer_needs_admin(&x->why), x->admin);
		assert_int_equal(defer_status(&x->why), x->admin ? x->why.exit : EX_TEMPFAIL);
		tried[row] = true;
	}
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_true(tried[i]);
}

/* Whatever comes: nobody who has it, or whom the spool has, is tried again; nobody is given up for what may pass. */
static void test_no_failure_of_any_kind_loses_a_recipient_or_sends_twice(void **state)
{
	static const int exits[] = {EX_TEMPFAIL, EX_PROTOCOL, EX_UNAVAILABLE, EX_NOPERM, EX_OSERR}, codes[] = {0, 354, 421, 450, 452, 530, 550, 552, 554};
	static const char *const enhanced[] = {"", "4.2.0", "4.7.1", "5.1.1", "5.3.4", "5.7.8"};

	(void)state;
	for (unsigned at = AT_USAGE; at <= AT_END; at++)
		for (size_t x = 0; x < ROWS(exits); x++)
			for (size_t c = 0; c < ROWS(codes); c++)
				for (size_t n = 0; n < ROWS(enhanced); n++) {
					struct failure f = {.stage = (enum stage)at, .exit = exits[x], .code = codes[c]};

					snprintf(f.enhanced, sizeof f.enhanced, "%s", enhanced[n]);
					assert_int_equal(defer_fate(&f, ACCEPTED), FATE_DONE);
					assert_int_equal(defer_fate(&f, WAITS), FATE_DONE);
					assert_int_equal(defer_fate(&f, UNSURE), FATE_WAIT);
					assert_int_equal(defer_fate(&f, DEFERRED), FATE_WAIT);
					if (f.exit == EX_TEMPFAIL && stage_is_remote(f.stage))
						assert_int_not_equal(defer_fate(&f, PENDING), FATE_GIVE_UP);
				}
}

static void test_only_a_relay_that_is_not_to_be_had_leads_to_the_next(void **state)
{
	struct account last = {.next = NULL}, first = {.next = &last};

	(void)state;
	for (size_t i = 0; i < ROWS(examples); i++) {
		const struct failure *why = &examples[i].why;
		bool other = defer_fate(why, PENDING) == FATE_OTHER_RELAY;

		assert_ptr_equal(defer_next_relay(&first, why), other ? &last : NULL);
		assert_null(defer_next_relay(&last, why));
	}
}

static void test_pauses_grow_to_an_hour_give_or_take_a_tenth(void **state)
{
	static const time_t minutes[] = {1, 2, 5, 10, 20, 40, 60, 60, 60};

	(void)state;
	for (unsigned i = 0; i < ROWS(minutes); i++) {
		time_t whole = minutes[i] * 60;

		assert_int_equal(defer_pause(i + 1, 0), whole - whole / 10);
		assert_int_equal(defer_pause(i + 1, DEFER_EVEN), whole);
		assert_in_range(defer_pause(i + 1, 999), whole + whole / 10 - 8, whole + whole / 10);
		for (unsigned chance = 0; chance < 5000; chance += 7)
			assert_in_range(defer_pause(i + 1, chance), whole - whole / 10, whole + whole / 10);
	}
	assert_int_equal(defer_pause(4000000000U, DEFER_EVEN), 3600);
	assert_int_equal(defer_pause(0, DEFER_EVEN), 60);
}

static void test_mail_is_due_at_its_time_and_where_the_clock_was_set_back(void **state)
{
	(void)state;
	assert_true(defer_is_due(0, 1000000) && defer_is_due(999999, 1000000) && defer_is_due(1000000, 1000000));
	assert_false(defer_is_due(1000001, 1000000) || defer_is_due(1000000 + DEFER_FAR, 1000000));
	assert_true(defer_is_due(1000000 + DEFER_FAR + 1, 1000000));
	assert_true(defer_pause(99, 999) < DEFER_FAR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_row_of_the_policy_has_its_example),
		cmocka_unit_test(test_no_failure_of_any_kind_loses_a_recipient_or_sends_twice),
		cmocka_unit_test(test_only_a_relay_that_is_not_to_be_had_leads_to_the_next),
		cmocka_unit_test(test_pauses_grow_to_an_hour_give_or_take_a_tenth),
		cmocka_unit_test(test_mail_is_due_at_its_time_and_where_the_clock_was_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
