#include "conf/oauth.h"

#include <string.h>
#include <sysexits.h>

#include "base/loopback.h"

static const struct maker {
	enum oauth_maker maker;
	const char *word, *scope_client, *scope_login, *token, *login, *device, *revoke, *redirect;
	unsigned idle_days;
} makers[] = {
#define OAUTH(maker, word, scope_client, scope_login, token, login, device, revoke, redirect, idle_days) \
	{OAUTH_##maker, word, scope_client, scope_login, token, login, device, revoke, redirect, idle_days},
#include "conf/oauth.def"
};

bool oauth_is_on(const struct account *a)
{
	return !setting_is(a, SET_oauth, "off");
}

bool oauth_is_client(const struct account *a)
{
	return setting_is(a, SET_oauth, "client");
}

/* The failure names the place that has set s; for an option it is a failure of usage. */
static int fault(const struct account *a, enum setting s, const char *words, const char *more, struct failure *f)
{
	bool option = a->origin[s].rank == RANK_OPTION;
	char what[300];

	return fail(f, option ? AT_USAGE : AT_CONFIG, option ? EX_USAGE : EX_CONFIG, "%s %s%s", origin_subject(&a->origin[s], s, what, sizeof what),
		    words, more);
}

static int contradicts(const struct account *a, enum setting other, struct failure *f)
{
	char there[200], words[300];

	snprintf(words, sizeof words, "contradicts %s (%s)", setting_name(other), origin_text(&a->origin[other], there, sizeof there));
	fault(a, SET_oauth, words, "", f);
	return failure_hint(f, HINT_KEEP_ONE);
}

static const struct maker *maker_of(const struct account *a, struct slice *tenant)
{
	struct slice given = slice_of(a->oauth_provider);

	*tenant = (struct slice){"", 0};
	for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
		size_t n = strlen(makers[i].word);
		bool tenants = makers[i].word[n - 1] == ':';

		if (!slice_begins(given, makers[i].word) || (!tenants && given.len != n))
			continue;
		*tenant = (struct slice){given.p + n, given.len - n};
		return &makers[i];
	}
	return NULL;
}

