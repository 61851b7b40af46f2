/* LD_PRELOAD: the $SHORT_AT-th write of more than one octet to a file below $SHORT_BELOW is done by half. With $SHORT_THEN,
 * every write after it fails with that number. A file "$SHORT_LOG" is made when it has happened. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long number(const char *name)
{
	const char *value = getenv(name);

	return value ? atol(value) : 0;
}

static int is_ours(int fd)
{
	const char *below = getenv("SHORT_BELOW");
	char link[64], path[4096] = "";

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return below && readlink(link, path, sizeof path - 1) > 0 && strncmp(path, below, strlen(below)) == 0;
}

ssize_t write(int fd, const void *p, size_t len)
{
	static long seen;

	if (len > 1 && is_ours(fd)) {
		seen++;
		if (seen == number("SHORT_AT")) {
			close(open(getenv("SHORT_LOG"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
			len /= 2;
		} else if (seen > number("SHORT_AT") && number("SHORT_THEN")) {
			errno = (int)number("SHORT_THEN");
			return -1;
		}
	}
	return syscall(SYS_write, fd, p, len);
}
