#include "conf/whoami.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lookup.h"
#include "base/trusted.h"
#include "conf/value.h"
#include "mail/address.h"

#ifndef LOCALSTATEDIR
#define LOCALSTATEDIR "/var"
#endif
#ifndef MAILNAME
#define MAILNAME "/etc/mailname"
#endif

enum { HOST_OCTETS = 255, MAILNAME_OCTETS = 4096, FULL_NAME_OCTETS = 1024 };

static const char *copy(struct arena *in, const char *text)
{
	return arena_text(in, text, strlen(text));
}

const char *whoami_user(struct arena *in)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *env;

	if (pw && pw->pw_name && *pw->pw_name)
		return copy(in, pw->pw_name);
	env = getenv("USER");
	if (!env || !*env)
		env = getenv("LOGNAME");
	return env && *env ? env : arena_printf(in, "%lu", (unsigned long)getuid());
}

const char *whoami_home(struct arena *in)
{
	const char *env = getenv("HOME");
	const struct passwd *pw;

	if (env && *env == '/' && (access(env, X_OK) == 0 || errno != EACCES))
		return env;
	pw = getpwuid(getuid());
	if (pw && pw->pw_dir && *pw->pw_dir == '/')
		return copy(in, pw->pw_dir);
	return env && *env == '/' ? env : ""; /* no other is known: what is wrong with it is told where it is used */
}

void whoami_give_home(struct arena *in)
{
	const char *home = whoami_home(in), *env = getenv("HOME");

	if (*home && (!env || strcmp(env, home) != 0))
		(void)!setenv("HOME", home, 1);
}

const char *whoami_full_name(struct arena *in)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *name = "";
	struct buf b;
	int rc = 0;

	if (!pw || !pw->pw_gecos || !pw->pw_name)
		return "";
	buf_start(&b, FULL_NAME_OCTETS);
	for (const char *p = pw->pw_gecos; *p && *p != ',' && rc == 0; p++) {
		if (*p != '&') {
			rc = buf_add(&b, p, 1);
		} else if (*pw->pw_name) {
			rc = buf_text(&b, pw->pw_name);
			if (rc == 0)
				b.p[b.len - strlen(pw->pw_name)] = (char)toupper((unsigned char)*pw->pw_name);
		}
	}
	if (b.len)
		name = arena_text(in, b.p, b.len);
	buf_free(&b);
	return name;
}

const char *whoami_host(struct arena *in)
{
	char name[HOST_OCTETS + 1] = "";

	if (gethostname(name, sizeof name) < 0)
		return "localhost";
	name[HOST_OCTETS] = '\0';
	return value_is_name(name) ? copy(in, name) : "localhost";
}

/* The resolver is asked once a process: otherwise each address as joe@box.evil.example would have a host called "box" ask again. */
static struct {
	bool known;
	char name[LOOKUP_NAME + 1];
} full_host;

const char *whoami_full_host(struct arena *in)
{
	const char *host = whoami_host(in);

	if (strchr(host, '.'))
		return host;
	if (!full_host.known) {
		if (lookup_host(host, LOOKUP_MS, full_host.name, sizeof full_host.name) != 0 || !strchr(full_host.name, '.') ||
		    !value_is_name(full_host.name))
			*full_host.name = '\0';
		full_host.known = true;
	}
	return full_host.name;
}

const char *whoami_mailname(struct arena *in)
{
	struct failure unused;
	int fd = trusted_open(MAILNAME, TRUSTED_TEXT, &unused);
	struct slice rest, line;
	const char *name = "";
	struct buf b;

	if (fd < 0)
		return "";
	buf_start(&b, MAILNAME_OCTETS);
	if (file_slurp(fd, &b) == 0) {
		rest = buf_slice_of(&b);
		slice_skip_mark(&rest);
		if (slice_line(&rest, &line)) {
			line = slice_trim(line);
			name = arena_text(in, line.p, line.len);
		}
	}
	close(fd);
	buf_free(&b);
	return value_is_name(name) ? name : "";
}

