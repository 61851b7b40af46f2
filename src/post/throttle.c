#include "post/throttle.h"

#include <stddef.h>

enum {
	FIRST_PAUSE_MS = 1000, LAST_PAUSE_MS = 5 * 60 * 1000,
	FORGET_MS = 10 * 60 * 1000, /* after so long without mail the relay is taken as one that has refused nothing */
	FEW = 3, MANY = 10, /* a relay that took fewer than FEW has not shown what it bears; what took MANY may have used up a unit of time */
	PROBE_LOOK_MS = 20, PROBE_MOST_MS = 60 * 1000 /* how often it is looked whether the mail that goes alone has its answer, and how long */
};
enum { KNOWN, SOME, NOTHING }; /* what is known of what the relay bears: throttle.seeking */

static const double START = 1.0 / 1000,	       /* the rate where nothing is known, a mail a second */
	SLOWEST = 1.0 / (5 * 60 * 1000),       /* no rate is lower, */
	FASTEST = 1e6,			       /* and none is higher */
	BEGIN = 0.95,			       /* of what the relay bears, after a refusal; */
	SOUGHT = 0.8, HALF = 0.5,	       /* of what it refused, where that is not known well */
	MOST = 0.75, MUCH = 0.1,	       /* of the time in which mail was counted */
	SLOW = 0.001, FAST = 0.05, LONG_S = 60, /* the rate grows so much in a second, just after a refusal and long after it, */
	SOON = 0.02, SEEK = 1.5,	       /* and while SOME or NOTHING is known; */
	MAIL = 0.3,			       /* by one mail no more than that */
	UNUSED = 0.5,
	BURST_MS = 10;			       /* what was not used for so long may be made up for */

bool throttle_is_sound(const struct throttle *t)
{
	static const int64_t most_ms = (int64_t)1 << 50;
	const int64_t times[] = {t->counted, t->begin, t->last, t->end, t->pause, t->probe, t->open, t->grown, t->since};

	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if (times[i] < -most_ms || times[i] > most_ms)
			return false;
	return t->rate >= 0 && t->rate < FASTEST && (t->rate <= 0 || t->rate >= SLOWEST / 2) && t->credit >= -2 && t->credit <= FASTEST &&
	       t->taken < UINT64_MAX / 2 && t->before < UINT64_MAX / 2;
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

	if (t->rate <= 0 || now - t->counted > FORGET_MS)
		return 0;
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
		*t = (struct throttle){.begin = now};
	t->unused = t->credit + t->rate * (double)(now - t->counted) > most_credit(t) + UNUSED;
	t->credit = t->rate > 0 ? most(credit_at(t, now) - 1, -1) : 0;
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
	double far = (double)(now - t->open) / 1000 / LONG_S;

	if (t->seeking != KNOWN)
		return t->seeking == NOTHING ? SEEK : SOON;
	return least(SLOW * (1 + far * far), FAST);
}

/* Where nothing was taken for long, what went before that has used up what the relay lets through in some time. */
static void open_again(struct throttle *t, int64_t now)
{
	double bears = (double)t->before / most(1, (double)(now - t->since)) * BEGIN;

	t->open = t->grown = now;
	if (t->pause <= FIRST_PAUSE_MS || t->before < MANY || bears >= t->rate * HALF)
		return;
	t->rate = most(bears, SLOWEST);
	t->seeking = SOME;
}

void throttle_taken(struct throttle *t, int64_t sent, int64_t now)
{
	double seconds = (double)(now - t->grown) / 1000;

	t->taken++;
	if (t->rate <= 0 || sent <= t->last)
		return;
	if (is_closed(t)) {
		open_again(t, now);
		return;
	}
	/* A rate that is not used up, since the line is slower, shows nothing when it grows. */
	if (now > t->grown && !t->unused)
		t->rate = least(t->rate * (1 + least(seconds * growth(t, now), MAIL)), FASTEST / 2);
	t->grown = now;
}

/* The rate after the refusal that begins a series. What the relay would have taken in the last pause is not known: where that is most
 * of the time, it may bear more than it has taken, and where it is much of it, too. */
static void find_rate(struct throttle *t, int64_t now)
{
	double all = most(1, (double)(now - t->begin)), blind = (double)(t->open - t->last), bears = (double)t->taken / all * BEGIN;

	if (t->rate <= 0) {
		t->seeking = t->taken < FEW ? NOTHING : KNOWN;
		t->rate = t->taken < FEW ? START : bears;
	} else {
		if (blind > all * MOST || t->seeking == NOTHING)
			bears = most(bears, t->rate * HALF);
		if (t->seeking == SOME)
			bears = most(bears, least(t->rate * SOUGHT, (double)t->taken / most(1, all - blind)));
		t->rate = least(bears, t->rate * BEGIN);
		t->seeking = t->seeking == NOTHING || blind > all * (t->seeking == SOME ? MOST : MUCH) ? SOME : KNOWN;
	}
	t->rate = most(t->rate, SLOWEST);
}

void throttle_refused(struct throttle *t, int64_t sent, int64_t now, unsigned chance)
{
	if (t->rate > 0 && sent <= t->last) /* it was on its way at the refusal before */
		return;
	if (is_closed(t)) {
		t->pause = t->pause * 2 < LAST_PAUSE_MS ? t->pause * 2 : LAST_PAUSE_MS;
	} else {
		find_rate(t, now);
		t->since = t->begin;
		t->before = t->taken;
		t->pause = FIRST_PAUSE_MS;
		t->begin = now;
		t->taken = 0;
	}
	t->last = t->counted = now;
	t->end = now + t->pause + t->pause * (int64_t)(chance % 1000) / 4000;
	t->open = t->probe = 0;
	t->credit = 0;
}
