#define _GNU_SOURCE /* O_TMPFILE */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/trusted.h"

bool file_standard_open(void)
{
	bool input = fcntl(STDIN_FILENO, F_GETFD) != -1;

	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
			return false; /* /dev/null cannot be opened: nothing more can be done */
	return input;
}

ssize_t file_read(int fd, void *to, size_t room)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	for (;;) {
		ssize_t n = read(fd, to, room);

		if (n >= 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK))
			return n;
		/* Another process that has the same descriptor made it non-blocking: wait for it, and do not change that. */
		if (errno != EINTR && poll(&p, 1, -1) < 0 && errno != EINTR)
			return -1;
	}
}

ssize_t file_read_at(int fd, void *to, size_t room, uint64_t offset)
{
	size_t got = 0;

	while (got < room) {
		ssize_t n = pread(fd, (char *)to + got, room - got, (off_t)(offset + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int file_write(int fd, const void *p, size_t len)
{
	const char *at = p;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_offer(int fd, const void *p, size_t len, unsigned ms)
{
	struct pollfd out = {.fd = fd, .events = POLLOUT};
	const char *at = p;

	while (len) {
		/* At most PIPE_BUF octets at a time: a larger write could wait for a reader, and the descriptor, which other
		 * processes have too, must not be made non-blocking. */
		size_t piece = len < PIPE_BUF ? len : PIPE_BUF;
		int ready = poll(&out, 1, (int)ms);

		if (ready == 0)
			errno = EAGAIN;
		if (ready <= 0 || file_write(fd, at, piece) < 0)
			return -1;
		at += piece;
		len -= piece;
	}
	return 0;
}

int file_slurp(int fd, struct buf *into)
{
	char piece[16384];
	ssize_t n;

	while ((n = file_read(fd, piece, sizeof piece)) > 0)
		if (buf_add(into, piece, (size_t)n) < 0) {
			errno = EFBIG;
			return -1;
		}
	return n < 0 ? -1 : 0;
}

void file_drain(int fd)
{
	char piece[16384];

	while (file_read(fd, piece, sizeof piece) > 0)
		;
}

static int unnamed_in(const char *folder)
{
	char path[4096];
	int fd;

#ifdef O_TMPFILE
	fd = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
#endif
	if (snprintf(path, sizeof path, "%s/mysend.XXXXXX", folder) >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

int file_unnamed(void)
{
	const char *folder = getenv("TMPDIR");
	int fd = folder && *folder == '/' ? unnamed_in(folder) : -1;

	return fd >= 0 ? fd : unnamed_in("/tmp");
}

int file_lock(int fd, unsigned ms)
{
	struct timespec pause = {0, 1000 * 1000};
	int64_t until = clock_steady() + ms;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || clock_steady() >= until)
			return -1;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 16 * 1000 * 1000)
			pause.tv_nsec *= 2;
	}
	return 0;
}

int file_make_folder(int at, const char *name, const char *above, mode_t mode)
{
	int fd, rc;

	if (mkdirat(at, name, mode) < 0)
		return errno == EEXIST ? 0 : -1;
	fd = openat(at, above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd < 0 ? (errno == EACCES ? 0 : -1) : fsync(fd); /* a folder that we may write and not read: it cannot be synced */
	if (fd >= 0)
		close(fd);
	return rc;
}

int file_make_folders(const char *path)
{
	char part[4096], above[4096] = "/";
	size_t len = strlen(path);

	if (len >= sizeof part) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (size_t i = 1; i <= len; i++) {
		if (path[i] && path[i] != '/')
			continue;
		snprintf(part, sizeof part, "%.*s", (int)i, path);
		if (file_make_folder(AT_FDCWD, part, above, path[i] ? 0755 : 0700) < 0)
			return -1;
		memcpy(above, part, i + 1);
	}
	return 0;
}

/* No lock is taken, since a reader of the log could hold one. O_APPEND writes at the end of the file, whatever other processes
 * write. */
int file_append(const char *path, struct slice bytes, struct failure *f)
{
	int fd = trusted_append(path, f);

	if (fd < 0)
		return -1;
	if (file_write(fd, bytes.p, bytes.len) < 0) {
		fail_errno(f, AT_CONFIG, EX_IOERR, "%s", path);
		close(fd);
		return -1;
	}
	return close(fd) < 0 ? fail_errno(f, AT_CONFIG, EX_IOERR, "%s", path) : 0;
}

int file_descriptor(const char *path)
{
	static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
	static const char *const standard[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};

	for (int fd = 0; fd <= 2; fd++)
		if (strcmp(path, standard[fd]) == 0)
			return fd;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		const char *number = path + strlen(folders[i]);

		if (strncmp(path, folders[i], strlen(folders[i])) == 0 && *number && strlen(number) < 9 &&
		    strspn(number, "0123456789") == strlen(number))
			return (int)strtol(number, NULL, 10);
	}
	return -1;
}

bool file_is_open(const char *path)
{
	return strcmp(path, "-") == 0 || file_descriptor(path) >= 0;
}

int file_end_output(struct failure *f)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	if (!ferror(stdout) && fflush(stdout) == 0)
		return 0;
	/* errno of an earlier failed write is gone: poll(2) tells whether a reader is at the other end of the pipe. */
	if (errno == EPIPE || (poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLHUP)))
		return 0;
	return fail_errno(f, AT_INPUT, EX_IOERR, "writing to standard output");
}
