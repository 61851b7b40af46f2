/* What --probe decides by itself, row by row. */
#include "unit.h"

#include <sysexits.h>

#include "cli/probe.h"

static void test_a_line_of_cron_runs_the_queue_only_for_its_user(void **state)
{
	static const struct {
		const char *line;
		bool named, wanted;
	} rows[] = {
		{"*/5 * * * * root /usr/bin/mysend -q", true, true},
		{"*/5 * * * *\troot\tmysend -q15m", true, true},
		{"@hourly root mysend -qf", true, true},
		{"  */5 * * * * root sendmail -q  \r", true, true},
		{"*/5 * * * * root test -x /usr/bin/mysend && /usr/bin/mysend -q", true, true},
		{"*/5 * * * * bob mysend -q", true, false},
		{"*/5 * * * * rooty mysend -q", true, false},
		{"*/5 * * * * mysend -q", false, true},
		{"@daily mysend -q", false, true},
		{"# */5 * * * * root mysend -q", true, false},
		{"PATH=/usr/bin:/bin", true, false},
		{"MAILTO=root", false, false},
		{"*/5 * * * * root mysend -bp", true, false},
		{"*/5 * * * * root exim4 -q", true, false},
		{"*/5 * * * * root", true, false},
		{"*/5 * *", true, false},
		{"", true, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		if (probe_runs_queue(slice_of(rows[i].line), "root", rows[i].named) != rows[i].wanted)
			print_error("row %zu: %s\n", i, rows[i].line);
		assert_int_equal(probe_runs_queue(slice_of(rows[i].line), "root", rows[i].named), rows[i].wanted);
	}
}

static void test_the_stage_of_a_failure_is_the_one_that_is_blamed(void **state)
{
	static const struct {
		enum stage at;
		const char *pop;
		bool began;
		enum probe_stage wanted;
	} rows[] = {
		{AT_USAGE, "", false, PROBE_CONFIG}, {AT_CONFIG, "", false, PROBE_CONFIG}, {AT_CONFIG, "pop3://x", false, PROBE_CONFIG},
		{AT_TOKEN, "", false, PROBE_TOKEN}, {AT_RESOLVE, "", true, PROBE_NAME}, {AT_RESOLVE, "pop3://x", true, PROBE_NAME}, {AT_RESOLVE, "pop3://x", false, PROBE_POP},
		{AT_CONNECT, "", false, PROBE_CONNECT}, /* libcurl cannot be loaded */
		{AT_CONNECT, "", true, PROBE_CONNECT}, {AT_GREETING, "", true, PROBE_GREETING}, {AT_TLS, "", true, PROBE_TLS},
		{AT_TLS, "pop3://x", false, PROBE_POP}, {AT_LOGIN, "", true, PROBE_LOGIN}, {AT_LOGIN, "pop3://x", false, PROBE_POP},
		{AT_SENDER, "", true, PROBE_MAIL}, {AT_RECIPIENT, "", true, PROBE_RCPT}, {AT_END, "", true, PROBE_RCPT},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct failure f = {.stage = rows[i].at};
		const struct account a = {.pop_before_smtp = rows[i].pop};
		const struct session_facts facts = {.began = rows[i].began};

		if (probe_blame(&f, &facts, &a) != rows[i].wanted)
			print_error("row %zu\n", i);
		assert_int_equal(probe_blame(&f, &facts, &a), rows[i].wanted);
	}
}

static void test_the_first_stage_that_fails_makes_the_status_and_a_warning_makes_none(void **state)
{
	struct arena in = {.block = NULL};
	struct probe p = {.in = &in, .account = "default"};
	struct failure f;

	(void)state;
	probe_add(&p, PROBE_CONFIG, PROBE_OK, -1, "fine");
	(void)!fail(&f, AT_SPOOL, EX_CANTCREAT, "no place");
	probe_mild(&p, PROBE_SPOOL, "no mail can wait: ", &f);
	assert_false(p.failed);
	assert_int_equal(p.status, 0);
	assert_string_equal(p.line[1].detail, "no mail can wait: no place");
	(void)!fail(&f, AT_LOGIN, EX_NOPERM, "no");
	f.code = 535;
	probe_fail(&p, PROBE_LOGIN, &f);
	assert_true(p.failed);
	assert_int_equal(p.status, EX_NOPERM);
	assert_string_equal(p.line[2].detail, "535 no");
	assert_true(*p.line[2].hint != '\0'); /* found as for a mail */
	(void)!fail(&f, AT_CONFIG, EX_CONFIG, "late");
	probe_fail(&p, PROBE_CONFIG, &f); /* the line that was there changes */
	assert_int_equal(p.lines, 3);
	assert_int_equal(p.line[0].result, PROBE_FAIL);
	assert_string_equal(p.line[0].detail, "late");
	assert_int_equal(p.status, EX_NOPERM);
	arena_free(&in);
}

static void test_a_process_that_stays_is_known_by_its_words(void **state)
{
	const struct {
		struct slice command;
		bool wanted;
	} rows[] = {
		{SLICE("mysend\0-q15m\0"), true},	   {SLICE("/usr/bin/mysend\0-a\0x\0-q1h30m\0"), true}, {SLICE("mysend\0-q\0"), false},
		{SLICE("mysend\0-qf\0"), false},	   {SLICE("/usr/sbin/sendmail\0-bd\0-q15m\0"), false}, {SLICE("mysend\0-bp\0"), false},
		{SLICE("sh\0-c\0mysend -q15m\0"), false}, {SLICE("mysend -q15m\0"), false},		    {SLICE(""), false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(probe_stays(rows[i].command), rows[i].wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_of_cron_runs_the_queue_only_for_its_user),
		cmocka_unit_test(test_a_process_that_stays_is_known_by_its_words),
		cmocka_unit_test(test_the_stage_of_a_failure_is_the_one_that_is_blamed),
		cmocka_unit_test(test_the_first_stage_that_fails_makes_the_status_and_a_warning_makes_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
