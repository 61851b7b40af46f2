#define _GNU_SOURCE /* syscall */
#include "base/reexec.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif

enum { DESCRIPTORS = 65536 }; /* where close_range(2) is missing, at most so many descriptors are closed one by one */

void reexec_self(const char *called, char *const argv[], char *const env[])
{
	const char *const paths[] = {"/proc/self/exe", "/proc/curproc/file", BINDIR "/mysend", called && strchr(called, '/') ? called : NULL};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (paths[i])
			execve(paths[i], argv, env);
}

void reexec_close_from(int first)
{
	long most;

#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
		return;
#endif
	most = sysconf(_SC_OPEN_MAX);
	for (int fd = first; fd < DESCRIPTORS && (most < 0 || fd < most); fd++)
		close(fd);
}
