#include "wire/handle.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/trusted.h"
#include "conf/secret.h"

bool handle_tls_from_start(const struct account *a)
{
	return !a->tls_starttls && !setting_is(a, SET_tls, "off");
}

long handle_use_ssl(const struct account *a)
{
	/* Nobody listens in on a socket of this host: TLS there only where it is asked for. */
	if (setting_is(a, SET_tls, "off") || (*a->socket && !setting_is_set(a, SET_tls)))
		return CURLUSESSL_NONE;
	return setting_is(a, SET_tls, "try") ? CURLUSESSL_TRY : CURLUSESSL_ALL;
}

unsigned handle_port(const struct account *a)
{
	return a->port ? a->port : handle_tls_from_start(a) ? 465 : 587;
}

/* A folder of certificates by their hash: opened one by one, where the bundle is read whole. */
static bool is_hashed(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	bool found = false;

	if (!d)
		return false;
	while (!found && (e = readdir(d)))
		found = strspn(e->d_name, "0123456789abcdef") == 8 && e->d_name[8] == '.';
	closedir(d);
	return found;
}

static void trust(CURL *h, const struct account *a)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	if (*a->tls_trust_file || *a->tls_trust_dir) {
		curl_easy_setopt(h, CURLOPT_CAINFO, *a->tls_trust_file ? a->tls_trust_file : NULL);
		curl_easy_setopt(h, CURLOPT_CAPATH, *a->tls_trust_dir ? a->tls_trust_dir : NULL);
	} else if (v->capath && is_hashed(v->capath)) {
		curl_easy_setopt(h, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(h, CURLOPT_CAPATH, v->capath);
	}
}

/* libcurl finds some of them missing only when it is too late to say which, and would wait for a FIFO without an end. */
static int can_read(const struct account *a, enum setting s, const char *path, struct failure *f)
{
	unsigned rules = setting_rules(a, s);
	char where[300];
	int fd;

	if (!*path || (!rules && access(path, R_OK) == 0)) /* an option's may be a pipe, which can be read only once */
		return 0;
	fd = rules ? trusted_open(path, rules | (s == SET_tls_trust_dir ? TRUSTED_FOLDER : 0), f) : fail_errno(f, AT_CONFIG, EX_CONFIG, "%s", path);
	if (fd < 0)
		return failure_in(f, "%s: %s", origin_text(&a->origin[s], where, sizeof where), setting_name(s));
	close(fd);
	return 0;
}

int handle_tls(CURL *h, const struct account *a, struct failure *f)
{
	static const struct { const char *word; long version; } versions[] = {
		{"1.0", CURL_SSLVERSION_TLSv1_0}, {"1.1", CURL_SSLVERSION_TLSv1_1},
		{"1.2", CURL_SSLVERSION_TLSv1_2}, {"1.3", CURL_SSLVERSION_TLSv1_3},
	};

	if (can_read(a, SET_tls_trust_file, a->tls_trust_file, f) < 0 ||
	    can_read(a, SET_tls_trust_dir, a->tls_trust_dir, f) < 0 ||
	    can_read(a, SET_tls_crl_file, a->tls_crl_file, f) < 0 ||
	    can_read(a, SET_tls_cert_file, a->tls_cert_file, f) < 0 ||
	    can_read(a, SET_tls_key_file, a->tls_key_file, f) < 0 ||
	    can_read(a, SET_tls_pinned_key, *a->tls_pinned_key == '/' ? a->tls_pinned_key : "", f) < 0)
		return -1;
	trust(h, a);
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (setting_is(a, SET_tls_min_version, versions[i].word))
			curl_easy_setopt(h, CURLOPT_SSLVERSION, versions[i].version);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, a->tls_certcheck ? 1L : 0L);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, a->tls_certcheck ? 2L : 0L);
	if (*a->tls_crl_file)
		curl_easy_setopt(h, CURLOPT_CRLFILE, a->tls_crl_file);
	if (*a->tls_cert_file)
		curl_easy_setopt(h, CURLOPT_SSLCERT, a->tls_cert_file);
	if (*a->tls_key_file)
		curl_easy_setopt(h, CURLOPT_SSLKEY, a->tls_key_file);
	if (*a->tls_pinned_key)
		curl_easy_setopt(h, CURLOPT_PINNEDPUBLICKEY, a->tls_pinned_key);
	return 0;
}

