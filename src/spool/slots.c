#include "spool/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

int slots_take(const char *path, uid_t user, unsigned most, int *fd, struct failure *f)
{
	struct stat st;

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	if (*fd < 0)
		return fail_errno(f, AT_SPOOL, EX_CANTCREAT, "%s", path);
	if (fstat(*fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(*fd);
		*fd = -1;
		return fail(f, AT_SPOOL, EX_CANTCREAT, "%s is no regular file", path);
	}
	for (unsigned i = 0; i < most && i < SLOTS_MOST; i++) {
		struct flock one = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)user * SLOTS_MOST + (off_t)i, .l_len = 1};

		if (fcntl(*fd, F_SETLK, &one) == 0)
			return SLOT_TAKEN;
		if (errno != EACCES && errno != EAGAIN) {
			fail_errno(f, AT_SPOOL, EX_CANTCREAT, "%s: no lock", path);
			close(*fd);
			*fd = -1;
			return -1;
		}
	}
	close(*fd);
	*fd = -1;
	return SLOT_NONE;
}
