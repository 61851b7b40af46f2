#include "conf/relay.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/bytes.h"
#include "conf/oauth.h"
#include "conf/value.h"
#include "conf/whoami.h"

enum { SUBMISSION = 587, SUBMISSIONS = 465 }; /* the ports of RFC 6409 3.1 and RFC 8314 3.3 */

enum { EXPANDED_MAX = 4096 };

/* Settings of which one, set at a higher place, replaces all others of the group. */
static const enum setting groups[][3] = {
	{SET_relay, SET_host, SET_socket},
	{SET_password, SET_password_file, SET_password_command},
	{SET_proxy, SET_proxy_host, SET_proxy_port},
};

/* What is said of a provider goes with it. */
static const enum setting of_provider[] = {
	SET_oauth_scope, SET_oauth_token_url, SET_oauth_login_url, SET_oauth_device_url, SET_oauth_revoke_url,
};

/* Whether setting s replaces its group: not proxy_port alone, and not an empty socket beside a host. */
static bool puts_out(const struct account *over, enum setting s)
{
	return setting_is_set(over, s) && s != SET_proxy_port && (s != SET_socket || *over->socket);
}

void account_lay(struct account *under, const struct account *over)
{
	for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
		bool any = false;

		for (size_t i = 0; i < 3; i++)
			any |= puts_out(over, groups[g][i]);
		for (size_t i = 0; i < 3 && any; i++)
			account_unset(under, groups[g][i]);
	}
	for (size_t i = 0; i < sizeof of_provider / sizeof *of_provider && setting_is_set(over, SET_oauth_provider); i++)
		account_unset(under, of_provider[i]);
	for (unsigned s = 0; s < SETTINGS; s++)
		if (setting_is_set(over, (enum setting)s))
			account_copy(under, over, (enum setting)s);
}

bool account_has_relay(const struct account *a)
{
	return *a->host || *a->socket;
}

/* The failure names the place that has set s; for an option it is a failure of usage. */
static int fault_of(const struct account *a, enum setting s, struct failure *f)
{
	if (a->origin[s].rank == RANK_OPTION) {
		f->stage = AT_USAGE;
		f->exit = EX_USAGE;
	}
	return -1;
}

static bool comes_later(const struct origin *a, const struct origin *b)
{
	return a->rank != b->rank ? a->rank > b->rank : a->line > b->line;
}

/* The setting of the later line is named first: that is the line to look at. */
static int contradict(const struct account *a, enum setting one, enum setting other, struct failure *f)
{
	char here[200], there[200];
	enum setting s;

	if (comes_later(&a->origin[other], &a->origin[one])) {
		s = one;
		one = other;
		other = s;
	}
	origin_subject(&a->origin[one], one, here, sizeof here);
	origin_text(&a->origin[other], there, sizeof there);
	fail(f, AT_CONFIG, EX_CONFIG, "%s contradicts %s (%s)", here, setting_name(other), there);
	fault_of(a, one, f);
	if (one == SET_tls_starttls || other == SET_tls_starttls)
		return failure_hint(f, HINT_RELAY_STARTTLS);
	if (one == SET_tls || other == SET_tls)
		return failure_hint(f, HINT_RELAY_TLS);
	return failure_hint(f, HINT_KEEP_ONE);
}

static int alone(const struct account *a, enum setting s, const char *words, struct failure *f)
{
	char what[300];

	fail(f, AT_CONFIG, EX_CONFIG, "%s %s", origin_subject(&a->origin[s], s, what, sizeof what), words);
	return fault_of(a, s, f);
}

static int bad_relay(const struct account *a, const char *why, struct failure *f)
{
	alone(a, SET_relay, why, f);
	return failure_hint(f, HINT_RELAY_FORM);
}

/* Sets s to what `relay` says of it, as if a line of the same place had set s. */
static int put_setting(struct account *a, struct arena *in, enum setting s, struct slice value, struct failure *f)
{
	char what[300];
	struct failure unused;

	if (account_set(a, in, s, value, &a->origin[SET_relay], &unused) == 0)
		return 0;
	origin_subject(&a->origin[SET_relay], SET_relay, what, sizeof what);
	fail(f, AT_CONFIG, EX_CONFIG, "%s: \"%.*s\" is no %s", what, value.len > 100 ? 100 : (int)value.len, value.p,
	     setting_name(s));
	fault_of(a, SET_relay, f);
	return failure_hint(f, HINT_RELAY_FORM);
}

/* Reads HOST, HOST:PORT, [IPv6] or [IPv6]:PORT, perhaps with a / at its end. False: the text is none of these. */
static bool cut_host(struct slice text, struct slice *host, struct slice *port, bool *has_port)
{
	*port = text;
	if (!text.len || *text.p != '[') {
		*has_port = slice_cut(port, ':', host);
		if (!*has_port)
			*host = text;
		return true;
	}
	if (!slice_cut(port, ']', host))
		return false;
	host->len++;
	*has_port = port->len > 0;
	if (*has_port && *port->p != ':')
		return false;
	if (*has_port)
		*port = (struct slice){port->p + 1, port->len - 1};
	return true;
}

static int host_and_port(struct account *a, struct arena *in, struct slice text, unsigned scheme_port,
			 struct failure *f)
{
	struct slice host, port;
	unsigned beside = a->port;
	bool has_port;

