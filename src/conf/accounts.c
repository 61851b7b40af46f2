#include "conf/accounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/trusted.h"
#include "conf/advice.h"
#include "conf/predecessor.h"
#include "conf/private.h"
#include "conf/whoami.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

static void note(struct accounts *all, struct arena *run, const char *path, const char *what)
{
	all->tried = arena_printf(run, "%s%s%s (%s)", all->tried, *all->tried ? ", " : "", path, what);
	if (all->files < CONFIG_FILES)
		all->file[all->files++] = (struct config_file){path, what};
}

/* Why a file cannot be read, in words: it is not there, or something that the user can change. */
static const char *why_not(struct arena *run, const char *path, int error)
{
	struct stat st;

	if (error != EACCES || stat(path, &st) < 0)
		return strerror(error);
	return arena_printf(run, "not readable: mode %04o, owner %lu:%lu, we are %lu:%lu",
			    (unsigned)st.st_mode & 07777, (unsigned long)st.st_uid, (unsigned long)st.st_gid,
			    (unsigned long)geteuid(), (unsigned long)getegid());
}

static int read_open(struct config *c, struct arena *run, int fd, struct failure *f)
{
	struct private text;
	int rc;

	private_start(&text, CONFIG_LIMIT);
	if (private_read(&text, fd) < 0)
		rc = fail_errno(f, AT_CONFIG, EX_CONFIG, "configuration file %s", c->path);
	else
		rc = config_parse(c, run, buf_slice_of(&text.buf), f);
	if (rc == 0 && c->has_secret && text.exposed) {
		fail(f, AT_CONFIG, EX_CONFIG, "%s is refused: there is a password in it, and others may read it (mode %04o)",
		     c->path, text.mode);
		rc = failure_hint(f, HINT_CONFIG_SECRET, c->path);
	}
	private_free(&text);
	return rc;
}

/* How a file came to be read. That decides who may own it, since the commands in it are run. */
enum must {
	MAY_LACK,     /* the system's file */
	MUST_READ,    /* one of the user's usual files, if it is there */
	MUST_FIND,    /* the file of $MYSEND_CONFIG: it may be anybody's, but its commands are run only if a usual file could be so */
	MUST_OBEY,    /* the file of -C: the user has named it just now */
	MUST_BE_OURS, /* a file that was named when mail was queued, read again for that mail */
};

static unsigned rules_of(enum must must)
{
	switch (must) {
	case MAY_LACK:
	case MUST_READ:
		break;
	case MUST_FIND:
		return TRUSTED_KIND;
	case MUST_OBEY:
		return 0;
	case MUST_BE_OURS: /* the path may have become a link since */
		return TRUSTED_COMMANDS | TRUSTED_NO_LINK;
	}
	return TRUSTED_COMMANDS;
}

static bool can_last(int fd, const char *path)
{
	struct failure unused;

	return trusted_check(fd, path, TRUSTED_COMMANDS, &unused) == 0;
}

struct usual { /* the user's usual files, in the order in which they are tried */
	const char *path[2];
};

static struct usual usual_files(struct arena *run)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = whoami_home(run);
	struct usual u = {{NULL, NULL}};

	if (xdg && *xdg == '/')
		u.path[0] = arena_printf(run, "%s/mysend/config", xdg);
	else if (*home)
		u.path[0] = arena_printf(run, "%s/.config/mysend/config", home);
	if (*home)
		u.path[1] = arena_printf(run, "%s/.mysendrc", home);
	return u;
}

const char *accounts_place(struct arena *run)
{
	struct usual u = usual_files(run);

	/* root makes the file for all users, unless root has one of its own already. */
	return u.path[0] && (geteuid() != 0 || access(u.path[0], F_OK) == 0) ? u.path[0] : SYSCONFDIR "/mysend.conf";
}

static int no_such_file(const struct accounts *all, struct arena *run, struct failure *f)
{
	struct usual u = usual_files(run);
	const char *files = all->system.path;

	for (int i = 1; i >= 0; i--)
		if (u.path[i])
			files = arena_printf(run, "%s, %s", u.path[i], files);
	return failure_hint(f, HINT_CONFIG_ABSENT, files);
}

