/* post/throttle: at a relay that bears so many mails a second, and refuses what is more, little is refused and little is lost. */
#include "unit.h"

#include <math.h>
#include <stdlib.h>

#include "post/throttle.h"

enum { ROUND_TRIP_MS = 20, SESSIONS = 8, WINDOW = 16, UNDER_WAY = SESSIONS * WINDOW, BEGIN_MS = 1000000 };

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
	uint64_t taken, refused, first; /* in the first second */
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
		r->first += mail->taken && r->now < BEGIN_MS + 1000;
		r->refused += !mail->taken;
		if (mail->taken)
			throttle_taken(&r->t, mail->sent, r->now);
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

/* What was reached of what the relay and the line bear, the first second left out. */
static double run(struct run *r, double bears, uint64_t mails, bool full, unsigned sessions, unsigned window)
{
	double line = sessions * window * 1000.0 / ROUND_TRIP_MS;

	*r = (struct run){.t = {.wary = true}, .relay = {bears, bears, full ? bears : 0, BEGIN_MS}, .sessions = sessions, .window = window, .seed = 7, .now = BEGIN_MS};
	while (r->taken < mails) {
		int64_t wait, next;

		read_answers(r);
		wait = send_all(r);
		next = r->under_way ? r->way[r->head].sent + ROUND_TRIP_MS : r->now + wait;
		r->now = wait && r->now + wait < next ? r->now + wait : next;
		assert_true(r->now - BEGIN_MS < 20000000);
	}
	return (double)(r->taken - r->first) / ((double)(r->now - BEGIN_MS) / 1000 - 1) / (bears < line ? bears : line);
}

/* Where each instruction is looked at (contrib/check valgrind) one cell of so many is enough. */
static size_t step(void)
{
	return getenv("UNIT_BRIEF") ? 7 : 1;
}

static void check_rates(const double *rates, uint64_t (*mails)(double rate))
{
	static const unsigned sessions[] = {1, 2, 4, 8}, windows[] = {1, WINDOW};
	static struct run r;
	double worst = 1, fewest = 1e9;

	for (size_t i = 0; i < 4 * ROWS(sessions) * ROWS(windows) * 2; i += step()) {
		double rate = rates[i % 4], most = 1.001 + rate / (double)mails(rate), part = run(&r, rate, mails(rate), i / 4 % 2, sessions[i / 8 % 4], windows[i / 32]);
		double one_in = r.refused ? (double)r.taken / (double)r.refused : 1e9;

		if (part < 0.8 || part > most || one_in < 20) /* a stock that is left after the first second is used up, too */
			print_error("%g/s, %s at first, %u sessions, window %u: %.3f of it, one of %.0f refused\n", rate, i / 4 % 2 ? "full" : "empty",
				    sessions[i / 8 % 4], windows[i / 32], part, one_in);
		assert_true(part >= 0.8 && part <= most);
		assert_true(one_in >= 20);
		worst = part < worst ? part : worst;
		fewest = one_in < fewest ? one_in : fewest;
	}
	print_message("at least %.3f of what the relay bears, and at most one of %.1f refused\n", worst, fewest);
}

static uint64_t of_minutes(double rate)
{
	return rate < 25 ? 3000 : (uint64_t)(rate * 120);
}

static void test_the_rate_is_found_with_few_refusals(void **state)
{
	(void)state;
	check_rates((const double[]){1, 20, 200, 2000}, of_minutes);
}

static uint64_t of_seconds(double rate)
{
	return (uint64_t)(rate * (rate < 100 ? 30 : 15));
}

static void test_the_rate_is_found_within_seconds(void **state)
{
	(void)state;
	check_rates((const double[]){25, 150, 400, 900}, of_seconds);
}

/* --- relays of other kinds, at other rates, with more or less mail under way, near and far --- */

enum kind { BUCKET, UNIT, SMOOTHED };

struct counter {
	enum kind kind;
	double bears, deep, stock; /* mails a second; what may come at once */
	double unit, began, count; /* a unit of time, as Postfix's anvil(8) has it, which begins with the first mail after the one before */
	double rate, looked;	   /* as Exim smooths it, over `unit` (its manual, "Ratelimit options for handling fast clients") */
};

