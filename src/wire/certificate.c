#include "wire/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/when.h"
#include "wire/curl_setup.h"

/* OpenSSL writes "Feb  1 00:00:00 2020 GMT", the others "2020-02-01 00:00:00 GMT". */
static time_t moment(const char *text)
{
	struct slice rest = slice_of(text), word, part[5];
	bool more = true;
	char again[80];
	struct when w;
	size_t n = 0;

	while (more && n < 5) {
		more = slice_cut(&rest, ' ', &word);
		if (!more)
			word = rest;
		if (word.len && word.len < 12)
			part[n++] = word;
	}
	if (n == 5)
		snprintf(again, sizeof again, "%.*s %.*s %.*s %.*s +0000", (int)part[1].len, part[1].p, (int)part[0].len, part[0].p, (int)part[3].len,
			 part[3].p, (int)part[2].len, part[2].p);
	else if (n >= 2)
		snprintf(again, sizeof again, "%.*s %.*s +0000", (int)part[0].len, part[0].p, (int)part[1].len, part[1].p);
	else
		return 0;
	return when_read(again, &w) ? w.time : 0;
}

/* Whoever made the certificate chose its names, and a hint shows them: what is no name of a host, such as a
 * sentence, is left out. */
static bool is_host(struct slice name)
{
	static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_*:";

	for (size_t i = 0; i < name.len; i++)
		if (!name.p[i] || !strchr(known, name.p[i]))
			return false;
	return name.len > 0;
}

/* Adds the name if it has room: a part of it would be another host's. */
static void add(char *to, size_t room, struct slice name)
{
	size_t used = strlen(to), before = used ? 2 : 0;

	if (!is_host(name) || used + before + name.len >= room)
		return;
	memcpy(to + used, ", ", before);
	memcpy(to + used + before, name.p, name.len);
	to[used + before + name.len] = '\0';
}

/* "DNS:mail.example.org, DNS:*.example.org, IP Address:192.0.2.1" */
static void take_alternatives(char *to, size_t room, struct slice list)
{
	struct slice name, kind;
	bool more = true;

	*to = '\0';
	while (more) {
		more = slice_cut(&list, ',', &name);
		if (!more)
			name = list;
		name = slice_trim(name);
		if ((slice_begins(name, "DNS:") || slice_begins(name, "IP")) && slice_cut(&name, ':', &kind))
			add(to, room, name);
	}
}

/* Of "C = DE, CN = mail.example.org", or of "/C=DE/CN=mail.example.org", the last. */
static void take_common_name(char *to, size_t room, const char *subject)
{
	for (const char *at = subject; (at = strstr(at, "CN")); at += 2) {
		const char *value = at + 2 + strspn(at + 2, " ");

		if (*value == '=' && (at == subject || strchr(" ,/", at[-1]))) {
			value += 1 + strspn(value + 1, " ");
			*to = '\0';
			add(to, room, (struct slice){value, strcspn(value, ",/; ")});
		}
	}
}

static void take(struct certificate *c, const char *line, char *alternatives, size_t room)
{
	static const char subject[] = "Subject:", issuer[] = "Issuer:", from[] = "Start date:", until[] = "Expire date:",
			  names[] = "X509v3 Subject Alternative Name:";

	if (strncmp(line, subject, sizeof subject - 1) == 0)
		slice_printable(c->subject, sizeof c->subject, slice_of(line + sizeof subject - 1));
	else if (strncmp(line, issuer, sizeof issuer - 1) == 0)
		slice_printable(c->issuer, sizeof c->issuer, slice_of(line + sizeof issuer - 1));
	else if (strncmp(line, from, sizeof from - 1) == 0)
		c->from = moment(line + sizeof from - 1);
	else if (strncmp(line, until, sizeof until - 1) == 0)
		c->until = moment(line + sizeof until - 1);
	else if (strncmp(line, names, sizeof names - 1) == 0)
		take_alternatives(alternatives, room, slice_of(line + sizeof names - 1));
}

void certificate_want(CURL *h)
{
	(void)curl_easy_setopt(h, CURLOPT_CERTINFO, 1L); /* a TLS library that cannot: certificate_of is false */
}

bool certificate_of(CURL *h, struct certificate *c)
{
	const struct curl_certinfo *chain = NULL;

	*c = (struct certificate){0};
	if (curl_easy_getinfo(h, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain || chain->num_of_certs < 1)
		return false;
	for (const struct curl_slist *l = chain->certinfo[0]; l; l = l->next) /* the first is the relay's own */
		take(c, l->data, c->names, sizeof c->names);
	if (!*c->names)
		take_common_name(c->names, sizeof c->names, c->subject);
	return c->until || *c->names;
}

/* The first line that comes inside TLS ends it. */
static size_t leave(char *p, size_t size, size_t count, void *h)
{
	(void)p;
	return curl_setup_is_encrypted(h) ? 0 : size * count;
}

static void blindly(CURL *h, struct setopt *s)
{
	certificate_want(h);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_SSLCERT, NULL), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_SSLKEY, NULL), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_CONNECT_ONLY, 1L), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_TIMEOUT, (long)CERTIFICATE_SECONDS), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, leave), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_HEADERDATA, h), SETTINGS);
}

bool certificate_look(const struct account *a, const char *ehlo, struct certificate *c)
{
	char words[CURL_ERROR_SIZE] = "";
	struct curl_slist *to = NULL;
	struct setopt taken = {0};
	struct arena scratch = {0};
	struct failure ignored;
	bool found = false;
	CURL *h;

	if (curl_setup_new(&h, a, curl_setup_use_ssl(a), curl_setup_tls_from_start(a), words, &ignored) < 0)
		return false;
	blindly(h, &taken);
	if (curl_setup_address(h, &scratch, a, ehlo, &to, &ignored) == 0 && setopt_done(&taken, &ignored) == 0) {
		(void)libcurl.easy_perform(h);
		found = certificate_of(h, c);
	}
	libcurl.easy_cleanup(h);
	libcurl.slist_free_all(to);
	arena_free(&scratch);
	return found;
}
