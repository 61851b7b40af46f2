/* post/throttle: at a relay that bears so many mails a second, and refuses what is more, little is refused and little is lost. */
#include "unit.h"

#include "post/throttle.h"

enum { ROUND_TRIP_MS = 20, SESSIONS = 8, WINDOW = 16, UNDER_WAY = SESSIONS * WINDOW };

struct on_the_way {
	int64_t sent;
	unsigned session;
	bool taken;
};

struct relay { /* lets so many through a second, and `deep` at once after a rest */
	double bears, deep, stock;
	int64_t looked;
};

struct run {
	struct throttle t;
	struct relay relay;
	struct on_the_way way[UNDER_WAY]; /* a ring */
	size_t head, under_way;
	unsigned sessions, window, in[SESSIONS], seed;
	int64_t now;
	uint64_t taken, refused;
};

static unsigned chance(struct run *r)
{
	r->seed = r->seed * 1664525U + 1013904223U;
	return r->seed >> 8;
}

static bool relay_takes(struct relay *r, int64_t now)
{
	r->stock += (double)(now - r->looked) / 1000 * r->bears;
	r->stock = r->stock > r->deep ? r->deep : r->stock;
	r->looked = now;
	if (r->stock < 1)
		return false;
	r->stock--;
	return true;
}

static void read_answers(struct run *r)
{
	while (r->under_way && r->way[r->head].sent + ROUND_TRIP_MS <= r->now) {
		const struct on_the_way *mail = &r->way[r->head];

		r->head = (r->head + 1) % UNDER_WAY;
		r->under_way--;
		r->in[mail->session]--;
		r->taken += mail->taken;
		r->refused += !mail->taken;
		if (mail->taken)
			throttle_taken(&r->t, r->now);
		else
			throttle_refused(&r->t, mail->sent, r->now, chance(r));
	}
}

/* Each session sends what it may. Returns how long all have to wait; 0: for answers. */
static int64_t send_all(struct run *r)
{
	int64_t wait = 0;

	for (unsigned i = 0; i < r->sessions * r->window; i++) {
		unsigned session = i % r->sessions;

		if (r->in[session] == r->window)
			continue;
		wait = throttle_wait(&r->t, r->now);
		if (wait)
			return wait;
		throttle_send(&r->t, r->now);
		r->way[(r->head + r->under_way++) % UNDER_WAY] = (struct on_the_way){r->now, session, relay_takes(&r->relay, r->now)};
		r->in[session]++;
	}
	return 0;
}

/* What was reached of what the relay and the line bear. */
static double run(struct run *r, double bears, double deep, bool full, unsigned sessions, unsigned window)
{
	double line = sessions * window * 1000.0 / ROUND_TRIP_MS;
	uint64_t mails = bears < 25 ? 3000 : (uint64_t)(bears * 120);
	const int64_t begin = 1000000;

	*r = (struct run){.relay = {bears, deep, full ? deep : 0, begin}, .sessions = sessions, .window = window, .seed = 7, .now = begin};
	while (r->taken < mails) {
		int64_t wait, next;

		read_answers(r);
		wait = send_all(r);
		next = r->under_way ? r->way[r->head].sent + ROUND_TRIP_MS : r->now + wait;
		r->now = wait && r->now + wait < next ? r->now + wait : next;
		assert_true(r->now - begin < 20000000);
	}
	return (double)r->taken / ((double)(r->now - begin) / 1000) / (bears < line ? bears : line);
}

static void test_the_rate_is_found_with_few_refusals(void **state)
{
	static const double rates[] = {1, 20, 200, 2000};
	static const unsigned sessions[] = {1, 2, 4, 8}, windows[] = {1, WINDOW};
	static struct run r;
	double worst = 1, fewest = 1e9;

	(void)state;
	for (size_t i = 0; i < ROWS(rates) * ROWS(sessions) * ROWS(windows) * 2; i++) {
		double rate = rates[i % 4], part = run(&r, rate, rate, i / 4 % 2, sessions[i / 8 % 4], windows[i / 32]), one_in;

		one_in = r.refused ? (double)r.taken / (double)r.refused : 1e9;
		if (part < 0.8 || part > 1.001 || one_in < 20)
			print_error("%g/s, %s at first, %u sessions, window %u: %.3f of it, one of %.0f refused\n", rate, i / 4 % 2 ? "full" : "empty",
				    sessions[i / 8 % 4], windows[i / 32], part, one_in);
		assert_true(part >= 0.8 && part <= 1.001);
		assert_true(one_in >= 20);
		worst = part < worst ? part : worst;
		fewest = one_in < fewest ? one_in : fewest;
	}
	print_message("at least %.3f of what the relay bears, and at most one of %.1f refused\n", worst, fewest);
}

