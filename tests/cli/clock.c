/* The wall clock, as many seconds ahead as $MYSEND_TEST_OFFSET says; for LD_PRELOAD. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t offset(void)
{
	const char *text = getenv("MYSEND_TEST_OFFSET");

	return text ? (time_t)atoll(text) : 0;
}

int clock_gettime(clockid_t id, struct timespec *to)
{
	int ok = (int)syscall(SYS_clock_gettime, id, to);

	if (id == CLOCK_REALTIME)
		to->tv_sec += offset();
	return ok;
}

time_t time(time_t *to)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (to)
		*to = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*to = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
	return 0;
}