static bool is_tenant(struct slice t)
{
	for (size_t i = 0; i < t.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.", t.p[i]))
			return false;
	return t.len > 0;
}

/* oauth_device_url off: there is such a URL, but who logs in may not use it. */
static bool has_device(const struct account *a)
{
	return strcmp(a->oauth_device_url, "off") != 0;
}

static int check_provider(const struct account *a, struct failure *f)
{
	struct slice tenant;
	const struct maker *m = maker_of(a, &tenant);
	bool many = slice_is(tenant, "common") || slice_is(tenant, "organizations") || slice_is(tenant, "consumers");

	if (!*a->oauth_provider)
		return *a->oauth_token_url ? 0 : fault(a, SET_oauth, "needs oauth_provider or oauth_token_url beside it", "", f);
	if (!m || (m->maker == OAUTH_MICROSOFT && !is_tenant(tenant)))
		return fault(a, SET_oauth_provider, "takes microsoft:TENANT or google, not ", a->oauth_provider, f);
	if (!oauth_is_client(a))
		return 0;
	if (m->maker == OAUTH_MICROSOFT && many)
		return fault(a, SET_oauth_provider, "takes the tenant's id or domain with oauth client, not ", tenant.p, f);
	if (m->maker == OAUTH_GOOGLE && !*a->oauth_assertion_command)
		return fault(a, SET_oauth, "client needs oauth_assertion_command with google; a person's mailbox takes oauth login", "", f);
	return 0;
}

/* The host of a URL without port and brackets. */
static struct slice host_of(const char *url)
{
	const char *begin = strstr(url, "://");
	struct slice host = {"", 0};

	if (!begin)
		return host;
	begin += 3;
	host = (struct slice){begin, strcspn(begin, "/?#")};
	if (host.len && *begin == '[') {
		host = (struct slice){begin + 1, strcspn(begin + 1, "]/?#")};
		return begin[1 + host.len] == ']' && (!begin[2 + host.len] || strchr(":/?#", begin[2 + host.len])) ? host : (struct slice){"", 0};
	}
	host.len = strcspn(begin, ":/?#");
	return host;
}

/* A secret or a token travels there: RFC 6749 3.1.2.1, 3.2. */
static int check_url(const struct account *a, enum setting s, const char *url, struct failure *f)
{
	struct slice host = host_of(url), text = slice_of(url);

	if (!*url)
		return 0;
	if (!host.len || strchr(url, '@') || strchr(url, '#') || strchr(url, '"') || (!slice_begins(text, "https://") && !slice_begins(text, "http://")))
		return fault(a, s, "takes https://HOST/PATH", "", f);
	if (slice_begins(text, "http://") && !loopback_is(host))
		return fault(a, s, "takes https:// only: http:// is for an address of this host alone, as 127.0.0.1", "", f);
	return 0;
}

static bool is_of_tokens(const struct account *a)
{
	return setting_is(a, SET_auth, "auto") || setting_is(a, SET_auth, "on") || setting_is(a, SET_auth, "xoauth2") || setting_is(a, SET_auth, "oauthbearer");
}

int oauth_check(const struct account *a, struct failure *f)
{
	const struct { enum setting setting; const char *url; } given[] = {
		{SET_oauth_token_url, a->oauth_token_url}, {SET_oauth_login_url, a->oauth_login_url},
		{SET_oauth_device_url, has_device(a) ? a->oauth_device_url : ""}, {SET_oauth_revoke_url, a->oauth_revoke_url},
	};

	/* Or the client's secret would go to the relay as a password. */
	if (!setting_is_set(a, SET_oauth) && *a->oauth_client_id)
		return fault(a, SET_oauth_client_id, "needs oauth beside it: client or login", "", f);
	if (!oauth_is_on(a))
		return 0;
#ifdef WITHOUT_OAUTH
	return fault(a, SET_oauth, "is of no use: mysend was built without it (--without-oauth)", "", f);
#endif
	if (!is_of_tokens(a))
		return contradicts(a, SET_auth, f);
	if (*a->pop_before_smtp)
		return contradicts(a, SET_pop_before_smtp, f);
	if (*a->oauth_assertion_command && !oauth_is_client(a))
		return contradicts(a, SET_oauth_assertion_command, f);
	if (!*a->user)
		return fault(a, SET_oauth, "needs user beside it", "", f);
	if (!*a->oauth_client_id) {
		fault(a, SET_oauth, "needs oauth_client_id beside it", "", f);
		return failure_hint(f, HINT_OAUTH_ID);
	}
	for (size_t i = 0; i < sizeof given / sizeof *given; i++)
		if (check_url(a, given[i].setting, given[i].url, f) < 0)
			return -1;
	return check_provider(a, f);
}

static const char *url_of(struct arena *in, const char *given, const char *row, struct slice tenant)
{
	const char *hole = strstr(row, "{}");

	if (*given || !hole)
		return *given ? given : row;
	return arena_printf(in, "%.*s%.*s%s", (int)(hole - row), row, (int)tenant.len, tenant.p, hole + 2);
}

int oauth_of(const struct account *a, struct arena *in, struct oauth *out, struct failure *f)
{
	static const struct maker own = {OAUTH_OWN, "", "", "", "", "", "", "", "127.0.0.1", 0};
	const struct maker *m;
	struct slice tenant, host;

	if (oauth_check(a, f) < 0)
		return -1;
	m = maker_of(a, &tenant);
	m = m ? m : &own;
	*out = (struct oauth){
		.maker = m->maker,
		.client_id = a->oauth_client_id,
		.scope = *a->oauth_scope ? a->oauth_scope : oauth_is_client(a) ? m->scope_client : m->scope_login,
		.token_url = url_of(in, a->oauth_token_url, m->token, tenant),
		.login_url = url_of(in, a->oauth_login_url, m->login, tenant),
		.device_url = has_device(a) ? url_of(in, a->oauth_device_url, m->device, tenant) : "",
		.revoke_url = url_of(in, a->oauth_revoke_url, m->revoke, tenant),
		.redirect = m->redirect,
		.idle_days = m->idle_days,
	};
	host = host_of(out->token_url);
	out->host = arena_text(in, host.p, host.len);
	return 0;
}
