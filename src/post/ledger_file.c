#include "post/ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/trusted.h"

static int fails(const struct ledger_file *w, int error, const char *what, struct failure *f)
{
	bool passes = error == ENOSPC || error == EDQUOT || error == EIO || error == EFBIG || error == ENOMEM;

	errno = error;
	return fail_errno(f, AT_INPUT, passes ? EX_TEMPFAIL : EX_CANTCREAT, "ledger %s: %s", w->path, what);
}

/* What base/trusted says, as a failure of the ledger's. */
static int refused(struct failure *f)
{
	f->stage = AT_INPUT;
	f->exit = EX_CANTCREAT;
	return failure_in(f, "ledger");
}

/* Another process can have put another file into its place between the two opens, or before the lock was had. */
static int check_same(struct ledger_file *w, struct failure *f)
{
	struct stat a, b;

	if (fstat(w->fd, &a) < 0 || fstat(w->read, &b) < 0)
		return fails(w, errno, "looking at it", f);
	w->size = (uint64_t)a.st_size;
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino || a.st_nlink != 1)
		return fail(f, AT_INPUT, EX_TEMPFAIL, "ledger %s was moved just now, or has a second name", w->path);
	return 0;
}

static int open_unnamed(struct ledger_file *w, struct failure *f)
{
	int rc;

	*w = (struct ledger_file){.path = "without a name", .unnamed = true, .fd = file_unnamed(), .read = -1};
	if (w->fd >= 0)
		w->read = fcntl(w->fd, F_DUPFD_CLOEXEC, 0);
	if (w->read >= 0)
		return 0;
	rc = fails(w, errno, "a temporary file", f);
	ledger_file_close(w);
	return rc;
}

int ledger_file_open(struct ledger_file *w, const char *path, struct failure *f)
{
	if (!path)
		return open_unnamed(w, f);
	*w = (struct ledger_file){.path = path, .read = -1};
	w->fd = trusted_append(path, f);
	if (w->fd < 0)
		return refused(f);
	if (file_lock(w->fd, 0) < 0) {
		if (errno == EWOULDBLOCK)
			fail(f, AT_INPUT, EX_TEMPFAIL, "another run is at work with ledger %s", path);
		else
			fails(w, errno, "locking it", f);
		ledger_file_close(w);
		return -1;
	}
	w->read = trusted_open(path, TRUSTED_TEXT | TRUSTED_NO_LINK, f);
	if (w->read < 0)
		refused(f);
	if (w->read < 0 || check_same(w, f) < 0) {
		ledger_file_close(w);
		return -1;
	}
	return 0;
}

int ledger_file_cut(struct ledger_file *w, uint64_t size, struct failure *f)
{
	if (w->size == size)
		return 0;
	if (ftruncate(w->fd, (off_t)size) < 0) {
		w->error = errno;
		return fails(w, errno, "cutting off what was not written to its end", f);
	}
	w->size = size;
	return 0;
}

int ledger_file_check(const struct ledger_file *w, struct failure *f)
{
	int error = w->error;

	return error ? fails(w, error, "nothing is written any more", f) : 0;
}

int ledger_file_check_place(struct ledger_file *w, struct failure *f)
{
	struct stat st;

	if (w->unnamed)
		return 0;
	if (fstat(w->fd, &st) < 0)
		return fails(w, errno, "looking at it", f);
	if (st.st_nlink && (uint64_t)st.st_size >= w->size)
		return 0;
	w->error = ENOENT;
	return fail(f, AT_INPUT, EX_TEMPFAIL, "ledger %s was %s while the run was at work: what is sent could be noted nowhere", w->path,
		    st.st_nlink ? "cut" : "removed");
}

int ledger_file_append(struct ledger_file *w, struct slice octets, struct failure *f)
{
	int error;

	if (ledger_file_check(w, f) < 0)
		return -1;
	if (file_write(w->fd, octets.p, octets.len) == 0) {
		/* A person may have added a line meanwhile: where ours ends is not where the last one ended, and so many octets more. */
		off_t end = lseek(w->fd, 0, SEEK_CUR);

		w->size = end > 0 ? (uint64_t)end : w->size + octets.len;
		return 0;
	}
	error = errno;
	/* Part of a line may be there: the next one would go on with it. */
	if (ftruncate(w->fd, (off_t)w->size) < 0)
		w->error = error;
	return fails(w, error, "writing to it", f);
}

static int sync_by(struct ledger_file *w, int fd, struct failure *f)
{
	int error;

	if (ledger_file_check(w, f) < 0)
		return -1;
	if (w->unnamed || fdatasync(fd) == 0)
		return 0;
	w->error = error = errno;
	return fails(w, error, "writing it to the disk", f);
}

int ledger_file_sync(struct ledger_file *w, struct failure *f)
{
	return sync_by(w, w->fd, f);
}

/* The kernel tells that writing back has failed once to each open descriptor. By this one of its own, a sync of results cannot take
 * the error away from that of a lease which runs at the same time. */
int ledger_file_sync_results(struct ledger_file *w, struct failure *f)
{
	return sync_by(w, w->read, f);
}

int ledger_file_sync_folder(const struct ledger_file *w, struct failure *f)
{
	const char *slash = strrchr(w->path, '/');
	char folder[4096] = ".";
	int fd, rc;

	if (w->unnamed)
		return 0;
	if (slash)
		snprintf(folder, sizeof folder, "%.*s", slash == w->path ? 1 : (int)(slash - w->path), w->path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) /* a folder that we may write and not read cannot be synced */
		return errno == EACCES ? 0 : fails(w, errno, "opening its folder", f);
	rc = fsync(fd);
	if (rc < 0 && errno != EINVAL) /* EINVAL: a file system that does not sync folders */
		fails(w, errno, "writing its folder to the disk", f);
	else
		rc = 0;
	close(fd);
	return rc;
}

void ledger_file_close(struct ledger_file *w)
{
	if (w->fd >= 0)
		close(w->fd);
	if (w->read >= 0)
		close(w->read);
	w->fd = w->read = -1;
}
