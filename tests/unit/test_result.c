/* post/result and its neighbours: statuses, hints, the log line's queue identifier. */
#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "conf/accounts.h"
#include "post/hint.h"
#include "post/logline.h"
#include "post/result.h"
#include "post/defer.h"

static const struct failure nobody = {.stage = AT_RECIPIENT, .exit = EX_NOUSER, .code = 550, .text = "no"};
static const struct failure refused = {.stage = AT_END, .exit = EX_UNAVAILABLE, .code = 554, .text = "spam"};
static const struct failure later = {.stage = AT_RECIPIENT, .exit = EX_TEMPFAIL, .code = 450, .text = "later"};
static const struct failure garbled = {.stage = AT_SENDER, .exit = EX_PROTOCOL, .code = 354, .text = "what"};
static const struct failure login = {.stage = AT_LOGIN, .exit = EX_NOPERM, .code = 535, .text = "bad password"};

static void test_the_worst_final_failure_decides_the_status(void **state)
{
	static const struct {
		enum verdict verdict[3];
		const struct failure *why[3], *session;
		int status;
	} rows[] = {
		{{ACCEPTED, ACCEPTED, ACCEPTED}, {0}, NULL, EX_OK},
		{{ACCEPTED, REFUSED, ACCEPTED}, {NULL, &nobody, NULL}, NULL, EX_NOUSER},
		{{REFUSED, REFUSED, REFUSED}, {&refused, &refused, &refused}, NULL, EX_UNAVAILABLE},
		{{DEFERRED, ACCEPTED, ACCEPTED}, {&later}, NULL, EX_TEMPFAIL},
		{{DEFERRED, REFUSED, ACCEPTED}, {&later, &nobody}, NULL, EX_NOUSER},
		{{DEFERRED, DEFERRED, DEFERRED}, {&garbled, &garbled, &garbled}, NULL, EX_PROTOCOL},
		{{PENDING, PENDING, PENDING}, {0}, &login, EX_NOPERM},
		{{UNSURE, UNSURE, ACCEPTED}, {&later, &later}, &later, EX_TEMPFAIL},
		{{ACCEPTED, ACCEPTED, ACCEPTED}, {0}, &later, EX_OK}, /* lost after all was accepted */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct account a;
		struct job j = {.account = &a, .mail.envelope.sender = "s@x"};

		account_defaults(&a);
		for (int k = 0; k < 3; k++) {
			struct envelope *e = &j.mail.envelope;

			envelope_add(e, &j.arena, arena_printf(&j.arena, "r%d@x", k));
			e->recipient[k].verdict = rows[i].verdict[k];
			e->recipient[k].why = rows[i].why[k];
		}
		if (rows[i].session)
			envelope_blame(&j.mail.envelope, &j.arena, rows[i].session);
		assert_int_equal(result_tell(&j, true), rows[i].status);
		arena_free(&j.arena);
	}
}

static void test_who_waits_has_the_status_of_what_has_to_be_mended(void **state)
{
	static const struct { struct failure why; int status; } rows[] = {
		{{.stage = AT_CONNECT, .exit = EX_TEMPFAIL}, EX_TEMPFAIL},  {{.stage = AT_RESOLVE, .exit = EX_NOHOST}, EX_NOHOST}, {{.stage = AT_RESOLVE, .exit = EX_TEMPFAIL}, EX_TEMPFAIL},
		{{.stage = AT_GREETING, .exit = EX_UNAVAILABLE, .code = 554}, EX_UNAVAILABLE},
		{{.stage = AT_LOGIN, .exit = EX_NOPERM, .code = 535}, EX_NOPERM}, {{.stage = AT_LOGIN, .exit = EX_TEMPFAIL, .code = 454}, EX_TEMPFAIL},
		{{.stage = AT_END, .exit = EX_PROTOCOL, .code = 354}, EX_TEMPFAIL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(defer_status(&rows[i].why), rows[i].status);
}

static void test_the_queue_identifier_is_found_in_what_relays_say(void **state)
{
	static const struct { const char *answer, *id; } rows[] = {
		{"Ok: queued as 4F2A81C0B", "4F2A81C0B"},	     {"OK id=1abCde-0000xy-2B", "1abCde-0000xy-2B"},
		{"4ABCdef012345 Message accepted for delivery", "4ABCdef012345"},
		{"OK queued as <20261123@host>", "<20261123@host>"}, {"OK  1700000000 a1-2 - gsmtp", ""},
		{"", ""},					     {"valid=yes", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct slice id = logline_queue_id(rows[i].answer);

		assert_int_equal(id.len, strlen(rows[i].id));
		assert_memory_equal(id.p, rows[i].id, id.len);
	}
}

static void test_a_known_failure_gets_the_hint_that_names_the_fix(void **state)
{
	static const struct { struct failure f; const char *says; } rows[] = {
		{{.stage = AT_CONNECT, .text = "Connection refused"}, "relay"},
		{{.stage = AT_LOGIN, .code = 535, .enhanced = "5.7.8", .text = "bad"}, "password"},
		{{.stage = AT_RECIPIENT, .code = 554, .enhanced = "5.7.1", .text = "Relay access denied"}, "login"},
		{{.stage = AT_SENDER, .code = 553, .enhanced = "5.7.1", .text = "not owned by user"}, "from"},
		{{.stage = AT_RECIPIENT, .code = 550, .enhanced = "5.1.1", .text = "no such user"}, ""},
		{{.stage = AT_SENDER, .code = 553, .enhanced = "5.1.8", .text = "domain does not exist"}, "the sender's address does not exist"},
		{{.stage = AT_SENDER, .code = 553, .text = "sorry"}, "does not let us send as that address"},
		{{.stage = AT_SENDER, .code = 550, .enhanced = "5.7.25", .text = "no PTR"}, "has no name in the DNS"},
		{{.stage = AT_SENDER, .code = 450, .enhanced = "4.7.1", .text = "greylisted"}, ""},
		{{.stage = AT_SENDER, .code = 550, .enhanced = "5.7.10", .text = "Encryption needed"}, "set tls on"},
		{{.stage = AT_RECIPIENT, .code = 530, .text = "log in"}, "user and password_file"},
		{{.stage = AT_SENDER, .code = 552, .enhanced = "5.3.4", .text = "big"}, "too large"},
		{{.stage = AT_END, .code = 552, .text = "big"}, "too large"},
		{{.stage = AT_END, .code = 554, .enhanced = "5.3.4", .text = "big"}, "too large"},
		{{.stage = AT_END, .code = 552, .enhanced = "5.7.0", .text = "This message was blocked because its content presents a risk"}, "for spam or harm"},
		{{.stage = AT_END, .code = 552, .enhanced = "5.2.2", .text = "quota"}, ""},
		{{.stage = AT_CONNECT, .text = "Connection refused", .hint = "mine"}, "mine"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct failure f = rows[i].f;

		hint_add(&f);
		if (*rows[i].says)
			assert_non_null(strstr(f.hint, rows[i].says));
		else
			assert_string_equal(f.hint, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_worst_final_failure_decides_the_status),
		cmocka_unit_test(test_who_waits_has_the_status_of_what_has_to_be_mended),
		cmocka_unit_test(test_the_queue_identifier_is_found_in_what_relays_say),
		cmocka_unit_test(test_a_known_failure_gets_the_hint_that_names_the_fix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
