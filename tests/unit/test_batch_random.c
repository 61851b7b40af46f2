/*
 * post/batch through random stories: runs over the same ledger and input, with a crew whose sessions answer, are lost, and give mail
 * back at random, and whose host dies at random. What a disk would have of the ledger then is any piece of it behind the last sync.
 * Nobody is lost, who gets a mail twice was named in doubt before, and the sum says what the ledger says.
 */
#include "unit.h"

#include <sys/stat.h>

#include "batch.h"
#include "host.h"
#include "post/batch_inside.h"
#include "post/enqueue.h"

enum { SEEDS = 2000, MOST_MAILS = 24, PEOPLE = MOST_MAILS * 3, SESSIONS = 4, WINDOW = 3, EVENTS = 4096 };

static struct {
	unsigned seed;
	uint32_t random;
	struct ledger *ledger;
	off_t synced;
	unsigned accepted[PEOPLE], before[PEOPLE]; /* how often the relay has taken the mail for each, and had before this run */
	bool named[PEOPLE];		  /* whom the ledger has named in doubt */
	bool good;			  /* the relay takes all */
	unsigned told_after, tries;
	struct event { /* a relay has taken a mail, or the disk has something */
		off_t size, synced;
		int who; /* or -1 */
	} event[EVENTS];
	size_t events;
} world;

#define CHECK(what) \
	do { \
		if (!(what)) \
			print_error("seed %u\n", world.seed); \
		assert_true(what); \
	} while (0)

static struct slice key_of(const struct job *j)
{
	const struct batch_slot *s = j->slot;

	CHECK(s->job == j);
	return s->key;
}

static unsigned chance(unsigned of)
{
	world.random = world.random * 1664525u + 1013904223u;
	return (world.random >> 8) % of;
}

/* --- a host ----------------------------------------------------------------------------------- */

static off_t ledger_size(void)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : 0;
}

static void note_event(int who)
{
	CHECK(world.events < EVENTS);
	world.event[world.events++] = (struct event){ledger_size(), world.synced, who};
}

int fdatasync(int fd)
{
	assert_true(fd >= 0);
	world.synced = ledger_size();
	note_event(-1);
	return 0;
}

int fsync(int fd)
{
	assert_true(fd >= 0);
	return 0;
}

int enqueue_all(struct job *j, const struct failure *why, struct failure *f)
{
	struct envelope *e = &j->mail.envelope;

	if (!world.good && chance(4) == 0)
		return fail(f, AT_SPOOL, EX_TEMPFAIL, "spool is full");
	for (size_t i = 0; i < e->recipients; i++) {
		bool doubt = why && ledger_was_in_doubt(world.ledger, key_of(j), e->recipient[i].address);

		CHECK(e->recipient[i].verdict == (doubt ? UNSURE : PENDING));
		e->recipient[i].verdict = WAITS;
	}
	j->spooled = "01ABC";
	return 0;
}

/* --- a relay ---------------------------------------------------------------------------------- */

static int number_of(const char *address)
{
	return atoi(address + 1);
}

static void take(const struct recipient *r)
{
	world.accepted[number_of(r->address)]++;
	note_event(number_of(r->address));
}

static const struct failure later = {.stage = AT_RECIPIENT, .exit = EX_TEMPFAIL, .code = 450, .text = "later"},
			    unknown = {.stage = AT_RECIPIENT, .exit = EX_NOUSER, .code = 550, .text = "no such user"},
			    spam = {.stage = AT_END, .exit = EX_UNAVAILABLE, .code = 554, .text = "spam"},
			    day = {.stage = AT_END, .exit = EX_UNAVAILABLE, .code = 550, .enhanced = "5.4.5", .text = "Daily user sending limit exceeded"},
			    slow = {.stage = AT_RECIPIENT, .exit = EX_UNAVAILABLE, .code = 550, .text = "Maximum sending rate exceeded"},
			    ends = {.stage = AT_SENDER, .exit = EX_TEMPFAIL, .code = 421, .text = "bye"},
			    lost = {.stage = AT_END, .exit = EX_TEMPFAIL, .text = "lost"};

static void answer(struct recipient *r)
{
	static const struct failure *const said[] = {&later, &later, &unknown, &spam, &spam, &day, &slow, &ends};
	unsigned which = world.good ? 99 : chance(20);

	if (r->verdict != PENDING)
		return;
	r->why = which < ROWS(said) ? said[which] : NULL;
	r->verdict = !r->why ? ACCEPTED : failure_is_temporary(r->why) ? DEFERRED : REFUSED;
	if (r->verdict == ACCEPTED)
		take(r);
}

/* The session is lost while the mail is in hand, first: as the first one without an answer. Some transactions of it may have ended. */
static enum crew_end lose(struct envelope *e, bool first)
{
	size_t answered = first && chance(3) == 0 ? chance((unsigned)e->recipients + 1) : 0;
	size_t sent = first ? answered + chance((unsigned)(e->recipients - answered) + 1) : 0;
	enum crew_end how = first ? CREW_TRIED : CREW_BACK;

