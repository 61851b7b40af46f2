#include "post/throttle.h"

#include <stddef.h>

/* All constants. Where no reason is named, tests/unit/test_throttle.c is it: others do worse there. */
enum {
	FORGET_MS = 10 * 60 * 1000, /* after so long without mail the relay is taken as one that has refused nothing */

	/* So many mails go at first to a relay that has refused nothing. For each that it takes WARY_MORE go, until some time is over: a
	 * relay that refuses soon refuses few then, and at one that does not the line is full after some round trips. */
	WARY = 4, WARY_MS = 1000, WARY_LOOK_MS = 2,

	/* A short pause loses little at a relay whose store is small, and one that counts by the minute is found by doubling. */
	FIRST_PAUSE_MS = 250, LONG_PAUSE_MS = 1000, MOST_FIRST_MS = 30 * 1000, LAST_PAUSE_MS = 5 * 60 * 1000,
	SHORTER = 4, /* the pause begins at such a part of the last one */
	PROBE_LOOK_MS = 20, PROBE_MOST_MS = 60 * 1000, /* how often it is looked whether the mail that goes alone has its answer, and how long */

	MANY = 10,	     /* what took so many may have used up a unit of time, */
	SHOWN_MS = 30 * 1000 /* and in so long has shown what the relay bears */
};
enum { KNOWN, SOME = 2, LITTLE, NOTHING }; /* how little is known of what the relay bears: throttle.seeking */

static const double WARY_MORE = 1.5,
	SLOWEST = 1.0 / (5 * 60 * 1000), FASTEST = 1e6, /* no rate is lower or higher */
	START = 2,		/* mails in a time as long as the pause was, where NOTHING is known, */
	LEAST = 1.0 / 1000,	/* but at least one a second: long pauses may have had another cause; */
	SEEK = 3.5,		/* the rate grows by so much in a second then: it doubles in 200 ms, and the store that was filled in the
				 * pause and since then is used up at 5 times what the relay bears; a round trip of that is refused; */
	SOON = 0.06,		/* by so much where 1 is not known, by twice as much where SOME is; */
	SLOW = 0.001, FAST = 0.05, LONG_S = 60, /* and where all is known by so much just after a refusal, and long after it; */
	IN_PAUSE = 0.5,		/* but in a time as long as the pause was by no more than that, */
	MAIL = 0.3, FIRST_MAIL = 1, /* and by one mail no more than that: where NOTHING is known it may double */
	BEGIN = 0.95,		/* of what the relay bears is the rate after a refusal, */
	SOUGHT = 0.8,		/* or of what it refused, where that is not well known */
	MUCH = 0.1,		/* of the time was a pause: the relay has a large store, or counts by a unit of time */
	UNUSED = 0.5, BURST_MS = 10; /* what was not used for so long may be made up for */