static bool counter_takes(struct counter *c, double now)
{
	double past = now - c->looked;

	if (c->kind == UNIT) {
		if (now >= c->began + c->unit) {
			c->began = now;
			c->count = 0;
		}
		return ++c->count <= c->bears * c->unit;
	}
	if (c->kind == BUCKET) {
		c->stock += past * c->bears;
		c->stock = c->stock > c->deep ? c->deep : c->stock;
		c->looked = now;
		return c->stock >= 1 && c->stock-- >= 1;
	}
	past = past / c->unit > 1e-9 ? past / c->unit : 1e-9;
	past = (1 - exp(-past)) / past + exp(-past) * c->rate;
	if (past > c->bears * c->unit)
		return false;
	c->rate = past;
	c->looked = now;
	return true;
}

struct came_to {
	double part; /* of what the relay and the line bear, after the first minute */
	uint64_t taken, refused, first_taken, first; /* after the first minute, and in it */
};

enum { MANY_UNDER_WAY = 256, FIRST_MS = 60 * 1000, AT_ONCE = 6 }; /* no sender writes more in a millisecond */

static struct came_to run_at(struct counter c, size_t under_way, int64_t round_trip)
{
	static struct on_the_way way[MANY_UNDER_WAY];
	const int64_t begin = 1000000, end = begin + FIRST_MS + (c.bears > 100 ? 240 : 600) * 1000;
	struct came_to sum = {0};
	struct run random = {.seed = 7};
	struct throttle t = {.wary = true};
	size_t head = 0, n = 0;
	double line = (double)under_way * 1000 / (double)round_trip;

	for (int64_t now = begin, next; now < end; now = next) {
		int64_t wait = 0;
		unsigned sent = 0;

		for (; n && way[head].sent + round_trip <= now; head = (head + 1) % MANY_UNDER_WAY, n--) {
			const struct on_the_way *mail = &way[head];
			bool first = mail->sent < begin + FIRST_MS;

			sum.taken += mail->taken && !first;
			sum.refused += !mail->taken && !first;
			sum.first_taken += mail->taken && first;
			sum.first += !mail->taken && first;
			if (mail->taken)
				throttle_taken(&t, mail->sent, now);
			else
				throttle_refused(&t, mail->sent, now, chance(&random));
			assert_true(throttle_is_sound(&t));
		}
		while (n < under_way && sent < AT_ONCE && (wait = throttle_wait(&t, now)) == 0) {
			throttle_send(&t, now);
			way[(head + n++) % MANY_UNDER_WAY] = (struct on_the_way){now, 0, counter_takes(&c, (double)now / 1000)};
			sent++;
		}
		next = n ? way[head].sent + round_trip : end;
		next = wait && now + wait < next ? now + wait : next;
		next = sent == AT_ONCE || next <= now ? now + 1 : next;
	}
	sum.part = (double)sum.taken * 1000 / (double)(end - begin - FIRST_MS) / (c.bears < line ? c.bears : line);
	return sum;
}

/* The constants were found with other rates (0.7, 5, 20, 33, 200, 450, 1000), numbers under way (1, 4, 16, 64, 128, 256) and round
 * trips (1, 5, 20, 50, 100, 120). */
