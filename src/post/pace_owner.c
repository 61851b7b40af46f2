#include "post/pace_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* The first line of the file, or "". */
static void first_line(const char *path, char *to, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : file_read(fd, to, room - 1);

	if (fd >= 0)
		close(fd);
	to[n < 0 ? 0 : n] = '\0';
	to[strcspn(to, "\n")] = '\0';
}

void pace_owner_host(char boot_id[static PACE_ID], char host[static PACE_ID])
{
	first_line("/proc/sys/kernel/random/boot_id", boot_id, PACE_ID);
	first_line("/etc/machine-id", host, PACE_ID);
	if (!*host && gethostname(host, PACE_ID) < 0)
		*host = '\0';
	host[PACE_ID - 1] = '\0';
}

/* The 22nd field of /proc/PID/stat; the second, in parentheses, may hold anything. Whoever has ended, and was not waited for yet, has
 * never started. */
static uint64_t start_of(int64_t pid)
{
	char path[64], text[1024], *at;

	snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
	first_line(path, text, sizeof text);
	at = strrchr(text, ')');
	if (at && (strncmp(at, ") Z", 3) == 0 || strncmp(at, ") X", 3) == 0))
		return UINT64_MAX;
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

struct pace_owner pace_owner_me(const char *boot_id)
{
	uint64_t space = 14695981039346656037U; /* FNV-1a */
	struct stat st;

	for (const char *p = boot_id; *p; p++)
		space = (space ^ (unsigned char)*p) * 1099511628211U;
	if (stat("/proc/self/ns/pid", &st) == 0)
		space ^= (uint64_t)st.st_ino;
	return (struct pace_owner){space, start_of(getpid()), getpid()};
}

bool pace_owner_is_gone(const struct pace_owner *me, const struct pace_owner *who)
{
	uint64_t start;

	if (who->space != me->space || who->pid <= 0 || (who->pid == me->pid && who->start == me->start))
		return false;
	if (kill((pid_t)who->pid, 0) < 0 && errno == ESRCH)
		return true;
	start = start_of(who->pid);
	return start && who->start && start != who->start;
}
