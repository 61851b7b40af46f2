#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* CLOCK_BOOTTIME */
#endif
#include "base/clock.h"

#ifdef CLOCK_BOOTTIME
#define SLEEPS_TOO CLOCK_BOOTTIME
#else
#define SLEEPS_TOO CLOCK_MONOTONIC
#endif

time_t clock_wall(void)
{
	time_t now = time(NULL);

	return now < 0 ? 0 : now;
}

static int64_t milliseconds(clockid_t of)
{
	struct timespec now;

	clock_gettime(of, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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