bool throttle_is_sound(const struct throttle *t)
{
	static const int64_t most_ms = (int64_t)1 << 50;
	const int64_t times[] = {t->counted, t->begin, t->last, t->end, t->pause, t->probe, t->open, t->grown, t->since};

	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if (times[i] < -most_ms || times[i] > most_ms)
			return false;
	return t->rate >= 0 && t->rate < FASTEST && (t->rate <= 0 || t->rate >= SLOWEST / 2) && t->credit >= -2 && t->credit <= FASTEST &&
	       t->seeking <= NOTHING && (t->rate <= 0 || t->pause > 0) && t->taken < UINT64_MAX / 2 && t->before < UINT64_MAX / 2;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

static double most_credit(const struct throttle *t)
{
	return most(1, t->rate * BURST_MS);
}

/* How many mails may go at once. */
static double credit_at(const struct throttle *t, int64_t now)
{
	double sum = t->credit + t->rate * (double)(now - t->counted);

	return now > t->counted ? least(sum, most_credit(t)) : t->credit;
}

/* There was a refusal, and nothing that went after it was taken yet. */
static bool is_closed(const struct throttle *t)
{
	return t->rate > 0 && !t->open;
}

int64_t throttle_wait(const struct throttle *t, int64_t now)
{
	double missing;

	if (now - t->counted > FORGET_MS)
		return 0;
	if (t->rate <= 0)
		return t->wary && t->begin && now - t->begin < WARY_MS && t->credit < 1 ? WARY_LOOK_MS : 0;
	if (now < t->end)
		return t->end - now;
	if (is_closed(t) && t->probe && now - t->probe < PROBE_MOST_MS)
		return PROBE_LOOK_MS;
	missing = is_closed(t) ? 0 : 1 - credit_at(t, now);
	return missing > 0 ? (int64_t)(missing / t->rate) + 1 : 0;
}

void throttle_send(struct throttle *t, int64_t now)
{
	if (!t->begin || (now - t->counted > FORGET_MS && now > t->end))
		*t = (struct throttle){.begin = now, .credit = WARY, .wary = t->wary};
	t->unused = t->credit + t->rate * (double)(now - t->counted) > most_credit(t) + UNUSED;
	t->credit = most((t->rate > 0 ? credit_at(t, now) : t->credit) - 1, -1);
	t->counted = now;
	if (is_closed(t))
		t->probe = now;
}

bool throttle_dropped(struct throttle *t, int64_t sent)
{
	bool alone = is_closed(t) && t->probe == sent;

	if (alone)
		t->probe = 0;
	return alone;
}

/* How much the rate grows in a second. */
static double growth(const struct throttle *t, int64_t now)
{
	double far = (double)(now - t->open) / 1000 / LONG_S, by;

	if (t->seeking == NOTHING)
		return SEEK;
	by = t->seeking == KNOWN ? least(SLOW * (1 + far * far), FAST) : SOON * (1U << (t->seeking - 1));
	return least(by, IN_PAUSE * 1000 / (double)t->pause);
}

/* A mail is taken again. Where none was for long, what went since it was so the last time has used up what the relay lets through in the
 * time between the two. */
static void open_again(struct throttle *t, int64_t now)
{
	double bears = (double)t->before / most(1, (double)(now - t->since)) * BEGIN;

	t->open = t->grown = t->counted = now;
	t->credit = 0;
	if (t->seeking == NOTHING)
		t->rate = most(START / (double)t->pause, LEAST);
	if (t->pause <= LONG_PAUSE_MS || t->before < MANY)
		return;
	t->rate = t->seeking == NOTHING ? most(t->rate, bears) : most(bears, SLOWEST);
	t->seeking = t->seeking == NOTHING;
}

/* A rate that is not used up, since the line is slower, shows nothing when it grows. */
static void grow(struct throttle *t, int64_t now)
{
	double seconds = (double)(now - t->grown) / 1000, by = seconds * growth(t, now);

	if (now > t->grown && !t->unused)
		t->rate = least(t->rate * (1 + least(by, t->seeking == NOTHING ? FIRST_MAIL : MAIL)), FASTEST / 2);
	t->grown = now;
}

void throttle_taken(struct throttle *t, int64_t sent, int64_t now)
{
	t->taken++;
	if (t->rate <= 0)
		t->credit = least(t->credit + WARY_MORE, FASTEST);
	else if (sent > t->last && is_closed(t))
		open_again(t, now);
	else if (sent > t->last)
		grow(t, now);
}

/* The rate after the refusal that begins a series. A relay without a store refuses what comes faster than it bears, and has taken less
 * on the average since the last series, while the rate grew. */
static void find_rate(struct throttle *t, int64_t now)
{
	double all = most(1, (double)(now - t->begin)), blind = (double)(t->open - t->last), bears = (double)t->taken / all * BEGIN;
	bool near = bears > t->rate * SOUGHT;

	if (t->rate <= 0) {
		t->seeking = t->taken < MANY || all < SHOWN_MS ? NOTHING : KNOWN;
		t->rate = most(bears, SLOWEST);
		return;
	}
	if (t->seeking != KNOWN && t->seeking != NOTHING)
		bears = most(bears, least(t->rate * SOUGHT, (double)t->taken / most(1, all - blind)));
	t->rate = most(least(bears, t->rate * BEGIN), SLOWEST);
	if (t->seeking == NOTHING)
		t->seeking = LITTLE;
	else if (near || blind > all * MUCH)
		t->seeking = KNOWN;
	else
		t->seeking = t->seeking == KNOWN ? SOME : t->seeking - 1;
}

/* A mail that goes alone, where the next is due much later, would be refused like the one before. */
static int64_t first_pause(const struct throttle *t)
{
	double usual = most(1 / t->rate, (double)t->pause / SHORTER);

	return t->seeking == NOTHING ? FIRST_PAUSE_MS : (int64_t)most(FIRST_PAUSE_MS, least(usual, MOST_FIRST_MS));
}

void throttle_refused(struct throttle *t, int64_t sent, int64_t now, unsigned chance)
{
	if (t->rate > 0 && sent <= t->last) /* it was on its way at the refusal before */
		return;
	if (is_closed(t)) {
		t->pause = t->pause * 2 < LAST_PAUSE_MS ? t->pause * 2 : LAST_PAUSE_MS;
	} else {
		find_rate(t, now);
		t->since = t->open ? t->open : t->begin;
		t->before = t->taken;
		t->pause = first_pause(t);
		t->begin = now;
		t->taken = 0;
	}
	t->last = t->counted = now;
	t->end = now + t->pause + t->pause * (int64_t)(chance % 1000) / 4000;
	t->open = t->probe = 0;
	t->credit = 0;
}
