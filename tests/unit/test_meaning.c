#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "wire/meaning.h"

static void test_stage_code_and_enhanced_code_together_say_what_an_answer_means(void **state)
{
	static const struct {
		enum stage at;
		int code;
		const char *enhanced;
		enum meaning means;
		int exit; /* where it is for good */
	} rows[] = {
		/* too many recipients, by whichever code */
		{AT_RECIPIENT, 452, "", MEANS_TOO_MANY, EX_UNAVAILABLE},
		{AT_RECIPIENT, 552, "", MEANS_TOO_MANY, EX_UNAVAILABLE},
		{AT_RECIPIENT, 552, "5.0.0", MEANS_TOO_MANY, EX_UNAVAILABLE},
		{AT_RECIPIENT, 452, "4.5.3", MEANS_TOO_MANY, EX_UNAVAILABLE},
		{AT_RECIPIENT, 552, "5.5.3", MEANS_TOO_MANY, EX_UNAVAILABLE},
		{AT_RECIPIENT, 451, "4.5.3", MEANS_TOO_MANY, EX_UNAVAILABLE},
		{AT_RECIPIENT, 450, "4.5.3", MEANS_TOO_MANY, EX_UNAVAILABLE},
		{AT_RECIPIENT, 550, "5.5.3", MEANS_TOO_MANY, EX_UNAVAILABLE},
		{AT_RECIPIENT, 554, "5.5.3", MEANS_TOO_MANY, EX_UNAVAILABLE},
		/* room */
		{AT_RECIPIENT, 552, "5.2.2", MEANS_FULL, EX_UNAVAILABLE},
		{AT_RECIPIENT, 452, "4.2.2", MEANS_FULL, EX_UNAVAILABLE},
		{AT_RECIPIENT, 550, "5.2.2", MEANS_FULL, EX_UNAVAILABLE},
		{AT_RECIPIENT, 452, "4.3.1", MEANS_FULL, EX_UNAVAILABLE},
		{AT_SENDER, 452, "4.3.1", MEANS_FULL, EX_UNAVAILABLE},
		{AT_SENDER, 452, "", MEANS_FULL, EX_UNAVAILABLE},
		{AT_END, 452, "", MEANS_FULL, EX_UNAVAILABLE},
		{AT_END, 552, "5.2.2", MEANS_FULL, EX_UNAVAILABLE},
		{AT_END, 552, "5.3.1", MEANS_FULL, EX_UNAVAILABLE},
		/* size */
		{AT_SENDER, 552, "", MEANS_TOO_LARGE, EX_DATAERR},
		{AT_SENDER, 552, "5.3.4", MEANS_TOO_LARGE, EX_DATAERR},
		{AT_SENDER, 550, "5.3.4", MEANS_TOO_LARGE, EX_DATAERR},
		{AT_RECIPIENT, 552, "5.2.3", MEANS_TOO_LARGE, EX_DATAERR},
		{AT_RECIPIENT, 552, "5.3.4", MEANS_TOO_LARGE, EX_DATAERR},
		{AT_DATA, 552, "", MEANS_TOO_LARGE, EX_DATAERR},
		{AT_BODY, 552, "", MEANS_TOO_LARGE, EX_DATAERR},
		{AT_END, 552, "", MEANS_TOO_LARGE, EX_DATAERR},
		{AT_END, 552, "5.3.4", MEANS_TOO_LARGE, EX_DATAERR},
		{AT_END, 554, "5.3.4", MEANS_TOO_LARGE, EX_DATAERR},
		{AT_END, 552, "5.7.0", MEANS_DENIED, EX_UNAVAILABLE},
		{AT_SENDER, 552, "5.7.0", MEANS_NOT_YOURS, EX_NOPERM},
		/* a login, or encryption, comes first */
		{AT_SENDER, 530, "", MEANS_LOGIN, EX_NOPERM},
		{AT_SENDER, 530, "5.7.0", MEANS_LOGIN, EX_NOPERM},
		{AT_SENDER, 530, "5.7.1", MEANS_LOGIN, EX_NOPERM},
		{AT_SENDER, 534, "5.7.9", MEANS_LOGIN, EX_NOPERM},
		{AT_SENDER, 535, "", MEANS_LOGIN, EX_NOPERM},
		{AT_SENDER, 538, "", MEANS_LOGIN, EX_NOPERM},
		{AT_SENDER, 550, "5.7.8", MEANS_LOGIN, EX_NOPERM},
		{AT_SENDER, 550, "5.7.10", MEANS_LOGIN, EX_NOPERM},
		{AT_SENDER, 554, "5.7.11", MEANS_LOGIN, EX_NOPERM},
		{AT_RECIPIENT, 530, "", MEANS_LOGIN, EX_NOPERM},
		{AT_DATA, 530, "5.7.0", MEANS_LOGIN, EX_NOPERM},
		{AT_END, 535, "5.7.8", MEANS_LOGIN, EX_NOPERM},
		/* the sender's address */
		{AT_SENDER, 550, "5.7.1", MEANS_NOT_YOURS, EX_NOPERM},
		{AT_SENDER, 553, "5.7.1", MEANS_NOT_YOURS, EX_NOPERM},
		{AT_SENDER, 550, "5.7.60", MEANS_NOT_YOURS, EX_NOPERM},
		{AT_SENDER, 553, "", MEANS_NOT_YOURS, EX_NOPERM},
		{AT_SENDER, 553, "5.1.8", MEANS_NO_SENDER, EX_NOPERM},
		{AT_SENDER, 550, "5.1.8", MEANS_NO_SENDER, EX_NOPERM},
		{AT_SENDER, 501, "5.1.7", MEANS_NO_SENDER, EX_NOPERM},
		{AT_RECIPIENT, 550, "5.1.8", MEANS_NO_SENDER, EX_NOPERM},
		{AT_RECIPIENT, 450, "4.1.8", MEANS_NO_SENDER, EX_NOPERM},
		{AT_SENDER, 550, "5.7.27", MEANS_NO_SENDER, EX_NOPERM},
		/* rules of the relay */
		{AT_SENDER, 550, "5.7.25", MEANS_DENIED, EX_NOPERM},
		{AT_RECIPIENT, 550, "5.7.1", MEANS_DENIED, EX_UNAVAILABLE},
		{AT_RECIPIENT, 554, "5.7.1", MEANS_DENIED, EX_UNAVAILABLE},
		{AT_END, 550, "5.7.26", MEANS_DENIED, EX_UNAVAILABLE},
		/* recipients */
		{AT_RECIPIENT, 550, "", MEANS_NOBODY, EX_NOUSER},
		{AT_RECIPIENT, 550, "5.0.0", MEANS_NOBODY, EX_NOUSER},
		{AT_RECIPIENT, 550, "5.1.1", MEANS_NOBODY, EX_NOUSER},
		{AT_RECIPIENT, 550, "5.4.1", MEANS_NOBODY, EX_NOUSER},
		{AT_RECIPIENT, 551, "", MEANS_NOBODY, EX_NOUSER},
		{AT_RECIPIENT, 553, "", MEANS_NOBODY, EX_NOUSER},
		{AT_RECIPIENT, 501, "5.1.3", MEANS_NOBODY, EX_NOUSER},
		{AT_RECIPIENT, 554, "5.1.2", MEANS_NOBODY, EX_NOUSER},
		{AT_RECIPIENT, 556, "5.1.10", MEANS_NOBODY, EX_NOUSER},
		{AT_RECIPIENT, 556, "", MEANS_NOBODY, EX_NOUSER},
		{AT_RECIPIENT, 550, "5.2.1", MEANS_MAILBOX, EX_UNAVAILABLE},
		{AT_SENDER, 550, "", MEANS_DENIED, EX_NOPERM},
		{AT_SENDER, 550, "5.1.1", MEANS_NOTHING_MORE, EX_UNAVAILABLE},
		{AT_END, 550, "5.1.1", MEANS_NOTHING_MORE, EX_UNAVAILABLE},
		/* what EHLO offered does not hold */
		{AT_SENDER, 555, "", MEANS_NO_PARAMETER, EX_UNAVAILABLE},
		{AT_SENDER, 555, "5.5.4", MEANS_NO_PARAMETER, EX_UNAVAILABLE},
		{AT_SENDER, 501, "", MEANS_NO_PARAMETER, EX_UNAVAILABLE},
		{AT_SENDER, 501, "5.5.4", MEANS_NO_PARAMETER, EX_UNAVAILABLE},
		{AT_SENDER, 504, "5.5.4", MEANS_NO_PARAMETER, EX_UNAVAILABLE},
		{AT_SENDER, 500, "5.5.2", MEANS_NO_PARAMETER, EX_UNAVAILABLE},
		{AT_SENDER, 554, "", MEANS_NO_PARAMETER, EX_UNAVAILABLE},
		{AT_SENDER, 554, "5.5.4", MEANS_NO_PARAMETER, EX_UNAVAILABLE},
		{AT_SENDER, 554, "5.6.3", MEANS_NO_PARAMETER, EX_UNAVAILABLE},
		{AT_SENDER, 554, "5.7.1", MEANS_NOT_YOURS, EX_NOPERM},
		{AT_SENDER, 501, "5.1.7", MEANS_NO_SENDER, EX_NOPERM},
		{AT_SENDER, 503, "5.5.1", MEANS_NOTHING_MORE, EX_UNAVAILABLE},
		{AT_RECIPIENT, 555, "5.5.4", MEANS_NO_PARAMETER, EX_UNAVAILABLE},
		{AT_RECIPIENT, 501, "", MEANS_NO_PARAMETER, EX_UNAVAILABLE},
		{AT_RECIPIENT, 554, "", MEANS_NO_PARAMETER, EX_UNAVAILABLE},
		{AT_END, 500, "", MEANS_NO_COMMAND, EX_UNAVAILABLE},
		{AT_END, 500, "5.5.1", MEANS_NO_COMMAND, EX_UNAVAILABLE},
		{AT_END, 502, "5.5.1", MEANS_NO_COMMAND, EX_UNAVAILABLE},
		{AT_END, 504, "", MEANS_NO_COMMAND, EX_UNAVAILABLE},
		{AT_END, 503, "5.5.1", MEANS_NO_SEQUENCE, EX_UNAVAILABLE},
		{AT_END, 554, "5.6.3", MEANS_NO_8BIT, EX_UNAVAILABLE},
		{AT_END, 554, "", MEANS_NOTHING_MORE, EX_UNAVAILABLE},
		/* no answer, or not at this stage */
		{AT_END, 0, "", MEANS_NOTHING_MORE, EX_UNAVAILABLE},
		{AT_END, 250, "", MEANS_NOTHING_MORE, EX_UNAVAILABLE},
		{AT_GREETING, 554, "5.7.1", MEANS_NOTHING_MORE, EX_UNAVAILABLE},
		{AT_LOGIN, 535, "5.7.8", MEANS_NOTHING_MORE, EX_UNAVAILABLE},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f = {.stage = rows[i].at, .code = rows[i].code};
		enum meaning means;

		snprintf(f.enhanced, sizeof f.enhanced, "%s", rows[i].enhanced);
		means = meaning_of(&f);
		if (means != rows[i].means || meaning_exit(rows[i].at, means) != rows[i].exit)
			print_error("%s %d %s\n", stage_words(rows[i].at), rows[i].code, rows[i].enhanced);
		assert_int_equal(means, rows[i].means);
		assert_int_equal(meaning_exit(rows[i].at, means), rows[i].exit);
	}
}

