#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_PATH */
#endif
#include "base/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/pseudo.h"

#ifdef O_PATH
#define SEARCH O_PATH /* a folder that may be passed through need not be readable */
#elif defined O_SEARCH
#define SEARCH O_SEARCH
#else
#define SEARCH O_RDONLY
#endif

enum { PATH_OCTETS = 4096, NAME_OCTETS = 256 };

static bool is_ours(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

/* No error, but an entry that is not there (getgrnam(3) lists what systems say then). */
static bool is_absent(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

/* False where somebody else is in it, or nobody can say. Whose first group it is stands in no list of members. */
static bool group_is_ours(gid_t gid)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* a walk through passwd is the process's, not a thread's */
	const struct passwd *pw = NULL;
	const struct group *gr;
	bool ours;

	pthread_mutex_lock(&lock);
	errno = 0;
	gr = getgrgid(gid);
	ours = gr || is_absent(errno);
	for (char **name = gr ? gr->gr_mem : NULL; name && *name && ours; name++) {
		pw = getpwnam(*name);
		ours = pw && is_ours(pw->pw_uid);
	}
	setpwent();
	do {
		errno = 0;
		pw = ours ? getpwent() : NULL;
		ours = ours && (pw ? pw->pw_gid != gid || is_ours(pw->pw_uid) : is_absent(errno));
	} while (pw && ours);
	endpwent();
	pthread_mutex_unlock(&lock);
	return ours;
}

/* Somebody else may write it. */
static bool is_shared(const struct stat *st)
{
	return !is_ours(st->st_uid) || st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && !group_is_ours(st->st_gid));
}

/* A path on the way to its file. */
struct way {
	int folder;
	char name[NAME_OCTETS]; /* in it */
	char rest[PATH_OCTETS]; /* behind the name */
	unsigned links;
	bool astray; /* there was a link that somebody else can have made */
	char at[PATH_OCTETS];	  /* the folder, as far as it was named */
	char shared[PATH_OCTETS]; /* the first folder on the way in which somebody else can put another thing; or "" */
};

static int too_long(void)
{
	errno = ENAMETOOLONG;
	return -1;
}

/* In a sticky one nobody takes away what is ours, and whose the next one is gets looked at there. */
static void note_shared(struct way *w, const char *name)
{
	size_t len = *name == '/' ? 0 : strlen(w->at);
	struct stat st;

	snprintf(w->at + len, sizeof w->at - len, "%s%s", len && w->at[len - 1] != '/' ? "/" : "", name);
	if (!*w->shared && (fstat(w->folder, &st) < 0 || !is_ours(st.st_uid) || (is_shared(&st) && !(st.st_mode & S_ISVTX))))
		memcpy(w->shared, w->at, sizeof w->at);
}

