#include "conf/credential.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/run.h"
#include "base/trusted.h"
#include "conf/advice.h"
#include "conf/known.h"
#include "conf/netrc.h"
#include "conf/oauth.h"
#include "conf/vault.h"
#include "conf/whoami.h"

enum { COMMAND_SECONDS = 60, FILE_LIMIT = 64 * 1024 };

static int keep(struct search *s, struct slice text, const char *where, struct failure *f)
{
	if (slice_has_control(text))
		return fail(f, AT_CONFIG, EX_CONFIG, "%s: there is a control character in the password", where);
	return known_keep(s, text) == 0 ? 0 : fail(f, AT_CONFIG, EX_CONFIG, "%s: no locked memory for the password", where);
}

static int keep_line(struct search *s, const struct private *p, const char *where, struct failure *f)
{
	struct slice line = private_line(p);

	if (!line.len)
		return fail(f, AT_CONFIG, EX_CONFIG, "%s: the first line should be the password, and is empty", where);
	if (advice_doubt(line))
		log_doubt("%s: the password %s", where, advice_doubt(line));
	return keep(s, line, where, f);
}

enum must { MAY_LACK, MUST_READ };
enum mode_rule { ANY_MODE, OURS_ONLY };

static int unreadable(const char *path, int error, struct failure *f)
{
	struct arena scratch = {.block = NULL};

	advice_unreadable(f, &scratch, path, error);
	arena_free(&scratch);
	errno = error;
	return -1;
}

static bool is_of_others(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid != 0 && st.st_uid != geteuid();
}

/* 1: the file was read; 0: it is not there; -1 */
static int open_and_read(struct private *p, const char *path, enum must must, unsigned rules, struct failure *f)
{
	int fd = trusted_open(path, rules, f), rc;

	if (fd < 0 && must == MAY_LACK && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
		return 0;
	if (fd < 0 && errno)
		return unreadable(path, errno, f);
	if (fd < 0)
		return is_of_others(path) ? failure_hint(f, HINT_CHOWN) : -1;
	rc = private_read(p, fd);
	if (rc < 0)
		fail_errno(f, AT_CONFIG, EX_CONFIG, "%s", path);
	close(fd);
	return rc < 0 ? -1 : 1;
}

static int check_mode(const struct private *p, const char *path, struct failure *f)
{
	if (!p->exposed)
		return 0;
	fail(f, AT_CONFIG, EX_CONFIG, "%s is refused: there is a password in it, and others may read it (mode %04o)", path,
	     p->mode);
	return failure_hint(f, HINT_CHMOD_600, path);
}

static int from_file(struct search *s, const char *path, enum must must, enum mode_rule mode, unsigned rules, struct failure *f)
{
	struct private p;
	int rc;

	private_start(&p, FILE_LIMIT);
	rc = open_and_read(&p, path, must, rules, f);
	if (rc < 0 && access(path, F_OK) < 0 && errno == ENOENT)
		(void)!(oauth_is_on(s->of) ? failure_hint(f, HINT_SECRET_MAKE, path) : failure_hint(f, HINT_PASSWORD_MAKE, path));
	if (rc > 0) {
		rc = mode == OURS_ONLY ? check_mode(&p, path, f) : 0;
		if (rc == 0)
			rc = keep_line(s, &p, path, f);
	}
	private_free(&p);
	return rc;
}

/* Puts the setting, and where it was set, in front of the failure. */
static int said_in(const struct account *a, enum setting s, struct failure *f)
{
	char where[300];

	return setting_is_set(a, s) ? failure_in(f, "%s", origin_subject(&a->origin[s], s, where, sizeof where)) : -1;
}

/* What is to be done about a command that brings nothing. The command itself is not shown: it may hold a secret. */
static int hint_of_command(const char *what, struct failure *f)
{
	struct arena scratch = {.block = NULL};

	if (f->exit != EX_CONFIG)
		return -1;
	if (strstr(f->text, "failed with status 127"))
		failure_hint(f, HINT_COMMAND_NOT_FOUND);
	else
		failure_hint(f, HINT_COMMAND_BY_HAND, whoami_user(&scratch), what);
	arena_free(&scratch);
	return -1;
}

int credential_command(struct private *out, const struct account *a, enum setting s, const char *command, const char *what, struct failure *f)
{
	char where[300];
	int rc;

	origin_subject(&a->origin[s], s, where, sizeof where);
	private_start(out, FILE_LIMIT);
	/* All the room at once: a buffer that grows leaves copies in freed memory. */
	if (buf_reserve(&out->buf, FILE_LIMIT) < 0)
		rc = fail(f, AT_CONFIG, EX_OSERR, "no memory to run a command");
	else
		rc = run_shell(command, COMMAND_SECONDS, &out->buf, f);
	if (rc < 0)
		failure_in(f, "%s", where);
	else if (!private_line(out).len)
		rc = fail(f, AT_CONFIG, EX_CONFIG, "%s: the first line should be the %s, and is empty", where, what);
	else if (slice_has_control(private_line(out)))
		rc = fail(f, AT_CONFIG, EX_CONFIG, "%s: there is a control character in the %s", where, what);
	return rc < 0 ? hint_of_command(what, f) : 0;
}

static int from_command(struct search *s, struct failure *f)
{
	const struct account *a = s->of;
	struct private p;
	char where[300];
	int rc = credential_command(&p, a, SET_password_command, a->password_command, "password", f);

	origin_subject(&a->origin[SET_password_command], SET_password_command, where, sizeof where);
	if (rc == 0)
		rc = keep_line(s, &p, where, f);
	private_free(&p);
	return rc;
}

static int from_netrc(struct search *s, struct failure *f)
{
	const struct account *a = s->of;
	const char *host = a->host, *user = a->user;
	struct arena scratch = {.block = NULL};
	struct slice password;
	struct private p;
	struct oauth o;
	int rc;

	if (oauth_is_on(a)) { /* the entry of the relay is the mailbox's password, which must not travel to the provider */
		if (oauth_of(a, &scratch, &o, f) < 0)
			return -1;
		host = o.host;
		user = o.client_id;
	}
	private_start(&p, FILE_LIMIT);
	rc = open_and_read(&p, a->netrc, setting_is_set(a, SET_netrc) ? MUST_READ : MAY_LACK, setting_rules(a, SET_netrc), f);
	if (rc > 0) {
		rc = 0;
		if (netrc_find(&p.buf, host, user, &password)) {
			rc = check_mode(&p, a->netrc, f);
			if (rc == 0)
				rc = keep(s, password, a->netrc, f);
		}
	}
	private_free(&p);
	arena_free(&scratch);
	return rc < 0 ? said_in(a, SET_netrc, f) : rc;
}

/* A unit that is there for all accounts names the credential always, and systemd does not start one whose file is missing: with
 * oauth login an empty one is a client that has no secret. */
static bool says_there_is_none(const struct account *a, const char *path)
{
	struct stat st;

	return oauth_is_on(a) && !oauth_is_client(a) && stat(path, &st) == 0 && st.st_size == 0;
}

/* The file of LoadCredential=mysend.password:...; systemd takes care that no other user can read it. */
static int from_systemd(struct search *s, struct failure *f)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY"), *path;
	struct arena scratch = {0};
	int rc = 0;

	if (!folder || !*folder)
		return 0;
	path = arena_printf(&scratch, "%s/mysend.password", folder);
	if (!says_there_is_none(s->of, path))
		rc = from_file(s, path, MAY_LACK, ANY_MODE, TRUSTED_TEXT, f);
	arena_free(&scratch);
	return rc;
}

