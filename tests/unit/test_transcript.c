#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "wire/transcript.h"

static void note(void *ctx, char way, struct slice line)
{
	struct buf *b = ctx;

	assert_int_equal(buf_printf(b, "%c %.*s\n", way, (int)line.len, line.p), 0);
}

/* ">" lines are said, "<" lines are heard; returns what the last one heard gave. */
static int play(struct transcript *t, const char *script, struct failure *f)
{
	struct slice rest = slice_of(script), line;
	int ok = 0;

	while (ok == 0 && slice_line(&rest, &line)) {
		struct slice words = {line.p + 2, line.len - 2};

		if (line.p[0] == '>')
			transcript_said(t, words);
		else
			ok = transcript_heard(t, words, f);
	}
	return ok;
}

static void test_secrets_are_masked_whatever_the_mechanism(void **state)
{
	static const struct { const char *script, *shown; } rows[] = {
		{"< 220 hi\n> EHLO me\n< 250 hi\n> AUTH PLAIN AHUAc2VjcmV0\n< 235 ok\n",
		 "< 220 hi\n> EHLO me\n< 250 hi\n> AUTH PLAIN ****\n< 235 ok\n"},
		{"> AUTH LOGIN\n< 334 VXNlcm5hbWU6\n> dXNlcg==\n< 334 UGFzc3dvcmQ6\n> c2VjcmV0\n< 235 ok\n> MAIL FROM:<a@b>\n",
		 "> AUTH LOGIN\n< 334 VXNlcm5hbWU6\n> ****\n< 334 UGFzc3dvcmQ6\n> ****\n< 235 ok\n> MAIL FROM:<a@b>\n"},
		{"> AUTH PLAIN\n< 334 \n> AHUAc2VjcmV0\n< 535 no\n> AUTH LOGIN dXNlcg==\n< 334 x\n> c2VjcmV0\n",
		 "> AUTH PLAIN\n< 334\n> ****\n< 535 no\n> AUTH LOGIN ****\n< 334 x\n> ****\n"},
		{"> auth plain AHUAc2VjcmV0\n", "> AUTH plain ****\n"},
		/* why a token was refused is shown as it is meant; what is no JSON stays as it is */
		{"> AUTH XOAUTH2 dXNlcj0=\n< 334 eyJzdGF0dXMiOiI0MDEiLCJzY29wZSI6Im1haWwifQ==\n", "> AUTH XOAUTH2 ****\n< 334 {\"status\":\"401\",\"scope\":\"mail\"}\n"},
		{"> AUTH XOAUTH2 dXNlcj0=\n< 334 e30\n< 334 eyJ\n", "> AUTH XOAUTH2 ****\n< 334 e30\n< 334 eyJ\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf shown;
		struct tracer w = {.ctx = &shown, .line = note};
		struct transcript t = {.tracer = &w};
		struct failure f;

		buf_start(&shown, 10000);
		assert_int_equal(play(&t, rows[i].script, &f), 0);
		assert_string_equal(shown.p, rows[i].shown);
		buf_free(&shown);
	}
}

static void test_why_a_token_is_refused_is_kept_until_the_next_login(void **state)
{
	/* {"status":"401","scope":"mail"}, {"status":"401"}, and the same with a line feed behind it */
	static const struct { const char *script, *why; bool refused; } rows[] = {
		{"> AUTH XOAUTH2 dXNlcj0=\n< 334 eyJzdGF0dXMiOiI0MDEiLCJzY29wZSI6Im1haWwifQ==\n", "{\"status\":\"401\",\"scope\":\"mail\"}", true},
		{"> AUTH XOAUTH2\n< 334 \n> dXNlcj0=\n< 334 eyJzdGF0dXMiOiI0MDEifQ==\n", "{\"status\":\"401\"}", true},
		{"> AUTH OAUTHBEARER dXNlcj0=\n< 334 eyJzdGF0dXMiOiI0MDEifQo=\n", "{\"status\":\"401\"}", false},
		{"> AUTH OAUTHBEARER dXNlcj0=\n< 334 eyJzdGF0dXMiOiI0MDEifQ==\n> AQ==\n< 535 5.7.8 no\n", "{\"status\":\"401\"}", true},
		{"> AUTH OAUTHBEARER dXNlcj0=\n< 334 eyJzdGF0dXMiOiI0MDEifQ==\n> *\n< 501 no\n> AUTH XOAUTH2 dXNlcj0=\n< 535 no\n", "", true},
		{"> AUTH XOAUTH2 dXNlcj0=\n< 334\n", "", true},
		{"> AUTH XOAUTH2 dXNlcj0=\n< 235 ok\n", "", false},
		{"> AUTH XOAUTH2\n< 334 \n", "", false},
		{"< 220 {\n> EHLO me\n< 334 eyJzdGF0dXMiOiI0MDEifQ==\n", "", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct transcript t = {0};
		struct failure f;

		assert_int_equal(play(&t, rows[i].script, &f), 0);
		assert_string_equal(t.why_token, rows[i].why);
		assert_int_equal(transcript_is_refused(&t), rows[i].refused);
	}
}

static void test_extensions_are_those_of_the_last_ehlo(void **state)
{
	struct transcript t = {0};
	struct failure f;

	(void)state;
	assert_int_equal(play(&t, "< 220 a\n> EHLO me\n< 250-dsn.example\n< 250-STARTTLS\n< 250 CHUNKING\n"
				  "> STARTTLS\n< 220 go\n> EHLO me\n< 250-a\n< 250-PIPELINING\n< 250 AUTH PLAIN\n", &f), 0);
	assert_true(t.encrypted);
	assert_true(t.caps.pipelining);
	assert_false(t.caps.chunking);
	assert_false(t.caps.starttls);
	assert_string_equal(t.caps.auth, "PLAIN");
}

static void test_tls_is_missed_where_it_was_offered_and_never_begun(void **state)
{
	static const struct { const char *script; bool missed; } rows[] = {
		{"> EHLO me\n< 250-a\n< 250 starttls\n", true},
		{"> EHLO me\n< 250-a\n< 250 starttls\n> AUTH PLAIN\n< 334 \n", true},
		{"> EHLO me\n< 250-a\n< 250 STARTTLS\n> STARTTLS\n< 454 no\n", false},
		{"> EHLO me\n< 250-a\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n> EHLO me\n< 250-a\n< 250 STARTTLS\n", false},
		{"> EHLO me\n< 250-a\n< 250 STARTTLS\n> HELO me\n< 250 a\n", false},
		{"> EHLO me\n< 250-a\n< 250 DSN\n", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct transcript t = {0};
		struct failure f;

		assert_int_equal(play(&t, rows[i].script, &f), 0);
		assert_int_equal(transcript_tls_missed(&t), rows[i].missed);
	}
}

static void test_the_first_line_is_the_relays_name_and_no_extension(void **state)
{
	struct transcript t = {0};
	struct failure f;

	(void)state;
	assert_int_equal(play(&t, "> EHLO me\n< 250-CHUNKING\n< 250 SIZE\n", &f), 0);
	assert_false(t.caps.chunking);
	assert_true(t.caps.size);
}

static void test_a_password_never_goes_in_clear_text_where_tls_was_tried(void **state)
{
	static const struct { bool login, clear; const char *script; int ok; } rows[] = {
		{true, false, "> EHLO me\n< 250-a\n< 250 AUTH PLAIN\n", -1},
		{true, false, "> EHLO me\n< 250-a\n< 250 STARTTLS\n> STARTTLS\n< 454 no\n", -1},
		{true, false, "> EHLO me\n< 500 what\n> HELO me\n< 250 a\n", -1},
		{true, true, "> EHLO me\n< 250-a\n< 250 AUTH PLAIN\n", 0},
		{false, false, "> EHLO me\n< 250-a\n< 250 AUTH PLAIN\n", 0},
		{true, false, "> EHLO me\n< 250-a\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n> EHLO me\n< 250-a\n< 250 AUTH PLAIN\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct transcript t = {.login = rows[i].login, .clear_login = rows[i].clear};
		struct failure f;

		assert_int_equal(play(&t, rows[i].script, &f), rows[i].ok);
		if (rows[i].ok < 0)
			assert_int_equal(f.exit, EX_NOPERM);
	}
}

static void test_a_login_waits_for_tls_whoever_was_asked_to_see_to_it(void **state)
{
	static const struct { bool login, clear, demanded; const char *script; bool may; } rows[] = {
		{true, false, true, "< 220 a\n> EHLO me\n< 250-a\n< 250-STARTTLS\n< 250 AUTH PLAIN\n", false},
		{true, false, false, "< 220 a\n> EHLO me\n< 250-a\n< 250 STARTTLS\n", false},
		{true, false, true, "> EHLO me\n< 250 STARTTLS\n> STARTTLS\n", false},
		{true, false, true, "> EHLO me\n< 250 STARTTLS\n> STARTTLS\n< 250 fine\n", false},
		{true, false, true, "> EHLO me\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n> EHLO me\n< 250-a\n", true},
		{true, true, false, "> EHLO me\n< 250-a\n", true},
		{false, false, true, "> EHLO me\n< 250-a\n", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct transcript t = {.login = rows[i].login, .clear_login = rows[i].clear, .demanded = rows[i].demanded};
		struct failure f;

		assert_int_equal(play(&t, rows[i].script, &f), 0);
		assert_int_equal(transcript_may_log_in(&t), rows[i].may);
	}
}

static void test_the_stage_is_that_of_the_last_command(void **state)
{
	static const struct { const char *script; enum stage at; } rows[] = {
		{"< 220 a\n", AT_GREETING},
		{"< 220 a\n> EHLO me\n", AT_GREETING},
		{"> EHLO me\n< 250 STARTTLS\n> STARTTLS\n", AT_TLS},
		{"> AUTH PLAIN x\n< 535 no\n", AT_LOGIN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct transcript t = {0};
		struct failure f;

		assert_int_equal(play(&t, rows[i].script, &f), 0);
		assert_int_equal(transcript_stage(&t), rows[i].at);
	}
}

static void test_only_235_is_a_login(void **state)
{
	struct transcript t = {0};
	struct failure f;

	(void)state;
	assert_int_equal(play(&t, "> EHLO me\n< 235 what\n", &f), 0);
	assert_false(t.authenticated);
	assert_int_equal(play(&t, "> AUTH PLAIN x\n< 250 what\n", &f), 0);
	assert_false(t.authenticated);
	assert_int_equal(play(&t, "> AUTH PLAIN x\n< 235 ok\n", &f), 0);
	assert_true(t.authenticated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets_are_masked_whatever_the_mechanism),
		cmocka_unit_test(test_why_a_token_is_refused_is_kept_until_the_next_login),
		cmocka_unit_test(test_extensions_are_those_of_the_last_ehlo),
		cmocka_unit_test(test_tls_is_missed_where_it_was_offered_and_never_begun),
		cmocka_unit_test(test_the_first_line_is_the_relays_name_and_no_extension),
		cmocka_unit_test(test_a_password_never_goes_in_clear_text_where_tls_was_tried),
		cmocka_unit_test(test_a_login_waits_for_tls_whoever_was_asked_to_see_to_it),
		cmocka_unit_test(test_the_stage_is_that_of_the_last_command),
		cmocka_unit_test(test_only_235_is_a_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