static void network(CURL *h, const struct account *a)
{
	char text[300];

	/* What the account does not say, the environment must not: no http_proxy, no ALL_PROXY. */
	curl_easy_setopt(h, CURLOPT_PROXY, a->proxy);
	curl_easy_setopt(h, CURLOPT_NOPROXY, "");
	if (!*a->proxy && *a->proxy_host) {
		snprintf(text, sizeof text, "socks5h://%s:%u", a->proxy_host, a->proxy_port ? a->proxy_port : 1080);
		curl_easy_setopt(h, CURLOPT_PROXY, text);
	}
	curl_easy_setopt(h, CURLOPT_HTTPPROXYTUNNEL, 1L);
	curl_easy_setopt(h, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (*a->source_ip) {
		snprintf(text, sizeof text, "host!%s", a->source_ip);
		curl_easy_setopt(h, CURLOPT_INTERFACE, text);
	}
	curl_easy_setopt(h, CURLOPT_IPRESOLVE,
			 setting_is(a, SET_ip, "4")   ? CURL_IPRESOLVE_V4
			 : setting_is(a, SET_ip, "6") ? CURL_IPRESOLVE_V6
						: CURL_IPRESOLVE_WHATEVER);
}

int handle_new(CURL **out, const struct account *a, const char *words, struct failure *f)
{
	const curl_version_info_data *v;
	CURL *h = curl_easy_init();

	if (!h)
		return fail(f, AT_CONNECT, EX_OSERR, "libcurl does not start");
	v = curl_version_info(CURLVERSION_NOW);
	if (v->version_num < 0x075800) {
		fail(f, AT_CONNECT, EX_CONFIG, "libcurl %s is too old, 7.88 is needed", v->version);
		curl_easy_cleanup(h);
		return -1;
	}
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, words);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, (long)a->connect_timeout);
	curl_easy_setopt(h, CURLOPT_TIMEOUT, (long)a->timeout);
	curl_easy_setopt(h, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)a->timeout);
	curl_easy_setopt(h, CURLOPT_USE_SSL, handle_use_ssl(a));
	network(h, a);
	*out = h;
	if ((handle_use_ssl(a) == CURLUSESSL_NONE && !handle_tls_from_start(a) &&
	     strncmp(a->pop_before_smtp, "pop3s:", 6) != 0) ||
	    handle_tls(h, a, f) == 0)
		return 0;
	curl_easy_cleanup(h);
	*out = NULL;
	return -1;
}

static bool is_local(const struct account *a)
{
	struct in_addr ip;

	if (*a->proxy || *a->proxy_host) /* its localhost is another */
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
	return NULL; /* off */
}

static int need_password(const struct account *a, const struct mechanism *m, struct login *login,
			 struct failure *f)
{
	if (strcmp(m->word, "external") == 0 || strcmp(m->word, "gssapi") == 0)
		return 0;
	if (!*a->user)
		return fail(f, AT_CONFIG, EX_CONFIG, "auth %s needs a name: set user", m->word);
	if (secret_find(&login->password, a, f) < 0)
		return -1;
	if (login->password)
		return 0;
	fail(f, AT_CONFIG, EX_CONFIG, "there is no password for user %s", a->user);
	return failure_hint(f, "set password_file or password_command, or add %s to %s", a->host, a->netrc);
}

int handle_login(CURL *h, const struct account *a, struct login *login, struct failure *f)
{
	const struct mechanism *m = mechanism_of(a);
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	bool clear = handle_use_ssl(a) == CURLUSESSL_NONE && !handle_tls_from_start(a);
	bool automatic = m && m <= &mechanisms[1];

	*login = (struct login){.wanted = m && (m != &mechanisms[0] || *a->user)};
	if (!m || !login->wanted)
		return 0;
	if (m->feature && !(v->features & m->feature))
		return fail(f, AT_CONFIG, EX_CONFIG, "auth %s is not in this libcurl (%s)", m->word, v->version);
	if (need_password(a, m, login, f) < 0)
		return -1;
	/* In clear text only what the user asked for by name, or what never leaves this host. */
	login->in_clear = clear;
	curl_easy_setopt(h, CURLOPT_LOGIN_OPTIONS,
			 automatic && clear && !is_local(a) ? "AUTH=CRAM-MD5;AUTH=DIGEST-MD5" : m->option);
	/* libcurl's own idea of whether the relay offers TLS decides, not ours: or the password goes in clear text. */
	if (handle_use_ssl(a) == CURLUSESSL_TRY)
		curl_easy_setopt(h, CURLOPT_USE_SSL, CURLUSESSL_ALL);
	login->plain_first = automatic;
	curl_easy_setopt(h, CURLOPT_SASL_IR, m->initial ? 1L : 0L);
	curl_easy_setopt(h, CURLOPT_USERNAME, a->user);
	if (m->token)
		curl_easy_setopt(h, CURLOPT_XOAUTH2_BEARER, login->password);
	else if (login->password)
		curl_easy_setopt(h, CURLOPT_PASSWORD, login->password);
	return 0;
}

void handle_offered(CURL *h, const struct login *login, const struct caps *c)
{
	/* libcurl looks at it when it chooses. Among what "auto" means it takes LOGIN only where there is no PLAIN. */
	if (login->plain_first)
		curl_easy_setopt(h, CURLOPT_SASL_IR, caps_auth(c, SLICE("PLAIN")) ? 1L : 0L);
}

