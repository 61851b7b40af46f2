#include "post/pace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "post/pace_owner.h"

enum { REPLACED_MOST = 100 }; /* so often in a row no other process replaces the file */

int pace_file_fails(const struct pace_file *p, const char *what, struct failure *f)
{
	bool passes = errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EMFILE || errno == ENFILE || errno == EIO || errno == EWOULDBLOCK;

	return fail_errno(f, AT_SPOOL, passes ? EX_TEMPFAIL : EX_CANTCREAT, "rate %s: %s", p->path, what);
}

static int put(void *ctx, size_t at, const void *bytes, size_t len)
{
	const struct pace_file *p = ctx;
	ssize_t n;

	do
		n = pwrite(p->fd, bytes, len, (off_t)at);
	while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n < len)
		errno = ENOSPC;
	return n == (ssize_t)len ? 0 : -1;
}

static int sync_file(void *ctx)
{
	const struct pace_file *p = ctx;

	return fdatasync(p->fd);
}

static bool is_gone(void *ctx, const struct pace_owner *who)
{
	const struct pace_file *p = ctx;

	return pace_owner_is_gone(&p->me, who);
}

static void look_at_clocks(struct pace_file *p)
{
	p->time = (struct pace_time){clock_boot(), clock_wall_ms(), p->boot_id, p->host};
}

static void unmap(struct pace_file *p)
{
	if (p->map)
		munmap(p->map, p->store.size);
	p->store.image = p->map = NULL;
}

