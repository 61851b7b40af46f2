#include "wire/curl_setup.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "base/clock.h"

enum { GRACE_MS = 500 }; /* so that libcurl's own limit, where it works, comes first */

void limit_start(struct limit *l, const struct account *a)
{
	unsigned seconds = a->connect_timeout < a->timeout ? a->connect_timeout : a->timeout;

	*l = (struct limit){.until = clock_steady() + (int64_t)seconds * 1000 + GRACE_MS};
}

void limit_look(struct limit *l, CURL *h)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (l->passed || clock_steady() <= l->until)
		return;
	l->passed = true;
	if (curl_easy_getinfo(h, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd != CURL_SOCKET_BAD)
		shutdown(fd, SHUT_RDWR);
}

/* A password command that is run for another session must not inherit this connection: a process that the command leaves in the
 * background, an agent perhaps, would keep it open. */
static int close_at_exec(void *unused, curl_socket_t fd, curlsocktype purpose)
{
	(void)unused;
	(void)purpose;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return CURL_SOCKOPT_OK;
}

void curl_setup_network(CURL *h, const struct account *a, bool direct, struct setopt *s)
{
	const curl_version_info_data *v = libcurl_version();
	char text[300];

	/* What the account does not say, the environment must not: no http_proxy, no ALL_PROXY. */
	setopt_took(s, curl_easy_setopt(h, CURLOPT_PROXY, direct ? "" : a->proxy), SET_proxy);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_NOPROXY, ""), SET_proxy);
	if (!direct && !*a->proxy && *a->proxy_host) {
		snprintf(text, sizeof text, "socks5h://%s:%u", a->proxy_host, a->proxy_port ? a->proxy_port : 1080);
		setopt_took(s, curl_easy_setopt(h, CURLOPT_PROXY, text), SET_proxy_host);
	}
	setopt_took(s, curl_easy_setopt(h, CURLOPT_HTTPPROXYTUNNEL, 1L), SET_proxy);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L), SET_proxy);
	if (*a->source_ip) {
		/* From 8.9.0 until 8.11.1 libcurl passes over the address behind the word, and says nothing. */
		snprintf(text, sizeof text, "%s%s", v->version_num >= 0x080900 && v->version_num < 0x080b01 ? "" : "host!", a->source_ip);
		setopt_took(s, curl_easy_setopt(h, CURLOPT_INTERFACE, text), SET_source_ip);
	}
	setopt_took(s, curl_easy_setopt(h, CURLOPT_IPRESOLVE,
				       (long)(setting_is(a, SET_ip, "4")   ? CURL_IPRESOLVE_V4
					      : setting_is(a, SET_ip, "6") ? CURL_IPRESOLVE_V6
									   : CURL_IPRESOLVE_WHATEVER)), SET_ip);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_SOCKOPTFUNCTION, close_at_exec), SETTINGS);
}

/* libcurl from 8.20 on connects to an address that is written out, whatever the setting ip. */
static int check_family(const struct account *a, struct failure *f)
{
	struct in6_addr ip;
	bool four = inet_pton(AF_INET, a->host, &ip) == 1, six = inet_pton(AF_INET6, a->host, &ip) == 1;

	if (*a->socket || *a->proxy || *a->proxy_host || !(four ? setting_is(a, SET_ip, "6") : six && setting_is(a, SET_ip, "4")))
		return 0;
	return fail(f, AT_CONFIG, EX_CONFIG, "ip %s: the relay's address %s is of the other kind", four ? "6" : "4", a->host);
}

static int set_up(CURL *h, const struct account *a, long use_ssl, bool from_start, char *words, struct failure *f)
{
	struct setopt s = {0};

	setopt_took(&s, curl_easy_setopt(h, CURLOPT_ERRORBUFFER, words), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, (long)a->connect_timeout), SET_connect_timeout);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_TIMEOUT, (long)a->timeout), SET_timeout);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)a->timeout), SET_timeout);
	if (use_ssl != CURLUSESSL_NONE) /* CURLUSESSL_NONE is what a new handle has, and a libcurl without TLS refuses to set it */
		setopt_took(&s, curl_easy_setopt(h, CURLOPT_USE_SSL, use_ssl), SET_tls);
	curl_setup_network(h, a, false, &s);
	if (check_family(a, f) < 0)
		return -1;
	if ((use_ssl != CURLUSESSL_NONE || from_start) && curl_setup_tls(h, a, &s, f) < 0)
		return -1;
	return setopt_done(&s, f);
}

int curl_setup_new(CURL **out, const struct account *a, long use_ssl, bool from_start, char *words, struct failure *f)
{
	CURL *h;

	if (libcurl_start(f) < 0)
		return -1;
	h = libcurl.easy_init();
	if (!h)
		return fail(f, AT_CONNECT, EX_OSERR, "libcurl does not start");
	if (set_up(h, a, use_ssl, from_start, words, f) < 0) {
		libcurl.easy_cleanup(h);
		return -1;
	}
	*out = h;
	return 0;
}

