#include "intake/feed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* A mail program that moves or marks a file changes st_ctime alone, and one that copies a file may set st_mtime to any time. */
static bool is_later(const struct stat *st, time_t began)
{
	return st->st_mtime > began && st->st_ctime > began;
}

static int check_file(int fd, time_t began, struct failure *f)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(f, AT_INPUT, EX_NOINPUT, "reading it");
	if (!S_ISREG(st.st_mode))
		return fail(f, AT_INPUT, EX_NOINPUT, "it is %s, and no file", S_ISDIR(st.st_mode) ? "a folder" : "a device");
	if (is_later(&st, began))
		return fail(f, AT_INPUT, EX_TEMPFAIL, "it came after the run had begun, and is left for the next one");
	return 0;
}

int feed_file_read(struct message *m, struct arena *in, int folder, const char *name, const struct feed_run *run,
		   struct failure *f)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), error, rc;

	if (fd < 0 && errno == ELOOP)
		return fail(f, AT_INPUT, EX_NOINPUT, "it is a link, which is not followed out of a folder");
	if (fd < 0) {
		error = errno;
		fail_errno(f, AT_INPUT, EX_NOINPUT, "opening it");
		errno = error;
		return -1;
	}
	rc = check_file(fd, run->began, f);
	if (rc == 0)
		rc = wide_read(m, in, fd, 0, run->types, NULL, f);
	close(fd);
	errno = 0;
	return rc;
}