	if (text.len && text.p[text.len - 1] == '/')
		text.len--;
	if (!cut_host(text, &host, &port, &has_port))
		return bad_relay(a, "has brackets that are not about an address", f);
	if (put_setting(a, in, SET_host, host, f) < 0)
		return -1;
	if (!has_port)
		return beside || !scheme_port ? 0 : put_setting(a, in, SET_port, slice_of(arena_printf(in, "%u", scheme_port)), f);
	if (!port.len)
		return bad_relay(a, "has no port behind its colon", f);
	if (put_setting(a, in, SET_port, port, f) < 0)
		return -1;
	return !beside || a->port == beside ? 0 : bad_relay(a, "has another port than the setting port beside it", f);
}

int relay_split(struct account *a, struct arena *in, struct failure *f)
{
	struct slice text = slice_of(a->relay);
	bool smtp = slice_begins(text, "smtp://"), smtps = slice_begins(text, "smtps://");

	if (!*a->relay)
		return 0;
	if (strchr(a->relay, '@')) {
		alone(a, SET_relay, "takes no name and no password", f);
		return failure_hint(f, HINT_RELAY_LOGIN);
	}
	if (slice_begins(text, "unix:")) {
		if (a->relay[5] != '/')
			return bad_relay(a, "takes the full path of a socket behind unix:", f);
	} else if (!smtp && !smtps && strstr(a->relay, "://")) {
		return bad_relay(a, "begins with smtp://, smtps:// or unix:/, or is a host", f);
	}
	if (setting_is_set(a, SET_host) || setting_is_set(a, SET_socket))
		return contradict(a, SET_relay, setting_is_set(a, SET_host) ? SET_host : SET_socket, f);
	if (slice_begins(text, "unix:"))
		return put_setting(a, in, SET_socket, slice_of(a->relay + 5), f);
	if ((smtp || smtps) && setting_is_set(a, SET_tls_starttls) && a->tls_starttls == smtps)
		return contradict(a, SET_relay, SET_tls_starttls, f);
	if (smtps && setting_is_set(a, SET_tls) && setting_is(a, SET_tls, "off"))
		return contradict(a, SET_relay, SET_tls, f);
	if ((smtp || smtps) && put_setting(a, in, SET_tls_starttls, smtp ? SLICE("on") : SLICE("off"), f) < 0)
		return -1;
	if (smtps && !setting_is_set(a, SET_tls) && put_setting(a, in, SET_tls, SLICE("on"), f) < 0)
		return -1;
	if (smtp || smtps)
		text = slice_of(strstr(a->relay, "://") + 3);
	return host_and_port(a, in, text, smtps ? SUBMISSIONS : smtp ? SUBMISSION : 0, f);
}

static const char *meaning(struct arena *in, char letter)
{
	switch (letter) {
	case 'U':
		return whoami_user(in);
	case 'H':
		return whoami_host(in);
	case 'C':
		return whoami_full_host(in);
	case 'M':
		return whoami_mailname(in);
	case '%':
		return "%";
	default:
		return NULL;
	}
}

const char *account_expand(struct arena *in, const char *text)
{
	const char *done = text;
	struct buf b;
	int rc = 0;

	if (!strchr(text, '%'))
		return text;
	buf_start(&b, EXPANDED_MAX);
	for (const char *p = text; *p && rc == 0; p++) {
		const char *to = *p == '%' ? meaning(in, p[1]) : NULL;

		rc = to ? buf_text(&b, to) : buf_add(&b, p, 1);
		if (to)
			p++;
	}
	if (rc == 0)
		done = arena_text(in, b.p, b.len);
	buf_free(&b);
	return done;
}

static void expand(struct account *a, struct arena *in)
{
	a->from = account_expand(in, a->from);
	a->force_from = account_expand(in, a->force_from);
	a->domain = account_expand(in, a->domain);
	for (unsigned s = 0; s < SETTINGS; s++) {
		const char **text = setting_is_path((enum setting)s) ? account_text(a, (enum setting)s) : NULL;

		if (text && (*text)[0] == '~' && ((*text)[1] == '/' || !(*text)[1]))
			*text = arena_printf(in, "%s%s", whoami_home(in), *text + 1);
	}
}

/* Checks that no higher place has changed what `relay` says. */
static int check_relay(const struct account *a, struct failure *f)
{
	struct slice relay = slice_of(a->relay);
	bool smtp = slice_begins(relay, "smtp://"), smtps = slice_begins(relay, "smtps://");

	if (smtps && setting_is(a, SET_tls, "off"))
		return contradict(a, SET_relay, SET_tls, f);
	if ((smtp && !a->tls_starttls) || (smtps && a->tls_starttls))
		return contradict(a, SET_relay, SET_tls_starttls, f);
	return 0;
}

int account_settle(struct account *a, struct arena *in, struct failure *f)
{
	expand(a, in);
	if (check_relay(a, f) < 0)
		return -1;
	if (*a->tls_key_file && !*a->tls_cert_file)
		return alone(a, SET_tls_key_file, "needs tls_cert_file beside it", f);
	if (*a->proxy && *a->proxy_host)
		return contradict(a, SET_proxy, SET_proxy_host, f);
	if (a->proxy_port && *a->proxy) /* in a file of msmtp's a proxy_port alone means nothing */
		return alone(a, SET_proxy_port, "needs proxy_host beside it", f);
	if (*a->pop_before_smtp && !*a->user)
		return alone(a, SET_pop_before_smtp, "needs user beside it", f);
	if (oauth_check(a, f) < 0)
		return -1;
	if (!a->port && !*a->socket)
		a->port = !a->tls_starttls && !setting_is(a, SET_tls, "off") ? SUBMISSIONS : SUBMISSION;
	return 0;
}

void account_relay(const struct account *a, char *to, size_t room)
{
	if (*a->socket)
		snprintf(to, room, "%s", a->socket);
	else
		snprintf(to, room, strchr(a->host, ':') ? "[%s]:%u" : "%s:%u", a->host, a->port);
}