static void leave(struct pace_file *p)
{
	unmap(p);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/* Whoever can write the file decides how much goes. */
static int check_owner(const struct pace_file *p, const struct stat *st, struct failure *f)
{
	if (st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	return fail(f, AT_SPOOL, EX_CANTCREAT, "rate %s is refused: others than we may write there", p->path);
}

/* 1: there is no such file. */
static int open_file(struct pace_file *p, struct stat *st, struct failure *f)
{
	p->fd = openat(p->folder, p->name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (p->fd < 0 && errno == ENOENT)
		return 1;
	if (p->fd < 0 && (errno == ELOOP || errno == ENXIO || errno == EISDIR))
		return fail(f, AT_SPOOL, EX_CANTCREAT, "rate %s is no regular file", p->path);
	if (p->fd < 0)
		return pace_file_fails(p, "opening it", f);
	if (file_lock(p->fd, PACE_LOCK_MS) < 0 || fstat(p->fd, st) < 0)
		return pace_file_fails(p, "locking it", f);
	if (!S_ISREG(st->st_mode))
		return fail(f, AT_SPOOL, EX_CANTCREAT, "rate %s is no regular file", p->path);
	if (st->st_nlink > 1)
		return fail(f, AT_SPOOL, EX_CANTCREAT, "rate %s is refused: it has a second name (a hard link)", p->path);
	return check_owner(p, st, f);
}

static int map(struct pace_file *p, size_t size, struct failure *f)
{
	void *at = size ? mmap(NULL, size, PROT_READ, MAP_SHARED, p->fd, 0) : NULL;

	if (at == MAP_FAILED)
		return pace_file_fails(p, "mapping it", f);
	p->store.image = p->map = at;
	p->store.size = size;
	return 0;
}

/* Writes the new state beside the old, which stays locked, and puts it in its place. p->fd is the new one then, locked. */
static int put_in_place(struct pace_file *p, struct slice image, struct failure *f)
{
	char new[sizeof p->name + 8];
	int fd;

	snprintf(new, sizeof new, "%s.new", p->name);
	if (unlinkat(p->folder, new, 0) < 0 && errno != ENOENT)
		return pace_file_fails(p, "removing what is in the way of a new one", f);
	fd = openat(p->folder, new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return pace_file_fails(p, "making it", f);
	if (file_write(fd, image.p, image.len) < 0 || fsync(fd) < 0 || flock(fd, LOCK_EX) < 0 ||
	    renameat(p->folder, new, p->folder, p->name) < 0 || fsync(p->folder) < 0) {
		pace_file_fails(p, "writing it", f);
		unlinkat(p->folder, new, 0);
		close(fd);
		return -1;
	}
	leave(p);
	p->fd = fd;
	return map(p, image.len, f);
}

static int begin(struct pace_file *p, enum pace_begin how, struct failure *f)
{
	uint32_t room = pace_state_room(p->rate);
	struct arena scratch = {0};
	char *image;
	int rc;

	if (how == PACE_KEEP && pace_state_room_of(p->store.image) > room)
		room = pace_state_room_of(p->store.image); /* another process has a larger rate */
	image = arena_zeroed(&scratch, 1, pace_state_size(room));
	pace_state_build(image, room, how, p->store.image, p->rate, &p->time);
	rc = put_in_place(p, (struct slice){image, pace_state_size(room)}, f);
	arena_free(&scratch);
	return rc;
}

/* The file is open and locked. */
static int make_sound(struct pace_file *p, size_t size, struct failure *f)
{
	if (map(p, size, f) < 0)
		return -1;
	look_at_clocks(p);
	switch (pace_state_check(p->store.image, size, p->rate, &p->time)) {
	case PACE_SOUND:
		return 0;
	case PACE_UNFIT:
		return begin(p, PACE_KEEP, f);
	case PACE_FOREIGN:
		break;
	case PACE_BROKEN:
		log_warning("rate %s is damaged, and begun anew as if it had just been used up", p->path);
		return begin(p, PACE_FULL, f);
	}
	return fail(f, AT_SPOOL, EX_CANTCREAT, "rate %s is no state of a rate, or one of a later version", p->path);
}

/* Opens the newest file, and makes one where there is none; only with the folder locked is a file replaced. */
static int open_newest(struct pace_file *p, struct failure *f)
{
	struct stat st = {0};
	int rc;

	if (file_lock(p->folder, PACE_LOCK_MS) < 0)
		return pace_file_fails(p, "locking its folder", f);
	rc = open_file(p, &st, f);
	if (rc > 0) {
		look_at_clocks(p);
		rc = begin(p, PACE_EMPTY, f);
	} else if (rc == 0) {
		rc = make_sound(p, (size_t)st.st_size, f);
	}
	if (rc < 0)
		leave(p);
	flock(p->folder, LOCK_UN);
	return rc;
}

int pace_file_lock(struct pace_file *p, struct failure *f)
{
	struct stat st;

	for (int i = 0; i < REPLACED_MOST; i++) {
		if (p->fd < 0) { /* it is locked when it is open */
			if (open_newest(p, f) < 0)
				return -1;
		} else if (file_lock(p->fd, PACE_LOCK_MS) < 0) {
			return pace_file_fails(p, "locking it", f);
		}
		if (fstat(p->fd, &st) < 0)
			return pace_file_fails(p, "looking at it", f);
		if (st.st_nlink == 1 && st.st_size == (off_t)p->store.size) {
			look_at_clocks(p);
			return 0;
		}
		leave(p);
	}
	errno = EWOULDBLOCK;
	return pace_file_fails(p, "it is replaced again and again", f);
}

void pace_file_unlock(struct pace_file *p)
{
	if (p->fd >= 0)
		flock(p->fd, LOCK_UN);
}

static int open_folder(struct pace_file *p, const char *folder, struct failure *f)
{
	struct stat st;

	if (file_make_folders(folder) < 0)
		return pace_file_fails(p, "making its folder", f);
	p->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->folder < 0 || fstat(p->folder, &st) < 0)
		return pace_file_fails(p, "opening its folder", f);
	return check_owner(p, &st, f);
}

int pace_file_open(struct pace_file *p, const char *folder, const char *name, const struct rate *r, struct failure *f)
{
	*p = (struct pace_file){.fd = -1, .folder = -1, .rate = r, .store = {NULL, 0, put, sync_file, is_gone, p}};
	snprintf(p->name, sizeof p->name, "%s", name);
	snprintf(p->path, sizeof p->path, "%s/%s", folder, name);
	pace_owner_host(p->boot_id, p->host);
	p->me = pace_owner_me(p->boot_id);
	if (open_folder(p, folder, f) == 0 && pace_file_lock(p, f) == 0) {
		pace_file_unlock(p);
		return 0;
	}
	pace_file_close(p);
	return -1;
}

void pace_file_close(struct pace_file *p)
{
	leave(p);
	if (p->folder >= 0)
		close(p->folder);
	p->folder = -1;
}