static void test_what_the_words_say_of_the_sender_and_of_our_name_comes_before_the_codes(void **state)
{
	static const struct {
		enum stage at;
		int code;
		const char *enhanced, *text;
		enum meaning means;
	} rows[] = {
		{AT_RECIPIENT, 550, "5.1.0", "<a@b>: Sender address rejected: User unknown in virtual alias table", MEANS_NO_SENDER},
		{AT_RECIPIENT, 550, "", "Sender verify failed", MEANS_NO_SENDER},
		{AT_RECIPIENT, 553, "5.7.1", "<a@b>: Sender address rejected: not owned by user joe", MEANS_NOT_YOURS},
		{AT_RECIPIENT, 504, "5.5.2", "<root>: Sender address rejected: need fully-qualified address", MEANS_NOT_YOURS},
		{AT_SENDER, 504, "5.5.2", "<root>: Sender address rejected: need fully-qualified address", MEANS_NOT_YOURS},
		{AT_SENDER, 550, "5.1.8", "<root@vm>: Sender address rejected: Domain not found", MEANS_NO_SENDER},
		{AT_END, 554, "5.2.252", "SendAsDenied; a not allowed to send as b", MEANS_NOT_YOURS},
		{AT_END, 553, "", "Relaying disallowed as a@b", MEANS_NOT_YOURS},
		{AT_END, 430, "4.2.0", "STOREDRV; mailbox logon failure; STOREDRV.Submission.Exception", MEANS_CLOSED},
		{AT_END, 554, "5.2.0", "STOREDRV.Submission.Exception:MapiExceptionLogonFailed", MEANS_CLOSED},
		{AT_END, 430, "4.2.0", "STOREDRV; mailbox server is too busy", MEANS_NOTHING_MORE},
		{AT_RECIPIENT, 450, "", "mailbox logon failure", MEANS_NOTHING_MORE},
		{AT_RECIPIENT, 504, "5.5.2", "<vm>: Helo command rejected: need fully-qualified hostname", MEANS_OUR_NAME},
		{AT_SENDER, 550, "", "Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", MEANS_OUR_NAME},
		{AT_RECIPIENT, 450, "4.1.8", "<a@b>: Sender address rejected: Domain not found", MEANS_NO_SENDER}, /* by its code */
		{AT_RECIPIENT, 550, "5.1.1", "no mailbox of that name for this sender", MEANS_NOBODY},
		{AT_RECIPIENT, 504, "5.5.4", "parameter not implemented", MEANS_NO_PARAMETER},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f = {.stage = rows[i].at, .code = rows[i].code};

		snprintf(f.enhanced, sizeof f.enhanced, "%s", rows[i].enhanced);
		snprintf(f.text, sizeof f.text, "%s", rows[i].text);
		if (meaning_of(&f) != rows[i].means)
			print_error("%s %d %s\n", stage_words(rows[i].at), rows[i].code, rows[i].text);
		assert_int_equal(meaning_of(&f), rows[i].means);
	}
	assert_int_equal(meaning_exit(AT_RECIPIENT, MEANS_NOT_YOURS), EX_NOPERM);
	assert_int_equal(meaning_exit(AT_RECIPIENT, MEANS_OUR_NAME), EX_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_words_say_of_the_sender_and_of_our_name_comes_before_the_codes),
		cmocka_unit_test(test_stage_code_and_enhanced_code_together_say_what_an_answer_means),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
