#include "wire/curl_setup.h"

#include <errno.h>
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

static const struct curl_meaning {
	CURLcode code;
	enum stage stage; /* AT_USAGE: the stage at which the session was */
	int exit;
	enum hint hint;
} curl_meanings[] = {
	{CURLE_COULDNT_RESOLVE_PROXY, AT_RESOLVE, EX_TEMPFAIL, HINT_PROXY},
	{CURLE_COULDNT_RESOLVE_HOST, AT_RESOLVE, EX_TEMPFAIL, NO_HINT},
	{CURLE_COULDNT_CONNECT, AT_CONNECT, EX_TEMPFAIL, NO_HINT},
	{CURLE_INTERFACE_FAILED, AT_CONNECT, EX_CONFIG, HINT_SOURCE_IP},
	{CURLE_PROXY, AT_CONNECT, EX_TEMPFAIL, HINT_PROXY},
	{CURLE_WEIRD_SERVER_REPLY, AT_USAGE, EX_PROTOCOL, NO_HINT},
	{CURLE_REMOTE_ACCESS_DENIED, AT_GREETING, EX_UNAVAILABLE, NO_HINT},
	{CURLE_USE_SSL_FAILED, AT_TLS, EX_UNAVAILABLE, NO_HINT},
	{CURLE_SSL_CONNECT_ERROR, AT_TLS, EX_TEMPFAIL, HINT_TLS_BETWEEN},
	{CURLE_PEER_FAILED_VERIFICATION, AT_TLS, EX_UNAVAILABLE, HINT_CERTIFICATE},
	{CURLE_SSL_PINNEDPUBKEYNOTMATCH, AT_TLS, EX_UNAVAILABLE, HINT_PINNED_KEY},
	{CURLE_SSL_ISSUER_ERROR, AT_TLS, EX_UNAVAILABLE, NO_HINT},
	{CURLE_SSL_INVALIDCERTSTATUS, AT_TLS, EX_UNAVAILABLE, NO_HINT},
	{CURLE_SSL_CLIENTCERT, AT_TLS, EX_NOPERM, HINT_OUR_CERTIFICATE_WANTED},
	{CURLE_SSL_CIPHER, AT_TLS, EX_CONFIG, HINT_TLS_CIPHER},
	{CURLE_SSL_CACERT_BADFILE, AT_TLS, EX_CONFIG, HINT_TRUST_FILE},
	{CURLE_SSL_CRL_BADFILE, AT_TLS, EX_CONFIG, HINT_CRL_FILE},
	{CURLE_SSL_CERTPROBLEM, AT_TLS, EX_CONFIG, HINT_OUR_CERTIFICATE_FILES},
	{CURLE_LOGIN_DENIED, AT_LOGIN, EX_NOPERM, NO_HINT},
	{CURLE_AUTH_ERROR, AT_LOGIN, EX_NOPERM, NO_HINT},
	{CURLE_OUT_OF_MEMORY, AT_USAGE, EX_OSERR, NO_HINT},
	{CURLE_URL_MALFORMAT, AT_CONFIG, EX_CONFIG, HINT_RELAY_NAME},
	{CURLE_UNSUPPORTED_PROTOCOL, AT_CONFIG, EX_CONFIG, HINT_LIBCURL_PROTOCOL},
	{CURLE_NOT_BUILT_IN, AT_CONFIG, EX_CONFIG, HINT_LIBCURL_LACKS},
};

bool curl_setup_must_end(CURL *h)
{
	if (!ending_asked())
		return false;
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Where a look-up gets no answer, libcurl's thread for it goes on for half a minute: curl_easy_cleanup is not to wait for
	 * that thread. */
	curl_easy_setopt(h, CURLOPT_QUICK_EXIT, 1L);
#else
	(void)h;
#endif
	return true;
}