/* 1: the file was read; 0: it is not there (or may be missing, and is not readable); -1. */
static int try_file(struct accounts *all, struct arena *run, struct config *c, enum must must, struct failure *f)
{
	int fd = trusted_open(c->path, rules_of(must), f), error = errno, rc;
	const char *why = fd >= 0 ? "read" : error ? why_not(run, c->path, error) : "refused";
	/* In a folder that we may not enter it cannot be told whether the file is there. */
	bool there = fd >= 0 || access(c->path, F_OK) == 0;

	note(all, run, c->path, why);
	if (fd < 0 && !error) {
		return must == MUST_BE_OURS ? failure_in(f, "it is no file of ours any more, or others may write it")
					    : failure_hint(f, must == MUST_FIND ? HINT_CONFIG_REGULAR : HINT_CONFIG_OURS);
	}
	if (fd < 0) {
		if (must < MUST_FIND && (must != MUST_READ || !there))
			return 0;
		fail(f, AT_CONFIG, EX_CONFIG, "configuration file %s: %s", c->path, why);
		return error == ENOENT && must != MUST_BE_OURS ? no_such_file(all, run, f) : advice_unreadable(f, run, c->path, error);
	}
	c->no_commands = must == MUST_FIND && !can_last(fd, c->path);
	all->config_lasts |= (must == MUST_FIND || must == MUST_OBEY) && can_last(fd, c->path);
	rc = must == MUST_OBEY ? trusted_check(fd, c->path, 0, f) : 0;
	if (rc == 0)
		rc = read_open(c, run, fd, f);
	close(fd);
	return rc < 0 ? -1 : 1;
}

static int load_usual(struct accounts *all, struct arena *run, struct failure *f)
{
	struct usual u = usual_files(run);
	int rc = 0;

	all->place = accounts_place(run);
	for (int i = 0; i < 2 && rc == 0; i++) {
		if (!u.path[i])
			continue;
		all->user.path = u.path[i];
		rc = try_file(all, run, &all->user, MUST_READ, f);
	}
	return rc;
}

/* A path of LoadCredential= (systemd) cannot be read again by a later run, whose path is another. */
static bool is_credential(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t len = folder ? strlen(folder) : 0;

	return len && strncmp(path, folder, len) == 0 && path[len] == '/';
}

/* The file is one of the usual ones, which would have been read without being named. */
static bool is_usual(struct arena *run, const char *path)
{
	struct usual u = usual_files(run);

	if (is_credential(path))
		return true;
	for (int i = 0; i < 2; i++) {
		if (u.path[i] && strcmp(u.path[i], path) == 0)
			return true;
		if (u.path[i] && access(u.path[i], F_OK) == 0)
			return false;
	}
	return false;
}

/* /dev/stdin and its like: no line can be added to such a file. */
static bool is_passing(const char *path)
{
	return slice_begins(slice_of(path), "/dev/") || slice_begins(slice_of(path), "/proc/");
}

static int load_named(struct accounts *all, struct arena *run, const char *config, enum must must, struct failure *f)
{
	char here[4096];
	int rc;

	if (slice_has_control(slice_of(config)))
		return fail(f, AT_CONFIG, EX_CONFIG, "there is a control character in the name of the configuration file");
	all->user.path = all->config = config;
	all->place = is_passing(config) ? "what -C reads" : config;
	if (*config != '/' && getcwd(here, sizeof here))
		all->config = arena_printf(run, "%s/%s", here, config);
	if (is_usual(run, all->config))
		all->config = NULL;
	rc = try_file(all, run, &all->user, must, f);
	if (rc > 0 && all->config && !all->reread) {
		char *real = realpath(all->config, NULL); /* with all links followed, since they may lead elsewhere the next time */

		/* A folder on the way may have a line end in its name, which the entry of a waiting mail could not hold. */
		if (real && slice_has_control(slice_of(real))) {
			all->config_lasts = false;
			free(real);
			real = NULL;
		}
		all->config_lasts &= real && *real == '/' && strlen(real) < sizeof here;
		all->config = real ? arena_printf(run, "%s", real) : all->config;
		free(real);
	}
	return rc;
}