int curl_setup_address(CURL *h, struct arena *in, const struct account *a, const char *name, struct curl_slist **to, struct failure *f)
{
	const char *scheme = curl_setup_tls_from_start(a) ? "smtps" : "smtp";
	const char *host = *a->tls_host_override ? a->tls_host_override : a->host;
	unsigned port = *a->socket ? 25 : a->port;
	char *ehlo = libcurl.easy_escape(h, name, 0);
	struct setopt taken = {0};
	char *url;

	if (*a->socket) {
		setopt_took(&taken, curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, a->socket), SET_socket);
		host = *host ? host : "localhost";
	}
	if (!ehlo)
		return fail(f, AT_CONNECT, EX_OSERR, "no memory for the relay's URL");
	url = arena_printf(in, strchr(host, ':') ? "%s://[%s]:%u/%s" : "%s://%s:%u/%s", scheme, host, port, ehlo);
	libcurl.free(ehlo);
	setopt_took(&taken, curl_easy_setopt(h, CURLOPT_URL, url), SET_relay);
	if (*a->tls_host_override && !*a->socket) {
		*to = libcurl.slist_append(NULL, arena_printf(in, strchr(a->host, ':') ? "::[%s]:%u" : "::%s:%u", a->host, port));
		setopt_took(&taken, *to ? curl_easy_setopt(h, CURLOPT_CONNECT_TO, *to) : CURLE_OUT_OF_MEMORY, SET_tls_host_override);
	}
	return setopt_done(&taken, f);
}

void curl_setup_line(char *to, size_t room, const struct account *a, bool from_start, unsigned port)
{
	enum { SUBMISSION = 587, SUBMISSIONS = 465 }; /* what relay means without a port */
	const char *tls = setting_is(a, SET_tls, "off") ? " and tls on" : "";
	char at[12] = "";

	if (port != (from_start ? SUBMISSIONS : SUBMISSION))
		snprintf(at, sizeof at, ":%u", port);
	if (*a->relay)
		snprintf(to, room, strchr(a->host, ':') ? "relay %s://[%s]%s%s" : "relay %s://%s%s%s", from_start ? "smtps" : "smtp", a->host, at, tls);
	else if (port != a->port)
		snprintf(to, room, "port %u, tls_starttls %s%s", port, from_start ? "off" : "on", tls);
	else
		snprintf(to, room, "tls_starttls %s%s", from_start ? "off" : "on", tls);
}

bool curl_setup_is_local(const struct account *a)
{
	struct in_addr ip;

	if (*a->proxy || *a->proxy_host) /* "localhost" is then the proxy's host */
		return *a->socket;
	return *a->socket || strcmp(a->host, "localhost") == 0 || strcmp(a->host, "::1") == 0 ||
	       (inet_pton(AF_INET, a->host, &ip) == 1 && ntohl(ip.s_addr) >> 24 == 127);
}

struct mechanism {
	const char *word;   /* of the setting auth */
	const char *option; /* of libcurl; NULL: its own choice */
	int feature;	    /* what libcurl must have been built with */
	bool bare;	    /* the password travels as it is */
	bool token;	    /* the password is a bearer token */
	bool initial;	    /* relays take an initial response with AUTH; not all read LOGIN's (RFC 4954 4 has none for it) */
};

/* "on" leaves out what needs more than a name and a password: libcurl would try GSSAPI for any name with
 * an @ in it, and NTLM breaks relays that offer it for show. */
static const struct mechanism mechanisms[] = {
	{"auto", "AUTH=PLAIN;AUTH=LOGIN;AUTH=CRAM-MD5;AUTH=DIGEST-MD5", 0, false, false, false},
	{"on", "AUTH=PLAIN;AUTH=LOGIN;AUTH=CRAM-MD5;AUTH=DIGEST-MD5", 0, false, false, false},
	{"plain", "AUTH=PLAIN", 0, true, false, true},
	{"login", "AUTH=LOGIN", 0, true, false, false},
	{"cram-md5", "AUTH=CRAM-MD5", 0, false, false, false},
	{"digest-md5", "AUTH=DIGEST-MD5", 0, false, false, false},
	{"external", "AUTH=EXTERNAL", 0, false, false, true},
	{"scram-sha-1", "AUTH=SCRAM-SHA-1", CURL_VERSION_GSASL, false, false, true},
	{"scram-sha-256", "AUTH=SCRAM-SHA-256", CURL_VERSION_GSASL, false, false, true},
	{"gssapi", "AUTH=GSSAPI", CURL_VERSION_GSSAPI, false, false, false},
	{"ntlm", "AUTH=NTLM", CURL_VERSION_NTLM, false, false, false},
	{"xoauth2", "AUTH=XOAUTH2", 0, true, true, true},
	{"oauthbearer", "AUTH=OAUTHBEARER", 0, true, true, true},
};

static const struct mechanism *mechanism_of(const struct account *a)
{
	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
		if (setting_is(a, SET_auth, mechanisms[i].word))
			return &mechanisms[i];
	return NULL; /* auth off */
}

