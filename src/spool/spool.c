#include "spool/inside.h"

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
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

enum { PIECE = 64 * 1024 };

static int open_folder(int at, const char *name, bool make)
{
	if (make && file_make_folder(at, name, ".", 0700) < 0)
		return -1;
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

enum use { LOOK, USE, MAKE };

/* A folder that others may write is refused: they could put mail there, which we would send in our name. */
static int check_owner(const struct spool *s, int fd, const char *folder, enum use how, struct failure *f)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return spool_fails(s, "looking at it", f);
	/* Root may look at another user's spool, but by that user's rules: a spool that no run would use must not be reported as
	 * fine. */
	if ((st.st_uid != geteuid() && !(how == LOOK && geteuid() == 0)) || st.st_mode & (S_IWGRP | S_IWOTH)) {
		fail(f, AT_SPOOL, EX_CANTCREAT, "spool %s%s%s is refused: others than we may write there", s->path, *folder ? "/" : "", folder);
		return failure_hint(f, HINT_SPOOL_OURS);
	}
	return 0;
}

static int open_folders(struct spool *s, int top, enum use how, struct failure *f)
{
	static const char *const names[] = {"tmp", "queue", "failed"};
	int *const to[] = {&s->tmp, &s->queue, &s->failed};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		*to[i] = open_folder(top, names[i], how == MAKE);
		if (*to[i] < 0)
			return errno == ENOENT && how != MAKE ? 1 : spool_fails(s, "opening its folders", f);
		if (check_owner(s, *to[i], names[i], how, f) < 0)
			return -1;
	}
	return 0;
}

/* There is no path. */
static int no_place(struct failure *f)
{
	fail(f, AT_SPOOL, EX_CONFIG, "there is no place for it: no home directory is known");
	return failure_hint(f, HINT_SPOOL_WHERE);
}

/* A folder on the way cannot be made: errno says why. */
static int not_made(const struct spool *s, struct failure *f)
{
	bool denied = errno == EACCES || errno == EPERM || errno == EROFS || errno == ENOTDIR;

	spool_fails(s, "making it", f);
	return denied ? failure_hint(f, HINT_SPOOL_DENIED) : -1;
}

static int open_spool(struct spool *s, const char *path, enum use how, struct failure *f)
{
	int top, rc;

	*s = (struct spool){.path = path, .tmp = -1, .queue = -1, .failed = -1};
	if (how == MAKE && !*path)
		return no_place(f);
	if (how == MAKE && file_make_folders(path) < 0)
		return not_made(s, f);
	top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 && errno == ENOENT && how != MAKE)
		return 1;
	if (top < 0)
		return spool_fails(s, "opening it", f);
	rc = check_owner(s, top, "", how, f);
	if (rc == 0)
		rc = open_folders(s, top, how, f);
	close(top);
	if (rc != 0)
		spool_close(s);
	return rc;
}

int spool_open(struct spool *s, const char *path, bool make, struct failure *f)
{
	return open_spool(s, path, make ? MAKE : USE, f);
}

int spool_open_to_look(struct spool *s, const char *path, struct failure *f)
{
	return open_spool(s, path, LOOK, f);
}

/* The folders of the path that are missing could be made in the last one that is there. */
static int could_be_made(const struct spool *s, struct failure *f)
{
	char above[4096];
	size_t len = strlen(s->path);

	if (len >= sizeof above)
		return fail(f, AT_SPOOL, EX_CANTCREAT, "spool %s: the path is too long", s->path);
	snprintf(above, sizeof above, "%s", s->path);
	while (len && faccessat(AT_FDCWD, above, F_OK, AT_EACCESS) < 0 && errno == ENOENT) {
		while (len && above[len - 1] == '/')
			len--;
		while (len && above[len - 1] != '/')
			len--;
		above[len] = '\0';
	}
	if (faccessat(AT_FDCWD, len ? above : ".", W_OK | X_OK, AT_EACCESS) < 0)
		return not_made(s, f);
	return 1;
}

