#include "spool/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

int spool_fails(const struct spool *s, const char *what, struct failure *f)
{
	bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EMFILE || errno == ENFILE || errno == EIO;

	return fail_errno(f, AT_SPOOL, full ? EX_TEMPFAIL : EX_CANTCREAT, "spool %s: %s", s->path, what);
}

int spool_open_file(const struct spool *s, int folder, const char *name, int how, struct failure *f)
{
	int fd = openat(folder, name, how | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600), saved;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	saved = fd < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	if (saved == ENXIO || saved == EISDIR || saved == ELOOP) /* a socket or a FIFO, a folder, a link */
		saved = 0;
	errno = saved;
	if (saved)
		spool_fails(s, name, f);
	else
		fail(f, AT_SPOOL, EX_CANTCREAT, "spool %s: %s is no regular file", s->path, name);
	errno = saved;
	return -1;
}
