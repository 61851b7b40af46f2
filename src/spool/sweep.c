#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "spool/spool.h"

enum { STALE_SECONDS = 3600 };

/* Unlocked, and old: whoever wrote it is gone. */
static void sweep_one(const struct spool *s, const char *name, time_t now)
{
	int fd = openat(s->tmp, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && now - st.st_mtime > STALE_SECONDS)
		(void)!unlinkat(s->tmp, name, 0);
	close(fd);
}

static void sweep_state(const struct spool *s, const char *name)
{
	char id[SPOOL_ID];

	size_t len = strlen(name);

	if (len < 32 || len - 6 >= sizeof id || strcmp(name + len - 6, ".state") != 0)
		return;
	memcpy(id, name, len - 6);
	id[len - 6] = '\0';
	if (faccessat(s->queue, id, F_OK, 0) < 0 && errno == ENOENT)
		(void)!unlinkat(s->queue, name, 0);
}

void spool_sweep(const struct spool *s)
{
	const int folders[] = {s->tmp, s->queue};
	time_t now = time(NULL);

	for (int i = 0; i < 2; i++) {
		int fd = openat(folders[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		DIR *folder = fd < 0 ? NULL : fdopendir(fd);
		struct dirent *d;

		while (folder && (d = readdir(folder)))
			if (i)
				sweep_state(s, d->d_name);
			else if (d->d_name[0] != '.')
				sweep_one(s, d->d_name, now);
		if (folder)
			closedir(folder);
		else if (fd >= 0)
			close(fd);
	}
}
