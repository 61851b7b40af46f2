#define _GNU_SOURCE /* syscall */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "base/file.h"
#include "base/reexec.h"
#include "base/unicode.h"
#include "cli/probe.h"

enum { VARIABLES = 8, PIECE = 4096, CHARACTER = 4, LOOK_MS = 50, LAST_LOOKS = 256 };

/* What the other user's process writes, on its way to the same place of ours. */
struct stream {
	int from, to; /* from -1: it has ended */
	int error;    /* errno of what could not be written */
	size_t len;
	char text[PIECE];
};

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

/* The process has no terminal, for what is typed into root's (TIOCSTI) root's shell would execute; and no key of root's
 * (session-keyring(7)). */
static int leave_root(const int out[2], const int err[2])
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || setsid() < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out[1], STDOUT_FILENO) < 0 || dup2(err[1], STDERR_FILENO) < 0)
		return -1;
#if defined __linux__ && defined SYS_keyctl
	(void)!syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL); /* a kernel without keys has none to give */
#endif
	return 0;
}

static int become(const struct passwd *user, pid_t root, struct failure *f)
{
	umask(022);
	if (chdir(user->pw_dir) < 0 && chdir("/") < 0)
		return fail_errno(f, AT_USAGE, EX_OSERR, "--as: the folder /");
	/* All groups of root's are given up before its user, who alone may do that. */
	if (initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
		return fail_errno(f, AT_USAGE, EX_OSERR, "--as: becoming %s", user->pw_name);
	if (user->pw_uid != 0 && setuid(0) == 0)
		return fail(f, AT_USAGE, EX_SOFTWARE, "--as: the rights of root are still there");
#ifdef __linux__
	(void)!prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0); /* the terminal's SIGINT ends root's process alone */
#endif
	return getppid() == root ? 0 : fail(f, AT_USAGE, EX_TEMPFAIL, "--as: root's process has ended");
}

/* The process of the other user; comes back only where that fails. */
static int begin_anew(const struct options *o, const struct passwd *user, const int out[2], const int err[2], pid_t root, struct failure *f)
{
	struct arena in = {.block = NULL};
	char **argv = without_as(o, &in), **env = of_cron(user, &in);

	if (leave_root(out, err) < 0)
		return fail_errno(f, AT_USAGE, EX_OSERR, "--as: leaving the terminal");
	if (become(user, root, f) < 0)
		return -1;
	reexec_close_from(STDERR_FILENO + 1);
	/* Executed anew, so that nothing that root has read is in memory. */
	reexec_self(o->called, argv, env);
	return fail_errno(f, AT_USAGE, EX_OSERR, "--as: executing mysend again");
}

/* That user's programs may have written anything: a terminal obeys control characters. A line that goes on is passed in pieces. */
static void pass(struct stream *s, bool ended)
{
	struct slice rest = {s->text, s->len}, line;
	char shown[PIECE * CHARACTER + 1];
	const char *end;

	while (rest.len && ((end = memchr(rest.p, '\n', rest.len)) || ended || rest.len == PIECE)) {
		line = (struct slice){rest.p, end ? (size_t)(end - rest.p) : rest.len};
		if (!end && !ended)
			line = unicode_shortened(line, PIECE - CHARACTER);
		slice_printable(shown, sizeof shown, line);
		if (file_write(s->to, shown, strlen(shown)) < 0 || (end && file_write(s->to, "\n", 1) < 0)) {
			s->error = errno;
			rest.len = 0;
			break;
		}
		rest.p += line.len + (end != NULL);
		rest.len -= line.len + (end != NULL);
	}
	memmove(s->text, rest.p, rest.len);
	s->len = rest.len;
}

static void take(struct stream *s)
{
	ssize_t n = file_read(s->from, s->text + s->len, sizeof s->text - s->len);

	s->len += n > 0 ? (size_t)n : 0;
	pass(s, n <= 0);
	if (n <= 0 || s->error) { /* where nobody reads, the other process learns it as it would without us */
		close(s->from);
		s->from = -1;
	}
}

/* Passes all on until the process has ended: what it has started may keep the pipes open. */
static void pass_all(struct stream s[2], pid_t pid)
{
	bool ended = false;
	int looks = 0;

	while (s[0].from >= 0 || s[1].from >= 0) {
		struct pollfd p[2] = {{.fd = s[0].from, .events = POLLIN}, {.fd = s[1].from, .events = POLLIN}};
		siginfo_t info = {.si_pid = 0};
		int n = poll(p, 2, ended ? 0 : LOOK_MS);

		for (int i = 0; n > 0 && i < 2; i++)
			if (p[i].revents)
				take(&s[i]);
		if (ended && (n == 0 || ++looks > LAST_LOOKS))
			break;
		ended = ended || (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid);
	}
	for (int i = 0; i < 2; i++)
		if (s[i].from >= 0) {
			pass(&s[i], true);
			close(s[i].from);
		}
}

/* Root's process: it shows what the other one says, and ends as that does. */
static int attend(pid_t pid, const char *user, int out, int err, struct failure *f)
{
	struct stream s[2] = {{.from = out, .to = STDOUT_FILENO}, {.from = err, .to = STDERR_FILENO}};
	int status;

	signal(SIGPIPE, SIG_IGN);
	pass_all(s, pid);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(f, AT_USAGE, EX_OSERR, "--as: waiting for the process of %s", user);
	for (int i = 0; i < 2; i++)
		if (s[i].error && s[i].error != EPIPE) {
			errno = s[i].error;
			return fail_errno(f, AT_USAGE, EX_IOERR, "writing to standard %s", i ? "error" : "output");
		}
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : fail(f, AT_USAGE, EX_SOFTWARE, "--as: the process of %s was ended by signal %d", user, WTERMSIG(status));
}

int probe_as(const struct options *o, struct failure *f)
{
	const struct passwd *user = getpwnam(o->as);
	int out[2], err[2];
	pid_t root = getpid(), pid;

	if (geteuid() != 0) {
		fail(f, AT_USAGE, EX_NOPERM, "only root may become %s", o->as);
		return failure_hint(f, HINT_PROBE_ROOT, o->as);
	}
	if (!user)
		return fail(f, AT_USAGE, EX_NOUSER, "--as: there is no user %s on this host", o->as);
	if (pipe(out) < 0 || pipe(err) < 0)
		return fail_errno(f, AT_USAGE, EX_OSERR, "--as: a pipe");
	signal(SIGCHLD, SIG_DFL); /* our caller may have had it ignored; then no child could be waited for */
	pid = fork();
	if (pid == 0)
		return begin_anew(o, user, out, err, root, f);
	close(out[1]);
	close(err[1]);
	if (pid < 0)
		return fail_errno(f, AT_USAGE, EX_OSERR, "--as: a process for %s", user->pw_name);
	return attend(pid, user->pw_name, out[0], err[0], f);
}