const char *whoami_mail_domain(struct arena *in, const struct account *a)
{
	const char *domain;

	if (*a->maildomain)
		return a->maildomain;
	domain = whoami_mailname(in);
	return *domain ? domain : whoami_full_host(in);
}

/* A folder of the user's for what is kept between runs. */
static const char *state_folder(struct arena *in, const char *name)
{
	const char *state = getenv("XDG_STATE_HOME"), *home;

	if (state && *state == '/')
		return arena_printf(in, "%s/mysend/%s", state, name);
	home = whoami_home(in);
	return *home ? arena_printf(in, "%s/.local/state/mysend/%s", home, name) : "";
}

const char *whoami_spool(struct arena *in, const struct account *a)
{
	if (*a->spool)
		return a->spool;
	return geteuid() == 0 ? LOCALSTATEDIR "/spool/mysend" : state_folder(in, "spool");
}

const char *whoami_rates(struct arena *in)
{
	return geteuid() == 0 ? LOCALSTATEDIR "/lib/mysend/rate" : state_folder(in, "rate");
}

/* One of its last two names begins so: StateDirectory is mysend, mysend-alerts or mysend/alerts. Others belong to where it stands. */
static bool is_mysends(struct slice path)
{
	for (unsigned names = 0; names < 2 && path.len; names++) {
		size_t at = path.len;

		while (at && path.p[at - 1] != '/')
			at--;
		if (slice_begins((struct slice){path.p + at, path.len - at}, "mysend"))
			return true;
		path.len = at ? at - 1 : 0;
	}
	return false;
}

/* The folder for tokens in $STATE_DIRECTORY (systemd.exec(5)): in that of mysend's own service; or, where no other place is known, in
 * that of any. "": there is none. */
static const char *service_folder(struct arena *in, bool of_any)
{
	const char *list = getenv("STATE_DIRECTORY");
	struct slice rest = slice_of(list ? list : ""), one;

	while (rest.len) {
		if (!slice_cut(&rest, ':', &one)) {
			one = rest;
			rest.len = 0;
		}
		if (one.len && *one.p == '/' && (of_any || is_mysends(one)))
			return arena_printf(in, "%.*s/oauth", (int)one.len, one.p);
	}
	return "";
}

/* A service of another program has a $STATE_DIRECTORY, too, and sends alerts: its mail goes by the login that was made outside of
 * it, and so it counts only for who has no home, as a DynamicUser. */
const char *whoami_tokens(struct arena *in, const struct account *a)
{
	const char *home, *folder = *a->oauth_state ? a->oauth_state : service_folder(in, false);

	if (*folder)
		return folder;
	if (geteuid() == 0)
		return LOCALSTATEDIR "/lib/mysend/oauth";
	home = whoami_home(in);
	if (!getenv("XDG_STATE_HOME") && (!*home || strcmp(home, "/") == 0 || access(home, X_OK) < 0))
		folder = service_folder(in, true);
	return *folder ? folder : state_folder(in, "oauth");
}

bool whoami_is_local(struct arena *in, const char *host, const char *address)
{
	const char *domain = address_domain(address);
	size_t len = strlen(host);

	if (address_is_bare(address) || strcasecmp(domain, "localhost") == 0 ||
	    strcasecmp(domain, "localhost.localdomain") == 0)
		return true;
	if (strncasecmp(domain, host, len) != 0)
		return false;
	/* The resolver is asked only for a name that could be the host's. */
	return !domain[len] || (domain[len] == '.' && !strchr(host, '.') && strcasecmp(domain, whoami_full_host(in)) == 0);
}

const char *whoami_ehlo(struct arena *in, const struct account *a)
{
	const char *host;

	if (*a->domain)
		return a->domain;
	host = whoami_host(in);
	return strchr(host, '_') ? "localhost" : host; /* relays that check the name refuse one with _ */
}
