#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "post/limits.h"

/* "550 5.4.5 text", as an answer */
static struct failure answer(enum stage at, const char *line)
{
	struct failure f = {.stage = at};
	int used = 0;

	sscanf(line, "%d %11[0-9.] %n", &f.code, f.enhanced, &used);
	if (!f.enhanced[0] || !strchr(f.enhanced, '.') || strlen(f.enhanced) < 5) {
		*f.enhanced = '\0';
		used = 4;
	}
	snprintf(f.text, sizeof f.text, "%s", line + used);
	return f;
}

static void test_what_relays_say_when_it_is_too_much(void **state)
{
	static const struct { const char *line; enum limit limit; } rows[] = {
		/* Gmail */
		{"550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to https://support.google.com/a/answer/166852 d2e1a72-20020a - gsmtp", LIMIT_STOP},
		{"550 5.4.5 Daily sending quota exceeded.", LIMIT_STOP},
		{"550 5.4.5 Daily SMTP relay limit exceeded for user.", LIMIT_STOP},
		{"550 5.7.1 Daily SMTP relay limit exceeded for customer.", LIMIT_STOP},
		{"550 5.7.1 Daily SMTP relay sending limit exceeded for the user.", LIMIT_STOP},
		{"550 5.7.1 Email quota exceeded.", LIMIT_STOP},
		{"450 4.2.1 Peak SMTP relay limit exceeded for customer. This is a temporary error.", LIMIT_SLOW},
		{"421 4.7.0 Our system has detected an unusual rate of unsolicited mail originating from your IP address.", LIMIT_SLOW},
		{"421 4.7.28 Gmail has detected an unusual rate of mail.", LIMIT_SLOW},
		{"550 5.7.28 There is an unusual rate of unsolicited mail originating from your IP address.", LIMIT_SLOW},
		{"454 4.7.0 Too many login attempts, please try again later.", LIMIT_SIT_DOWN},
		{"450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.", LIMIT_NONE},
		{"550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages", LIMIT_NONE},
		{"421 4.7.28 Gmail has detected this message exceeded its quota for sending messages with the same Message-ID.", LIMIT_NONE},
		{"550 5.7.26 This mail has been blocked because the sender is unauthenticated.", LIMIT_NONE},
		/* Exchange Online */
		{"432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending", LIMIT_SIT_DOWN},
		{"432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", LIMIT_SIT_DOWN},
		{"432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded", LIMIT_NONE},
		{"554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message", LIMIT_STOP},
		{"554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded", LIMIT_STOP},
		{"550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients", LIMIT_STOP},
		{"550 5.2.2 Submission quota exceeded", LIMIT_STOP},
		{"550 5.7.233 Your message can't be sent because your tenant exceeded its daily limit for sending email to external recipients (tenant external recipient rate limit)", LIMIT_STOP},
		{"550 5.7.705 Access denied, tenant has exceeded threshold", LIMIT_STOP},
		{"421 4.4.2 Message submission rate for this client has exceeded the configured limit", LIMIT_SLOW},
		{"451 4.7.500 Server busy. Please try again later from [192.0.2.1].", LIMIT_SLOW},
		{"451 4.7.650 The mail server [192.0.2.5] has been temporarily rate limited due to IP reputation.", LIMIT_SLOW},
		{"554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied", LIMIT_NONE},
		{"552 5.2.2 Mailbox full", LIMIT_NONE},
		/* Amazon SES */
		{"454 Throttling failure: Maximum sending rate exceeded.", LIMIT_SLOW},
		{"454 Throttling failure: Daily message quota exceeded.", LIMIT_STOP},
		{"421 Too many concurrent SMTP connections", LIMIT_SIT_DOWN},
		{"554 Message rejected: Email address is not verified.", LIMIT_NONE},
		/* Yahoo */
		{"421 4.7.0 [TSS04] Messages from 192.0.2.25 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1", LIMIT_SLOW},
		{"553 5.7.2 [TSS09] All messages from 192.0.2.25 will be permanently deferred; Retrying will NOT succeed.", LIMIT_STOP},
		{"421 Max message per connection reached, closing transmission channel", LIMIT_SESSION},
		{"450 User is receiving mail too quickly", LIMIT_NONE},
		/* Postfix */
		{"450 4.7.1 Error: too much mail from 192.0.2.1", LIMIT_SLOW},
		{"450 4.7.1 Error: too many recipients from 192.0.2.1", LIMIT_SLOW},
		{"452 4.5.3 Error: too many recipients", LIMIT_NONE},
		{"421 4.7.0 mx.example.org Error: too many connections from 192.0.2.1", LIMIT_SIT_DOWN},
		{"421 4.3.2 All server ports are busy", LIMIT_SIT_DOWN},
		{"421 4.3.2 All screening ports are busy", LIMIT_SIT_DOWN},
		{"454 4.7.0 Error: too many new TLS sessions from 192.0.2.1", LIMIT_SIT_DOWN},
		{"450 4.7.1 Error: too many AUTH commands from 192.0.2.1", LIMIT_SIT_DOWN},
		{"421 4.7.0 mx.example.org Error: too many errors", LIMIT_NONE},
		{"452 4.3.1 Insufficient system storage", LIMIT_NONE},
		/* Exim */
		{"421 mx.example.org: Too many concurrent SMTP connections; please try again later", LIMIT_SIT_DOWN},
		{"421 Too many concurrent SMTP connections from this IP address; please try again later.", LIMIT_SIT_DOWN},
		{"421 mx.example.org: Too much load; please try again later", LIMIT_SIT_DOWN},
		{"421 too many messages in this connection", LIMIT_SESSION},
		{"451 Sorry, too busy. Try again later.", LIMIT_SLOW},
		{"452 Space shortage, please try later", LIMIT_NONE},
		/* others */
		{"452 4.5.3 Daily message limit exceeded", LIMIT_STOP},
		{"451 4.7.1 Ratelimit \"user\" exceeded", LIMIT_SLOW},
		{"550 5.7.1 [STF] Sending too fast", LIMIT_SLOW},
		{"451 Requested action aborted: This mail account has sent too many messages in a short amount of time.", LIMIT_SLOW},
		{"452 4.4.5 Maximum number of messages per session exceeded.", LIMIT_SESSION},
		{"450 Requested mail action not taken: mailbox unavailable Mail send limit exceeded.", LIMIT_SLOW},
		{"421 Rate limit reached. Please try again later", LIMIT_SLOW},
		{"550 Domain example.com has exceeded the max emails per hour (100/100 (100%)) allowed. Message discarded.", LIMIT_SLOW},
		{"550 Too many messages. Try again in 92 seconds.", LIMIT_SLOW},
		{"450 too many emails from this sender, please try again later", LIMIT_SLOW},
		{"552 C13yp Message would take you over your relay quota of 500 Current quota used: 487", LIMIT_STOP},
		{"550 User me@example.com has exceeded its 24-hour sending limit. Messages to 25 recipients out of 25", LIMIT_STOP},
		{"554 5.7.1 <DATA>: Data command rejected: limit of 400 rcpts per 24 hours for client a@example.org reached", LIMIT_STOP},
		{"550 5.2.252 Sender throttled due to continuous send as denied errors.", LIMIT_STOP},
		/* about the recipient, the mail, or nobody in particular */
		{"452 4.2.2 Mailbox full", LIMIT_NONE}, {"452 4.2.2 The recipient's inbox is out of storage space.", LIMIT_NONE},
		{"552 5.2.2 Quota exceeded", LIMIT_NONE}, {"552 5.2.2 The email account that you tried to reach is over quota and inactive.", LIMIT_NONE},
		{"550 5.2.2 bob has exceeded his daily limit of received mail", LIMIT_NONE},
		{"450 4.2.0 bob@example.org: too many messages for this mailbox", LIMIT_NONE},
		{"550 5.1.1 Rate Limit Bob: no such user", LIMIT_NONE},
		{"554 5.7.1 <bob@example.org>: Recipient address rejected: Quota exceeded", LIMIT_NONE},
		{"452 4.5.3 Your message has too many recipients. For more information regarding Google's sending limits visit", LIMIT_NONE},
		{"452 4.5.3 Domain policy size per transaction exceeded, please try this recipient in a separate transaction.", LIMIT_NONE},
		{"550 5.7.1 rejected: message rate limit of 10/min exceeded", LIMIT_SLOW}, {"550 5.7.1 Message rated as spam", LIMIT_NONE},
		{"552 5.3.4 Message size exceeds fixed limit", LIMIT_NONE}, {"550 5.7.1 Content limit exceeded", LIMIT_NONE},
		{"451 4.7.1 Service unavailable - try again later", LIMIT_NONE}, {"421 4.4.5 Server busy, try again later.", LIMIT_NONE},
		{"450 4.7.1 Client host rejected: cannot find your hostname", LIMIT_NONE},
		/* these would stop a run, or slow it down, for one mail */
		{"552 mailbox has too many messages", LIMIT_NONE}, {"550 5.7.1 <bob@example.org>: the daily limit of this mailbox is reached", LIMIT_NONE},
		{"552 5.3.4 message exceeds the sending limit of 10 MB", LIMIT_NONE}, {"552 Message size exceeds the sending limit", LIMIT_NONE},
		{"451 4.7.1 Greylisted, please try again later", LIMIT_NONE}, {"450 4.7.1 <bob@example.org>: Recipient address rejected: Greylisting in effect, please come back later", LIMIT_NONE},
		{"451 4.7.1 Try again later", LIMIT_NONE}, {"421 4.7.0 Try again later, closing connection.", LIMIT_NONE}, {"421 4.3.2 Service shutting down", LIMIT_NONE},
		{"452 4.2.2 mailbox full", LIMIT_NONE}, {"552 Requested mail action aborted: exceeded storage allocation", LIMIT_NONE},
		{"550 5.7.1 message rejected as spam", LIMIT_NONE}, {"554 5.7.1 policy", LIMIT_NONE}, {"550 5.7.1 Message contains a virus", LIMIT_NONE},
		{"554 5.4.14 Hop count exceeded - possible mail loop", LIMIT_NONE}, {"554 5.4.6 Too many hops", LIMIT_NONE},
		{"452 4.3.1 Out of memory", LIMIT_NONE}, {"451 4.3.0 Temporary lookup failure", LIMIT_NONE},
		/* nothing of the kind */
		{"550 5.1.1 No such user", LIMIT_NONE}, {"450 4.2.0 Greylisted", LIMIT_NONE}, {"250 2.0.0 Ok: rate limit", LIMIT_NONE},
		{"554 5.7.1 Spam", LIMIT_NONE}, {"451 4.3.0 Try again later", LIMIT_NONE}, {"552 5.3.4 message too large", LIMIT_NONE},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f = answer(AT_END, rows[i].line);

		if (limits_of(&f) != rows[i].limit)
			print_error("%s\n", rows[i].line);
		assert_int_equal(limits_of(&f), rows[i].limit);
	}
}

