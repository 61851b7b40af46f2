/* Waits of five minutes and more take a thousandth of that; for LD_PRELOAD. */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int poll(struct pollfd *fds, nfds_t count, int ms)
{
	struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	if (ms >= 300000)
		wait = (struct timespec){.tv_sec = ms / 1000000, .tv_nsec = ms / 1000 % 1000 * 1000000L};
	return (int)syscall(SYS_ppoll, fds, count, ms < 0 ? NULL : &wait, NULL, 0);
}
