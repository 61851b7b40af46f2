/* post/pace_state: never more in any time than the limit, whatever happens to clocks, processes and the host. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "post/pace_state.h"

enum { HANDS = 6, SECTOR = 512, STEPS = 3000, ROUNDS = 200, MOST = STEPS * 2 };

/* A host, its processes, its disk, and a relay that counts. All times are of the relay's clock, which nobody can set. */
struct hand { /* a process with a mail on its way */
	struct grant grant;
	int64_t counts, answers; /* when the relay counts the mail, and when it answers */
	int64_t pid;
	bool busy;
};

struct world {
	char *image, *disk; /* what processes see, and what a power cut leaves */
	size_t size;
	struct pace_store store;
	struct rate rate;
	int64_t now, started, offset; /* the host was started then; how far its wall clock is ahead */
	char boot_id[16];
	struct hand hand[HANDS];
	int64_t pid, dead; /* the last pid; all up to that one are dead */
	int put_left;	   /* so many writes until the process is killed in the middle; -1: it is not */
	bool at_grant;	   /* stamps at the grant, and nothing until the answer: what must not do */
	struct { int64_t at; size_t recipients; } got[MOST]; /* what the relay counted */
	size_t count;
	unsigned seed, restarts, cuts, kills;
};

static unsigned chance(struct world *w, unsigned of)
{
	w->seed = w->seed * 1664525U + 1013904223U;
	return (w->seed >> 8) % of;
}

static int put(void *ctx, size_t at, const void *p, size_t len)
{
	struct world *w = ctx;

	if (w->put_left == 0) {
		errno = EINTR;
		return -1;
	}
	w->put_left -= w->put_left > 0;
	assert_true(at + len <= w->size);
	memcpy(w->image + at, p, len);
	return 0;
}

static int sync_all(void *ctx)
{
	struct world *w = ctx;

	memcpy(w->disk, w->image, w->size);
	return 0;
}

static bool is_gone(void *ctx, const struct pace_owner *who)
{
	const struct world *w = ctx;

	for (size_t i = 0; i < HANDS; i++)
		if (w->hand[i].busy && w->hand[i].pid == who->pid)
			return false;
	return who->pid <= w->dead;
}

static struct pace_time time_of(const struct world *w)
{
	return (struct pace_time){w->now - w->started, w->now + w->offset, w->boot_id, "host"};
}

static void renew(struct world *w, enum pace_begin how)
{
	struct pace_time t = time_of(w);
	uint32_t room = pace_state_room(&w->rate);
	size_t size = pace_state_size(room);
	char *new = calloc(1, size);

	assert_non_null(new);
	pace_state_build(new, room, how, w->image, &w->rate, &t);
	free(w->image);
	free(w->disk);
	w->image = new;
	w->size = size;
	w->disk = malloc(size);
	assert_non_null(w->disk);
	memcpy(w->disk, new, size);
	w->store.image = new;
	w->store.size = size;
	assert_int_equal(pace_state_check(w->image, w->size, &w->rate, &t), PACE_SOUND);
}

static void open_world(struct world *w, unsigned seed)
{
	*w = (struct world){.seed = seed, .now = 1000000, .started = 900000, .offset = 1700000000000, .boot_id = "start 0", .put_left = -1};
	w->store = (struct pace_store){NULL, 0, put, sync_all, is_gone, w};
	w->rate = (struct rate){3, {{5, false, 1000}, {40, false, 20000}, {70, true, 20000}}};
	renew(w, PACE_EMPTY);
}

static void close_world(struct world *w)
{
	free(w->image);
	free(w->disk);
}

static void relay_counts(struct world *w, struct hand *h)
{
	if (!h->counts)
		return;
	assert_true(w->count < MOST);
	w->got[w->count].at = h->counts;
	w->got[w->count++].recipients = (size_t)h->grant.recipients;
	h->counts = 0;
}

/* The host stops: what has left it was counted. A power cut leaves some of what was written since the last sync. */
static void restart(struct world *w, bool cut)
{
	for (size_t i = 0; i < HANDS; i++) {
		if (w->hand[i].busy && w->hand[i].counts && w->hand[i].counts <= w->now)
			relay_counts(w, &w->hand[i]);
		w->hand[i].busy = false;
	}
	for (size_t at = 0; cut && at < w->size; at += SECTOR)
		if (chance(w, 2))
			memcpy(w->image + at, w->disk + at, w->size - at < SECTOR ? w->size - at : SECTOR);
	w->now += 2000 + (int64_t)chance(w, 20000);
	w->started = w->now - 500 - (int64_t)chance(w, 1500);
	w->dead = w->pid;
	snprintf(w->boot_id, sizeof w->boot_id, "start %u", ++w->restarts);
	w->cuts += cut;
	{
		struct pace_time t = time_of(w);

		assert_int_equal(pace_state_check(w->image, w->size, &w->rate, &t), PACE_UNFIT);
	}
	renew(w, PACE_KEEP);
}

