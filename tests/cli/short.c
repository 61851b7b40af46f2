/* Reads and writes of files that do no more than $MYSEND_TEST_SHORT octets at a time, and are interrupted now and then; for
 * LD_PRELOAD. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int turn;

static size_t at_most(size_t len)
{
	const char *text = getenv("MYSEND_TEST_SHORT");
	size_t most = text ? (size_t)atol(text) : len;

	return len > most ? most : len;
}

static int interrupted(void)
{
	if (++turn % 5)
		return 0;
	errno = EINTR;
	return 1;
}

ssize_t write(int fd, const void *p, size_t len)
{
	return interrupted() ? -1 : syscall(SYS_write, fd, p, at_most(len));
}

ssize_t read(int fd, void *p, size_t len)
{
	return interrupted() ? -1 : syscall(SYS_read, fd, p, at_most(len));
}

ssize_t pread(int fd, void *p, size_t len, off_t at)
{
	return interrupted() ? -1 : syscall(SYS_pread64, fd, p, at_most(len), at);
}

ssize_t pread64(int fd, void *p, size_t len, off_t at)
{
	return pread(fd, p, len, at);
}
