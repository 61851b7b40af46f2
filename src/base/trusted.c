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
#define SEARCH O_PATH /* a folder on the way need not be readable */
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

/* The error means that there is no such entry (getgrnam(3) lists what systems say then). */
static bool is_absent(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

/* True where no other user is in the group; false also where that cannot be found out. Users whose primary group it is are in no
 * list of its members, so that passwd is searched for them. */
static bool group_is_ours(gid_t gid)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* getpwent(3) has one position for all threads */
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

/* A user other than us and root may write it. */
static bool is_shared(const struct stat *st)
{
	return !is_ours(st->st_uid) || st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && !group_is_ours(st->st_gid));
}

/* A path that is being followed to its file, name by name. */
struct way {
	int folder;
	char name[NAME_OCTETS]; /* the name that is looked at, in `folder` */
	char rest[PATH_OCTETS]; /* what follows the name in the path */
	unsigned links;
	bool astray; /* the path led through a link that another user can have made */
	char at[PATH_OCTETS];	  /* the path of `folder`, as far as it was named */
	char shared[PATH_OCTETS]; /* the first folder on the way in which another user can replace the next name; or "" */
};

static int too_long(void)
{
	errno = ENAMETOOLONG;
	return -1;
}

/* In a sticky folder no other user can remove what is ours, and the owner of the next name is checked when that is opened. */
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

/* Goes on with `path`, followed by what was left of the path before. */
static int go_on(struct way *w, const char *path)
{
	char whole[2 * PATH_OCTETS];

	if (snprintf(whole, sizeof whole, "%s%s%s", path, *w->rest ? "/" : "", w->rest) >= PATH_OCTETS)
		return too_long();
	memcpy(w->rest, whole, strlen(whole) + 1);
	return *path == '/' ? step_into(w, "/") : 0;
}

/* Reads the target of the name, if it is a link; -1: it is none. A link is trusted if it is ours or root's, or if no other user can
 * put one into its folder. */
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

/* 1: the name is a link, and its target is followed next; 0: the name is no link. */
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

/* Takes the next name from w->rest. */
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

/* Follows the path to the folder in which its last name stands, and notes links that are neither ours nor root's. */
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

/* A file with a second name (hard link) is refused: another user can have made the link, to a file of ours that was never meant. */
static int check_names(int fd, const struct stat *folder, const char *path, struct failure *f)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(f, AT_CONFIG, EX_CONFIG, "%s", path);
	return S_ISREG(st.st_mode) && st.st_nlink > 1 && is_shared(folder)
		       ? refuse(f, path, "it has another name, and stands in a folder that others may write")
		       : 0;
}

/* Always -1; errno stays. */
static int cannot_open(const struct way *w, const char *path, unsigned rules, struct failure *f)
{
	int saved = errno;
	struct stat st;

	if (w->astray)
		return refuse(f, path, "a link leads to it that somebody else can have made");
	/* A file without a path of its own, such as a pipe of /dev/fd, cannot be followed name by name: only the kernel finds
	 * it. */
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
	/* The kind is checked before the file is opened, too, since some devices act when they are opened. */
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

/* 0: the log may be written. */
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
