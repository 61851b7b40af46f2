#include "wire/facts.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "wire/inside.h"

#define TLS_IS "SSL connection using "

void facts_start(struct session_facts *f)
{
	*f = (struct session_facts){.resolve_ms = -1, .connect_ms = -1, .tls_ms = -1, .login_ms = -1, .token = {.ms = -1}};
}

/* "SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384": OpenSSL's and GnuTLS's lines both begin so. */
void facts_text(struct session_facts *f, struct slice text)
{
	struct slice name = text;

	if (!slice_begins(text, TLS_IS))
		return;
	name.p += strlen(TLS_IS);
	name.len = 0;
	while (name.p + name.len < text.p + text.len && !octet_is_space(name.p[name.len]) && name.p[name.len] != '/')
		name.len++;
	slice_printable(f->tls, sizeof f->tls, name);
}

static struct session_facts *facts_of(const struct session *s)
{
	return s->transcript.tracer ? s->transcript.tracer->facts : NULL;
}

/* libcurl opens no socket itself: so it is known which addresses it tries, and in which order. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct session_facts *f = ctx;
	char *at = f->tries < FACTS_TRIED ? f->tried[f->tries] : NULL;

	(void)purpose;
	if (to->family != AF_UNIX && at && getnameinfo(&to->addr, to->addrlen, at, FACTS_ADDRESS, NULL, 0, NI_NUMERICHOST) != 0)
		*at = '\0';
	if (to->family != AF_UNIX)
		f->tries++;
	return socket(to->family, to->socktype, to->protocol);
}

void facts_watch(const struct session *s, struct setopt *taken)
{
	struct session_facts *f = facts_of(s);

	if (!f)
		return;
	f->began = true;
	certificate_want(s->easy);
	setopt_took(taken, curl_easy_setopt(s->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket), SETTINGS);
	setopt_took(taken, curl_easy_setopt(s->easy, CURLOPT_OPENSOCKETDATA, f), SETTINGS);
}

static void end_tls(struct session_facts *f)
{
	if (f->tls_began && f->tls_ms < 0)
		f->tls_ms = clock_steady() - f->tls_began;
}

void facts_said(const struct session *s, struct slice line)
{
	struct session_facts *f = facts_of(s);
	struct slice rest = slice_trim(line), verb, word;

	if (!f)
		return;
	end_tls(f);
	if (f->login_began || !slice_begins(rest, "AUTH ") || !slice_cut(&rest, ' ', &verb))
		return;
	f->login_began = clock_steady();
	if (!slice_cut(&rest, ' ', &word))
		word = rest;
	slice_printable(f->mechanism, sizeof f->mechanism, word);
}

void facts_heard(const struct session *s)
{
	struct session_facts *f = facts_of(s);
	const struct transcript *t = &s->transcript;

	if (!f || !t->whole)
		return;
	if (t->said == SAID_NOTHING)
		slice_printable(f->greeting, sizeof f->greeting, slice_of(t->reply.text));
	if ((t->said == SAID_EHLO || t->said == SAID_HELO) && t->reply.code / 100 == 2)
		f->greeted = true;
	if (t->said == SAID_STARTTLS && t->encrypted)
		f->tls_began = clock_steady();
}

void facts_debug(const struct session *s, struct slice text)
{
	struct session_facts *f = facts_of(s);

	if (f)
		facts_text(f, text);
}

/* In milliseconds from the beginning; -1: it has not come to that. */
static int64_t time_of(CURL *h, CURLINFO what)
{
	double seconds = 0;

	return curl_easy_getinfo(h, what, &seconds) == CURLE_OK && seconds > 0 ? (int64_t)(seconds * 1000) : -1;
}

void facts_collect(const struct session *s)
{
	struct session_facts *f = facts_of(s);
	char *address = NULL;
	long port = 0;
	int64_t tls;

	if (!f)
		return;
	end_tls(f);
	if (f->login_began)
		f->login_ms = clock_steady() - f->login_began;
	f->resolve_ms = time_of(s->easy, CURLINFO_NAMELOOKUP_TIME);
	f->connect_ms = time_of(s->easy, CURLINFO_CONNECT_TIME);
	f->connected = f->connect_ms >= 0;
	tls = time_of(s->easy, CURLINFO_APPCONNECT_TIME);
	if (f->connected && tls >= 0 && f->tls_ms < 0)
		f->tls_ms = tls - f->connect_ms;
	if (f->connected && f->resolve_ms >= 0)
		f->connect_ms -= f->resolve_ms;
	f->encrypted = *f->tls || f->tls_ms >= 0;
	f->certified = certificate_of(s->easy, &f->certificate);
	if (curl_easy_getinfo(s->easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address && *address &&
	    curl_easy_getinfo(s->easy, CURLINFO_PRIMARY_PORT, &port) == CURLE_OK && f->connected)
		snprintf(f->won, sizeof f->won, strchr(address, ':') ? "[%.*s]:%ld" : "%.*s:%ld", FACTS_ADDRESS, address, port);
}
