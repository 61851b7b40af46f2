/* post/verdict: what a mail has come to, out of what each of its recipients has. */
#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "post/verdict.h"

static const struct failure nobody = {.stage = AT_RECIPIENT, .exit = EX_NOUSER, .code = 550};
static const struct failure later = {.stage = AT_RECIPIENT, .exit = EX_TEMPFAIL, .code = 450};
static const struct failure full = {.stage = AT_END, .exit = EX_TEMPFAIL, .code = 452};
static const struct failure garbled = {.stage = AT_SENDER, .exit = EX_PROTOCOL, .code = 354};
static const struct failure login = {.stage = AT_LOGIN, .exit = EX_NOPERM, .code = 535};
static const struct failure down = {.stage = AT_CONNECT, .exit = EX_TEMPFAIL};
static const struct failure no_host = {.stage = AT_RESOLVE, .exit = EX_NOHOST};
static const struct failure enough = {.stage = AT_END, .exit = EX_UNAVAILABLE, .code = 550, .enhanced = "5.4.5", .text = "Daily quota"};
static const struct failure no_relay = {.stage = AT_CONFIG, .exit = EX_CONFIG};

static void test_what_nobody_takes_care_of_decides_and_then_what_is_final(void **state)
{
	static const struct {
		struct { enum verdict verdict; const struct failure *why; } of[3];
		size_t recipients;
		const struct failure *decides, *retry;
		int status, exit;
	} rows[] = {
		{{{ACCEPTED, NULL}, {ACCEPTED, NULL}}, 2, NULL, NULL, EX_OK, EX_OK},
		{{{ACCEPTED, NULL}, {REFUSED, &nobody}}, 2, &nobody, NULL, EX_NOUSER, EX_NOUSER},
		{{{DEFERRED, &later}, {REFUSED, &nobody}}, 2, &nobody, &later, EX_NOUSER, EX_NOUSER},
		{{{DEFERRED, &later}, {DEFERRED, &full}}, 2, &later, &later, EX_TEMPFAIL, EX_TEMPFAIL},
		{{{DEFERRED, &later}, {DEFERRED, &garbled}}, 2, &garbled, &later, EX_PROTOCOL, EX_PROTOCOL},
		{{{PENDING, &login}, {PENDING, &login}}, 2, &login, NULL, EX_NOPERM, EX_NOPERM},
		{{{PENDING, &down}, {PENDING, &down}}, 2, &down, &down, EX_TEMPFAIL, EX_TEMPFAIL},
		{{{REFUSED, &enough}, {ACCEPTED, NULL}}, 2, &enough, NULL, EX_TEMPFAIL, EX_TEMPFAIL},
		{{{REFUSED, &enough}, {REFUSED, &nobody}}, 2, &nobody, NULL, EX_NOUSER, EX_NOUSER},
		{{{UNSURE, &full}, {ACCEPTED, NULL}}, 2, &full, &full, EX_TEMPFAIL, EX_TEMPFAIL},
		/* What waits is told of by the log, and the caller need not do anything. */
		{{{WAITS, &later}, {ACCEPTED, NULL}}, 2, &later, NULL, EX_TEMPFAIL, EX_OK},
		{{{WAITS, &later}, {WAITS, &login}}, 2, &login, NULL, EX_NOPERM, EX_OK},
		{{{WAITS, &login}, {REFUSED, &nobody}, {WAITS, &later}}, 3, &nobody, NULL, EX_NOUSER, EX_NOUSER},
		{{{WAITS, &no_host}}, 1, &no_host, NULL, EX_NOHOST, EX_OK},
		{{{WAITS, &garbled}}, 1, &garbled, NULL, EX_TEMPFAIL, EX_OK},
		{{{WAITS, &no_relay}}, 1, &no_relay, NULL, EX_CONFIG, EX_OK},
		{{{WAITS, NULL}, {WAITS, NULL}}, 2, NULL, NULL, EX_OK, EX_OK}, /* nobody was to try */
		/* In the queue: a bounce tells of who was refused, and the rest waits; or nobody is left. */
		{{{BOUNCED, &nobody}, {WAITS, &later}}, 2, &later, NULL, EX_TEMPFAIL, EX_TEMPFAIL},
		{{{BOUNCED, &nobody}, {ACCEPTED, NULL}}, 2, &nobody, NULL, EX_NOUSER, EX_NOUSER},
		{{{BOUNCED, &later}}, 1, &later, NULL, EX_UNAVAILABLE, EX_UNAVAILABLE}, /* its time is over */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena in = {.block = NULL};
		struct envelope e = {.sender = "s@x"};
		struct tally t;

		for (size_t k = 0; k < rows[i].recipients; k++) {
			struct recipient *r = envelope_add(&e, &in, arena_printf(&in, "r%zu@x", k));

			r->verdict = rows[i].of[k].verdict;
			r->why = rows[i].of[k].why;
		}
		t = tally_of(&e);
		assert_ptr_equal(t.decides, rows[i].decides);
		assert_ptr_equal(t.retry, rows[i].retry);
		assert_int_equal(t.status, rows[i].status);
		assert_int_equal(tally_exit(&t), rows[i].exit);
		assert_int_equal(t.accepted + t.waits + t.refused + t.unsure + t.pending, rows[i].recipients);
		arena_free(&in);
	}
}