static int step_into(struct way *w, const char *name)
{
	int fd = openat(w->folder, name, SEARCH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (w->folder >= 0)
		close(w->folder);
	w->folder = fd;
	note_shared(w, name);
	return 0;
}

/* Puts what is left of the path before the name and the rest again. */
static int go_on(struct way *w, const char *path)
{
	char whole[2 * PATH_OCTETS];

	if (snprintf(whole, sizeof whole, "%s%s%s", path, *w->rest ? "/" : "", w->rest) >= PATH_OCTETS)
		return too_long();
	memcpy(w->rest, whole, strlen(whole) + 1);
	return *path == '/' ? step_into(w, "/") : 0;
}

/* The target of the link that the name is, which is then no other's: -1 where it is no link. A link is as good as who made it, or as
 * a folder in which nobody else can put another. */
static ssize_t read_link(struct way *w, char *to, size_t room)
{
	struct stat st;
	ssize_t n = -1;
#ifdef O_PATH
	int fd = openat(w->folder, w->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISLNK(st.st_mode))
		n = readlinkat(fd, "", to, room);
	close(fd);
	w->astray = n >= 0 && !is_ours(st.st_uid);
#else
	n = readlinkat(w->folder, w->name, to, room);
	w->astray = n >= 0;
#endif
	if (w->astray)
		w->astray = fstat(w->folder, &st) < 0 || is_shared(&st);
	return n;
}

/* 1: the name is a link, whose target comes next; 0: it is none. */
static int follow(struct way *w)
{
	char target[PATH_OCTETS];
	ssize_t n = read_link(w, target, sizeof target - 1);

	if (n < 0)
		return 0;
	target[n] = '\0';
	errno = ++w->links > TRUSTED_LINKS ? ELOOP : 0;
	return w->astray || errno || go_on(w, target) < 0 ? -1 : 1;
}

/* Takes the next name off the rest. */
static int next_name(struct way *w)
{
	const char *begin = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(begin, "/");

	if (len >= sizeof w->name)
		return too_long();
	memcpy(w->name, begin, len);
	w->name[len] = '\0';
	memmove(w->rest, begin + len, strlen(begin + len) + 1);
	return 0;
}

/* To the folder in which the last name stands, through links that are ours or root's. */
static int find(struct way *w, const char *path, bool no_link)
{
	int more = 1;

	*w = (struct way){.folder = AT_FDCWD};
	if (!*path) {
		errno = ENOENT;
		return -1;
	}
	if (go_on(w, path) < 0 || (*path != '/' && step_into(w, ".") < 0))
		return -1;
	while (more > 0) {
		bool last;

		if (next_name(w) < 0)
			return -1;
		last = !w->rest[strspn(w->rest, "/")];
		if (last && (!*w->name || *w->rest)) { /* "/" or "x/": a folder */
			snprintf(w->name, sizeof w->name, "%s", *w->name ? w->name : ".");
			*w->rest = '\0';
		}
		more = last && no_link ? 0 : follow(w);
		if (more == 0 && !last)
			more = step_into(w, w->name) < 0 ? -1 : 1;
	}
	return more;
}

static void leave(struct way *w)
{
	int saved = errno;

	if (w->folder >= 0)
		close(w->folder);
	errno = saved;
}

static int refuse(struct failure *f, const char *path, const char *why)
{
	fail(f, AT_CONFIG, EX_CONFIG, "%s is refused: %s", path, why);
	errno = 0;
	return -1;
}

static const char is_pseudo[] = "it is no file, but an answer of the kernel's (as /proc is), whoever it belongs to";

static const char *kind_words(mode_t mode)
{
	return S_ISFIFO(mode) ? "it is a FIFO, and no file" : S_ISSOCK(mode) ? "it is a socket, and no file" :
	       S_ISDIR(mode)  ? "it is a folder, and no file" : S_ISLNK(mode) ? "it is a link" : "it is a device, and no file";
}

static int check_kind(const struct stat *st, const char *path, unsigned rules, struct failure *f)
{
	if (rules & TRUSTED_FOLDER)
		return S_ISDIR(st->st_mode) ? 0 : refuse(f, path, "it is no folder");
	return !(rules & TRUSTED_KIND) || S_ISREG(st->st_mode) ? 0 : refuse(f, path, kind_words(st->st_mode));
}

static int check(const struct stat *st, const char *path, unsigned rules, struct failure *f)
{
	unsigned mode = (unsigned)st->st_mode & 07777;

	if (check_kind(st, path, rules, f) < 0)
		return -1;
	if (rules & TRUSTED_OWNER && !is_ours(st->st_uid)) {
		fail(f, AT_CONFIG, EX_CONFIG, "%s is refused: it belongs to somebody else (uid %lu)", path, (unsigned long)st->st_uid);
	} else if ((S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) && mode & S_IWOTH) {
		fail(f, AT_CONFIG, EX_CONFIG, "%s is refused: anybody may write it (mode %04o)", path, mode);
		failure_hint(f, HINT_CHMOD_OTHERS, path);
	} else if (rules & TRUSTED_GROUP && mode & S_IWGRP && !group_is_ours(st->st_gid)) {
		fail(f, AT_CONFIG, EX_CONFIG, "%s is refused: others of its group may write it (mode %04o)", path, mode);
		failure_hint(f, HINT_CHMOD_GROUP, path);
	} else {
		return 0;
	}
	errno = 0;
	return -1;
}

int trusted_check(int fd, const char *path, unsigned rules, struct failure *f)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(f, AT_CONFIG, EX_CONFIG, "%s", path);
	if (rules & TRUSTED_OWNER && pseudo_is(fd))
		return refuse(f, path, is_pseudo);
	return check(&st, path, rules, f);
}

