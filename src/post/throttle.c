#include "post/throttle.h"

#include <stddef.h>

enum {
	FIRST_PAUSE_MS = 1000, LAST_PAUSE_MS = 5 * 60 * 1000,
	FORGET_MS = 10 * 60 * 1000, /* after so long without mail the relay is taken as one that has refused nothing */
	FEW = 3, /* a relay that took fewer between two refusals has not shown what it bears */
};

static const double START = 1.0 / 1000,	       /* the rate where nothing is known, a mail a second */
	SLOWEST = 1.0 / (5 * 60 * 1000),       /* no rate is lower, */
	FASTEST = 1e6,			       /* and none is higher */
	BEGIN = 0.9, HALF = 0.5,	       /* of what the relay bears, and of what it refused, after a refusal */
	SLOW_SECOND = 0.01, SLOW_MAIL = 0.001, /* how much the rate grows at the most, in a second and by one mail */
	FAST_SECOND = 1.5, FAST_MAIL = 0.3,    /* and while it is not known what the relay bears */
	UNUSED = 0.5,
	BURST_MS = 20;			       /* what was not used for so long may be made up for */

bool throttle_is_sound(const struct throttle *t)
{
	static const int64_t most_ms = (int64_t)1 << 50;
	const int64_t times[] = {t->counted, t->begin, t->end, t->pause, t->grown};

	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if (times[i] < -most_ms || times[i] > most_ms)
			return false;
	return t->rate >= 0 && t->rate < FASTEST && (t->rate <= 0 || t->rate >= SLOWEST / 2) && t->credit >= -2 && t->credit <= FASTEST &&
	       t->taken < UINT64_MAX / 2;
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

int64_t throttle_wait(const struct throttle *t, int64_t now)
{
	double missing;

	if (t->rate <= 0 || now - t->counted > FORGET_MS)
		return 0;
	if (now < t->end)
		return t->end - now;
	missing = 1 - credit_at(t, now);
	return missing > 0 ? (int64_t)(missing / t->rate) + 1 : 0;
}

void throttle_send(struct throttle *t, int64_t now)
{
	if (!t->begin || (now - t->counted > FORGET_MS && now > t->end))
		*t = (struct throttle){.begin = now};
	t->unused = t->credit + t->rate * (double)(now - t->counted) > most_credit(t) + UNUSED;
	t->credit = t->rate > 0 ? credit_at(t, now) - 1 : 0;
	t->counted = now;
}

void throttle_taken(struct throttle *t, int64_t now)
{
	double seconds = (double)(now - t->grown) / 1000;

	t->taken++;
	/* A rate that is not used up, since the line is slower, shows nothing when it grows. */
	if (now <= t->grown || now < t->end || t->unused)
		return;
	if (t->seeking)
		t->rate *= 1 + least(seconds * FAST_SECOND, FAST_MAIL);
	else
		t->rate *= 1 + least(seconds * SLOW_SECOND, SLOW_MAIL);
	t->rate = least(t->rate, FASTEST / 2);
	t->grown = now;
}

void throttle_refused(struct throttle *t, int64_t sent, int64_t now, unsigned chance)
{
	double bears;

	if (t->rate > 0 && sent <= t->begin) /* it was on its way at the refusal before */
		return;
	bears = (double)t->taken / most(1, (double)(now - t->begin));
	t->seeking = t->taken < FEW;
	if (t->seeking)
		t->rate = t->rate > 0 ? t->rate * HALF : START;
	else
		t->rate = most(bears * BEGIN, t->rate * HALF);
	t->rate = most(t->rate, SLOWEST);
	t->pause = t->taken ? FIRST_PAUSE_MS : t->pause ? t->pause * 2 : FIRST_PAUSE_MS;
	if (t->pause > LAST_PAUSE_MS)
		t->pause = LAST_PAUSE_MS;
	t->begin = t->counted = now;
	t->end = t->grown = now + t->pause + t->pause * (int64_t)(chance % 1000) / 4000;
	t->credit = 0;
	t->taken = 0;
}
