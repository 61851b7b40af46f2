#include "wire/setopt.h"

#include <sysexits.h>

void setopt_took(struct setopt *s, CURLcode code, enum setting wanted)
{
	if (s->code != CURLE_OK)
		return;
	s->code = code;
	s->wanted = wanted;
}

int setopt_done(const struct setopt *s, struct failure *f)
{
	const curl_version_info_data *v = libcurl_version();

	if (s->code == CURLE_OK)
		return 0;
	if (s->code == CURLE_OUT_OF_MEMORY)
		return fail(f, AT_CONNECT, EX_OSERR, "no memory for what libcurl is told");
	return fail(f, AT_CONFIG, EX_CONFIG, "%s: libcurl %s (%s) cannot do that: %s",
		    s->wanted == SETTINGS ? "a session" : setting_name(s->wanted), v->version,
		    v->ssl_version ? v->ssl_version : "without TLS", libcurl.easy_strerror(s->code));
}
