#include "wire/curl_setup.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "conf/oauth.h"
#include "wire/token.h"

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

/* What auto and on mean where the account has a token. */
static const struct mechanism tokens = {"auto", "AUTH=OAUTHBEARER;AUTH=XOAUTH2", 0, true, true, true};

static bool is_automatic(const struct account *a)
{
	return setting_is(a, SET_auth, "auto") || setting_is(a, SET_auth, "on");
}

static const struct mechanism *mechanism_of(const struct account *a)
{
	if (oauth_is_on(a) && is_automatic(a))
		return &tokens;
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

static int need_password(const struct account *a, const struct mechanism *m, struct credential *password, struct failure *f)
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
	if (!*wanted)
		return 0;
	return oauth_is_on(a) ? token_secret(password, a, f) : need_password(a, m, password, f);
}

/* libcurl chooses among these. In clear text only with a mechanism that the user asked for by name, or over a connection that never
 * leaves this host. */
static int choose_ours(const struct account *a, const struct mechanism *m, struct login *login, struct failure *f)
{
	login->in_clear = curl_setup_is_clear(a);
	login->ours = m->option;
	if (!is_automatic(a) || !login->in_clear || curl_setup_is_local(a))
		return 0;
	login->ours = "AUTH=CRAM-MD5;AUTH=DIGEST-MD5";
	if (!m->token)
		return 0;
	fail(f, AT_CONFIG, EX_CONFIG, "tls is off, and the token would go in clear text");
	return failure_hint(f, HINT_TOKEN_CLEAR);
}

/* Before the relay is asked for anything. */
static int take_secret(const struct account *a, const struct mechanism *m, const struct tracer *w, struct login *login, struct failure *f)
{
	if (!oauth_is_on(a)) {
		login->token = m->token ? TOKEN_OF_COMMAND : NO_TOKEN;
		return need_password(a, m, &login->password, f);
	}
	login->token = oauth_is_client(a) ? TOKEN_OF_CLIENT : TOKEN_OF_LOGIN;
	return token_take(&login->password, a, w, f);
}

int curl_setup_login(CURL *h, const struct account *a, const struct tracer *w, struct login *login, struct failure *f)
{
	const struct mechanism *m = mechanism_of(a);
	const curl_version_info_data *v = libcurl_version();
	struct setopt s = {0};

	*login = (struct login){.wanted = m && (m != &mechanisms[0] || *a->user)};
	if (!m || !login->wanted)
		return 0;
	if (m->feature && !(v->features & m->feature))
		return fail(f, AT_CONFIG, EX_CONFIG, "auth %s is not in this libcurl (%s)", m->word, v->version);
	if (choose_ours(a, m, login, f) < 0 || take_secret(a, m, w, login, f) < 0)
		return -1;
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_LOGIN_OPTIONS, login->ours), SET_auth);
	/* libcurl's own idea of whether the relay offers TLS decides, not ours: or the password goes in clear text. */
	if (curl_setup_use_ssl(a) == CURLUSESSL_TRY)
		setopt_took(&s, curl_easy_setopt(h, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL), SET_tls);
	login->plain_first = is_automatic(a) && !m->token;
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
