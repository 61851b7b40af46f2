#define _GNU_SOURCE /* memmem */
#include "spool/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

enum { STATE_ROOM = 1024 * 1024 };

/* Reads the block in front of the message, and not the message. */
static int read_block(const struct spool *s, struct arena *in, struct entry *e, struct failure *f)
{
	struct slice text;
	struct buf b;
	int rc = -1;

	buf_start(&b, ENTRY_BLOCK);
	for (;;) {
		char piece[4096];
		ssize_t n = file_read_at(e->fd, piece, sizeof piece, b.len);
		size_t from = b.len ? b.len - 1 : 0;
		const char *end;

		/* Where the disk or a lack of memory is to blame, the file may be whole: only an early end, or too long a block, is
		 * a fault of the file. */
		if (n < 0) {
			rc = fail_errno(f, AT_SPOOL, EX_TEMPFAIL, "reading it");
			break;
		}
		if (n == 0 || b.len + (size_t)n > ENTRY_BLOCK) {
			fail(f, AT_SPOOL, EX_DATAERR, "the envelope does not end");
			break;
		}
		if (buf_add(&b, piece, (size_t)n) < 0) {
			fail(f, AT_SPOOL, EX_TEMPFAIL, "no memory for the envelope");
			break;
		}
		end = memmem(b.p + from, b.len - from, "\n\n", 2);
		if (!end)
			continue;
		text.len = (size_t)(end - b.p) + 2;
		text.p = arena_text(in, b.p, text.len);
		e->offset = text.len;
		rc = entry_parse(e, in, &text, f);
		break;
	}
	buf_free(&b);
	return rc < 0 ? failure_in(f, "spool %s: %s", s->path, e->id) : 0;
}

static int read_state(const struct spool *s, int folder, struct arena *in, struct entry *e, struct failure *f)
{
	char name[SPOOL_STATE_NAME];
	struct buf b;
	int fd, rc;

	spool_name_state(name, e->id);
	fd = spool_open_file(s, folder, name, O_RDONLY, f);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	buf_start(&b, STATE_ROOM + 2 * e->envelope.recipients);
	rc = file_slurp(fd, &b) < 0 ? spool_fails(s, name, f) : 0;
	close(fd);
	if (rc == 0 && entry_parse_state(e, in, buf_slice_of(&b), f) < 0)
		rc = failure_in(f, "spool %s: %s", s->path, name);
	buf_free(&b);
	return rc;
}

static int read_all(const struct spool *s, int folder, struct arena *in, struct entry *e, uint64_t size, struct failure *f)
{
	if (read_block(s, in, e, f) < 0 || read_state(s, folder, in, e, f) < 0)
		return -1;
	if (e->offset + e->size == size)
		return 0;
	return fail(f, AT_SPOOL, EX_DATAERR, "spool %s: %s is not as long as it says", s->path, e->id);
}

/* SPOOL_SEEN: the file is open; SPOOL_GONE: there is no such file, or it is no mail; -1. */
static int open_mail(const struct spool *s, int folder, const char *id, int how, struct entry *e, struct failure *f)
{
	*e = (struct entry){.last = "", .fd = -1};
	snprintf(e->id, sizeof e->id, "%s", id);
	e->fd = spool_open_file(s, folder, id, how, f);
	if (e->fd >= 0)
		return SPOOL_SEEN;
	return errno == ENOENT || errno == 0 ? SPOOL_GONE : -1;
}

static int measure(const struct spool *s, const struct entry *e, struct stat *st, struct failure *f)
{
	return fstat(e->fd, st) < 0 ? spool_fails(s, e->id, f) : 0;
}

/* SPOOL_SEEN; or SPOOL_GONE: the file that we have locked is not folder/ID any more, since another runner has removed it, or moved it to
 * failed/; or -1. */