static void test_what_waits_waits_for_what_its_log_line_will_say(void **state)
{
	static const struct { enum verdict verdict; const struct failure *why; } ways[] = {
		{DEFERRED, &later}, {DEFERRED, &garbled}, {UNSURE, &full}, {PENDING, &login}, {PENDING, &down}, {PENDING, &no_host},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(ways) * ROWS(ways); i++) {
		const size_t of[] = {i % ROWS(ways), i / ROWS(ways)};
		struct arena in = {.block = NULL};
		struct envelope e = {.sender = "s@x"};
		const struct failure *why;

		for (size_t k = 0; k < 2; k++) {
			struct recipient *r = envelope_add(&e, &in, k ? "b@x" : "a@x");

			r->verdict = ways[of[k]].verdict;
			r->why = ways[of[k]].why;
		}
		why = tally_waits_for(&e);
		assert_non_null(why);
		for (size_t k = 0; k < 2; k++)
			e.recipient[k].verdict = WAITS;
		assert_ptr_equal(tally_of(&e).decides, why);
		arena_free(&in);
	}
}

static void test_refusal_is_of_the_first_who_is_refused_and_has_not_been_told_of(void **state)
{
	static const struct {
		struct { enum verdict verdict; const struct failure *why; } to[3];
		const struct failure *is;
	} rows[] = {
		{{{PENDING, &later}, {REFUSED, &nobody}, {REFUSED, &full}}, &nobody},
		{{{BOUNCED, &nobody}, {REFUSED, &full}, {PENDING, &later}}, &full},
		{{{REFUSED, NULL}, {ACCEPTED, NULL}, {REFUSED, &full}}, &full}, /* the first by another runner */
		{{{ACCEPTED, NULL}, {PENDING, &later}, {BOUNCED, &nobody}}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena in = {.block = NULL};
		struct envelope e = {.sender = "s@x"};

		for (size_t k = 0; k < ROWS(rows[i].to); k++) {
			struct recipient *r = envelope_add(&e, &in, arena_printf(&in, "r%zu@x", k));

			r->verdict = rows[i].to[k].verdict;
			r->why = rows[i].to[k].why;
		}
		assert_ptr_equal(tally_refusal(&e), rows[i].is);
		arena_free(&in);
	}
}

static bool has_not_got_it(const void *ctx, const struct recipient *r)
{
	(void)ctx;
	return r->verdict != ACCEPTED;
}

static void test_each_failure_is_told_once_and_the_rest_counted(void **state)
{
	static const struct failure *const why[] = {&down, &later, &down, NULL, &later, &nobody, &full, &down, &garbled};
	struct arena in = {.block = NULL};
	struct envelope e = {.sender = "s@x"};
	const struct recipient *told[3];
	size_t more;

	(void)state;
	for (size_t k = 0; k < ROWS(why); k++) {
		struct recipient *r = envelope_add(&e, &in, arena_printf(&in, "r%zu@x", k));

		r->verdict = why[k] ? REFUSED : ACCEPTED;
		r->why = why[k];
	}
	assert_int_equal(tally_failures(&e, has_not_got_it, NULL, told, ROWS(told), &more), 3);
	assert_ptr_equal(told[0], &e.recipient[0]);
	assert_ptr_equal(told[1], &e.recipient[1]);
	assert_ptr_equal(told[2], &e.recipient[5]);
	assert_int_equal(more, 2); /* full, garbled */
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_nobody_takes_care_of_decides_and_then_what_is_final),
		cmocka_unit_test(test_what_waits_waits_for_what_its_log_line_will_say),
		cmocka_unit_test(test_refusal_is_of_the_first_who_is_refused_and_has_not_been_told_of),
		cmocka_unit_test(test_each_failure_is_told_once_and_the_rest_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