/* A relay with hardly any stock, and one with much: no rate is lost, and no flood is sent. */
static void test_other_relays_are_borne_too(void **state)
{
	static const double rates[] = {1, 20, 200, 2000}, seconds[] = {0.05, 10};
	static struct run r;

	(void)state;
	for (size_t i = 0; i < ROWS(rates) * ROWS(seconds) * 2; i++) {
		double rate = rates[i % 4], deep = rate * seconds[i / 8], part = run(&r, rate, deep < 1 ? 1 : deep, i / 4 % 2, 4, WINDOW);

		if (part < 0.7 || part > 1.1 || r.refused * 12 > r.taken)
			print_error("%g/s, %g deep: %.3f of it, %llu of %llu refused\n", rate, deep, part, (unsigned long long)r.refused,
				    (unsigned long long)r.taken);
		assert_true(part >= 0.7 && part <= 1.1);
		assert_true(r.refused * 12 <= r.taken);
	}
}

static void test_who_was_never_refused_never_waits(void **state)
{
	struct throttle t = {0};

	(void)state;
	for (int64_t now = 1; now < 1000; now += now % 3) {
		assert_int_equal(throttle_wait(&t, now), 0);
		throttle_send(&t, now);
		throttle_taken(&t, now + 1);
	}
}

static void test_pauses_double_to_five_minutes_while_nothing_is_taken(void **state)
{
	static const int64_t seconds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
	struct throttle t = {0};
	int64_t now = 1000;

	(void)state;
	for (size_t i = 0; i < ROWS(seconds); i++) {
		throttle_send(&t, now);
		throttle_refused(&t, now, now + 10, 0);
		throttle_refused(&t, now, now + 11, 0); /* was on its way with the other, and counts no more */
		assert_int_equal(throttle_wait(&t, now + 10), seconds[i] * 1000);
		assert_true(throttle_is_sound(&t));
		now += 10 + seconds[i] * 1000;
		now += throttle_wait(&t, now);
	}
	throttle_send(&t, now);
	throttle_taken(&t, now + 10);
	now += 20 + throttle_wait(&t, now + 20);
	throttle_send(&t, now);
	throttle_refused(&t, now, now + 10, 999);
	assert_in_range(throttle_wait(&t, now + 10), 1200, 1250);
}

static void test_after_ten_minutes_without_mail_nothing_is_held_back(void **state)
{
	struct throttle t = {0};

	(void)state;
	throttle_send(&t, 1000);
	throttle_refused(&t, 1000, 1010, 0);
	assert_true(throttle_wait(&t, 2000) > 0);
	assert_int_equal(throttle_wait(&t, 1010 + 10 * 60 * 1000 + 1), 0);
	throttle_send(&t, 1010 + 10 * 60 * 1000 + 1);
	assert_int_equal(throttle_wait(&t, 1010 + 10 * 60 * 1000 + 1), 0);
}

static void test_what_makes_no_sense_is_seen(void **state)
{
	const struct throttle rows[] = {
		{.rate = -1}, {.rate = 1e300}, {.rate = 0.0 / 0.0}, {.rate = 1e-300}, {.credit = 1e300}, {.credit = 0.0 / 0.0}, {.end = INT64_MAX},
		{.begin = INT64_MIN}, {.pause = INT64_MAX}, {.counted = INT64_MIN}, {.grown = INT64_MAX}, {.taken = UINT64_MAX},
	};

	(void)state;
	assert_true(throttle_is_sound(&(struct throttle){0}));
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_false(throttle_is_sound(&rows[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_rate_is_found_with_few_refusals),
		cmocka_unit_test(test_other_relays_are_borne_too),
		cmocka_unit_test(test_who_was_never_refused_never_waits),
		cmocka_unit_test(test_pauses_double_to_five_minutes_while_nothing_is_taken),
		cmocka_unit_test(test_after_ten_minutes_without_mail_nothing_is_held_back),
		cmocka_unit_test(test_what_makes_no_sense_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
