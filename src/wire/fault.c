#include "wire/handle.h"

#include <netdb.h>
#include <string.h>
#include <sysexits.h>

#include "base/ending.h"
#include "base/lookup.h"

/* libcurl has one code for a name that does not exist and a name server that does not answer. */
static int resolve_exit(const char *host)
{
	char unused[LOOKUP_NAME + 1];
	int e = lookup_host(host, LOOKUP_MS, unused, sizeof unused);

	return e == EAI_NONAME || e == EAI_FAIL
#ifdef EAI_NODATA
			       || e == EAI_NODATA
#endif
		       ? EX_NOHOST
		       : EX_TEMPFAIL;
}

#define TOO_OLD "the relay speaks no TLS of tls_min_version or later: its operator can change that"
#define TOO_WEAK "the relay's TLS is weaker than this host allows: its operator can change that"
#define WRONG_PORT "is tls_starttls right for this port? 465 wants off, 587 and 25 want on"

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
	{CURLE_SSL_CONNECT_ERROR, AT_TLS, EX_TEMPFAIL, WRONG_PORT},
	{CURLE_PEER_FAILED_VERIFICATION, AT_TLS, EX_UNAVAILABLE,
	 "check the name in relay, or trust its authority with tls_trust_file"},
	{CURLE_SSL_PINNEDPUBKEYNOTMATCH, AT_TLS, EX_UNAVAILABLE, "the relay's key is not the one in tls_pinned_key"},
	{CURLE_SSL_ISSUER_ERROR, AT_TLS, EX_UNAVAILABLE, NULL},
	{CURLE_SSL_INVALIDCERTSTATUS, AT_TLS, EX_UNAVAILABLE, NULL},
	{CURLE_SSL_CLIENTCERT, AT_TLS, EX_NOPERM, "the relay wants a certificate of ours: set tls_cert_file"},
	{CURLE_SSL_CIPHER, AT_TLS, EX_CONFIG, "the TLS library does not take what tls_min_version asks for"},
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

bool handle_is_told(CURL *h)
{
	if (!ending_asked())
		return false;
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A look-up without an answer goes on in its thread for half a minute: it is left there. */
	curl_easy_setopt(h, CURLOPT_QUICK_EXIT, 1L);
#else
	(void)h;
#endif
	return true;
}

/* CURLE_SSL_CONNECT_ERROR is one code for what the next try may mend and what no try does. Only the TLS library's words
 * tell, and they are its own: OpenSSL's reasons, then GnuTLS's. What is not known here stays temporary. */
static const struct {
	const char *says;
	const char *hint;
} finally[] = {
	{"alert protocol version", TOO_OLD}, {"unsupported protocol", TOO_OLD}, {"no protocols available", TOO_OLD},
	{"unsupported version", TOO_OLD}, {"version too low", TOO_OLD},
	{"too small", TOO_WEAK}, {"too weak", TOO_WEAK}, {"sigalg", TOO_WEAK}, {"unsafe legacy", TOO_WEAK}, {"insufficient security", TOO_WEAK},
	{"no shared cipher", TOO_WEAK}, {"no ciphers available", TOO_WEAK}, {"no cipher", TOO_WEAK}, {"alert handshake failure", TOO_WEAK},
	{"wrong version number", WRONG_PORT}, {"packet length too long", WRONG_PORT}, {"http request", WRONG_PORT},
	{"alert unknown ca", "the relay does not trust the certificate in tls_cert_file"},
	{"alert bad certificate", "the relay does not take the certificate in tls_cert_file"},
	{"alert certificate", "the relay does not take the certificate in tls_cert_file, or wants one"},
	{"alert unsupported certificate", "the relay does not take the certificate in tls_cert_file"},
	{"illegal or unsupported version", TOO_OLD}, {"not acceptable", TOO_WEAK}, {"negotiate a supported", TOO_WEAK},
	{"unexpected TLS packet", WRONG_PORT}, {"fatal alert has been received", TOO_WEAK},
};

static int tls_failure(const char *words, struct failure *f)
{
	for (size_t i = 0; i < sizeof finally / sizeof *finally; i++)
		if (strstr(words, finally[i].says)) {
			f->exit = EX_UNAVAILABLE;
			return failure_hint(f, "%s", finally[i].hint);
		}
	return -1;
}

int handle_failure(CURL *h, CURLcode code, enum stage at, const char *words, struct failure *f)
{
	const struct meaning *m = NULL;
	const char *text = code == CURLE_ABORTED_BY_CALLBACK ? "mysend was told to end" : *words ? words : libcurl.easy_strerror(code);
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
	if (code == CURLE_SSL_CONNECT_ERROR)
		tls_failure(text, f);
	return m && m->hint ? failure_hint(f, "%s", m->hint) : -1;
}
