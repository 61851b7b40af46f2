#include "conf/subuid.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/trusted.h"
#include "conf/value.h"

/* Reads the owner of a line: a login, or a number. */
static bool owner_of(struct slice who, uid_t *owner)
{
	char name[256];
	const struct passwd *user;
	unsigned n;

	if (!who.len || who.len >= sizeof name)
		return false;
	snprintf(name, sizeof name, "%.*s", (int)who.len, who.p);
	user = getpwnam(name);
	if (user)
		*owner = user->pw_uid;
	else if (value_count(who, 0, UINT_MAX - 1, &n) == 0)
		*owner = (uid_t)n;
	else
		return false;
	return *owner != 0;
}

bool subuid_owner(const char *path, uid_t uid, uid_t *owner)
{
	struct failure unused;
	struct slice rest, line;
	bool found = false;
	struct buf text;
	int fd = trusted_open(path, TRUSTED_TEXT, &unused);

	if (fd < 0)
		return false;
	buf_start(&text, SUBUID_LIMIT);
	rest = file_slurp(fd, &text) == 0 ? buf_slice_of(&text) : (struct slice){"", 0};
	close(fd);
	while (!found && slice_line(&rest, &line)) {
		struct slice who, first;
		unsigned from, count;

		found = slice_cut(&line, ':', &who) && slice_cut(&line, ':', &first) && value_count(first, 0, UINT_MAX, &from) == 0 &&
			value_count(slice_trim(line), 0, UINT_MAX, &count) == 0 && uid >= from && uid - from < count && owner_of(who, owner);
	}
	buf_free(&text);
	return found;
}
