#include "base/clock.h"

time_t clock_wall(void)
{
	time_t now = time(NULL);

	return now < 0 ? 0 : now;
}

int64_t clock_steady(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