static void test_relays_that_count_in_other_ways_are_borne_too(void **state)
{
	static const struct {
		const char *what;
		enum kind kind;
		double seconds; /* of its stock, or its unit */
		bool full;
		double least, most, fastest;
	} rows[] = {
		{"bucket of 1 s", BUCKET, 1, true, 0.85, 1.01, 1000}, {"bucket of 1 s, empty", BUCKET, 1, false, 0.85, 1.01, 1000},
		{"bucket of 10 s", BUCKET, 10, true, 0.95, 1.02, 1000}, {"bucket of 10 s, empty", BUCKET, 10, false, 0.95, 1.02, 1000},
		/* Where the line is slower than the relay's stock is deep, some of it is used after the first minute. */
		{"bucket of 60 s", BUCKET, 60, true, 0.95, 1.25, 1000}, {"bucket of 60 s, empty", BUCKET, 60, false, 0.95, 1.02, 1000},
		/* Without any stock two mails in one millisecond are one too many. */
		{"bucket of 1", BUCKET, 0, true, 0.75, 1.01, 100}, {"bucket of 1", BUCKET, 0, true, 0.45, 1.01, 1000},
		{"smoothed over 10 s", SMOOTHED, 10, true, 0.85, 1.02, 1000}, {"smoothed over 60 s", SMOOTHED, 60, true, 0.9, 1.03, 1000},
		/* The rest of a unit that is used up by the first burst is lost, and what it was like is seen only after the next. */
		{"units of 1 s", UNIT, 1, true, 0.85, 1.01, 1000}, {"units of 10 s", UNIT, 10, true, 0.75, 1.01, 1000}, {"units of 60 s", UNIT, 60, true, 0.75, 1.01, 1000},
	};
	static const double rates[] = {0.4, 2, 11, 70, 300, 900};
	static const size_t under_way[] = {2, 12, 48, 200};
	static const int64_t round_trips[] = {2, 35, 80};
	bool fine = true;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		double worst = 9, refused = 0, first = 0;

		for (size_t k = 0; k < ROWS(rates) * ROWS(under_way) * ROWS(round_trips); k += step()) {
			size_t ways = under_way[k / 6 % 4];
			struct counter c = {.kind = rows[i].kind, .bears = rates[k % 6], .deep = rates[k % 6] * rows[i].seconds, .unit = rows[i].seconds, .looked = 1000, .began = -1000};
			struct came_to r;

			if (c.bears > rows[i].fastest || (rows[i].seconds > 0 && c.bears * rows[i].seconds < 1)) /* less than a mail is no stock */
				continue;
			c.deep = c.deep < 1 ? 1 : c.deep;
			c.stock = rows[i].full ? c.deep : 0;
			r = run_at(c, ways, round_trips[k / 24]);
			if (r.part < rows[i].least || r.part > rows[i].most || r.refused * 20 > r.taken || (r.first > 3 * ways + 40 && r.first * 15 > r.first_taken)) {
				print_error("%s: %g/s, %zu under way, %lld ms: %.3f of it, %llu of %llu refused, %llu in the first minute\n", rows[i].what, c.bears, ways,
					    (long long)round_trips[k / 24], r.part, (unsigned long long)r.refused, (unsigned long long)r.taken, (unsigned long long)r.first);
				fine = false;
			}
			worst = r.part < worst ? r.part : worst;
			refused = (double)r.refused / (double)r.taken > refused ? (double)r.refused / (double)r.taken : refused;
			first = (double)r.first > first ? (double)r.first : first;
		}
		print_message("%s: at least %.3f of what it bears, at most %.1f of 100 refused; in the first minute at most %.0f\n", rows[i].what, worst, refused * 100, first);
	}
	assert_true(fine);
}

static void test_who_was_never_refused_never_waits(void **state)
{
	struct throttle t = {0};

	(void)state;
	for (int64_t now = 1; now < 1000; now += now % 3) {
		assert_int_equal(throttle_wait(&t, now), 0);
		throttle_send(&t, now);
		throttle_taken(&t, now, now + 1);
	}
}

static void test_a_new_relay_gets_more_with_each_mail_that_it_takes(void **state)
{
	static const unsigned many[] = {4, 6, 9, 13, 20, 30, 45, 67};
	struct throttle t = {.wary = true};
	int64_t now = 1000;
	unsigned under_way = 0;

	(void)state;
	for (size_t i = 0; i < ROWS(many); i++, now++) {
		while (!throttle_wait(&t, now)) {
			throttle_send(&t, now);
			under_way++;
		}
		assert_int_equal(under_way, many[i]);
		assert_in_range(throttle_wait(&t, now), 1, 10);
		for (; under_way; under_way--)
			throttle_taken(&t, now, now + 1);
	}
	for (unsigned i = 0; i < 1000; i++) /* no answer comes: after a second nothing is held back all the same */
		throttle_send(&t, now);
	assert_in_range(throttle_wait(&t, now), 1, 10);
	assert_int_equal(throttle_wait(&t, 1000 + 1000), 0);
}

