#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* CLOCK_BOOTTIME */
#endif
#include "base/clock.h"

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