	for (size_t i = 0; i < answered; i++)
		answer(&e->recipient[i]);
	for (size_t i = answered; i < e->recipients; i++) {
		struct recipient *r = &e->recipient[i];

		if (r->verdict != PENDING)
			continue;
		if (i < sent) {
			r->verdict = UNSURE;
			if (chance(2))
				take(r);
		}
		r->why = first ? &lost : NULL;
	}
	if (!envelope_count(e, UNSURE) && !envelope_count(e, PENDING))
		return CREW_DONE;
	return how == CREW_BACK || (!envelope_count(e, UNSURE) && chance(2)) ? CREW_BACK : how;
}

/* --- a crew ----------------------------------------------------------------------------------- */

static struct crew {
	const struct crew_client *client;
	struct hand {
		struct job *job[WINDOW];
		size_t jobs;
	} hand[SESSIONS];
} crew;

/* Nobody is given a mail that he has, unless he is named in doubt; and what is given is leased on the disk. */
static void check_given(const struct job *j)
{
	const struct envelope *e = &j->mail.envelope;
	struct slice key = key_of(j);
	bool any = false;

	for (size_t i = 0; i < e->recipients; i++) {
		const struct recipient *r = &e->recipient[i];

		if (r->verdict != PENDING) /* has its answer, of a session before */
			continue;
		any = true;
		CHECK(ledger_find(world.ledger, key, r->address) == LEDGER_DOUBT);
		world.named[number_of(r->address)] |= ledger_was_in_doubt(world.ledger, key, r->address);
		CHECK(!world.accepted[number_of(r->address)] || world.named[number_of(r->address)]);
		for (unsigned k = 0; k < SESSIONS; k++)
			for (size_t m = 0; m < crew.hand[k].jobs; m++)
				CHECK(crew.hand[k].job[m] != j);
	}
	CHECK(any);
}

static bool fetch(struct hand *h, bool alone)
{
	int64_t when;
	struct job *j = crew.client->next(crew.client->ctx, alone, &when);

	if (!j)
		return false;
	check_given(j);
	h->job[h->jobs++] = j;
	return true;
}

static void give_back(struct job *j, enum crew_end how)
{
	struct envelope *e = &j->mail.envelope;

	for (size_t i = 0; i < e->recipients && how == CREW_BACK; i++)
		if (e->recipient[i].verdict == PENDING)
			e->recipient[i].why = NULL;
	crew.client->done(crew.client->ctx, j, how);
	world.tries++;
	host.told |= world.told_after && world.tries == world.told_after;
}

static void step(struct hand *h)
{
	struct job *j = h->job[0];
	struct envelope *e = &j->mail.envelope;

	if (!world.good && chance(12) == 0) {
		for (size_t i = 0; i < h->jobs; i++)
			give_back(h->job[i], lose(&h->job[i]->mail.envelope, i == 0));
		h->jobs = 0;
		return;
	}
	memmove(h->job, h->job + 1, --h->jobs * sizeof *h->job);
	for (size_t i = 0; i < e->recipients; i++)
		answer(&e->recipient[i]);
	give_back(j, CREW_DONE);
}

static bool is_idle(void)
{
	for (unsigned k = 0; k < SESSIONS; k++)
		if (crew.hand[k].jobs)
			return false;
	return true;
}

int crew_run(const struct crew_order *o, const struct crew_client *client, struct crew_sum *sum, struct failure *f)
{
	unsigned sessions = o->sessions < SESSIONS ? o->sessions : SESSIONS, idle = 0;
	bool alone = false, over = false;

	*sum = (struct crew_sum){.sessions = 1, .most = sessions};
	crew = (struct crew){.client = client};
	client->window(client->ctx, o->account->window);
	if (!world.good && chance(8) == 0) /* the relay is not there */
		return fail(f, AT_CONNECT, EX_TEMPFAIL, "nobody gets in");
	while (!over || !is_idle()) {
		struct hand *h = &crew.hand[chance(sessions)];

		over |= client->over(client->ctx) || host.told || (!world.good && chance(80) == 0);
		if (over && h->jobs && chance(3) == 0)
			give_back(h->job[--h->jobs], CREW_BACK);
		else if (h->jobs && (over || h->jobs == WINDOW || alone || chance(2)))
			step(h);
		else if (!over && (!alone || !h->jobs) && fetch(h, alone && !h->jobs))
			idle = 0;
		else if (is_idle() && ++idle > 8) {
			over = alone;
			alone = true;
			idle = 0;
		}
		if (chance(3) == 0)
			client->sync(client->ctx);
		client->tick(client->ctx);
	}
	return world.good || chance(4) ? 0 : fail(f, AT_CONNECT, EX_TEMPFAIL, "the relay is gone");
}

/* --- stories ---------------------------------------------------------------------------------- */

