#define _GNU_SOURCE /* memmem */
#include "spool/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

enum { PIECE = 64 * 1024, STATE_ROOM = 1024 * 1024 };

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

static int spool_fails(const struct spool *s, const char *what, struct failure *f)
{
	bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EMFILE || errno == ENFILE || errno == EIO;

	return fail_errno(f, AT_SPOOL, full ? EX_TEMPFAIL : EX_CANTCREAT, "spool %s: %s", s->path, what);
}

/* Each folder on the way, the last ones for us alone. */
static int make_folders(const char *path)
{
	char part[4096];

	if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (char *p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -1;
		*p = '/';
	}
	return mkdir(part, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

static int open_folder(int at, const char *name, bool make)
{
	if (make && mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -1;
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* Nobody else may put mail there that we would send in our name. */
static int check_owner(const struct spool *s, int fd, struct failure *f)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return spool_fails(s, "looking at it", f);
	if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH)) {
		fail(f, AT_SPOOL, EX_CANTCREAT, "spool %s is refused: others than we may write there", s->path);
		return failure_hint(f, "it has to be ours, with mode 0700");
	}
	return 0;
}

int spool_open(struct spool *s, const char *path, bool make, struct failure *f)
{
	int top;

	*s = (struct spool){path, -1, -1, -1};
	if (make && make_folders(path) < 0)
		return spool_fails(s, "making it", f);
	top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 && errno == ENOENT && !make)
		return 1;
	if (top < 0)
		return spool_fails(s, "opening it", f);
	if (check_owner(s, top, f) < 0) {
		close(top);
		return -1;
	}
	s->tmp = open_folder(top, "tmp", make);
	s->queue = s->tmp < 0 ? -1 : open_folder(top, "queue", make);
	s->failed = s->queue < 0 ? -1 : open_folder(top, "failed", make);
	if (s->failed < 0) {
		int gone = errno == ENOENT && !make ? 1 : spool_fails(s, "opening its folders", f);

		close(top);
		spool_close(s);
		return gone;
	}
	close(top);
	return 0;
}

void spool_close(struct spool *s)
{
	if (s->tmp >= 0)
		close(s->tmp);
	if (s->queue >= 0)
		close(s->queue);
	if (s->failed >= 0)
		close(s->failed);
	s->tmp = s->queue = s->failed = -1;
}

/* Sorted by time, and unlike any other, wherever it is made: ten digits of milliseconds, and 80 random bits. */
int spool_name(const struct spool *s, char id[SPOOL_ID], struct failure *f)
{
	unsigned char random[16];
	struct timespec now;
	uint64_t ms;

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return spool_fails(s, "a name for a mail", f);
	clock_gettime(CLOCK_REALTIME, &now);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	for (int i = 9; i >= 0; i--, ms /= 32)
		id[i] = digits[ms % 32];
	for (int i = 0; i < 16; i++)
		id[10 + i] = digits[random[i] % 32];
	id[26] = '\0';
	return 0;
}

void spool_name_bounce(char id[SPOOL_ID], const struct entry *of)
{
	snprintf(id, SPOOL_ID, "%.26s.b%u", of->id, of->attempts % 1000);
}

/* Of a mail, or of its bounce. */
static bool is_id(const char *name)
{
	if (strspn(name, digits) != 26)
		return false;
	return !name[26] || (memcmp(name + 26, ".b", 2) == 0 && name[28] && strlen(name + 28) <= 3 &&
			     !name[28 + strspn(name + 28, "0123456789")]);
}

static int copy(struct source *from, int fd, struct failure *f)
{
	char piece[PIECE];
	uint64_t all = 0;
	size_t got;

	if (from->rewind(from, f) < 0)
		return -1;
	do {
		if (from->pull(from, piece, sizeof piece, &got, f) < 0)
			return -1;
		if (file_write(fd, piece, got) < 0)
			return 1;
		all += got;
	} while (got);
	return all == from->size ? 0 : fail(f, AT_SPOOL, EX_IOERR, "the message changed while it was written");
}