static int find(struct search *s, void *unused, struct failure *f)
{
	const struct account *a = s->of;

	(void)unused;
	if (*a->password_file)
		return from_file(s, a->password_file, MUST_READ, OURS_ONLY, setting_rules(a, SET_password_file), f) < 0 ? said_in(a, SET_password_file, f) : 0;
	if (*a->password_command)
		return from_command(s, f);
	if (!a->reread && from_systemd(s, f) < 0) /* the credential that systemd gave this run is for this run's relay only */
		return -1;
	return s->found.text || !*a->netrc ? 0 : from_netrc(s, f);
}

/* In the order of credential_take and find(). */
struct credential_place credential_place_of(const struct account *a, struct arena *in)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY"), *given;

	if (a->password)
		return (struct credential_place){"password", a->origin[SET_password].line ? a->origin[SET_password].file : ""};
	if (*a->password_file)
		return (struct credential_place){"password_file", a->password_file};
	if (*a->password_command)
		return (struct credential_place){"password_command", ""};
	given = folder && *folder && !a->reread ? arena_printf(in, "%s/mysend.password", folder) : "";
	if (*given && access(given, F_OK) == 0)
		return (struct credential_place){"credential", given};
	return (struct credential_place){"netrc", a->netrc};
}

int credential_take(struct credential *out, const struct account *a, struct failure *f)
{
	*out = (struct credential){NULL, 0};
	if (a->password) {
		*out = (struct credential){vault_take(a->password), a->password};
		return out->text ? 0 : fail(f, AT_CONFIG, EX_SOFTWARE, "the password was wiped after the last login");
	}
	return known_take(out, a, KNOWN_PASSWORD, find, NULL, f);
}

void credential_release(struct credential *c)
{
	if (c->text)
		vault_release(c->handle);
	*c = (struct credential){NULL, 0};
}

void credential_drop(const struct account *a)
{
	known_drop(a, KNOWN_PASSWORD);
	known_drop(a, KNOWN_TOKEN); /* it was fetched with that password */
}

void credential_end(void)
{
	char *variable = getenv("MYSEND_PASSWORD");

	/* The variable is wiped where the kernel has put it, since /proc/PID/environ shows that memory. */
	if (variable)
		explicit_bzero(variable, strlen(variable));
	(void)!unsetenv("MYSEND_PASSWORD");
	credential_wipe();
}

void credential_wipe(void)
{
	known_wipe();
}