static void make_input(void)
{
	size_t mails = 1 + chance(MOST_MAILS), people = 0;

	input_set("");
	input.mails = mails;
	for (size_t i = 0; i < mails; i++) {
		struct fed *m = &input.mail[i];

		snprintf(m->key, sizeof m->key, "k%zu", i);
		m->account = chance(4) ? 0 : chance(ACCOUNTS);
		m->bad = chance(12) == 0;
		m->recipients = chance(3) ? 1 : 1 + chance(3);
		for (size_t k = 0; k < m->recipients; k++)
			snprintf(m->to[k], sizeof m->to[k], "u%zu", people++);
	}
}

/* The sum has each mail as the ledger has it. */
static void check_sum(const struct batch_sum *s, bool whole, bool retry)
{
	uint64_t of[LEDGER_STATES] = {0}, bad = 0, again;
	static const unsigned worse[LEDGER_STATES] = {[LEDGER_DONE] = 0, [LEDGER_SPOOLED] = 1, [LEDGER_FAILED] = 2, [LEDGER_NEW] = 3, [LEDGER_DOUBT] = 4};

	CHECK(s->seen == s->before + s->accepted + s->refused + s->waits + s->doubtful + s->bad + s->spooled + s->left);
	for (size_t i = 0; i < input.mails; i++) {
		const struct fed *m = &input.mail[i];
		enum ledger_state worst = LEDGER_DONE;

		bad += m->bad;
		for (size_t k = 0; k < m->recipients && !m->bad; k++) {
			enum ledger_state is = ledger_find(world.ledger, slice_of(m->key), m->to[k]);

			worst = worse[is] > worse[worst] ? is : worst;
			CHECK(is != LEDGER_DONE || world.accepted[number_of(m->to[k])]);
			CHECK(is != LEDGER_NEW || !world.accepted[number_of(m->to[k])] || world.named[number_of(m->to[k])]);
		}
		of[worst] += !m->bad;
	}
	if (!whole)
		return;
	CHECK(s->bad == bad);
	CHECK(s->doubtful == of[LEDGER_DOUBT]);
	again = retry ? of[LEDGER_FAILED] - s->refused - s->before_refused : 0; /* refused ones that were to be tried again, and were not begun */
	CHECK(s->refused + s->before_refused + again == of[LEDGER_FAILED]);
	CHECK(s->waits + s->left == of[LEDGER_NEW] + again);
	CHECK(s->accepted + s->spooled + s->before - s->before_refused == of[LEDGER_DONE] + of[LEDGER_SPOOLED]);
}

/* The host dies somewhere in the run: what the relays have done since then has not happened. */
static void die(size_t since)
{
	size_t at = since + chance((unsigned)(world.events - since));
	const struct event *e = &world.event[at];
	off_t size = e->size, keeps = e->synced + chance((unsigned)(size - e->synced + 1));

	memcpy(world.accepted, world.before, sizeof world.accepted);
	for (size_t i = since; i <= at; i++)
		if (world.event[i].who >= 0)
			world.accepted[world.event[i].who]++;
	assert_int_equal(truncate(path, keeps), 0);
}

static void run_once(bool last)
{
	struct batch_order o = {.input = &input_of, .sessions = 1 + chance(SESSIONS), .pauses = last ? 2 : chance(3), .pause = {1, 1, 1},
				.hold_unsure = !last && chance(5) == 0, .retry_failed = chance(4) == 0, .limit = !last && chance(4) == 0 ? 1 + chance(10) : 0,
				.spool_rest = !last && chance(10) == 0, .stop_on_error = !last && chance(10) == 0};
	struct batch_sum sum;
	struct failure f = {.text = ""};
	size_t since;
	int rc;

	host.told = false;
	world.tries = 0;
	world.told_after = !last && chance(4) == 0 ? 1 + chance(20) : 0;
	world.good = last;
	world.events = input.at = 0;
	memcpy(world.before, world.accepted, sizeof world.before);
	o.ledger = world.ledger = open_ledger();
	world.synced = ledger_size();
	since = world.events;
	note_event(-1);
	rc = batch_run(&o, &sum, &f);
	CHECK(input.out == 0);
	check_sum(&sum, sum.whole, o.retry_failed);
	CHECK(!last || (rc == 0 && sum.waits + sum.left + sum.doubtful == 0));
	assert_int_equal(ledger_close(o.ledger, &f), 0);
	if (!last && chance(2))
		die(since);
}

static void test_random_stories(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < SEEDS; seed += getenv("UNIT_BRIEF") ? 5 : 1) { /* valgrind takes forty times as long */
		unsigned runs;

		memset(&world, 0, sizeof world);
		memset(&host, 0, sizeof host);
		world.seed = seed;
		world.random = seed * 2654435761u + 1;
		unlink(path);
		make_input();
		runs = chance(5);
		for (unsigned i = 0; i <= runs; i++)
			run_once(i == runs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_stories)};
	int rc = !make_folder() || cmocka_run_group_tests(tests, NULL, NULL);

	unlink(path);
	return rc || rmdir(folder) < 0;
}
