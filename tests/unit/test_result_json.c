/* post/result_json: one object a mail, whatever the mail holds. tests/cli/test_json_result.py reads them with a parser. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "post/result_json.h"

static const struct failure nobody = {.stage = AT_RECIPIENT, .exit = EX_NOUSER, .code = 550, .enhanced = "5.1.1", .relay = "relay:25", .text = "no \"x\" \\ here"};
static const struct failure busy = {.stage = AT_RECIPIENT, .exit = EX_TEMPFAIL, .code = 450, .relay = "relay:25", .text = "later"};
static const struct failure lost = {.stage = AT_END, .exit = EX_TEMPFAIL, .relay = "relay:25", .text = "gone"};
static const struct failure login = {.stage = AT_LOGIN, .exit = EX_NOPERM, .code = 535, .enhanced = "5.7.8", .relay = "relay:25", .text = "bad password"};
static const struct failure taken = {.stage = AT_END, .exit = EX_OK, .code = 250, .enhanced = "2.0.0", .relay = "relay:25", .text = "Ok: queued as 4F2A81C0B"};

/* The text must stay until the next call. */
static const char *object(const struct job *j, const struct tally *t, int status)
{
	static char text[100000];
	struct buf out;

	buf_start(&out, RESULT_JSON_MAX);
	assert_int_equal(result_json(&out, j, t, status), 0);
	assert_in_range(out.len, 3, sizeof text - 1);
	memcpy(text, out.p, out.len + 1);
	buf_free(&out);
	return text;
}

static void has(const char *object, const char *what)
{
	if (!strstr(object, what))
		print_error("no %s in %s\n", what, object);
	assert_non_null(strstr(object, what));
}

static void add(struct job *j, enum verdict verdict, const struct failure *why)
{
	struct envelope *e = &j->mail.envelope;
	struct recipient *r = envelope_add(e, &j->arena, arena_printf(&j->arena, "r%zu@x", e->recipients));

	r->verdict = verdict;
	r->why = why;
}

static void test_outcome_and_state_follow_from_the_verdicts(void **state)
{
	static const struct {
		enum verdict verdict[2];
		const struct failure *why[2];
		const char *outcome, *states[2];
		int status;
	} rows[] = {
		{{ACCEPTED, ACCEPTED}, {NULL, NULL}, "sent", {"accepted", "accepted"}, EX_OK},
		{{WAITS, WAITS}, {NULL, NULL}, "waits", {"waits", "waits"}, EX_OK},
		{{ACCEPTED, WAITS}, {NULL, &busy}, "waits", {"accepted", "waits"}, EX_OK},
		{{WAITS, WAITS}, {&login, &login}, "waits", {"waits", "waits"}, EX_OK},
		{{ACCEPTED, REFUSED}, {NULL, &nobody}, "partly", {"accepted", "refused"}, EX_NOUSER},
		{{WAITS, REFUSED}, {&busy, &nobody}, "partly", {"waits", "refused"}, EX_NOUSER},
		{{ACCEPTED, DEFERRED}, {NULL, &busy}, "partly", {"accepted", "failed"}, EX_TEMPFAIL},
		{{REFUSED, REFUSED}, {&nobody, &nobody}, "refused", {"refused", "refused"}, EX_NOUSER},
		{{REFUSED, DEFERRED}, {&nobody, &busy}, "failed", {"refused", "failed"}, EX_NOUSER},
		{{UNSURE, UNSURE}, {&lost, &lost}, "failed", {"unsure", "unsure"}, EX_TEMPFAIL},
		{{PENDING, PENDING}, {&login, &login}, "failed", {"failed", "failed"}, EX_NOPERM},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;
		struct job j = {.account = &a, .mail.envelope = {.sender = "s@x", .answer = &taken}};
		char wanted[200];
		struct tally t;
		const char *said;

		account_defaults(&a);
		a.name = "default";
		for (int k = 0; k < 2; k++)
			add(&j, rows[i].verdict[k], rows[i].why[k]);
		t = tally_of(&j.mail.envelope);
		assert_int_equal(tally_exit(&t), rows[i].status);
		said = object(&j, &t, tally_exit(&t));
		snprintf(wanted, sizeof wanted, "{\"outcome\":\"%s\",\"status\":%d,\"exitcode\":\"%s\"", rows[i].outcome, rows[i].status, exit_words(t.status));
		has(said, wanted);
		for (int k = 0; k < 2; k++) {
			snprintf(wanted, sizeof wanted, "{\"address\":\"r%d@x\",\"state\":\"%s\"", k, rows[i].states[k]);
			has(said, wanted);
		}
		has(said, rows[i].why[0] == &login && t.waits ? "\"needs_admin\":true" : "\"needs_admin\":false");
		arena_free(&j.arena);
	}
}