bool curl_setup_could(struct slice offered, char *to, size_t room)
{
	const curl_version_info_data *v = libcurl_version();
	struct slice word;
	bool more = true;

	while (more) {
		more = slice_cut(&offered, ' ', &word);
		if (!more)
			word = offered;
		for (size_t i = 2; i < sizeof mechanisms / sizeof *mechanisms; i++)
			if (slice_is(word, mechanisms[i].word) && (!mechanisms[i].feature || v->features & mechanisms[i].feature)) {
				snprintf(to, room, "%s", mechanisms[i].word);
				return true;
			}
	}
	return false;
}

static int need_password(const struct account *a, const struct mechanism *m, struct credential *password,
			 struct failure *f)
{
	if (strcmp(m->word, "external") == 0 || strcmp(m->word, "gssapi") == 0)
		return 0;
	if (!*a->user)
		return fail(f, AT_CONFIG, EX_CONFIG, "auth %s needs a name: set user", m->word);
	if (credential_take(password, a, f) < 0)
		return -1;
	if (password->text)
		return 0;
	fail(f, AT_CONFIG, EX_CONFIG, "there is no password for user %s", a->user);
	return failure_hint(f, HINT_PASSWORD_MISSING, a->host, a->netrc);
}

int curl_setup_secret(const struct account *a, struct credential *password, bool *wanted, struct failure *f)
{
	const struct mechanism *m = mechanism_of(a);

	*password = (struct credential){NULL, 0};
	*wanted = m && (m != &mechanisms[0] || *a->user);
	return *wanted ? need_password(a, m, password, f) : 0;
}

int curl_setup_login(CURL *h, const struct account *a, struct login *login, struct failure *f)
{
	const struct mechanism *m = mechanism_of(a);
	const curl_version_info_data *v = libcurl_version();
	struct setopt s = {0};
	bool clear = curl_setup_is_clear(a);
	bool automatic = m && m <= &mechanisms[1];

	*login = (struct login){.wanted = m && (m != &mechanisms[0] || *a->user)};
	if (!m || !login->wanted)
		return 0;
	if (m->feature && !(v->features & m->feature))
		return fail(f, AT_CONFIG, EX_CONFIG, "auth %s is not in this libcurl (%s)", m->word, v->version);
	if (need_password(a, m, &login->password, f) < 0)
		return -1;
	/* In clear text only with a mechanism that the user asked for by name, or over a connection that never leaves this host. */
	login->in_clear = clear;
	login->token = m->token ? TOKEN_OF_COMMAND : NO_TOKEN;
	login->ours = automatic && clear && !curl_setup_is_local(a) ? "AUTH=CRAM-MD5;AUTH=DIGEST-MD5" : m->option;
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_LOGIN_OPTIONS, login->ours), SET_auth);
	/* libcurl's own idea of whether the relay offers TLS decides, not ours: or the password goes in clear text. */
	if (curl_setup_use_ssl(a) == CURLUSESSL_TRY)
		setopt_took(&s, curl_easy_setopt(h, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL), SET_tls);
	login->plain_first = automatic;
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_SASL_IR, m->initial ? 1L : 0L), SET_auth);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_USERNAME, a->user), SET_user);
	if (m->token)
		setopt_took(&s, curl_easy_setopt(h, CURLOPT_XOAUTH2_BEARER, login->password.text), SET_auth);
	else if (login->password.text)
		setopt_took(&s, curl_easy_setopt(h, CURLOPT_PASSWORD, login->password.text), SET_user);
	return setopt_done(&s, f);
}

void curl_setup_offered(CURL *h, const struct login *login, const struct caps *c)
{
	/* libcurl reads this option when it chooses the mechanism. Of those that "auto" allows it takes LOGIN only where the relay
	 * offers no PLAIN. */
	if (login->plain_first)
		curl_easy_setopt(h, CURLOPT_SASL_IR, caps_auth(c, SLICE("PLAIN")) ? 1L : 0L);
}

void curl_setup_forget(CURL *h)
{
	(void)curl_easy_setopt(h, CURLOPT_USERNAME, NULL);
	(void)curl_easy_setopt(h, CURLOPT_PASSWORD, NULL);
	(void)curl_easy_setopt(h, CURLOPT_XOAUTH2_BEARER, NULL);
}

int curl_setup_pop_login(CURL *h, const struct account *a, struct failure *f)
{
	struct credential password;
	struct setopt s = {0};

	if (!*a->user)
		return fail(f, AT_CONFIG, EX_CONFIG, "pop_before_smtp needs a name: set user");
	if (credential_take(&password, a, f) < 0)
		return -1;
	if (!password.text)
		return fail(f, AT_CONFIG, EX_CONFIG, "pop_before_smtp: there is no password for user %s", a->user);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_USERNAME, a->user), SET_user);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_PASSWORD, password.text), SET_user);
	credential_release(&password);
	return setopt_done(&s, f);
}