static int write_entry(const struct spool *s, const struct entry *e, struct source *message, int fd, struct failure *f)
{
	struct buf block;
	int ok;

	buf_start(&block, ENTRY_BLOCK);
	ok = entry_print(&block, e);
	if (ok < 0)
		fail(f, AT_SPOOL, EX_DATAERR, "the envelope is too large for the spool");
	else if (file_write(fd, block.p, block.len) < 0)
		ok = spool_fails(s, "writing a mail", f);
	buf_free(&block);
	if (ok < 0)
		return -1;
	ok = copy(message, fd, f);
	if (ok > 0)
		return spool_fails(s, "writing a mail", f);
	if (ok < 0)
		return -1;
	return fsync(fd) < 0 ? spool_fails(s, "writing a mail", f) : 0;
}

int spool_accept(struct spool *s, struct entry *e, struct source *message, struct failure *f)
{
	int fd, ok;

	e->size = message->size;
	if (!*e->id && spool_name(s, e->id, f) < 0)
		return -1;
	/* O_EXCL, but for the name of a bounce: what a crash has left of it is written anew. */
	fd = openat(s->tmp, e->id, O_WRONLY | O_CREAT | (e->id[26] ? O_TRUNC : O_EXCL) | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return spool_fails(s, "making a file", f);
	(void)!flock(fd, LOCK_EX | LOCK_NB); /* so that spool_sweep knows that we are at it */
	ok = write_entry(s, e, message, fd, f);
	if (ok == 0 && renameat(s->tmp, e->id, s->queue, e->id) < 0)
		ok = spool_fails(s, "putting a mail into the queue", f);
	else if (ok == 0 && fsync(s->queue) < 0) {
		/* Who is told "no" must not have it sent all the same. */
		ok = spool_fails(s, "putting a mail into the queue", f);
		(void)!unlinkat(s->queue, e->id, 0);
	}
	/* From here on the mail is safe. */
	if (ok < 0)
		(void)!unlinkat(s->tmp, e->id, 0);
	close(fd);
	return ok;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

int spool_list(const struct spool *s, struct arena *in, struct spool_names *out, struct failure *f)
{
	int fd = openat(s->queue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	*out = (struct spool_names){.count = 0};
	if (!folder) {
		if (fd >= 0)
			close(fd);
		return spool_fails(s, "reading the queue", f);
	}
	while ((d = readdir(folder)) && out->count < SPOOL_NAMES) {
		if (!is_id(d->d_name))
			continue;
		out->name = arena_grow(in, out->name, out->count, &out->room, sizeof *out->name);
		memcpy(out->name[out->count++], d->d_name, strlen(d->d_name) + 1);
	}
	closedir(folder);
	if (out->count)
		qsort(out->name, out->count, sizeof *out->name, by_name);
	return 0;
}

/* The block in front of the message; the message stays where it is. */
static int read_block(const struct spool *s, struct arena *in, struct entry *e, struct failure *f)
{
	struct slice text;
	struct buf b;
	int ok = -1;

	buf_start(&b, ENTRY_BLOCK);
	for (;;) {
		char piece[4096];
		ssize_t n = file_read_at(e->fd, piece, sizeof piece, b.len);
		size_t from = b.len ? b.len - 1 : 0;
		const char *end;

		if (n <= 0 || buf_add(&b, piece, (size_t)n) < 0) {
			fail(f, AT_SPOOL, EX_DATAERR, "the envelope does not end");
			break;
		}
		end = memmem(b.p + from, b.len - from, "\n\n", 2);
		if (!end)
			continue;
		e->offset = (uint64_t)(end - b.p) + 2;
		text = (struct slice){arena_text(in, b.p, e->offset), e->offset};
		ok = entry_parse(e, in, &text, f);
		break;
	}
	buf_free(&b);
	return ok < 0 ? failure_in(f, "spool %s: queue/%s", s->path, e->id) : 0;
}

static int read_state(const struct spool *s, struct arena *in, struct entry *e, struct failure *f)
{
	char name[SPOOL_ID + 8];
	struct buf b;
	int fd, ok;

	snprintf(name, sizeof name, "%s.state", e->id);
	fd = openat(s->queue, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : spool_fails(s, name, f);
	buf_start(&b, STATE_ROOM + 2 * e->envelope.recipients);
	ok = file_slurp(fd, &b) < 0 ? spool_fails(s, name, f) : 0;
	close(fd);
	if (ok == 0)
		ok = entry_parse_state(e, in, buf_slice_of(&b), f);
	buf_free(&b);
	return ok < 0 ? failure_in(f, "%s", name) : 0;
}

int spool_take(const struct spool *s, struct arena *in, const char *id, struct entry *e, struct failure *f)
{
	struct stat st;
	bool ours;

	*e = (struct entry){.last = "", .fd = -1};
	snprintf(e->id, sizeof e->id, "%s", id);
	e->fd = openat(s->queue, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (e->fd < 0)
		return errno == ENOENT ? SPOOL_GONE : spool_fails(s, id, f);
	ours = flock(e->fd, LOCK_EX | LOCK_NB) == 0;
	/* Whoever had it before may be through with it. */
	if (fstat(e->fd, &st) < 0 || st.st_nlink == 0 || !S_ISREG(st.st_mode)) {
		spool_release(e);
		return SPOOL_GONE;
	}
	if (read_block(s, in, e, f) < 0 || read_state(s, in, e, f) < 0) {
		spool_release(e);
		return -1;
	}
	if (e->offset + e->size != (uint64_t)st.st_size) {
		spool_release(e);
		return fail(f, AT_SPOOL, EX_DATAERR, "spool %s: queue/%s is not as long as it says", s->path, id);
	}
	if (!ours)
		spool_release(e);
	return ours ? SPOOL_TAKEN : SPOOL_BUSY;
}

int spool_record(const struct spool *s, const struct entry *e, struct failure *f)
{
	char name[SPOOL_ID + 8];
	struct buf b;
	int fd, ok;

	snprintf(name, sizeof name, "%s.state", e->id);
	fd = openat(s->tmp, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return spool_fails(s, "writing a state", f);
	buf_start(&b, STATE_ROOM + 2 * e->envelope.recipients);
	ok = entry_print_state(&b, e) < 0 || file_write(fd, b.p, b.len) < 0 || fsync(fd) < 0 ||
			     renameat(s->tmp, name, s->queue, name) < 0
		     ? spool_fails(s, "writing a state", f)
		     : 0;
	/* Once renamed it stays, whatever becomes of the folder: settled recipients must not get it again. */
	if (ok == 0 && fsync(s->queue) < 0)
		log_warning("spool %s: a state may not survive a power cut: %s", s->path, strerror(errno));
	if (ok < 0)
		(void)!unlinkat(s->tmp, name, 0);
	close(fd);
	buf_free(&b);
	return ok;
}

/* The mail goes first: a state without its mail is nothing, a mail without its state would be sent to all again. */
int spool_finish(const struct spool *s, struct entry *e, bool failed, struct failure *f)
{
	char name[SPOOL_ID + 8];

	snprintf(name, sizeof name, "%s.state", e->id);
	if (failed ? renameat(s->queue, e->id, s->failed, e->id) < 0 : unlinkat(s->queue, e->id, 0) < 0)
		return spool_fails(s, "taking a mail out of the queue", f);
	if (failed)
		(void)!renameat(s->queue, name, s->failed, name);
	else
		(void)!unlinkat(s->queue, name, 0);
	if (fsync(s->queue) < 0 || (failed && fsync(s->failed) < 0))
		log_warning("spool %s: what is done may be done again after a power cut: %s", s->path, strerror(errno));
	return 0;
}

void spool_release(struct entry *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}
