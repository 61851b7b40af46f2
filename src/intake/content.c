#include "intake/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "mail/complete.h"

static bool is_input(const char *path)
{
	return strcmp(path, "-") == 0;
}

static int open_path(const char *path)
{
	int fd = file_descriptor(path), flags;

	if (is_input(path))
		return STDIN_FILENO;
	if (fd < 0)
		return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	flags = fcntl(fd, F_GETFD);
	/* A descriptor with FD_CLOEXEC was opened by mysend itself and not passed by its caller: /dev/fd/N must not reach it. */
	if (flags >= 0 && (flags & FD_CLOEXEC)) {
		errno = EBADF;
		return -1;
	}
	/* The descriptor is duplicated, not opened by its name: that would begin the file anew, and fails for a socket. */
	return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

int content_open(const char *path, struct failure *f)
{
	int fd = open_path(path);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		fail(f, AT_INPUT, EX_NOINPUT, "%s: %s", path, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		fail(f, AT_INPUT, EX_NOINPUT, "%s: it is a folder, and no file", path);
	else if (S_ISBLK(st.st_mode) || (S_ISCHR(st.st_mode) && !(is_input(path) && isatty(fd))))
		fail(f, AT_INPUT, EX_NOINPUT, "%s: it is a device, and no file", path);
	else
		return fd;
	content_close(fd);
	return -1;
}

void content_close(int fd)
{
	if (fd > STDERR_FILENO)
		close(fd);
}

/* Copies the rest of the descriptor into an unlinked file: returns that file's descriptor, or -1 and *f. */
static int keep(int from, const char *path, uint64_t *size, struct failure *f)
{
	char piece[CONTENT_SMALL];
	int fd = file_unnamed();
	ssize_t n = 0;

	*size = 0;
	if (fd < 0)
		return fail_errno(f, AT_INPUT, EX_OSERR, "a temporary file for %s", path);
	while ((n = file_read(from, piece, sizeof piece)) > 0) {
		if (file_write(fd, piece, (size_t)n) < 0) {
			fail_errno(f, AT_INPUT, EX_TEMPFAIL, "a temporary file for %s", path);
			failure_hint(f, HINT_TMPDIR);
			close(fd);
			return -1;
		}
		*size += (uint64_t)n;
	}
	if (n < 0) {
		fail_errno(f, AT_INPUT, EX_NOINPUT, "%s", path);
		close(fd);
		return -1;
	}
	return fd;
}

/* A regular file that stands at its beginning: read at once if small, else while it is sent. */
static struct source *regular(struct message *holder, struct arena *in, int fd, uint64_t size, const char *path, struct failure *f)
{
	char piece[CONTENT_SMALL];
	ssize_t n = file_read_at(fd, piece, sizeof piece, 0);

	if (n < 0) {
		fail_errno(f, AT_INPUT, EX_NOINPUT, "%s", path);
		content_close(fd);
		return NULL;
	}
	if ((size_t)n < sizeof piece) {
		content_close(fd);
		return source_text(in, (struct slice){arena_text(in, piece, (size_t)n), (size_t)n});
	}
	if (size <= sizeof piece) { /* a file of /proc has more octets than its size says */
		int kept = keep(fd, path, &size, f);

		content_close(fd);
		fd = kept;
	}
	if (fd < 0)
		return NULL;
	if (fd != STDIN_FILENO)
		message_keep_fd(holder, in, fd);
	return source_named(in, fd, size, path);
}

struct source *content_of(struct message *holder, struct arena *in, const char *path, struct failure *f)
{
	int fd = content_open(path, f), kept;
	struct stat st;
	uint64_t size;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0)
		return regular(holder, in, fd, (uint64_t)st.st_size, path, f);
	kept = keep(fd, path, &size, f);
	content_close(fd);
	if (kept < 0)
		return NULL;
	message_keep_fd(holder, in, kept);
	return source_named(in, kept, size, path);
}

const char *content_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *content_name(const char *path)
{
	return is_input(path) || file_descriptor(path) >= 0 ? NULL : content_last(path);
}