static void answer(struct world *w, struct hand *h)
{
	struct pace_time t = time_of(w);

	relay_counts(w, h);
	h->busy = false;
	w->put_left = chance(w, 40) ? -1 : (int)chance(w, 3); /* killed while it notes the answer */
	if (w->at_grant)
		return;
	if (chance(w, 50) && pace_state_done(&w->store, &h->grant, &t) == 0)
		return;
	w->kills++;
}

static void answer_all(struct world *w)
{
	for (size_t i = 0; i < HANDS; i++) {
		if (w->hand[i].busy && w->hand[i].counts && w->hand[i].counts <= w->now)
			relay_counts(w, &w->hand[i]);
		if (w->hand[i].busy && w->hand[i].answers <= w->now)
			answer(w, &w->hand[i]);
		w->put_left = -1;
	}
	while (w->dead < w->pid && is_gone(w, &(struct pace_owner){0, 0, w->dead}))
		w->dead++;
}

static void take(struct world *w)
{
	size_t recipients = 1 + (chance(w, 4) ? 0 : chance(w, 6)), i = 0;
	struct pace_time t = time_of(w);
	struct pace_owner me = {1, 1, ++w->pid};
	struct hand *h;

	while (i < HANDS && w->hand[i].busy)
		i++;
	if (i == HANDS)
		return;
	h = &w->hand[i];
	w->put_left = chance(w, 60) ? -1 : (int)chance(w, 4); /* killed while it asks */
	if (pace_state_take(&w->store, &w->rate, recipients, &me, 5000, &t, &h->grant) == 0) {
		w->put_left = -1;
		h->pid = me.pid;
		h->busy = true;
		h->counts = w->now + chance(w, 300);
		h->answers = h->counts + chance(w, 300);
		if (w->at_grant)
			assert_int_equal(pace_state_done(&w->store, &h->grant, &t), 0);
	}
	w->put_left = -1;
}

static void step(struct world *w, bool restarts)
{
	unsigned r = chance(w, 1000);

	if (r < 5)
		w->offset += (int64_t)chance(w, 7200000) - 3600000; /* the wall clock is set */
	else if (r < 10)
		w->now += chance(w, 30000); /* asleep: the relay counts what has left, and the clock since the start goes on */
	w->now += chance(w, 200);
	answer_all(w);
	take(w);
	if (restarts && (r == 10 || r == 11))
		restart(w, r == 11);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* The most mails, or recipients, that the relay counted in any time of that length. */
static size_t most_in(const struct world *w, const struct rate_limit *l)
{
	size_t sum = 0, from = 0, most = 0;

	for (size_t i = 0; i < w->count; i++) {
		sum += l->recipients ? w->got[i].recipients : 1;
		for (; w->got[i].at - w->got[from].at >= l->span; from++)
			sum -= l->recipients ? w->got[from].recipients : 1;
		most = sum > most ? sum : most;
	}
	return most;
}

/* True: some limit was broken. */
static bool is_over(struct world *w, bool aloud)
{
	bool over = false;

	qsort(w->got, w->count, sizeof *w->got, by_time);
	for (unsigned i = 0; i < w->rate.limits; i++) {
		size_t most = most_in(w, &w->rate.limit[i]);

		if (most > w->rate.limit[i].count && aloud)
			print_error("seed %u: %zu of %u in %lld ms\n", w->seed, most, w->rate.limit[i].count, (long long)w->rate.limit[i].span);
		over |= most > w->rate.limit[i].count;
	}
	return over;
}

static unsigned rounds_over(unsigned rounds, bool at_grant, size_t *mails)
{
	static struct world w;
	unsigned over = 0, restarts = 0, cuts = 0, kills = 0;

	for (unsigned i = 0; i < rounds; i++) {
		open_world(&w, i + 1);
		w.at_grant = at_grant;
		for (int n = 0; n < STEPS; n++)
			step(&w, i % 2);
		over += is_over(&w, !at_grant);
		*mails += w.count;
		restarts += w.restarts;
		cuts += w.cuts;
		kills += w.kills;
		close_world(&w);
	}
	print_message("%u rounds, %zu mails, %u restarts, %u of them power cuts, %u processes killed: %u rounds over a limit\n", rounds, *mails,
		      restarts, cuts, kills, over);
	return over;
}

static void test_no_time_of_any_limits_length_has_more(void **state)
{
	size_t mails = 0;

	(void)state;
	assert_int_equal(rounds_over(ROUNDS, false, &mails), 0);
	assert_true(mails > ROUNDS * 200); /* and mail goes */
}

static void test_the_simulation_finds_a_stamp_at_the_grant_alone(void **state)
{
	size_t mails = 0;

	(void)state;
	assert_true(rounds_over(20, true, &mails) > 0);
}

/* Whatever stands in the image: it is told, or it is built anew into a sound one, and no octet beyond it is touched. */
static void test_no_octets_lead_astray(void **state)
{
	static struct world w;
	unsigned found[PACE_FOREIGN + 1] = {0};

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		enum pace_found what;
		struct pace_time t;

		open_world(&w, i + 1);
		for (int n = 0; n < 40; n++)
			step(&w, false);
		for (unsigned n = 1 + chance(&w, 4); n > 0; n--) {
			size_t at = chance(&w, 3) ? chance(&w, 400) : 512 + chance(&w, 2) * 1024 * 48 + chance(&w, 1024);

			w.image[at] = (char)(chance(&w, 3) ? chance(&w, 256) : chance(&w, 2) * 255);
		}
		if (chance(&w, 2))
			w.boot_id[6] = 'x';
		t = time_of(&w);
		what = pace_state_check(w.image, w.size, &w.rate, &t);
		found[what]++;
		if (what == PACE_UNFIT && pace_state_room_of(w.image) <= pace_state_room(&w.rate))
			renew(&w, PACE_KEEP);
		else if (what == PACE_BROKEN)
			renew(&w, PACE_FULL);
		for (int n = 0; what != PACE_FOREIGN && n < 40; n++)
			step(&w, false);
		close_world(&w);
	}
	for (size_t i = 0; i < ROWS(found); i++)
		assert_true(found[i] > 10);
}

