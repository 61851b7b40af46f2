#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"

enum { NOON = 1796040000 }; /* Monday, 2026-11-30, 12:00 UTC */

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static void test_the_line_while_it_goes_on(void **state)
{
	static const struct { struct progress_counts p; const char *line; } rows[] = {
		{{.all = 10000, .sent = 4211, .refused = 12, .waiting = 3, .rate = 9.8, .sessions = 4}, "4,211 of 10,000 sent, 12 refused, 3 wait; 9.8/s by 4 sessions; 10 min left"},
		{{.all = 10000, .sent = 4211, .held = "the rate 5000/day is used up", .until = NOON + 76440},
		 "4,211 of 10,000 sent; the rate 5000/day is used up: goes on tomorrow at 09:14 (Ctrl-C is safe: the same command goes on)"},
		{{.all = 10000, .sent = 4211, .held = "the relay cannot be reached", .until = NOON + 40},
		 "4,211 of 10,000 sent; the relay cannot be reached: goes on in 40 s (Ctrl-C is safe: the same command goes on)"},
		{{.all = 3, .held = "the answer to the last mail"}, "0 of 3 sent; the answer to the last mail (Ctrl-C is safe: the same command goes on)"},
		{{.all = 0, .sent = 7, .rate = 2.04, .sessions = 1}, "7 sent; 2.0/s by 1 session"},
		{{.all = 1000000, .sent = 999, .rate = 2345.6, .sessions = 32}, "999 of 1,000,000 sent; 2,345/s by 32 sessions; 7 min left"},
		{{.all = 100, .sent = 10, .rate = 0.5, .sessions = 1}, "10 of 100 sent; 30.0/min by 1 session; 3 min left"},
		{{.all = 100, .sent = 99, .rate = 100, .sessions = 1}, "99 of 100 sent; 100/s by 1 session; 1 s left"},
		{{.all = 100000, .sent = 10, .rate = 1, .sessions = 2}, "10 of 100,000 sent; 1.0/s by 2 sessions; 28 h left"},
		{{.all = 500000, .sent = 10, .rate = 1, .sessions = 2}, "10 of 500,000 sent; 1.0/s by 2 sessions; 6 days left"},
		{{.all = 10, .sent = 9, .refused = 1, .rate = 1, .sessions = 1}, "9 of 10 sent, 1 refused; 1.0/s by 1 session"},
		{{.all = 10, .sent = 5, .waiting = 1, .doubtful = 2}, "5 of 10 sent, 1 waits, 2 in doubt"},
		{{.all = 10, .sent = 5, .bad = 2, .rate = 2}, "5 of 10 sent, 2 bad; 2.0/s; 2 s left"},
	};
	char line[200];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		progress_line(line, sizeof line, &rows[i].p, NOON);
		assert_string_equal(line, rows[i].line);
	}
}

/* Parts that do not fit go as a whole; the count stays as far as there is room for anything. */
static void test_a_narrow_terminal_has_fewer_parts(void **state)
{
	const struct progress_counts p = {.all = 10000, .sent = 4211, .refused = 12, .waiting = 3, .rate = 9.8, .sessions = 4};
	static const char whole[] = "4,211 of 10,000 sent, 12 refused, 3 wait; 9.8/s by 4 sessions; 10 min left";
	char line[100];

	(void)state;
	for (size_t room = 1; room <= sizeof whole; room++) {
		memset(line, 'x', sizeof line);
		progress_line(line, room, &p, NOON);
		assert_true(strlen(line) < room);
		assert_int_equal(line[room], 'x');
		if (room > 21)
			assert_memory_equal(line, "4,211 of 10,000 sent", 20);
	}
	assert_string_equal(line, whole);
	progress_line(line, 41, &p, NOON);
	assert_string_equal(line, "4,211 of 10,000 sent, 12 refused, 3 wait");
	progress_line(line, 40, &p, NOON);
	assert_string_equal(line, "4,211 of 10,000 sent, 12 refused");
	progress_line(line, 60, &p, NOON);
	assert_string_equal(line, "4,211 of 10,000 sent, 12 refused, 3 wait; 10 min left");
}