static void test_what_is_no_answer_is_no_limit(void **state)
{
	struct failure f = {.stage = AT_CONNECT, .text = "too many connections"};

	(void)state;
	assert_int_equal(limits_of(&f), LIMIT_NONE);
}

/* Each letter of a row is a mail that has come to something: + accepted, the others the answers below. */
static void test_ten_equal_refusals_in_a_row_stop_a_run(void **state)
{
	static const struct { const char *mails; size_t stops; } rows[] = {
		{"aaaaaaaaaa", 10}, {"aaaaaaaaa", 0}, {"aaaaaaaaa+a", 0}, {"aaaaaaaaabaaaaaaaaa", 0}, {"+++aaaaaaaaaa", 13},
		{"aaaaabbbbbbbbbb", 15}, {"cdcdcdcdcd", 10}, {"aeaeaeaeae", 0}, {"afafafafaf", 0},
		{"rrrrrrrrrrrr", 0}, {"wwwwwwwwwwww", 0}, {"arawaraaaaaaa", 13}, {"nnnnnnnnnnnn", 0}, {"mmmmmmmmmm", 10}, {"gggggggggg", 10},
	};
	static const struct { char mail; enum stage at; const char *line; } answers[] = {
		{'a', AT_END, "550 5.7.1 Enough"}, {'b', AT_END, "550 5.7.1 Too much"},
		/* each has its own id, address and time */
		{'c', AT_END, "550 5.7.0 Sorry <a@example.org>, id=ab12-20020a enough at 12:00 - gsmtp"},
		{'d', AT_END, "550 5.7.0 Sorry <b@example.net>, id=f009-33 enough at 12:01 - gsmtp"},
		{'e', AT_END, "554 5.7.1 Enough"}, {'f', AT_SENDER, "550 5.7.1 Enough"}, {'m', AT_SENDER, "550 5.7.1 Enough"},
		{'r', AT_RECIPIENT, "550 5.1.1 No such user"}, {'w', AT_END, "450 4.7.1 Later"}, {'n', AT_LOGIN, "535 5.7.8 No"}, {'g', AT_END, "554 4711"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct limits_guard g = {0};
		size_t stopped = 0;

		for (size_t mail = 0; rows[i].mails[mail] && !stopped; mail++) {
			struct failure f = {.code = 0};

			for (size_t j = 0; j < ROWS(answers); j++)
				if (answers[j].mail == rows[i].mails[mail])
					f = answer(answers[j].at, answers[j].line);
			if (limits_guard_note(&g, rows[i].mails[mail] == '+' ? NULL : &f))
				stopped = mail + 1;
		}
		if (stopped != rows[i].stops)
			print_error("%s\n", rows[i].mails);
		assert_int_equal(stopped, rows[i].stops);
	}
}

static void test_an_answer_of_any_length_is_compared(void **state)
{
	struct limits_guard g = {0};
	struct failure f = {.stage = AT_END, .code = 550};

	(void)state;
	for (int with_blanks = 0; with_blanks < 2; with_blanks++) {
		memset(f.text, 'x', sizeof f.text - 1);
		for (size_t i = 1; with_blanks && i < sizeof f.text - 1; i += 2)
			f.text[i] = ' ';
		for (int i = 1; i <= LIMITS_ROW; i++)
			assert_int_equal(limits_guard_note(&g, &f), i == LIMITS_ROW);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_relays_say_when_it_is_too_much),
		cmocka_unit_test(test_what_is_no_answer_is_no_limit),
		cmocka_unit_test(test_ten_equal_refusals_in_a_row_stop_a_run),
		cmocka_unit_test(test_an_answer_of_any_length_is_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
