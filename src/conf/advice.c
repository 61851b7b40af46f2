#define _GNU_SOURCE /* environ */
#include "conf/advice.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/whoami.h"

/* The first folder on the way to path that we may not enter; or NULL. */
static const char *closed_folder(struct arena *in, const char *path)
{
	for (const char *end = path; (end = strchr(end + 1, '/'));) {
		const char *folder = arena_text(in, path, (size_t)(end - path));

		if (access(folder, X_OK) < 0 && errno == EACCES)
			return folder;
	}
	return NULL;
}

/* By its mode and owner the file can be read by us: what forbids it is something else. */
static bool mode_is_right(const struct stat *st)
{
	gid_t groups[256];
	int n = getgroups(256, groups);

	if (geteuid() == 0 || (st->st_mode & S_IROTH))
		return true;
	if (st->st_uid == geteuid())
		return st->st_mode & S_IRUSR;
	for (int i = 0; i < n; i++)
		if (groups[i] == st->st_gid)
			return st->st_mode & S_IRGRP;
	return st->st_gid == getegid() && st->st_mode & S_IRGRP;
}

/* The group that was made for the user alone; others, such as nogroup, have users in it whom the file is not for. */
static const char *own_group(const char *user)
{
	const struct group *g = getgrgid(getegid());

	return g && g->gr_name && strcmp(g->gr_name, user) == 0 ? user : "GROUP";
}

int advice_unreadable(struct failure *f, struct arena *in, const char *path, int error)
{
	const char *folder, *user = whoami_user(in);
	char here[4096];
	struct stat st;

	if (error != EACCES && error != EPERM)
		return -1;
	if (*path != '/' && getcwd(here, sizeof here))
		path = arena_printf(in, "%s/%s", here, path);
	folder = error == EACCES ? closed_folder(in, path) : NULL;
	if (folder)
		return failure_hint(f, HINT_FOLDER_CLOSED, user, folder, folder);
	if (stat(path, &st) < 0)
		return -1;
	if (mode_is_right(&st))
		return failure_hint(f, HINT_MODE_IS_RIGHT, path);
	if (st.st_uid == 0) /* root refuses a file of anybody else's */
		return failure_hint(f, HINT_FILE_OF_ROOT, user, own_group(user), path, path);
	return failure_hint(f, HINT_FILE_OWNER, user, user, path, path);
}

const char *advice_doubt(struct slice v)
{
	char first = v.len ? v.p[0] : 'x', last = v.len ? v.p[v.len - 1] : 'x';

	if (v.len >= 2 && (first == '\'' || first == '"') && last == first)
		return "stands in quotes, which are taken as part of it: leave them out";
	if (last == ' ' || last == '\t')
		return "ends in a blank, which is part of it: leave it out, unless it is meant";
	if (first == ' ' || first == '\t')
		return "begins with a blank, which is part of it: leave it out, unless it is meant";
	return NULL;
}

bool advice_may_be_anything(enum setting s)
{
	return setting_is_secret(s) || s == SET_subject || s == SET_from_full_name || setting_is_command(s) || s == SET_logfile_time_format;
}

bool advice_begins_with_equals(struct slice v)
{
	return v.len && v.p[0] == '=' && (v.len == 1 || v.p[1] == ' ' || v.p[1] == '\t');
}

const char *advice_doubt_of(enum setting s, struct slice v)
{
	const char *doubt = advice_doubt(v);

	if (setting_is_command(s))
		return NULL;
	/* In a file of a password alone no quotes count, and many a password begins with one. */
	if (!doubt && v.len && v.p[0] == '"' && !memchr(v.p + 1, '"', v.len - 1))
		return "begins with a quote that is not closed, and is part of it: leave it out, unless it is meant";
	if (advice_begins_with_equals(v) && (v.len > 1 || !setting_is_secret(s)))
		return "begins with a =, which is taken as part of it: a blank alone stands behind a keyword";
	/* A # is usual in a text for people, and in a password. */
	if (doubt || advice_may_be_anything(s))
		return doubt;
	for (size_t i = 1; i + 1 < v.len; i++)
		if (v.p[i] == '#' && (v.p[i - 1] == ' ' || v.p[i - 1] == '\t'))
			return "has a # in it, which is part of the value: a comment needs a line of its own";
	return NULL;
}

/* A name that mysend knows, without MYSEND_ and in lower case. */
static bool is_known(const char *name)
{
	static const char *const others[] = {"config", "passwordeval"};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strcmp(name, others[i]) == 0)
			return true;
	return setting_find(name, strlen(name)) != SETTINGS;
}

static void warn_of(struct arena *in, struct slice name)
{
	char *lower = arena_text(in, name.p + strlen("MYSEND_"), name.len - strlen("MYSEND_")), *upper;
	const char *nearest;

	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (is_known(lower))
		return;
	nearest = setting_nearest(slice_of(lower));
	upper = arena_printf(in, "%s", nearest ? nearest : "");
	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	log_doubt("the variable %.*s means nothing to mysend%s%s%s", name.len > 80 ? 80 : (int)name.len, name.p,
		    nearest ? ": did you mean MYSEND_" : "", upper, nearest ? "?" : "");
}

void advice_variables(struct arena *in)
{
	for (char **v = environ; v && *v; v++) {
		struct slice rest = slice_of(*v), name;

		if (strncmp(*v, "MYSEND_", strlen("MYSEND_")) == 0 && slice_cut(&rest, '=', &name))
			warn_of(in, name);
	}
}
