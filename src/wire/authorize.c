#include "wire/authorize.h"

#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "base/percent.h"
#include "base/sha256.h"
#include "mail/source.h"

enum { STATE_OCTETS = 16, VERIFIER_OCTETS = 32, ENCODED = 48, URL_MOST = 64 * 1024 };

/* base64url without padding (RFC 7636 A). */
static void encode(char *to, size_t room, const unsigned char *octets, size_t len)
{
	char text[ENCODED];
	size_t n = base64_text(text, (const char *)octets, len);

	while (n && text[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n && i + 1 < room; i++)
		to[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
	to[n < room ? n : room - 1] = '\0';
	explicit_bzero(text, sizeof text);
}

void authorize_challenge(char to[static AUTHORIZE_VERIFIER], const char *verifier)
{
	unsigned char digest[SHA256_OCTETS];
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, slice_of(verifier));
	sha256_end(&s, digest);
	encode(to, AUTHORIZE_VERIFIER, digest, sizeof digest);
	explicit_bzero(&s, sizeof s); /* the verifier is in its block */
}

int authorize_begin(struct authorize *z, struct failure *f)
{
	unsigned char random[STATE_OCTETS + VERIFIER_OCTETS];

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return fail_errno(f, AT_USAGE, EX_OSERR, "random octets for a login");
	encode(z->state, sizeof z->state, random, STATE_OCTETS);
	encode(z->verifier, sizeof z->verifier, random + STATE_OCTETS, VERIFIER_OCTETS);
	authorize_challenge(z->challenge, z->verifier);
	explicit_bzero(random, sizeof random);
	return 0;
}

static int add(struct buf *url, char before, const char *name, const char *value)
{
	return buf_printf(url, "%c%s=", before, name) < 0 ? -1 : percent_add(url, slice_of(value));
}

const char *authorize_url(struct arena *in, const struct oauth *o, const struct authorize *z, const char *redirect_uri, const char *user)
{
	bool google = o->maker == OAUTH_GOOGLE;
	/* Google gives a refresh token only where access_type and prompt are said; others ignore offline_access without prompt=consent
	 * (OpenID Connect Core 11). */
	const struct {
		const char *name, *value;
	} of[] = {
		{"response_type", "code"}, {"client_id", o->client_id}, {"redirect_uri", redirect_uri}, {"scope", o->scope}, {"state", z->state},
		{"code_challenge", z->challenge}, {"code_challenge_method", "S256"}, {"login_hint", user},
		{"access_type", google ? "offline" : ""}, {"prompt", google || strstr(o->scope, "offline_access") ? "consent" : ""},
	};
	const char *text = NULL;
	struct buf url;
	int rc;

	buf_start(&url, URL_MOST);
	rc = buf_text(&url, o->login_url);
	for (size_t i = 0, n = 0; rc == 0 && i < sizeof of / sizeof *of; i++)
		if (*of[i].value)
			rc = add(&url, n++ || strchr(o->login_url, '?') ? '&' : '?', of[i].name, of[i].value);
	if (rc == 0)
		text = arena_text(in, url.p, url.len);
	buf_free(&url);
	return text ? text : o->login_url;
}

void authorize_wipe(struct authorize *z)
{
	explicit_bzero(z, sizeof *z);
}