static int load(struct accounts *out, struct arena *run, const char *config, enum must must, struct failure *f)
{
	*out = (struct accounts){.tried = "", .place = "", .reread = must == MUST_BE_OURS};
	out->user.rank = RANK_USER;
	out->system.rank = RANK_SYSTEM;
	out->system.path = SYSCONFDIR "/mysend.conf";
	if ((config ? load_named(out, run, config, must, f) : load_usual(out, run, f)) < 0)
		return -1;
	return try_file(out, run, &out->system, MAY_LACK, f) < 0 ? -1 : 0;
}

int accounts_load(struct accounts *out, struct arena *run, const char *config, struct failure *f)
{
	const char *env = getenv("MYSEND_CONFIG");

	return config ? load(out, run, config, MUST_OBEY, f) : load(out, run, env && *env ? env : NULL, MUST_FIND, f);
}

int accounts_load_again(struct accounts *out, struct arena *run, const char *config, struct failure *f)
{
	return load(out, run, config, MUST_BE_OURS, f);
}

/* Whether a hint may tell the user to read this file: not if another user could have put commands into it. */
static bool is_trusted(const char *path)
{
	struct failure unused;
	int fd = trusted_open(path, TRUSTED_COMMANDS, &unused);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The user's msmtprc, which mysend can read unchanged; or NULL. */
static const char *of_msmtp(struct arena *run)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = whoami_home(run);
	const char *path[] = {
		arena_printf(run, "%s/.msmtprc", home),
		xdg && *xdg == '/' ? arena_printf(run, "%s/msmtp/config", xdg) : arena_printf(run, "%s/.config/msmtp/config", home),
	};

	for (size_t i = 0; i < sizeof path / sizeof *path; i++)
		if (*path[i] == '/' && is_trusted(path[i]))
			return path[i];
	return NULL;
}

/* Hints at the configuration that the program before mysend has left, so that the user need not look for the values again. */
static int hint_of_predecessor(const struct accounts *all, struct arena *run, struct failure *f)
{
	struct predecessor p;

	if (!predecessor_find(&p, run, SYSCONFDIR) && (strcmp(SYSCONFDIR, "/etc") == 0 || !predecessor_find(&p, run, "/etc")))
		return access(all->place, F_OK) < 0 ? failure_hint(f, HINT_RELAY_CONFIGURE, all->place, all->place)
						    : failure_hint(f, HINT_RELAY_LINE, all->place);
	if (strcmp(p.program, "msmtp") == 0)
		return failure_hint(f, HINT_RELAY_COPY, p.file, p.file, all->place);
	return failure_hint(f, HINT_RELAY_MIGRATE, p.file, p.program, all->place);
}

void accounts_no_relay(const struct accounts *all, struct arena *run, const char *account, struct failure *f)
{
	bool passing = all->user.path && is_passing(all->user.path), any = all->user.sections || all->system.sections;
	const char *msmtp = any || passing ? NULL : of_msmtp(run);

	if (any)
		fail(f, AT_CONFIG, EX_CONFIG, "account %s names no relay; files: %s", account, all->tried);
	else
		fail(f, AT_CONFIG, EX_CONFIG, "no relay is set; files: %s", all->tried);
	/* A file of the user's own goes before the system's, as it did in msmtp. */
	if (msmtp)
		failure_hint(f, HINT_RELAY_OF_MSMTP, msmtp, all->place);
	/* The relay would be set in the system's file, which only other users may read. */
	else if (!all->config && access(all->system.path, F_OK) == 0 && access(all->system.path, R_OK) < 0)
		failure_hint(f, HINT_RELAY_SERVICE, whoami_user(run), all->system.path);
	else if (!any && !passing)
		hint_of_predecessor(all, run, f);
	else
		failure_hint(f, HINT_RELAY_LINE, all->place);
}