/* A second name of a file can be its owner's or whoever's, and of whatever file. */
static int check_names(int fd, const struct stat *folder, const char *path, struct failure *f)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(f, AT_CONFIG, EX_CONFIG, "%s", path);
	return S_ISREG(st.st_mode) && st.st_nlink > 1 && is_shared(folder)
		       ? refuse(f, path, "it has another name, and stands in a folder that others may write")
		       : 0;
}

/* -1, and errno as it was. */
static int cannot_open(const struct way *w, const char *path, unsigned rules, struct failure *f)
{
	int saved = errno;
	struct stat st;

	if (w->astray)
		return refuse(f, path, "a link leads to it that somebody else can have made");
	/* What has no path of its own, such as a pipe of /dev/fd, is found by the kernel alone. */
	if (saved == ENOENT && stat(path, &st) == 0 && check_kind(&st, path, rules, f) < 0)
		return -1;
	errno = saved;
	fail_errno(f, AT_CONFIG, EX_CONFIG, "%s", path);
	errno = saved;
	return -1;
}

int trusted_open(const char *path, unsigned rules, struct failure *f)
{
	int how = O_RDONLY | O_CLOEXEC | O_NOCTTY, fd = -1;
	struct way w = {.folder = -1};
	struct stat st, folder;

	if (!(rules & (TRUSTED_KIND | TRUSTED_FOLDER))) {
		fd = open(path, how);
		return fd < 0 ? cannot_open(&w, path, rules, f) : fd;
	}
	/* Before it is opened, too: there are devices that act when they are. */
	if (find(&w, path, rules & TRUSTED_NO_LINK) == 0 && fstatat(w.folder, w.name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (check_kind(&st, path, rules, f) < 0) {
			leave(&w);
			return -1;
		}
		fd = openat(w.folder, w.name, how | O_NOFOLLOW | O_NONBLOCK);
	}
	if (fd >= 0 && fstat(w.folder, &folder) < 0) {
		close(fd);
		fd = -1;
	}
	leave(&w);
	if (fd < 0)
		return cannot_open(&w, path, rules, f);
	if (rules & TRUSTED_WAY && *w.shared) {
		close(fd);
		fail(f, AT_CONFIG, EX_CONFIG, "%s is refused: somebody else may write %s, which is on its way", path, w.shared);
		errno = 0;
		return -1;
	}
	if (trusted_check(fd, path, rules, f) == 0 && (!(rules & TRUSTED_OWNER) || check_names(fd, &folder, path, f) == 0))
		return fd;
	how = errno;
	close(fd);
	errno = how;
	return -1;
}

/* 0: it may be written. */
static int check_log(int fd, const struct stat *folder, const char *path, struct failure *f)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(f, AT_CONFIG, EX_CONFIG, "%s", path);
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return refuse(f, path, kind_words(st.st_mode));
	if (pseudo_is(fd))
		return refuse(f, path, is_pseudo);
	if (folder->st_mode & S_IWOTH && !is_ours(st.st_uid))
		return refuse(f, path, "it belongs to somebody else, in a folder that anybody may write");
	return check_names(fd, folder, path, f);
}

int trusted_append(const char *path, struct failure *f)
{
	const int how = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;
	struct stat folder;
	struct way w;
	int fd = -1;

	if (find(&w, path, true) == 0 && fstat(w.folder, &folder) == 0) {
		if (geteuid() == 0 && folder.st_uid != 0) {
			leave(&w);
			return refuse(f, path, "its folder belongs to somebody else");
		}
		fd = openat(w.folder, w.name, how, 0600);
	}
	leave(&w);
	if (fd < 0 && errno == ELOOP && !w.astray && w.links <= TRUSTED_LINKS)
		return refuse(f, path, kind_words(S_IFLNK));
	if (fd < 0)
		return cannot_open(&w, path, 0, f);
	if (check_log(fd, &folder, path, f) == 0)
		return fd;
	close(fd);
	errno = 0;
	return -1;
}
