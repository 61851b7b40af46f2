/* A host in place of the real one, for units: its clocks stand still but for who sleeps, and a test says whether we are told to end. */
#ifndef UNIT_HOST_H
#define UNIT_HOST_H

#include <time.h>

#include "base/clock.h"
#include "base/ending.h"

static struct {
	int64_t now; /* milliseconds, of all clocks */
	bool told;
} host;

int64_t clock_steady(void)
{
	return host.now;
}

int64_t clock_boot(void)
{
	return host.now;
}

int64_t clock_wall_ms(void)
{
	return host.now;
}

time_t clock_wall(void)
{
	return (time_t)(host.now / 1000);
}

int nanosleep(const struct timespec *t, struct timespec *left)
{
	(void)left;
	host.now += t->tv_sec * 1000 + t->tv_nsec / 1000000;
	return 0;
}

bool ending_asked(void)
{
	return host.told;
}

#endif
