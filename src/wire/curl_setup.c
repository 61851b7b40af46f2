#include "wire/curl_setup.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/loopback.h"

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
	if (*a->proxy || *a->proxy_host) /* "localhost" is then the proxy's host */
		return *a->socket;
	return *a->socket || strcmp(a->host, "localhost") == 0 || loopback_is(slice_of(a->host));
}
