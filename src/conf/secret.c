#include "conf/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/run.h"
#include "base/trusted.h"
#include "conf/netrc.h"
#include "conf/private.h"
#include "conf/vault.h"

enum { COMMAND_SECONDS = 60, FILE_LIMIT = 64 * 1024 };

/* What was found last, and for whom. */
static const struct account *whose;
static unsigned found;

static int keep(struct slice text, const char *where, struct failure *f)
{
	if (slice_has_control(text))
		return fail(f, AT_CONFIG, EX_CONFIG, "%s: there is a control character in the password", where);
	found = vault_keep(text);
	return found ? 0 : fail(f, AT_CONFIG, EX_CONFIG, "%s: no locked memory for the password", where);
}

static int keep_line(const struct private *p, const char *where, struct failure *f)
{
	struct slice line = private_line(p);

	if (!line.len)
		return fail(f, AT_CONFIG, EX_CONFIG, "%s: the first line should be the password, and is empty", where);
	return keep(line, where, f);
}

enum must { MAY_LACK, MUST_READ };
enum mode_rule { ANY_MODE, OURS_ONLY };

/* 1: read, 0: not there, -1 */
static int open_and_read(struct private *p, const char *path, enum must must, unsigned rules, struct failure *f)
{
	int fd = trusted_open(path, rules, f), ok;

	if (fd < 0 && must == MAY_LACK && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
		return 0;
	if (fd < 0)
		return -1;
	ok = private_read(p, fd);
	if (ok < 0)
		fail_errno(f, AT_CONFIG, EX_CONFIG, "%s", path);
	close(fd);
	return ok < 0 ? -1 : 1;
}

static int check_mode(const struct private *p, const char *path, struct failure *f)
{
	if (!p->exposed)
		return 0;
	fail(f, AT_CONFIG, EX_CONFIG, "%s is refused: there is a password in it, and others may read it (mode %04o)", path,
	     p->mode);
	return failure_hint(f, HINT_CHMOD_600, path);
}

static int from_file(const char *path, enum must must, enum mode_rule mode, unsigned rules, struct failure *f)
{
	struct private p;
	int ok;

	private_start(&p, FILE_LIMIT);
	ok = open_and_read(&p, path, must, rules, f);
	if (ok < 0 && access(path, F_OK) < 0 && errno == ENOENT)
		failure_hint(f, HINT_PASSWORD_MAKE, path);
	if (ok > 0) {
		ok = mode == OURS_ONLY ? check_mode(&p, path, f) : 0;
		if (ok == 0)
			ok = keep_line(&p, path, f);
	}
	private_free(&p);
	return ok;
}

/* Whose file it is, and where that was said. */
static int said_in(const struct account *a, enum setting s, struct failure *f)
{
	char where[300];

	return setting_is_set(a, s) ? failure_in(f, "%s", origin_subject(&a->origin[s], s, where, sizeof where)) : -1;
}

static int from_command(const struct account *a, struct failure *f)
{
	struct private p;
	char where[300];
	int ok;

	origin_subject(&a->origin[SET_password_command], SET_password_command, where, sizeof where);

	private_start(&p, FILE_LIMIT);
	/* All the room at once: what grows leaves copies behind. */
	if (buf_reserve(&p.buf, FILE_LIMIT) < 0)
		ok = fail(f, AT_CONFIG, EX_OSERR, "no memory to run a command");
	else
		ok = run_shell(a->password_command, COMMAND_SECONDS, &p.buf, f);
	ok = ok < 0 ? failure_in(f, "%s", where) : keep_line(&p, where, f);
	private_free(&p);
	return ok;
}

static int from_netrc(const struct account *a, struct failure *f)
{
	struct slice password;
	struct private p;
	int ok;

	private_start(&p, FILE_LIMIT);
	ok = open_and_read(&p, a->netrc, setting_is_set(a, SET_netrc) ? MUST_READ : MAY_LACK, setting_rules(a, SET_netrc), f);
	if (ok > 0) {
		ok = 0;
		if (netrc_find(&p.buf, a->host, a->user, &password)) {
			ok = check_mode(&p, a->netrc, f);
			if (ok == 0)
				ok = keep(password, a->netrc, f);
		}
	}
	private_free(&p);
	return ok < 0 ? said_in(a, SET_netrc, f) : ok;
}

/* systemd's LoadCredential=mysend.password:..., which systemd sees to that nobody else can read. */
static int from_credentials(struct failure *f)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	struct arena scratch = {0};
	int ok;

	if (!folder || !*folder)
		return 0;
	ok = from_file(arena_printf(&scratch, "%s/mysend.password", folder), MAY_LACK, ANY_MODE, TRUSTED_TEXT, f);
	arena_free(&scratch);
	return ok;
}

static int find(const struct account *a, struct failure *f)
{
	if (*a->password_file)
		return from_file(a->password_file, MUST_READ, OURS_ONLY, setting_rules(a, SET_password_file), f) < 0 ? said_in(a, SET_password_file, f) : 0;
	if (*a->password_command)
		return from_command(a, f);
	if (!a->reread && from_credentials(f) < 0) /* that of this run is for this run's relay */
		return -1;
	return found || !*a->netrc ? 0 : from_netrc(a, f);
}

int secret_find(const char **out, const struct account *a, struct failure *f)
{
	*out = NULL;
	if (a->password) {
		*out = vault_text(a->password);
		return *out ? 0 : fail(f, AT_CONFIG, EX_SOFTWARE, "the password was wiped after the last login");
	}
	if (whose != a) {
		whose = a;
		found = 0;
		if (find(a, f) < 0) {
			whose = NULL;
			return -1;
		}
	}
	*out = vault_text(found);
	return 0;
}

void secret_end(void)
{
	char *variable = getenv("MYSEND_PASSWORD");

	/* Where the kernel has put it: /proc/PID/environ shows that place. */
	if (variable)
		explicit_bzero(variable, strlen(variable));
	(void)!unsetenv("MYSEND_PASSWORD");
	secret_wipe();
}

void secret_wipe(void)
{
	vault_wipe();
	whose = NULL;
	found = 0;
}
