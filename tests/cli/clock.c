/* The wall clock, as many seconds ahead as $TEST_OF_OFFSET says; and the steady one, with what waits by it, as many times as
 * fast as $TEST_OF_SPEED says. For LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t offset(void)
{
	const char *text = getenv("TEST_OF_OFFSET");

	return text ? (time_t)atoll(text) : 0;
}

static int speed(void)
{
	const char *text = getenv("TEST_OF_SPEED");

	return text ? atoi(text) : 1;
}

static int64_t ns_of(const struct timespec *t)
{
	return t->tv_sec * INT64_C(1000000000) + t->tv_nsec;
}

static void hasten(struct timespec *to, int64_t *began)
{
	int64_t now = ns_of(to);

	if (!*began)
		*began = now;
	now = *began + (now - *began) * speed();
	*to = (struct timespec){.tv_sec = now / 1000000000, .tv_nsec = now % 1000000000};
}

int clock_gettime(clockid_t id, struct timespec *to)
{
	static int64_t began, boot_began;
	int ok = (int)syscall(SYS_clock_gettime, id, to);

	if (id == CLOCK_REALTIME)
		to->tv_sec += offset();
	else if ((id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW || id == CLOCK_MONOTONIC_COARSE) && speed() != 1)
		hasten(to, &began);
	else if (id == CLOCK_BOOTTIME && speed() != 1)
		hasten(to, &boot_began);
	return ok;
}

/* Of a condition that goes by the steady clock. */
int pthread_cond_timedwait(pthread_cond_t *restrict changed, pthread_mutex_t *restrict lock, const struct timespec *restrict until)
{
	static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
	struct timespec now;
	int64_t wait, ns;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	if (speed() == 1)
		return real(changed, lock, until);
	clock_gettime(CLOCK_MONOTONIC, &now);
	wait = (ns_of(until) - ns_of(&now)) / speed();
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	ns = ns_of(&now) + (wait > 0 ? wait : 0);
	return real(changed, lock, &(struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000});
}

int poll(struct pollfd *fds, nfds_t count, int ms)
{
	int64_t ns = ms * INT64_C(1000000) / speed();
	struct timespec wait = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	return (int)syscall(SYS_ppoll, fds, count, ms < 0 ? NULL : &wait, NULL, 0);
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
