#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/reexec.h"
#include "cli/probe.h"

enum { VARIABLES = 8 };

/* The words of the command line without --as USER. */
static char **without_as(const struct options *o, struct arena *in)
{
	char **argv = arena_zeroed(in, (size_t)o->argc + 1, sizeof *argv);
	int n = 0;

	for (int i = 0; i < o->argc; i++) {
		if (i && strcmp(o->argv[i], "--as") == 0)
			i++;
		else if (!i || strncmp(o->argv[i], "--as=", 5) != 0)
			argv[n++] = o->argv[i];
	}
	return argv;
}

/* What cron gives a command of that user (crontab(5)). */
static char **of_cron(const struct passwd *user, struct arena *in)
{
	char **env = arena_zeroed(in, VARIABLES, sizeof *env);
	int n = 0;

	env[n++] = arena_printf(in, "HOME=%s", user->pw_dir);
	env[n++] = arena_printf(in, "LOGNAME=%s", user->pw_name);
	env[n++] = arena_printf(in, "USER=%s", user->pw_name);
	env[n++] = arena_printf(in, "SHELL=%s", "/bin/sh");
	env[n++] = arena_printf(in, "PATH=%s", "/usr/bin:/bin");
	return env;
}

int probe_as(const struct options *o, struct failure *f)
{
	struct arena in = {.block = NULL};
	const struct passwd *user = getpwnam(o->as);
	char **argv, **env;

	if (geteuid() != 0) {
		fail(f, AT_USAGE, EX_NOPERM, "only root may become %s", o->as);
		return failure_hint(f, HINT_PROBE_ROOT, o->as);
	}
	if (!user)
		return fail(f, AT_USAGE, EX_NOUSER, "--as: there is no user %s on this host", o->as);
	argv = without_as(o, &in);
	env = of_cron(user, &in);
	umask(022);
	if (chdir(user->pw_dir) < 0 && chdir("/") < 0)
		return fail_errno(f, AT_USAGE, EX_OSERR, "--as: the folder /");
	/* All groups of root's are given up before its user, who alone may do that. */
	if (initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
		return fail_errno(f, AT_USAGE, EX_OSERR, "--as: becoming %s", o->as);
	if (user->pw_uid != 0 && setuid(0) == 0)
		return fail(f, AT_USAGE, EX_SOFTWARE, "--as: the rights of root are still there");
	reexec_close_from(STDERR_FILENO + 1);
	/* Executed anew, so that nothing that root has read is in memory. */
	reexec_self(o->called, argv, env);
	return fail_errno(f, AT_USAGE, EX_OSERR, "--as: executing mysend again");
}
