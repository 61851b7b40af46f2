#include "conf/subuid.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/trusted.h"

static bool number(struct slice s, uint64_t *n)
{
	*n = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || s.len > 10)
			return false;
		*n = *n * 10 + (uint64_t)(s.p[i] - '0');
	}
	return s.len > 0;
}

/* A login, or its number. */
static bool owner_of(struct slice who, uid_t *owner)
{
	char name[256];
	const struct passwd *user;
	uint64_t n;

	if (!who.len || who.len >= sizeof name)
		return false;
	snprintf(name, sizeof name, "%.*s", (int)who.len, who.p);
	user = getpwnam(name);
	if (user)
		*owner = user->pw_uid;
	else if (number(who, &n) && n < (uid_t)-1)
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
		uint64_t from, count;

		found = slice_cut(&line, ':', &who) && slice_cut(&line, ':', &first) && number(first, &from) &&
			number(slice_trim(line), &count) && uid >= from && uid - from < count && owner_of(who, owner);
	}
	buf_free(&text);
	return found;
}
