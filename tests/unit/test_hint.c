#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "post/hint.h"

static void test_a_failure_that_is_known_by_its_answer_gets_its_hint_and_no_other(void **state)
{
	static const struct {
		enum stage at;
		int code;
		const char *enhanced, *text;
		enum hint wanted;
	} rows[] = {
		{AT_CONNECT, 0, "", "Connection refused", HINT_CONNECT_REFUSED},
		{AT_CONNECT, 0, "", "Connection timed out", HINT_CONNECT_TIMEOUT},
		{AT_CONNECT, 0, "", "Network is unreachable", NO_HINT},
		{AT_GREETING, 0, "", "Operation timed out after 300 ms", HINT_GREETING_TLS},
		{AT_GREETING, 421, "4.3.2", "busy", NO_HINT},
		{AT_LOGIN, 535, "5.7.8", "bad password", HINT_PASSWORD},
		{AT_LOGIN, 534, "5.7.9", "application password required", HINT_APP_PASSWORD},
		{AT_LOGIN, 454, "4.7.0", "later", NO_HINT},
		{AT_SENDER, 530, "5.7.0", "Must issue a STARTTLS command first", HINT_WANTS_TLS},
		{AT_SENDER, 530, "5.7.0", "Encryption required", HINT_WANTS_TLS},
		{AT_SENDER, 530, "5.7.0", "Authentication required", HINT_WANTS_LOGIN},
		{AT_SENDER, 553, "5.7.1", "not owned by user", HINT_SENDER_NOT_YOURS},
		{AT_SENDER, 552, "5.3.4", "too much", HINT_TOO_LARGE},
		{AT_SENDER, 452, "4.3.4", "too much", NO_HINT}, /* only what is for good has a meaning that asks for a change */
		{AT_RECIPIENT, 554, "5.7.1", "<x@y>: Relay access denied", HINT_RELAYING},
		{AT_RECIPIENT, 550, "5.7.1", "we do not RELAYING", HINT_RELAYING},
		{AT_RECIPIENT, 550, "5.1.1", "no such user", NO_HINT},
		{AT_RECIPIENT, 450, "4.2.0", "greylisted", NO_HINT},
		{AT_END, 552, "5.3.4", "too much", HINT_TOO_LARGE},
		{AT_END, 554, "5.7.1", "spam", NO_HINT},
		{AT_END, 550, "5.4.5", "Daily user sending limit exceeded", HINT_LIMIT_OF_RELAY},
		{AT_SENDER, 550, "5.7.1", "Daily SMTP relay limit exceeded for customer", HINT_LIMIT_OF_RELAY},
		{AT_SENDER, 450, "4.7.1", "Error: too much mail from 192.0.2.1", HINT_TOO_FAST},
		{AT_RECIPIENT, 552, "5.2.2", "quota exceeded", NO_HINT},
		{AT_INPUT, 535, "5.7.8", "refused", NO_HINT}, /* the same words at another stage */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f = {.stage = rows[i].at, .code = rows[i].code};

		snprintf(f.enhanced, sizeof f.enhanced, "%s", rows[i].enhanced);
		snprintf(f.text, sizeof f.text, "%s", rows[i].text);
		hint_add(&f);
		if (f.hint_id != rows[i].wanted || (*f.hint == '\0') != (rows[i].wanted == NO_HINT))
			print_error("row %zu, %s: %s\n", i, rows[i].text, f.hint);
		assert_true(f.hint_id == rows[i].wanted && (*f.hint == '\0') == (rows[i].wanted == NO_HINT));
	}
}

static void test_who_knew_better_keeps_his_hint(void **state)
{
	struct failure f = {.stage = AT_LOGIN, .code = 535};

	(void)state;
	failure_hint(&f, HINT_WANTS_TLS);
	hint_add(&f);
	assert_int_equal(f.hint_id, HINT_WANTS_TLS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_failure_that_is_known_by_its_answer_gets_its_hint_and_no_other),
		cmocka_unit_test(test_who_knew_better_keeps_his_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