int handle_mailbox_login(CURL *h, const struct account *a, struct failure *f)
{
	const char *password;

	if (!*a->user)
		return fail(f, AT_CONFIG, EX_CONFIG, "pop_before_smtp needs a name: set user");
	if (secret_find(&password, a, f) < 0)
		return -1;
	if (!password)
		return fail(f, AT_CONFIG, EX_CONFIG, "pop_before_smtp: there is no password for user %s", a->user);
	curl_easy_setopt(h, CURLOPT_USERNAME, a->user);
	curl_easy_setopt(h, CURLOPT_PASSWORD, password);
	if (handle_use_ssl(a) == CURLUSESSL_TRY)
		curl_easy_setopt(h, CURLOPT_USE_SSL, CURLUSESSL_ALL); /* or the password goes in clear text */
	return 0;
}

/* libcurl has one code for a name that does not exist and a name server that does not answer. */
static int resolve_exit(const char *host)
{
	struct addrinfo *found = NULL;
	int e = getaddrinfo(host, NULL, &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &found);

	if (found)
		freeaddrinfo(found);
	return e == EAI_NONAME || e == EAI_FAIL
#ifdef EAI_NODATA
			       || e == EAI_NODATA
#endif
		       ? EX_NOHOST
		       : EX_TEMPFAIL;
}

static const struct meaning {
	CURLcode code;
	enum stage stage; /* AT_USAGE: wherever we were */
	int exit;
	const char *hint;
} meanings[] = {
	{CURLE_COULDNT_RESOLVE_PROXY, AT_RESOLVE, EX_TEMPFAIL, "is the setting proxy right?"},
	{CURLE_COULDNT_RESOLVE_HOST, AT_RESOLVE, EX_TEMPFAIL, "is the setting relay right?"},
	{CURLE_COULDNT_CONNECT, AT_CONNECT, EX_TEMPFAIL, NULL},
	{CURLE_INTERFACE_FAILED, AT_CONNECT, EX_CONFIG, "is source_ip an address of this host?"},
	{CURLE_PROXY, AT_CONNECT, EX_TEMPFAIL, "is the setting proxy right?"},
	{CURLE_WEIRD_SERVER_REPLY, AT_USAGE, EX_PROTOCOL, NULL},
	{CURLE_REMOTE_ACCESS_DENIED, AT_GREETING, EX_UNAVAILABLE, NULL},
	{CURLE_USE_SSL_FAILED, AT_TLS, EX_UNAVAILABLE,
	 "the relay offers no STARTTLS here: try port 465 with tls_starttls off"},
	{CURLE_SSL_CONNECT_ERROR, AT_TLS, EX_TEMPFAIL,
	 "is tls_starttls right for this port? 465 wants off, 587 and 25 want on"},
	{CURLE_PEER_FAILED_VERIFICATION, AT_TLS, EX_UNAVAILABLE,
	 "check the name in relay, or trust its authority with tls_trust_file"},
	{CURLE_SSL_PINNEDPUBKEYNOTMATCH, AT_TLS, EX_UNAVAILABLE, "the relay's key is not the one in tls_pinned_key"},
	{CURLE_SSL_CACERT_BADFILE, AT_TLS, EX_CONFIG, "can tls_trust_file and tls_trust_dir be read?"},
	{CURLE_SSL_CRL_BADFILE, AT_TLS, EX_CONFIG, "can tls_crl_file be read?"},
	{CURLE_SSL_CERTPROBLEM, AT_TLS, EX_CONFIG, "are tls_cert_file and tls_key_file a pair that can be read?"},
	{CURLE_LOGIN_DENIED, AT_LOGIN, EX_NOPERM, NULL},
	{CURLE_AUTH_ERROR, AT_LOGIN, EX_NOPERM, NULL},
	{CURLE_OUT_OF_MEMORY, AT_USAGE, EX_OSERR, NULL},
	{CURLE_URL_MALFORMAT, AT_CONFIG, EX_CONFIG, "is the setting relay right?"},
	{CURLE_UNSUPPORTED_PROTOCOL, AT_CONFIG, EX_CONFIG, "this libcurl lacks the protocol"},
	{CURLE_NOT_BUILT_IN, AT_CONFIG, EX_CONFIG, "this libcurl lacks what the account asks for"},
};

int handle_failure(CURL *h, CURLcode code, enum stage at, const char *words, struct failure *f)
{
	const struct meaning *m = NULL;
	const char *text = *words ? words : curl_easy_strerror(code);
	char *host = NULL;
	long os = 0;

	for (size_t i = 0; i < sizeof meanings / sizeof *meanings && !m; i++)
		if (meanings[i].code == code)
			m = &meanings[i];
	curl_easy_getinfo(h, CURLINFO_OS_ERRNO, &os);
	if (code == CURLE_COULDNT_CONNECT && os > 0)
		text = strerror((int)os);
	fail(f, m && m->stage != AT_USAGE ? m->stage : at, m ? m->exit : EX_TEMPFAIL, "%s", text);
	if (code == CURLE_COULDNT_RESOLVE_HOST) {
		curl_easy_getinfo(h, CURLINFO_PRIVATE, &host);
		f->exit = host ? resolve_exit(host) : EX_TEMPFAIL;
	}
	return m && m->hint ? failure_hint(f, "%s", m->hint) : -1;
}
