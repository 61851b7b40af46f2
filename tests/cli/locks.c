/* flock(2) as on NFS, where an exclusive lock needs a file that may be written; or failing as $TEST_OF_FLOCK says; or,
 * with $TEST_OF_PAUSE=N, waiting before the Nth lock on a file of the queue until $TEST_OF_GO is there; or, with $TEST_OF_HOLD=MS, keeping each so
 * much longer. And pread(2) failing as $TEST_OF_PREAD says. For LD_PRELOAD. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_of_the_queue(int fd)
{
	char link[64], path[4096] = "";

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return readlink(link, path, sizeof path - 1) > 0 && strstr(path, "/queue/");
}

static void say_here(const char *go)
{
	char here[4096];

	snprintf(here, sizeof here, "%s.here", go);
	close(open(here, O_CREAT | O_WRONLY, 0600));
}

static void pause_before(int fd)
{
	const char *nth = getenv("TEST_OF_PAUSE"), *go = getenv("TEST_OF_GO");
	static int count;

	if (!nth || !go || !is_of_the_queue(fd) || ++count != atoi(nth))
		return;
	say_here(go);
	while (access(go, F_OK) < 0)
		usleep(10000);
}

static void hold(int fd)
{
	const char *ms = getenv("TEST_OF_HOLD"), *go = getenv("TEST_OF_GO");

	if (!ms || !go || !is_of_the_queue(fd))
		return;
	say_here(go);
	usleep(1000 * (unsigned)atoi(ms));
}

int flock(int fd, int how)
{
	const char *said = getenv("TEST_OF_FLOCK");

	pause_before(fd);
	if (said && strcmp(said, "nfs") == 0 && how & LOCK_EX && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) {
		errno = EBADF;
		return -1;
	}
	if (said && strcmp(said, "nfs") != 0) {
		errno = atoi(said);
		return -1;
	}
	if (syscall(SYS_flock, fd, how) < 0)
		return -1;
	hold(fd);
	return 0;
}

ssize_t pread64(int fd, void *to, size_t room, off_t offset)
{
	const char *said = getenv("TEST_OF_PREAD");

	if (said) {
		errno = atoi(said);
		return -1;
	}
	return syscall(SYS_pread64, fd, to, room, offset);
}

ssize_t pread(int fd, void *to, size_t room, off_t offset)
{
	return pread64(fd, to, room, offset);
}
