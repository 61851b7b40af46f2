#include "spool/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

enum { STALE_SECONDS = 3600, NAME_ROOM = 300 };

typedef void visit(const struct spool *s, const struct dirent *d, void *ctx);

static int each(const struct spool *s, int folder, visit *of, void *ctx)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!list) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((d = readdir(list)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			of(s, d, ctx);
	closedir(list);
	return 0;
}

/* Moves the file to failed/ and warns. It is not deleted, since it may be mail. */
static void set_aside(const struct spool *s, int folder, const char *name)
{
	char to[NAME_ROOM];

	for (unsigned i = 0; i < 1000; i++) {
		if (snprintf(to, sizeof to, i ? "%s.%u" : "%s", name, i) >= (int)sizeof to)
			break;
		if (faccessat(s->failed, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (renameat(folder, name, s->failed, to) == 0)
			log_warning("spool %s: %s is none of our files: it is kept as failed/%s", s->path, name, to);
		return;
	}
}

/* Deletes a file of tmp/ that is old and not locked: the process that wrote it has died. */
static void sweep_tmp(const struct spool *s, const struct dirent *d, void *ctx)
{
	const time_t *now = ctx;
	char id[SPOOL_ID];
	struct failure unused;
	struct stat st;
	int fd;

	if (!spool_is_name(d->d_name) && !spool_is_state(d->d_name, id)) {
		set_aside(s, s->tmp, d->d_name);
		return;
	}
	fd = spool_open_file(s, s->tmp, d->d_name, O_RDWR, &unused);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && *now - st.st_mtime > STALE_SECONDS)
		(void)!unlinkat(s->tmp, d->d_name, 0);
	close(fd);
}

/* Deletes a state of queue/ whose mail is gone. Where the mail is in failed/, the state belongs there
 * and is moved; another runner may be about to do the same. */
static void sweep_state(const struct spool *s, const char *name, const char *id)
{
	if (faccessat(s->queue, id, F_OK, 0) == 0 || errno != ENOENT)
		return;
	if (faccessat(s->failed, id, F_OK, 0) == 0)
		(void)!renameat(s->queue, name, s->failed, name);
	else
		(void)!unlinkat(s->queue, name, 0);
}

static void sweep_queue(const struct spool *s, const struct dirent *d, void *ctx)
{
	char id[SPOOL_ID];

	(void)ctx;
	if (spool_is_state(d->d_name, id))
		sweep_state(s, d->d_name, id);
	else if (!spool_is_name(d->d_name) || (d->d_type != DT_REG && d->d_type != DT_UNKNOWN))
		set_aside(s, s->queue, d->d_name);
}

/* A state in failed/ whose mail is gone is left from a delete that a crash interrupted. Where the mail is in queue/ (moved back by
 * hand), the state is kept: it records which recipients have got the mail. */
static void sweep_failed(const struct spool *s, const struct dirent *d, void *ctx)
{
	char id[SPOOL_ID];

	(void)ctx;
	if (spool_is_state(d->d_name, id) && faccessat(s->failed, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT &&
	    faccessat(s->queue, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		(void)!unlinkat(s->failed, d->d_name, 0);
}

void spool_sweep(const struct spool *s)
{
	time_t now = time(NULL);

	(void)!each(s, s->tmp, sweep_tmp, &now);
	(void)!each(s, s->queue, sweep_queue, NULL);
	(void)!each(s, s->failed, sweep_failed, NULL);
}

struct failed_mail {
	char id[SPOOL_ID];
	struct timespec when; /* when the mail came into failed/ */
};

struct given_up {
	struct failed_mail *mail;
	size_t count, room;
};

static void note_failed(const struct spool *s, const struct dirent *d, void *ctx)
{
	struct given_up *all = ctx;
	struct stat st;

	if (!spool_is_name(d->d_name) || fstatat(s->failed, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return;
	if (all->count == all->room) {
		size_t room = all->room ? 2 * all->room : 64;
		void *more = realloc(all->mail, room * sizeof *all->mail);

		if (!more)
			return;
		all->mail = more;
		all->room = room;
	}
	memcpy(all->mail[all->count].id, d->d_name, strlen(d->d_name) + 1);
	all->mail[all->count++].when = st.st_ctim;
}

int spool_forget(const struct spool *s, const struct entry *e, struct failure *f)
{
	char state[SPOOL_STATE_NAME];

	spool_name_state(state, e->id);
	if (unlinkat(s->failed, e->id, 0) < 0)
		return spool_fails(s, "deleting a mail that was given up", f);
	(void)!unlinkat(s->failed, state, 0);
	return 0;
}

/* A file that cannot be read as a mail is not deleted, since it cannot be told what it holds. */
static void delete_failed(const struct spool *s, const char *id)
{
	struct arena scratch = {.block = NULL};
	struct failure ignored;
	struct entry e;

	if (spool_take_failed(s, &scratch, id, &e, &ignored) == SPOOL_TAKEN) {
		(void)!spool_forget(s, &e, &ignored);
		spool_release(&e);
	}
	arena_free(&scratch);
}

static int newest_first(const void *a, const void *b)
{
	const struct failed_mail *x = a, *y = b;

	if (x->when.tv_sec != y->when.tv_sec)
		return x->when.tv_sec < y->when.tv_sec ? 1 : -1;
	return (y->when.tv_nsec > x->when.tv_nsec) - (y->when.tv_nsec < x->when.tv_nsec);
}

void spool_prune(const struct spool *s, time_t lifetime, size_t most)
{
	struct given_up all = {.mail = NULL};
	time_t now = time(NULL);

	(void)!each(s, s->failed, note_failed, &all);
	if (all.count)
		qsort(all.mail, all.count, sizeof *all.mail, newest_first);
	for (size_t i = 0; i < all.count; i++)
		if (i >= most || now - all.mail[i].when.tv_sec > lifetime)
			delete_failed(s, all.mail[i].id);
	free(all.mail);
}

int spool_has_room(const struct spool *s, bool *room, struct failure *f)
{
	static const char block[4096];
	char name[SPOOL_ID];
	int fd, rc, saved;

	if (spool_name(s, name, f) < 0)
		return -1;
	fd = openat(s->tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	rc = fd < 0 ? -1 : file_write(fd, block, sizeof block);
	saved = errno;
	if (fd >= 0 && close(fd) < 0 && rc == 0) { /* NFS reports a failed write at close */
		rc = -1;
		saved = errno;
	}
	if (fd >= 0)
		(void)!unlinkat(s->tmp, name, 0);
	errno = saved;
	*room = rc == 0;
	return rc == 0 || errno == ENOSPC || errno == EDQUOT ? 0 : spool_fails(s, "it is not run", f);
}

struct measure {
	struct spool_sum *sum;
	const uid_t *user;
};

/* A mail that cannot be read counts for no user. */
static bool is_of(const struct spool *s, const char *id, uid_t user)
{
	struct failure unused;
	int fd = spool_open_file(s, s->queue, id, O_RDONLY, &unused);
	char text[64];
	ssize_t n = fd < 0 ? -1 : file_read_at(fd, text, sizeof text, 0);
	uid_t found;

	if (fd >= 0)
		close(fd);
	return n > 0 && entry_user((struct slice){text, (size_t)n}, &found) && found == user;
}

static void add_up(const struct spool *s, const struct dirent *d, void *ctx)
{
	struct measure *m = ctx;
	struct stat st;

	if (!spool_is_name(d->d_name) || fstatat(s->queue, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	m->sum->octets += (uint64_t)st.st_size;
	m->sum->mails++;
	if (!m->user || !is_of(s, d->d_name, *m->user))
		return;
	m->sum->own_octets += (uint64_t)st.st_size;
	m->sum->own_mails++;
}

int spool_measure(const struct spool *s, const uid_t *user, struct spool_sum *sum, struct failure *f)
{
	struct measure m = {.user = user};

	*sum = (struct spool_sum){0};
	m.sum = sum;
	return each(s, s->queue, add_up, &m) < 0 ? spool_fails(s, "reading the queue", f) : 0;
}