int spool_open_to_check(struct spool *s, const char *path, struct failure *f)
{
	int rc;

	*s = (struct spool){.path = path, .tmp = -1, .queue = -1, .failed = -1};
	if (!*path)
		return no_place(f);
	if (faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) < 0)
		return could_be_made(s, f);
	rc = open_spool(s, path, USE, f);
	if (rc == 1 && faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) < 0)
		return spool_fails(s, "opening its folders", f);
	if (rc == 0 && (faccessat(s->tmp, ".", W_OK | X_OK, AT_EACCESS) < 0 || faccessat(s->queue, ".", W_OK | X_OK, AT_EACCESS) < 0)) {
		spool_fails(s, "writing to it", f);
		spool_close(s);
		return -1;
	}
	return rc;
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
	int rc;

	buf_start(&block, ENTRY_BLOCK);
	rc = entry_print(&block, e, f);
	if (rc == 0 && file_write(fd, block.p, block.len) < 0)
		rc = spool_fails(s, "writing a mail", f);
	buf_free(&block);
	if (rc < 0)
		return -1;
	rc = copy(message, fd, f);
	if (rc > 0)
		return spool_fails(s, "writing a mail", f);
	if (rc < 0)
		return -1;
	return fsync(fd) < 0 ? spool_fails(s, "writing a mail", f) : 0;
}

int spool_accept(struct spool *s, struct entry *e, struct source *message, struct failure *f)
{
	struct failure unused;
	bool ours;
	int fd, rc;

	e->size = message->size;
	if (!*e->id && spool_name(s, e->id, f) < 0)
		return -1;
	/* O_EXCL, except for a bounce: its name is always the same, and a file that a crash has left is written anew. */
	fd = spool_open_file(s, s->tmp, e->id, O_WRONLY | O_CREAT | (spool_is_bounce(e->id) ? O_TRUNC : O_EXCL), f);
	if (fd < 0)
		return errno ? spool_fails(s, "making a file", f) : -1;
	/* The lock tells spool_sweep that the file is being written, and keeps runners off the mail until its state is there. */
	ours = flock(fd, LOCK_EX | LOCK_NB) == 0;
	rc = write_entry(s, e, message, fd, f);
	if (rc == 0 && renameat(s->tmp, e->id, s->queue, e->id) < 0)
		rc = spool_fails(s, "putting a mail into the queue", f);
	else if (rc == 0 && fsync(s->queue) < 0) {
		/* The caller is told that the mail was not accepted, so it must not be sent: the rename is undone. */
		rc = spool_fails(s, "putting a mail into the queue", f);
		(void)!unlinkat(s->queue, e->id, 0);
	}
	/* From here on the mail is safe. Without its state it is due at once. */
	if (rc == 0 && ours && e->attempts && spool_record(s, e, &unused) < 0)
		log_debug("%s", unused.text);
	if (rc < 0)
		(void)!unlinkat(s->tmp, e->id, 0);
	close(fd);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static DIR *open_list(const struct spool *s, bool failed, struct failure *f)
{
	int fd = openat(failed ? s->failed : s->queue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (folder)
		return folder;
	if (fd >= 0)
		close(fd);
	(void)spool_fails(s, "reading the queue", f);
	return NULL;
}

static void sort(struct spool_names *names)
{
	if (names->count)
		qsort(names->name, names->count, sizeof *names->name, by_name);
}

int spool_list(const struct spool *s, bool failed, struct arena *in, struct spool_names *out, struct failure *f)
{
	DIR *folder = open_list(s, failed, f);
	struct dirent *d;

	*out = (struct spool_names){.count = 0};
	if (!folder)
		return -1;
	while ((d = readdir(folder)) && out->count < SPOOL_NAMES) {
		if (!spool_is_name(d->d_name))
			continue;
		out->name = arena_grow(in, out->name, out->count, &out->room, sizeof *out->name);
		memcpy(out->name[out->count++], d->d_name, strlen(d->d_name) + 1);
	}
	closedir(folder);
	sort(out);
	return 0;
}

/* A random number below so many. It need not be secret. */
static size_t chance(uint64_t *state, size_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (size_t)(*state % below);
}

/* Reservoir sampling: the nth name replaces one of those kept with the probability most/n, so that in the end each name is kept
 * with the same probability. */
int spool_sample(const struct spool *s, size_t most, struct arena *in, struct spool_names *out, bool *whole, struct failure *f)
{
	DIR *folder = open_list(s, false, f);
	uint64_t state = 0;
	size_t seen = 0;
	struct dirent *d;

	*out = (struct spool_names){arena_zeroed(in, most, sizeof *out->name), 0, most};
	if (!folder)
		return -1;
	(void)!getrandom(&state, sizeof state, 0);
	state |= 1;
	while ((d = readdir(folder)) && seen < SPOOL_NAMES) {
		size_t at;

		if (!spool_is_name(d->d_name))
			continue;
		at = seen++ < most ? out->count++ : chance(&state, seen);
		if (at < most)
			memcpy(out->name[at], d->d_name, strlen(d->d_name) + 1);
	}
	closedir(folder);
	*whole = seen <= most;
	sort(out);
	return 0;
}