static int check_name(const struct spool *s, int folder, const struct entry *e, const struct stat *ours, struct failure *f)
{
	struct stat st;

	if (fstatat(folder, e->id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? SPOOL_GONE : spool_fails(s, e->id, f);
	return st.st_dev == ours->st_dev && st.st_ino == ours->st_ino ? SPOOL_SEEN : SPOOL_GONE;
}

static int take_entry(const struct spool *s, int folder, struct arena *in, const char *id, unsigned patience, struct entry *e, struct failure *f)
{
	struct stat st;
	/* Opened to write, though nothing is written: NFS gives an exclusive lock only to such a descriptor. */
	int found = open_mail(s, folder, id, O_RDWR, e, f);

	if (found != SPOOL_SEEN)
		return found;
	if (file_lock(e->fd, patience) < 0) {
		found = errno == EWOULDBLOCK ? SPOOL_BUSY : spool_fails(s, id, f);
		spool_release(e);
		return found < 0 ? failure_in(f, "no lock") : found;
	}
	found = measure(s, e, &st, f) < 0 ? -1 : check_name(s, folder, e, &st, f);
	if (found == SPOOL_SEEN && read_all(s, folder, in, e, (uint64_t)st.st_size, f) == 0)
		return SPOOL_TAKEN;
	spool_release(e);
	return found == SPOOL_SEEN ? -1 : found;
}

int spool_look(const struct spool *s, bool failed, struct arena *in, const char *id, struct entry *e, struct failure *f)
{
	int folder = failed ? s->failed : s->queue, found = open_mail(s, folder, id, O_RDONLY, e, f);
	struct stat st;

	if (found == SPOOL_SEEN && (measure(s, e, &st, f) < 0 || read_all(s, folder, in, e, (uint64_t)st.st_size, f) < 0))
		found = -1;
	spool_release(e);
	return found;
}

struct source *spool_message(struct arena *in, const struct entry *e)
{
	return source_file(in, e->fd, e->offset, e->size);
}

bool spool_is_busy(const struct spool *s, const char *id)
{
	struct failure unused;
	int fd = spool_open_file(s, s->queue, id, O_RDONLY, &unused);
	bool busy = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	return busy;
}

int spool_take(const struct spool *s, struct arena *in, const char *id, unsigned patience, struct entry *e, struct failure *f)
{
	return take_entry(s, s->queue, in, id, patience, e, f);
}

int spool_take_failed(const struct spool *s, struct arena *in, const char *id, struct entry *e, struct failure *f)
{
	return take_entry(s, s->failed, in, id, 0, e, f);
}

static void sync_folders(const struct spool *s, bool queue, bool failed)
{
	int error = failed && fsync(s->failed) < 0 ? errno : 0;

	if (queue && fsync(s->queue) < 0)
		error = errno;
	if (error)
		log_warning("spool %s: what is done may be done again after a power cut: %s", s->path, strerror(error));
}

void spool_sync(struct spool *s)
{
	unsigned failed = atomic_exchange(&s->owed_failed, 0), owed = atomic_exchange(&s->owed, 0);

	sync_folders(s, owed, failed);
}

/* Counts a step that waits for spool_sync. If this process dies before, the step stays done; only a power cut can undo it. */
static void owe(struct spool *s, bool failed)
{
	unsigned owed;

	/* Not by spool_sync: another thread may be about to sync this step for us, and not be through. */
	if (!s->grouped) {
		sync_folders(s, true, failed);
		return;
	}
	owed = atomic_fetch_add(&s->owed, 1) + 1;
	if (failed)
		atomic_fetch_add(&s->owed_failed, 1);
	if (owed >= SPOOL_GROUP)
		spool_sync(s);
}

int spool_record(struct spool *s, const struct entry *e, struct failure *f)
{
	char name[SPOOL_STATE_NAME];
	struct buf b;
	int fd, rc;

	spool_name_state(name, e->id);
	fd = spool_open_file(s, s->tmp, name, O_WRONLY | O_CREAT | O_TRUNC, f);
	if (fd < 0)
		return errno ? spool_fails(s, "writing a state", f) : -1;
	(void)!flock(fd, LOCK_EX | LOCK_NB); /* so that spool_sweep knows that this file is being written, whatever the clock says */
	buf_start(&b, STATE_ROOM + 2 * e->envelope.recipients);
	rc = entry_print_state(&b, e) < 0 || file_write(fd, b.p, b.len) < 0 || fsync(fd) < 0 ||
			     renameat(s->tmp, name, s->queue, name) < 0
		     ? spool_fails(s, "writing a state", f)
		     : 0;
	/* Once renamed the state stays, even if the sync of the folder fails: settled recipients must not get the mail again. */
	if (rc == 0)
		owe(s, false);
	if (rc < 0)
		(void)!unlinkat(s->tmp, name, 0);
	close(fd);
	buf_free(&b);
	return rc;
}

/* The mail is removed before its state: a state without its mail does no harm, a mail without its state would be sent to all
 * recipients again. */
int spool_finish(struct spool *s, struct entry *e, bool failed, struct failure *f)
{
	char name[SPOOL_STATE_NAME];

	spool_name_state(name, e->id);
	if (failed ? renameat(s->queue, e->id, s->failed, e->id) < 0 : unlinkat(s->queue, e->id, 0) < 0)
		return spool_fails(s, "taking a mail out of the queue", f);
	if (failed)
		(void)!renameat(s->queue, name, s->failed, name);
	else
		(void)!unlinkat(s->queue, name, 0);
	owe(s, failed);
	return 0;
}

void spool_release(struct entry *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}
