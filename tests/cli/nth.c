/* LD_PRELOAD: what becomes of the $NTH_AT-th write or sync, of all threads together, of a file whose path begins with $NTH_FILE, or of the
 * folder that it is in. $NTH_CALL: write, sync (fsync and fdatasync) or cut (ftruncate). $NTH_DO: "before" and "after": killed at once before or behind
 * it; "half": half of it is written, then killed; "short": half of it is written, and each later one fails (ENOSPC); "skip": it is said to be done, each time from then on;
 * or an errno, with which it fails, and with $NTH_ON each later one, too. When it has happened, the file $NTH_LOG is made. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int seen;

static const char *said(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static bool is_ours(int fd, bool folders)
{
	const char *file = said("NTH_FILE"), *slash = strrchr(file, '/');
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof path - 1);
	if (!*file || !slash || len <= 0)
		return false;
	path[len] = '\0';
	return strncmp(path, file, strlen(file)) == 0 || (folders && len == slash - file && strncmp(path, file, (size_t)len) == 0);
}

static void note(void)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, said("NTH_LOG"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	syscall(SYS_close, fd);
}

static void die(void)
{
	syscall(SYS_kill, getpid(), SIGKILL);
	for (;;)
		pause();
}

static bool does(const char *what)
{
	return strcmp(said("NTH_DO"), what) == 0;
}

/* Which of the calls this is: the one at which something happens (0), one before it (-1), or after it (1). */
static int turn(const char *call, int fd, bool folders)
{
	int at = atoi(said("NTH_AT")), now;

	if (strcmp(said("NTH_CALL"), call) != 0 || !is_ours(fd, folders))
		return -1;
	now = atomic_fetch_add(&seen, 1) + 1;
	if (now == at)
		note();
	if (now == at && does("before"))
		die();
	return now < at ? -1 : now > at;
}

/* Whether the call fails, with errno set. */
static bool fails(int turn)
{
	int error = does("short") && turn == 1 ? ENOSPC : atoi(said("NTH_DO"));

	if (turn < 0 || !error || (turn == 1 && !does("short") && !*said("NTH_ON")))
		return false;
	errno = error;
	return true;
}

ssize_t write(int fd, const void *p, size_t len)
{
	int is = turn("write", fd, false);
	ssize_t n;

	if (fails(is))
		return -1;
	if (is == 0 && (does("half") || does("short")))
		len -= len / 2;
	n = syscall(SYS_write, fd, p, len);
	if (is == 0 && (does("half") || does("after")))
		die();
	return n;
}

static int sync_by(long number, int fd)
{
	int is = turn("sync", fd, true), rc;

	if (fails(is))
		return -1;
	if (is >= 0 && does("skip"))
		return 0;
	rc = (int)syscall(number, fd);
	if (is == 0 && does("after"))
		die();
	return rc;
}

int fsync(int fd) { return sync_by(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_by(SYS_fdatasync, fd); }

int ftruncate(int fd, off_t size)
{
	if (fails(turn("cut", fd, false)))
		return -1;
	return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }
