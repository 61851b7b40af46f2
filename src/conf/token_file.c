#include "conf/token_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ending.h"
#include "base/file.h"
#include "base/log.h"
#include "base/trusted.h"
#include "conf/vault.h"
#include "conf/whoami.h"

enum { RANDOM_DIGITS = 8, NEW_NAME = TOKEN_FILE_NAME + 16 };

static int fails(const char *path, const char *what, struct failure *f)
{
	bool passes = errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EMFILE || errno == ENFILE || errno == EIO || errno == ENOMEM;

	return fail_errno(f, AT_CONFIG, passes ? EX_TEMPFAIL : EX_CONFIG, "%s: %s", path, what);
}

static int refuse(struct failure *f, const char *path, const char *why)
{
	return fail(f, AT_CONFIG, EX_CONFIG, "%s is refused: %s", path, why);
}

static int no_folder(const char *folder, const char *what, struct failure *f)
{
	fails(folder, what, f);
	return f->exit == EX_CONFIG ? failure_hint(f, HINT_TOKEN_WHERE) : -1;
}

/* 1: there is no such folder. */
static int open_folder(struct token_file *t, const char *folder, struct failure *f)
{
	struct stat st;

	t->folder = trusted_open(folder, TRUSTED_FOLDER | TRUSTED_OWNER | TRUSTED_GROUP, f);
	if (t->folder < 0)
		return errno == ENOENT || errno == ENOTDIR ? 1 : errno ? no_folder(folder, "opening it", f) : -1;
	if (fstat(t->folder, &st) < 0)
		return fails(folder, "looking at it", f);
	return st.st_uid == geteuid() ? 0 : refuse(f, folder, "it belongs to root, and only who owns it can keep a token there");
}

static int open_place(struct token_file *t, const struct account *a, bool make, struct failure *f)
{
	struct arena scratch = {.block = NULL};
	const char *folder = whoami_tokens(&scratch, a);
	int rc;

	if (snprintf(t->path, sizeof t->path, "%s/%s", folder, t->name) >= (int)sizeof t->path - NEW_NAME + TOKEN_FILE_NAME) {
		rc = fail(f, AT_CONFIG, EX_CONFIG, "the path of the folder for tokens is too long: %s", folder);
	} else if (!*folder) {
		fail(f, AT_CONFIG, EX_CONFIG, "there is no place for tokens: no home directory is known");
		rc = failure_hint(f, HINT_TOKEN_WHERE);
	} else {
		rc = open_folder(t, folder, f);
		if (rc > 0 && make)
			rc = file_make_folders(folder) < 0 ? no_folder(folder, "making it", f) : open_folder(t, folder, f);
		if (rc > 0 && make) /* somebody has removed it at once */
			rc = no_folder(folder, "making it", f);
	}
	arena_free(&scratch);
	return rc;
}

static bool has_login(const struct token_file *t)
{
	struct token_state s;
	struct failure unused;
	bool has;

	if (token_file_read(t, &s, &unused) < 0)
		return false;
	has = s.found == TOKEN_OURS && *s.refresh;
	token_state_free(&s);
	return has;
}

static int begin(struct token_file *t, const struct account *a, const struct oauth *o, bool make, struct failure *f)
{
	int rc;

	*t = (struct token_file){.folder = -1, .lock = -1, .purpose = {o->token_url, o->client_id, o->scope, a->user}};
	token_file_name(t->name, a->name);
	rc = open_place(t, a, make, f);
	if (rc != 0)
		token_file_close(t);
	else if (!oauth_is_client(a))
		token_file_share(t, has_login);
	return rc;
}

int token_file_open(struct token_file *t, const struct account *a, const struct oauth *o, struct failure *f)
{
	return begin(t, a, o, true, f);
}

int token_file_look(struct token_file *t, const struct account *a, const struct oauth *o, struct failure *f)
{
	return begin(t, a, o, false, f);
}

void token_file_close(struct token_file *t)
{
	if (t->lock >= 0)
		close(t->lock);
	if (t->folder >= 0)
		close(t->folder);
	t->lock = t->folder = -1;
}

/* As one that root has copied. */
static int not_opened(const char *path, struct failure *f)
{
	struct arena scratch = {.block = NULL};
	bool denied = errno == EACCES;

	fails(path, "opening it", f);
	if (denied)
		failure_hint(f, HINT_TOKEN_OWNER, whoami_user(&scratch), path);
	arena_free(&scratch);
	return -1;
}

static int check_file(int fd, const char *path, struct failure *f)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fails(path, "looking at it", f);
	if (st.st_nlink > 1)
		return refuse(f, path, "it has a second name (a hard link)");
	if (!(st.st_mode & (S_IROTH | S_IWOTH)))
		return 0;
	fail(f, AT_CONFIG, EX_CONFIG, "%s is refused: there is a token in it, and others may read it (mode %04o)", path, (unsigned)st.st_mode & 07777);
	return failure_hint(f, HINT_CHMOD_TOKEN, path);
}

/* In *out what was found there; nothing, where there is no such file. */
static int read_file(const struct token_file *t, const char *path, struct token_state *out, struct failure *f)
{
	struct private text;
	int fd, rc;

	*out = (struct token_state){.access = "", .refresh = ""};
	fd = trusted_open(path, TRUSTED_COMMANDS | TRUSTED_NO_LINK, f);
	if (fd < 0)
		return errno == ENOENT ? 0 : errno ? not_opened(path, f) : -1;
	vault_guard();
	private_start(&text, TOKEN_STATE_OCTETS);
	rc = check_file(fd, path, f);
	if (rc == 0 && private_read(&text, fd) < 0)
		rc = errno == EFBIG ? refuse(f, path, "it is larger than any of mysend's") : fails(path, "reading it", f);
	if (rc == 0)
		token_state_parse(out, &text, &t->purpose);
	private_free(&text);
	close(fd);
	return rc;
}

int token_file_read(const struct token_file *t, struct token_state *out, struct failure *f)
{
	if (read_file(t, t->path, out, f) < 0)
		return -1;
	/* oauth_state may be a folder with other things in it, as a password whose file has the account's name. */
	return out->found == TOKEN_OTHER ? refuse(f, t->path, "mysend has not made it; oauth_state takes a folder for tokens alone") : 0;
}

/* "PATHsuffix" */
static void beside(char to[static TOKEN_FILE_PATH], const struct token_file *t, const char *suffix)
{
	size_t len = strlen(t->path);

	memcpy(to, t->path, len + 1);
	snprintf(to + len, TOKEN_FILE_PATH - len, "%s", suffix);
}

/* A file that a writer of this account's state makes: NAME.HEX.new. */
static bool is_new(const struct token_file *t, const char *name)
{
	size_t len = strlen(t->name);

	return strncmp(name, t->name, len) == 0 && name[len] == '.' && strspn(name + len + 1, "0123456789abcdef") == RANDOM_DIGITS &&
	       strcmp(name + len + 1 + RANDOM_DIGITS, TOKEN_FILE_NEW) == 0;
}

/* What a killed writer has left is newer than the file, since whoever has the lock begins by looking for it. Without locks it need not
 * be: then the time tells, unless the file's is ahead of the clock. */
static bool is_newer(const struct token_file *t, const struct token_state *left)
{
	struct token_state now;
	struct failure unused;
	bool newer = left->found == TOKEN_OURS && token_file_read(t, &now, &unused) == 0;

	if (!newer)
		return false;
	if (now.found == TOKEN_OURS)
		newer = left->obtained >= now.obtained || now.obtained > clock_wall();
	else
		newer = !now.keeps_login;
	token_state_free(&now);
	return newer;
}

static void put_into_place(const struct token_file *t, const char *name, int fd)
{
	(void)!fsync(fd); /* it is whole, and newer than the file: even what the disk may lose is better */
	if (renameat(t->folder, name, t->folder, t->name) < 0)
		return;
	(void)!fsync(t->folder);
	log_debug("%s: what a run that was killed had left beside it is used", t->path);
}

enum sweep { TAKE_UP, DELETE, DELETE_ALL };

/* Deals with what a writer has left that is not alive any more: a living one has its file locked. */
static void sweep_one(const struct token_file *t, const char *name, enum sweep how)
{
	int fd = openat(t->folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char path[TOKEN_FILE_PATH];
	struct token_state left;
	struct failure unused;

	if (fd < 0)
		return;
	beside(path, t, name + strlen(t->name));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && read_file(t, path, &left, &unused) == 0) {
		if (how == TAKE_UP && is_newer(t, &left))
			put_into_place(t, name, fd);
		else if (how == DELETE_ALL || left.found != TOKEN_FOREIGN || !left.keeps_login)
			(void)!unlinkat(t->folder, name, 0);
		token_state_free(&left);
	}
	close(fd);
}

/* except: the file that we are writing. */
static void sweep(const struct token_file *t, const char *except, enum sweep how)
{
	int fd = openat(t->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!list) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((d = readdir(list)))
		if (is_new(t, d->d_name) && strcmp(d->d_name, except) != 0)
			sweep_one(t, d->d_name, how);
	closedir(list);
}

/* 1: there are no locks here. */
static int wait_for_lock(const struct token_file *t, int fd, unsigned ms, struct failure *f)
{
	int64_t until = clock_steady() + ms, left;

	for (;;) {
		left = until - clock_steady();
		if (file_lock(fd, left < 0 ? 0 : left < ENDING_LOOK_MS ? (unsigned)left : ENDING_LOOK_MS) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return 1;
		if (ending_asked())
			return fail(f, AT_CONFIG, EX_TEMPFAIL, "%s: waiting for its lock: " ENDING_TOLD, t->path);
		if (left <= 0)
			return fail(f, AT_CONFIG, EX_TEMPFAIL, "%s: another process has had its lock for %u seconds", t->path, ms / 1000);
	}
}

int token_file_lock(struct token_file *t, unsigned ms, struct failure *f)
{
	char path[TOKEN_FILE_PATH];
	struct failure why;
	int rc;

	beside(path, t, TOKEN_FILE_LOCK);
	t->lock = trusted_append(path, &why);
	if (t->lock < 0 && !errno) {
		*f = why;
		return -1;
	}
	rc = wait_for_lock(t, t->lock < 0 ? t->folder : t->lock, ms, f);
	if (rc < 0)
		return -1;
	if (rc > 0)
		log_debug("%s: it cannot be locked", t->path);
	sweep(t, "", TAKE_UP);
	return 0;
}

static int make_new(const struct token_file *t, char name[static NEW_NAME], struct failure *f)
{
	unsigned random;
	int fd;

	if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
		random = (unsigned)getpid();
	snprintf(name, NEW_NAME, "%s.%0*x" TOKEN_FILE_NEW, t->name, RANDOM_DIGITS, random);
	fd = openat(t->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fails(t->path, "making a new one", f);
	(void)!flock(fd, LOCK_EX | LOCK_NB); /* it is being written: sweep_one leaves it */
	return fd;
}

static int sync_folder(const struct token_file *t, struct failure *f)
{
	return fsync(t->folder) == 0 || errno == EINVAL ? 0 : fails(t->path, "writing its folder to the disk", f); /* EINVAL: this file system cannot */
}

static int replace(const struct token_file *t, struct slice text, struct failure *f)
{
	char name[NEW_NAME];
	int fd = make_new(t, name, f), rc = 0;

	if (fd < 0)
		return -1;
	(void)!fchmod(fd, 0600); /* whatever the umask is */
	if (file_write(fd, text.p, text.len) < 0) {
		rc = fails(t->path, "writing a new one", f);
		(void)!unlinkat(t->folder, name, 0);
		close(fd);
		return rc;
	}
	/* From here on it is not deleted, even if it cannot be put into its place: who takes the lock next does so. */
	if (fsync(fd) < 0)
		rc = fails(t->path, "writing a new one to the disk", f);
	sweep(t, name, t->replaces ? DELETE_ALL : DELETE);
	if (rc == 0 && renameat(t->folder, name, t->folder, t->name) < 0)
		rc = fails(t->path, "putting a new one into its place", f);
	if (rc == 0) /* From here on the tokens are safe. */
		rc = sync_folder(t, f);
	close(fd);
	return rc;
}

/* 0: what is there may be replaced. */
static int check_old(const struct token_file *t, const struct token_state *old, struct failure *f)
{
	if (t->replaces || old->found == TOKEN_OURS || !old->keeps_login)
		return 0;
	if (old->found == TOKEN_DAMAGED)
		fail(f, AT_CONFIG, EX_CONFIG, "%s is kept as it is: it is damaged, and there was a login in it", t->path);
	else if (!old->differs)
		fail(f, AT_CONFIG, EX_CONFIG, "%s is kept as it is: it is of another version of mysend", t->path);
	else
		fail(f, AT_CONFIG, EX_CONFIG, "%s is kept as it is: it has a login of another configuration (another %s)", t->path, old->differs);
	return failure_hint(f, HINT_TOKEN_FOREIGN);
}

int token_file_write(const struct token_file *t, const struct token_state *s, struct failure *f)
{
	struct token_state old, new = *s;
	struct private text;
	struct failure why;
	int rc = token_file_read(t, &old, &why);

	/* A refresh token in hand is worth more than a file that a disk does not give back. */
	if (rc < 0 && (why.exit != EX_TEMPFAIL || !*s->refresh)) {
		*f = why;
		return -1;
	}
	rc = check_old(t, &old, f);
	if (rc == 0) {
		if (!*new.refresh) {
			new.refresh = old.refresh;
			new.logged_in = old.logged_in;
		}
		rc = token_state_print(&text, &new, &t->purpose, f) < 0 ? failure_in(f, "%s", t->path) : replace(t, buf_slice_of(&text.buf), f);
		private_free(&text);
	}
	token_state_free(&old);
	return rc;
}

int token_file_remove(const struct token_file *t, struct failure *f)
{
	if (unlinkat(t->folder, t->name, 0) < 0 && errno != ENOENT)
		return fails(t->path, "removing it", f);
	sweep(t, "", DELETE_ALL);
	return sync_folder(t, f);
}