static void test_the_sum_at_the_end(void **state)
{
	static const struct { struct progress_counts p; const char *failed, *line; } rows[] = {
		{{.all = 10000, .sent = 10000}, "f.csv", "10,000 of 10,000 sent"},
		{{.all = 10000, .sent = 9988, .refused = 12}, "people.csv.failed.csv", "9,988 of 10,000 sent, 12 refused: people.csv.failed.csv"},
		{{.all = 10000, .sent = 9988, .refused = 12}, NULL, "9,988 of 10,000 sent, 12 refused"},
		{{.all = 10000, .sent = 9912, .waiting = 76, .doubtful = 12}, "f.csv", "9,912 of 10,000 sent, 76 wait, 12 in doubt: run the same command again"},
		{{.all = 10000, .sent = 9900, .refused = 12, .waiting = 76, .doubtful = 12}, "f.csv",
		 "9,900 of 10,000 sent, 12 refused (f.csv), 76 wait, 12 in doubt: run the same command again"},
		{{.all = 10, .sent = 9, .refused = 1, .before = true}, NULL, "9 of 10 sent, 1 refused: all before this run"},
		{{.all = 10, .sent = 7, .bad = 3}, NULL, "7 of 10 sent, 3 bad"},
		{{.all = 10, .sent = 7, .bad = 3}, "f.csv", "7 of 10 sent, 3 bad: f.csv"},
		{{.all = 10, .sent = 6, .refused = 1, .bad = 3}, "f.csv", "6 of 10 sent, 1 refused, 3 bad: f.csv"},
		{{.all = 10, .sent = 6, .spooled = 4}, NULL, "6 of 10 sent, 4 in the queue"},
		{{.all = 10, .sent = 6, .doubtful = 4, .holds = true}, NULL, "6 of 10 sent, 4 in doubt: with --unsure retry the same command sends them once more"},
		{{.all = 10, .sent = 5, .waiting = 1, .doubtful = 4, .holds = true}, NULL, "5 of 10 sent, 1 waits, 4 in doubt: run the same command again"},
		{{.all = 10, .sent = 4}, NULL, "4 of 10 sent: run the same command again"},
		{{.all = 10000, .sent = 10, .left = 9990, .limit = 10}, NULL, "10 of 10,000 sent, 9,990 left (--limit 10): run the same command again"},
		{{.all = 10, .sent = 2, .refused = 1, .waiting = 1, .left = 6, .limit = 4}, "f.csv",
		 "2 of 10 sent, 1 refused (f.csv), 1 waits, 6 left (--limit 4): run the same command again"},
		{{.sent = 4}, NULL, "4 sent"},
		{{.all = 0}, NULL, "0 sent"},
	};
	char line[200];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		progress_sum(line, sizeof line, &rows[i].p, rows[i].failed);
		assert_string_equal(line, rows[i].line);
	}
}

static void test_until_when_it_is_asked_again(void **state)
{
	static const struct { long later; const char *words; } rows[] = {
		{40, "for 40 s"}, {3600, "until 13:00"}, {86400, "until tomorrow at 12:00"}, {3 * 86400, "until 2026-12-03 at 12:00"},
	};
	char words[48];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		progress_until(words, NOON + rows[i].later, NOON);
		assert_string_equal(words, rows[i].words);
	}
}

static void test_when_it_goes_on(void **state)
{
	static const struct { long later; const char *words; } rows[] = {
		{-5, "in 0 s"}, {0, "in 0 s"}, {89, "in 89 s"}, {90, "at 12:01"}, {43199, "at 23:59"}, {43200, "tomorrow at 00:00"},
		{43200 + 86399, "tomorrow at 23:59"}, {43200 + 86400, "on 2026-12-02 at 00:00"}, {400L * 86400, "on 2028-01-04 at 12:00"},
		{365L * 86400, "on 2027-11-30 at 12:00"},
	};
	char words[40];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		progress_when(words, NOON + rows[i].later, NOON);
		assert_string_equal(words, rows[i].words);
	}
}

static void test_the_rate_is_that_of_the_last_half_minute(void **state)
{
	struct progress_speed s = {.count = 0};
	uint64_t done = 0;

	(void)state;
	assert_true(progress_rate(&s, 0) == 0);
	progress_note(&s, 1000, 0);
	assert_true(progress_rate(&s, 2000) == 0);
	/* ten a second for a minute, told more often than once a second; then five for a minute; then nothing */
	for (int64_t ms = 1100; ms <= 61000; ms += 100)
		progress_note(&s, ms, ++done);
	assert_true(progress_rate(&s, 61000) > 9.9 && progress_rate(&s, 61000) < 10.1);
	for (int64_t ms = 61200; ms <= 121000; ms += 200)
		progress_note(&s, ms, ++done);
	assert_true(progress_rate(&s, 121000) > 4.9 && progress_rate(&s, 121000) < 5.1);
	for (int64_t ms = 122000; ms <= 160000; ms += 1000)
		progress_note(&s, ms, done);
	assert_true(progress_rate(&s, 160000) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_line_while_it_goes_on),
		cmocka_unit_test(test_a_narrow_terminal_has_fewer_parts),
		cmocka_unit_test(test_the_sum_at_the_end),
		cmocka_unit_test(test_when_it_goes_on),
		cmocka_unit_test(test_until_when_it_is_asked_again),
		cmocka_unit_test(test_the_rate_is_that_of_the_last_half_minute),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