static void test_pauses_double_to_five_minutes_while_nothing_is_taken(void **state)
{
	static const double seconds[] = {0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
	struct throttle t = {0};
	int64_t now = 1000;

	(void)state;
	for (size_t i = 0; i < ROWS(seconds); i++) {
		throttle_send(&t, now);
		throttle_refused(&t, now, now + 10, 0);
		throttle_refused(&t, now, now + 11, 0); /* was on its way with the other, and counts no more */
		assert_int_equal(throttle_wait(&t, now + 10), (int64_t)(seconds[i] * 1000));
		assert_true(throttle_is_sound(&t));
		now += 10 + (int64_t)(seconds[i] * 1000);
		now += throttle_wait(&t, now);
	}
	throttle_send(&t, now);
	throttle_taken(&t, now, now + 10);
	now += 20 + throttle_wait(&t, now + 20);
	throttle_send(&t, now);
	throttle_refused(&t, now, now + 10, 999); /* the next ones begin at less, and with a random part */
	assert_in_range(throttle_wait(&t, now + 10), 30 * 1000 + 1, 38 * 1000);
}

static void test_after_a_pause_one_mail_goes_alone(void **state)
{
	struct throttle t = {0};
	int64_t now = 1000;

	(void)state;
	for (int i = 0; i < 5; i++, now++) {
		throttle_send(&t, now);
		throttle_taken(&t, now, now + 1);
	}
	throttle_send(&t, now);
	throttle_refused(&t, now, now + 1, 0);
	now += 1 + throttle_wait(&t, now + 1);
	assert_int_equal(throttle_wait(&t, now), 0);
	throttle_send(&t, now);
	assert_in_range(throttle_wait(&t, now + 5), 1, 100);
	throttle_taken(&t, now - 2000, now + 5); /* had gone before the refusal, and shows nothing */
	assert_in_range(throttle_wait(&t, now + 5), 1, 100);
	assert_true(throttle_dropped(&t, now)); /* it has not gone after all */
	assert_int_equal(throttle_wait(&t, now + 5), 0);
	throttle_send(&t, now + 5);
	assert_false(throttle_dropped(&t, now));
	assert_int_equal(throttle_wait(&t, now + 5 + 60 * 1000), 0); /* nobody tells what became of it */
	throttle_taken(&t, now + 5, now + 10);
	assert_in_range(throttle_wait(&t, now + 10), 0, 5 * 1000);
	assert_false(throttle_dropped(&t, now + 5));
}

static void test_after_ten_minutes_without_mail_nothing_is_held_back(void **state)
{
	struct throttle t = {0};

	(void)state;
	throttle_send(&t, 1000);
	throttle_refused(&t, 1000, 1010, 0);
	assert_true(throttle_wait(&t, 1200) > 0);
	assert_int_equal(throttle_wait(&t, 1010 + 10 * 60 * 1000 + 1), 0);
	throttle_send(&t, 1010 + 10 * 60 * 1000 + 1);
	assert_int_equal(throttle_wait(&t, 1010 + 10 * 60 * 1000 + 1), 0);
}

static void test_what_makes_no_sense_is_seen(void **state)
{
	const struct throttle rows[] = {
		{.rate = -1}, {.rate = 1e300}, {.rate = 0.0 / 0.0}, {.rate = 1e-300}, {.credit = 1e300}, {.credit = 0.0 / 0.0}, {.end = INT64_MAX},
		{.begin = INT64_MIN}, {.pause = INT64_MAX}, {.counted = INT64_MIN}, {.grown = INT64_MAX}, {.taken = UINT64_MAX}, {.before = UINT64_MAX}, {.since = INT64_MIN}, {.last = INT64_MAX}, {.open = INT64_MAX}, {.probe = INT64_MIN},
		{.seeking = 99}, {.rate = 1},
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
		cmocka_unit_test(test_the_rate_is_found_within_seconds),
		cmocka_unit_test(test_relays_that_count_in_other_ways_are_borne_too),
		cmocka_unit_test(test_who_was_never_refused_never_waits),
		cmocka_unit_test(test_a_new_relay_gets_more_with_each_mail_that_it_takes),
		cmocka_unit_test(test_pauses_double_to_five_minutes_while_nothing_is_taken),
		cmocka_unit_test(test_after_a_pause_one_mail_goes_alone),
		cmocka_unit_test(test_after_ten_minutes_without_mail_nothing_is_held_back),
		cmocka_unit_test(test_what_makes_no_sense_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