/* CURLE_SSL_CONNECT_ERROR is one code for what may go well at the next try and for what never does. Only the TLS library's words
 * tell which, and each library has its own: OpenSSL's reasons, then GnuTLS's. A failure whose words are not in this list stays
 * temporary. */
static const struct {
	const char *says;
	enum hint hint;
} finally[] = {
	{"alert protocol version", HINT_TLS_OLD}, {"unsupported protocol", HINT_TLS_OLD}, {"no protocols available", HINT_TLS_OLD},
	{"unsupported version", HINT_TLS_OLD}, {"version too low", HINT_TLS_OLD},
	{"too small", HINT_TLS_WEAK}, {"too weak", HINT_TLS_WEAK}, {"sigalg", HINT_TLS_WEAK}, {"unsafe legacy", HINT_TLS_WEAK}, {"insufficient security", HINT_TLS_WEAK},
	{"no shared cipher", HINT_TLS_WEAK}, {"no ciphers available", HINT_TLS_WEAK}, {"no cipher", HINT_TLS_WEAK}, {"alert handshake failure", HINT_TLS_WEAK},
	{"wrong version number", HINT_TLS_BETWEEN}, {"packet length too long", HINT_TLS_BETWEEN}, {"http request", HINT_TLS_BETWEEN},
	{"excessive message size", HINT_CERTIFICATE_LARGE},
	{"alert unknown ca", HINT_OUR_CERTIFICATE_UNTRUSTED},
	{"alert bad certificate", HINT_OUR_CERTIFICATE_REFUSED},
	{"alert certificate", HINT_OUR_CERTIFICATE_OR_NONE},
	{"alert unsupported certificate", HINT_OUR_CERTIFICATE_REFUSED},
	{"illegal or unsupported version", HINT_TLS_OLD}, {"not acceptable", HINT_TLS_WEAK}, {"negotiate a supported", HINT_TLS_WEAK},
	{"unexpected TLS packet", HINT_TLS_BETWEEN}, {"fatal alert has been received", HINT_TLS_WEAK},
};

static int tls_failure(const char *words, struct failure *f)
{
	for (size_t i = 0; i < sizeof finally / sizeof *finally; i++)
		if (strstr(words, finally[i].says)) {
			f->exit = EX_UNAVAILABLE;
			return failure_hint(f, finally[i].hint);
		}
	return -1;
}

int curl_setup_failure(CURL *h, CURLcode code, enum stage at, const char *words, struct failure *f)
{
	const struct curl_meaning *m = NULL;
	const char *text = code == CURLE_ABORTED_BY_CALLBACK ? ENDING_TOLD : *words ? words : libcurl.easy_strerror(code);
	char *host = NULL, why[100];
	long os = 0;

	for (size_t i = 0; i < sizeof curl_meanings / sizeof *curl_meanings && !m; i++)
		if (curl_meanings[i].code == code)
			m = &curl_meanings[i];
	curl_easy_getinfo(h, CURLINFO_OS_ERRNO, &os);
	if (code == CURLE_COULDNT_CONNECT && os > 0) {
		failure_errno((int)os, why, sizeof why);
		text = why;
	}
	fail(f, m && m->stage != AT_USAGE ? m->stage : at, m ? m->exit : EX_TEMPFAIL, "%s", text);
	if (code == CURLE_COULDNT_CONNECT && (os == EACCES || os == EPERM)) {
		f->exit = EX_NOPERM;
		return failure_hint(f, HINT_CONNECT_FORBIDDEN);
	}
	if (code == CURLE_COULDNT_RESOLVE_HOST) {
		curl_easy_getinfo(h, CURLINFO_PRIVATE, &host);
		f->exit = host ? resolve_exit(host) : EX_TEMPFAIL;
		failure_hint(f, f->exit == EX_NOHOST ? HINT_RELAY_NAME : HINT_NAME_SERVERS);
	}
	if (code == CURLE_SSL_CONNECT_ERROR)
		tls_failure(text, f);
	return m && m->hint ? failure_hint(f, m->hint) : -1;
}
