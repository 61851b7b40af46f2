#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* CLOCK_BOOTTIME */
#endif
#include "base/clock.h"

#include <stdio.h>

#ifdef CLOCK_BOOTTIME
#define SLEEPS_TOO CLOCK_BOOTTIME
#else
#define SLEEPS_TOO CLOCK_MONOTONIC
#endif

static int64_t milliseconds(clockid_t of)
{
	struct timespec now;

	clock_gettime(of, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Not of time(2), which is behind by a tick and more: a file that was made before would seem to come later. */
time_t clock_wall(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec < 0 ? 0 : now.tv_sec;
}

int64_t clock_steady(void)
{
	return milliseconds(CLOCK_MONOTONIC);
}

int64_t clock_boot(void)
{
	return milliseconds(SLEEPS_TOO);
}

int64_t clock_wall_ms(void)
{
	return milliseconds(CLOCK_REALTIME);
}

const char *clock_left(char to[static CLOCK_LEFT], int64_t seconds)
{
	static const struct { int64_t seconds; const char *name; } units[] = {{24 * 3600, "day"}, {3600, "hour"}, {60, "minute"}};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		int64_t n = seconds / units[i].seconds;

		/* 90 minutes say more than 1 hour. */
		if (n >= 2 || (n == 1 && units[i].seconds == 60)) {
			snprintf(to, CLOCK_LEFT, "%lld %s%s", (long long)n, units[i].name, n == 1 ? "" : "s");
			return to;
		}
	}
	return "less than a minute";
}