/* A process with a larger rate makes the ring larger; leases and stamps stay. */
static void test_a_larger_rate_keeps_what_went_and_what_is_on_its_way(void **state)
{
	static struct world w;
	struct pace_owner me = {1, 1, 1};
	struct pace_time t;
	struct grant g[5];

	(void)state;
	open_world(&w, 1);
	w.rate = (struct rate){1, {{5, false, 60000}}};
	renew(&w, PACE_EMPTY);
	t = time_of(&w);
	for (size_t i = 0; i < ROWS(g); i++)
		assert_int_equal(pace_state_take(&w.store, &w.rate, 1, &me, 600000, &t, &g[i]), 0);
	w.hand[0] = (struct hand){.busy = true, .pid = 1};
	assert_int_equal(pace_state_done(&w.store, &g[0], &t), 0);
	w.rate.limit[0].count = 90;
	assert_int_equal(pace_state_check(w.image, w.size, &w.rate, &t), PACE_UNFIT);
	renew(&w, PACE_KEEP);
	for (size_t i = 1; i < ROWS(g); i++)
		assert_int_equal(pace_state_done(&w.store, &g[i], &t), 0);
	for (int i = 0; i < 85; i++) {
		assert_int_equal(pace_state_take(&w.store, &w.rate, 1, &me, 600000, &t, &g[0]), 0);
		assert_int_equal(pace_state_done(&w.store, &g[0], &t), 0);
	}
	assert_int_equal(pace_state_take(&w.store, &w.rate, 1, &me, 600000, &t, &g[0]), 60001);
	close_world(&w);
}

/* The same folder on a disk of two hosts, whose clocks since their starts have nothing to do with each other. */
static void test_with_two_hosts_the_wall_clock_counts(void **state)
{
	static struct world w;
	struct pace_owner me = {1, 1, 1}, other = {2, 2, 2};
	struct pace_time t, there;
	struct grant g;

	(void)state;
	open_world(&w, 1);
	w.rate = (struct rate){1, {{2, false, 60000}}};
	renew(&w, PACE_EMPTY);
	t = time_of(&w);
	assert_int_equal(pace_state_take(&w.store, &w.rate, 1, &me, 600000, &t, &g), 0);
	assert_int_equal(pace_state_done(&w.store, &g, &t), 0);
	there = (struct pace_time){t.boot * 1000, t.wall + 5, "of another", "other host"};
	assert_int_equal(pace_state_check(w.image, w.size, &w.rate, &there), PACE_UNFIT);
	{
		char *old = w.image;

		w.image = calloc(1, w.size);
		assert_non_null(w.image);
		pace_state_build(w.image, pace_state_room(&w.rate), PACE_KEEP, old, &w.rate, &there);
		w.store.image = w.image;
		free(old);
	}
	assert_int_equal(pace_state_check(w.image, w.size, &w.rate, &there), PACE_SOUND);
	assert_int_equal(pace_state_check(w.image, w.size, &w.rate, &t), PACE_SOUND);
	assert_int_equal(pace_state_take(&w.store, &w.rate, 1, &other, 600000, &there, &g), 0);
	assert_int_equal(pace_state_done(&w.store, &g, &there), 0);
	t.wall += 10;
	assert_int_equal(pace_state_take(&w.store, &w.rate, 1, &me, 600000, &t, &g), 60001 - 10);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_time_of_any_limits_length_has_more),
		cmocka_unit_test(test_the_simulation_finds_a_stamp_at_the_grant_alone),
		cmocka_unit_test(test_no_octets_lead_astray),
		cmocka_unit_test(test_a_larger_rate_keeps_what_went_and_what_is_on_its_way),
		cmocka_unit_test(test_with_two_hosts_the_wall_clock_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
