#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/token_file.h"

enum { LOOKED_AT = 200 }; /* files at most: oauth_state may be a folder with other things in it */

static bool is_of_an_account(const char *name)
{
	size_t len = strlen(name), lock = strlen(TOKEN_FILE_LOCK), new = strlen(TOKEN_FILE_NEW);

	return *name != '.' && len < TOKEN_FILE_NAME && strcmp(name + len - (len < lock ? len : lock), TOKEN_FILE_LOCK) != 0 &&
	       strcmp(name + len - (len < new ? len : new), TOKEN_FILE_NEW) != 0;
}

/* From here on *t means the file of that name; false: the path would be too long. */
static bool set_name(struct token_file *t, const char *name)
{
	size_t folder = strlen(t->path) - strlen(t->name);

	if (folder + strlen(name) + TOKEN_FILE_NAME >= sizeof t->path)
		return false;
	snprintf(t->name, sizeof t->name, "%s", name);
	snprintf(t->path + folder, sizeof t->path - folder, "%s", name);
	return true;
}

void token_file_share(struct token_file *t, bool (*has_login)(const struct token_file *other))
{
	int fd = faccessat(t->folder, t->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? -1 : openat(t->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct token_file other = *t;
	char found[TOKEN_FILE_NAME] = "";
	const struct dirent *d;

	if (!list) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (unsigned n = 0; n < LOOKED_AT && (d = readdir(list)); n++)
		if (is_of_an_account(d->d_name) && (!*found || strcmp(d->d_name, found) < 0) && set_name(&other, d->d_name) && has_login(&other))
			snprintf(found, sizeof found, "%s", other.name);
	closedir(list);
	if (*found)
		(void)!set_name(t, found);
}
