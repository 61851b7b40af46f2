/* What units share that need files: a file of a text and a mode, and one file of the unit's own. The includer has cmocka (unit.h). */
#ifndef UNIT_FILES_H
#define UNIT_FILES_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* Makes the file anew, whatever the umask is. */
static inline void file_put(const char *path, const char *text, unsigned mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, (mode_t)mode), 0);
	close(fd);
}

/* Writes the text into the file; one that is there stays the same file. */
static inline void file_fill(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static inline char *own_file(void)
{
	static char path[] = "/tmp/mysend.XXXXXX";

	return path;
}

/* Group setup and teardown. */
static inline int own_file_make(void **state)
{
	int fd = mkstemp(own_file());

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static inline int own_file_remove(void **state)
{
	(void)state;
	return unlink(own_file());
}

#endif