static void test_whoever_failed_first_is_told_with_stage_codes_and_words(void **state)
{
	struct account a;
	struct job j = {.account = &a, .mail.envelope = {.sender = "", .answer = &taken}, .spooled = "0ABC", .encrypted = true};
	struct tally t;
	const char *said;

	(void)state;
	account_defaults(&a);
	a.name = "default";
	a.host = "::1";
	a.port = 25;
	add(&j, ACCEPTED, NULL);
	add(&j, REFUSED, &nobody);
	t = tally_of(&j.mail.envelope);
	said = object(&j, &t, tally_exit(&t));
	has(said, "\"queue_id\":\"0ABC\",\"message_id\":null,\"account\":\"default\",\"sender\":\"\",\"message_size\":null,\"relay\":\"relay:25\",\"relay_id\":\"4F2A81C0B\"");
	has(said, "\"error\":\"RCPT TO to relay:25: 550 5.1.1 no \\\"x\\\" \\\\ here\",\"stage\":\"RCPT TO\",\"code\":550,\"enhanced\":\"5.1.1\"");
	has(said, "\"state\":\"accepted\",\"stage\":\"end of message\",\"code\":250,\"enhanced\":\"2.0.0\",\"reply\":\"Ok: queued as 4F2A81C0B\",\"hint\":null}");
	has(said, "\"more_recipients\":0,\"tls\":true,\"auth\":false,\"ms\":");
	/* Nobody was asked: the relay is the account's. */
	j.mail.envelope = (struct envelope){.sender = "s@x"};
	said = object(&j, &(struct tally){.decides = NULL}, EX_OK);
	has(said, "{\"outcome\":\"untried\",\"status\":0,");
	has(said, "\"relay\":\"[::1]:25\"");
	arena_free(&j.arena);
}

static void test_what_fails_before_there_is_a_mail_is_an_object_too(void **state)
{
	const struct failure f = {.stage = AT_USAGE, .exit = EX_USAGE, .text = "unknown option \x1b\xff\n", .hint = "look\tat it"};
	const char *said;

	(void)state;
	said = object(&(struct job){.account = NULL}, &(struct tally){.decides = &f, .status = EX_USAGE}, EX_USAGE);
	has(said, "{\"outcome\":\"failed\",\"status\":64,\"exitcode\":\"EX_USAGE\",\"queue_id\":null,\"message_id\":null,\"account\":null,\"sender\":null,");
	has(said, "\"error\":\"unknown option \\\\x1b\\\\xff\\\\x0a\",\"stage\":\"usage\",\"code\":null,\"enhanced\":null,");
	has(said, "\"hint\":\"look\\\\x09at it\"");
	has(said, "\"recipients\":[]");
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

/* What an object consists of: its names, in order, and the signs between them. */
static void names_of(const char *object, char *to)
{
	for (const char *p = object; *p; p++)
		if (*p == '"' && p != object && (p[-1] == ',' || p[-1] == '{')) {
			size_t len = strcspn(p + 1, "\"");

			memcpy(to, p, len + 2);
			to += len + 2;
			p += len + 1;
		}
	*to = '\0';
}

static void test_the_object_of_a_handler_has_the_names_of_all_others(void **state)
{
	const struct failure f = {.stage = AT_INPUT, .exit = EX_TEMPFAIL, .text = "mysend was told to end"};
	char names[2][2000];
	const char *said = object(&(struct job){.account = NULL}, &(struct tally){.decides = &f, .status = EX_TEMPFAIL}, EX_TEMPFAIL);

	(void)state;
	names_of(said, names[0]);
	names_of(result_json_ended, names[1]);
	assert_string_equal(names[0], names[1]);
	assert_string_equal(said, result_json_ended);
	assert_int_equal(RESULT_JSON_ENDED, EX_TEMPFAIL);
}

static void test_a_full_buffer_is_an_error(void **state)
{
	struct job j = {.account = NULL};
	struct tally t = {.status = EX_OK};
	struct buf out;
	size_t whole = strlen(object(&j, &t, EX_OK));

	(void)state;
	for (size_t limit = 0; limit <= whole; limit++) {
		buf_start(&out, limit);
		assert_int_equal(result_json(&out, &j, &t, EX_OK), limit < whole ? -1 : 0);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcome_and_state_follow_from_the_verdicts),
		cmocka_unit_test(test_whoever_failed_first_is_told_with_stage_codes_and_words),
		cmocka_unit_test(test_what_fails_before_there_is_a_mail_is_an_object_too),
		cmocka_unit_test(test_the_object_of_a_handler_has_the_names_of_all_others),
		cmocka_unit_test(test_a_full_buffer_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
