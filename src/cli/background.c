#define _GNU_SOURCE /* environ */
#include "cli/background.h"

#include <fcntl.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/reexec.h"

void background_try(const struct options *o, struct arena *in, const char *id)
{
	char *argv[8] = {"mysend"};
	int n = 1, null;
	sigset_t none;

	if (o->config) {
		argv[n++] = "-C";
		argv[n++] = arena_printf(in, "%s", o->config);
	}
	argv[n++] = id ? arena_printf(in, "-qI%s", id) : "-q";
	signal(SIGCHLD, SIG_IGN);
	if (fork() != 0)
		return;
	sigemptyset(&none); /* signals that would end us may be blocked (base/ending), and a child inherits that */
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			_exit(EX_OSERR);
	/* Closes what our caller has left open, such as a pipe whose end another process waits for. */
	reexec_close_from(STDERR_FILENO + 1);
	reexec_self(o->called, argv, environ);
	_exit(EX_OSERR);
}
