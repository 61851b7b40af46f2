#include "cli/behind.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

/* What the caller has left open, a pipe perhaps whose end somebody waits for. */
static void keep_none(void)
{
	DIR *list = opendir("/proc/self/fd");
	struct dirent *d;

	while (list && (d = readdir(list))) {
		long fd = strtol(d->d_name, NULL, 10);

		if (fd > 2)
			(void)!fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	}
}

void behind_try(const struct wish *w, struct arena *in, const char *id)
{
	char *argv[8] = {"mysend"};
	int n = 1, null;

	if (w->config) {
		argv[n++] = "-C";
		argv[n++] = arena_printf(in, "%s", w->config);
	}
	argv[n++] = id ? arena_printf(in, "-qI%s", id) : "-q";
	signal(SIGCHLD, SIG_IGN);
	if (fork() != 0)
		return;
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			_exit(EX_OSERR);
	keep_none();
	execv("/proc/self/exe", argv);
	_exit(EX_OSERR);
}
