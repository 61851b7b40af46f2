#include "wire/curl_setup.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/trusted.h"

bool curl_setup_tls_from_start(const struct account *a)
{
	return !a->tls_starttls && !setting_is(a, SET_tls, "off");
}

long curl_setup_use_ssl(const struct account *a)
{
	/* Nobody can listen in on a socket of this host: there TLS is used only where the user asks for it. */
	if (setting_is(a, SET_tls, "off") || (*a->socket && !setting_is_set(a, SET_tls)))
		return CURLUSESSL_NONE;
	return setting_is(a, SET_tls, "try") ? CURLUSESSL_TRY : CURLUSESSL_ALL;
}

bool curl_setup_is_clear(const struct account *a)
{
	return curl_setup_use_ssl(a) == CURLUSESSL_NONE && !curl_setup_tls_from_start(a);
}

/* A folder of certificates named by their hash. From a folder only those needed are read; a bundle is read whole. */
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

bool curl_setup_trusts_nobody(const struct account *a)
{
	const curl_version_info_data *v = libcurl_version();

	if (*a->tls_trust_file || *a->tls_trust_dir)
		return false;
	return (v->cainfo || v->capath) && (!v->cainfo || access(v->cainfo, R_OK) < 0) && (!v->capath || !is_hashed(v->capath));
}

/* A libcurl that does not know the option has no default for it that would have to be switched off. */
static CURLcode without(CURLcode code)
{
	return code == CURLE_NOT_BUILT_IN || code == CURLE_UNKNOWN_OPTION ? CURLE_OK : code;
}

static void trust(CURL *h, const struct account *a, struct setopt *s)
{
	const curl_version_info_data *v = libcurl_version();
	const char *file = *a->tls_trust_file ? a->tls_trust_file : NULL, *dir = *a->tls_trust_dir ? a->tls_trust_dir : NULL;
	CURLcode code;

	if (file || dir) {
		code = curl_easy_setopt(h, CURLOPT_CAINFO, file);
		setopt_took(s, file ? code : without(code), SET_tls_trust_file);
		code = curl_easy_setopt(h, CURLOPT_CAPATH, dir);
		setopt_took(s, dir ? code : without(code), SET_tls_trust_dir);
	} else if (v->capath && is_hashed(v->capath)) {
		setopt_took(s, curl_easy_setopt(h, CURLOPT_CAINFO, NULL), SET_tls_trust_file);
		setopt_took(s, curl_easy_setopt(h, CURLOPT_CAPATH, v->capath), SET_tls_trust_dir);
	}
}

/* Looks at the file before libcurl does: libcurl finds some files missing only when it is too late to say which, and would wait for
 * a FIFO without an end. */
static int can_read(const struct account *a, enum setting s, const char *path, struct failure *f)
{
	unsigned rules = setting_rules(a, s); /* libcurl opens the file again, by its path */
	char where[300];
	int fd;

	if (!*path || (!rules && access(path, R_OK) == 0)) /* a file that an option names may be a pipe, which can be read only once */
		return 0;
	fd = rules ? trusted_open(path, rules | TRUSTED_WAY | (s == SET_tls_trust_dir ? TRUSTED_FOLDER | TRUSTED_GROUP : 0), f) : fail_errno(f, AT_CONFIG, EX_CONFIG, "%s", path);
	if (fd < 0)
		return failure_in(f, "%s: %s", origin_text(&a->origin[s], where, sizeof where), setting_name(s));
	close(fd);
	return 0;
}

int curl_setup_trust(CURL *h, const struct account *a, struct setopt *s, struct failure *f)
{
	if (can_read(a, SET_tls_trust_file, a->tls_trust_file, f) < 0 || can_read(a, SET_tls_trust_dir, a->tls_trust_dir, f) < 0)
		return -1;
	trust(h, a, s);
	return 0;
}

/* Before 8.19 libcurl takes the option with every TLS library, and passes over it with those that it reads no list for. */
static CURLcode revoked(CURL *h, const char *path)
{
	static const char *const readers[] = {"OpenSSL", "LibreSSL", "BoringSSL", "AWS-LC", "quictls", "GnuTLS", "mbedTLS", "NSS"};
	const curl_version_info_data *v = libcurl_version();
	bool reads = v->version_num >= 0x081300;

	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		reads |= v->ssl_version && strncmp(v->ssl_version, readers[i], strlen(readers[i])) == 0;
	return reads ? curl_easy_setopt(h, CURLOPT_CRLFILE, path) : CURLE_NOT_BUILT_IN;
}

/* TLS 1.0 and 1.1 sign with what OpenSSL from 3.0 on (Debian's from 1.1.1 on) takes at its lowest level only; without that
 * the setting would allow what then cannot be. The other libraries have no such level in this option. */
static const char *old_ciphers(void)
{
	const curl_version_info_data *v = libcurl_version();

	return v->ssl_version && strncmp(v->ssl_version, "OpenSSL/", 8) == 0 ? "DEFAULT@SECLEVEL=0" : NULL;
}

static void version(CURL *h, const struct account *a, struct setopt *s)
{
	bool old = setting_is(a, SET_tls_min_version, "1.0") || setting_is(a, SET_tls_min_version, "1.1");
	static const struct { const char *word; long version; } versions[] = {
		{"1.0", CURL_SSLVERSION_TLSv1_0}, {"1.1", CURL_SSLVERSION_TLSv1_1},
		{"1.2", CURL_SSLVERSION_TLSv1_2}, {"1.3", CURL_SSLVERSION_TLSv1_3},
	};

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (setting_is(a, SET_tls_min_version, versions[i].word))
			setopt_took(s, curl_easy_setopt(h, CURLOPT_SSLVERSION, versions[i].version), SET_tls_min_version);
	if (old && old_ciphers())
		setopt_took(s, curl_easy_setopt(h, CURLOPT_SSL_CIPHER_LIST, old_ciphers()), SET_tls_min_version);
}

/* A libcurl without TLS takes CURLOPT_USE_SSL and sends in clear text. */
static int has_tls(const struct account *a, struct failure *f)
{
	const curl_version_info_data *v = libcurl_version();
	bool pop = curl_setup_is_clear(a);

	if (v->features & CURL_VERSION_SSL)
		return 0;
	fail(f, AT_CONFIG, EX_CONFIG, "%s %s: libcurl %s is built without TLS",
	     setting_name(pop ? SET_pop_before_smtp : SET_tls), pop ? a->pop_before_smtp : setting_is(a, SET_tls, "try") ? "try" : "on",
	     v->version);
	return failure_hint(f, HINT_LIBCURL_TLS);
}

int curl_setup_tls(CURL *h, const struct account *a, struct setopt *s, struct failure *f)
{
	if (has_tls(a, f) < 0 || curl_setup_trust(h, a, s, f) < 0 ||
	    can_read(a, SET_tls_crl_file, a->tls_crl_file, f) < 0 ||
	    can_read(a, SET_tls_cert_file, a->tls_cert_file, f) < 0 ||
	    can_read(a, SET_tls_key_file, a->tls_key_file, f) < 0 ||
	    can_read(a, SET_tls_pinned_key, *a->tls_pinned_key == '/' ? a->tls_pinned_key : "", f) < 0)
		return -1;
	version(h, a, s);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, a->tls_certcheck ? 1L : 0L), SET_tls_certcheck);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, a->tls_certcheck ? 2L : 0L), SET_tls_certcheck);
	if (*a->tls_crl_file)
		setopt_took(s, revoked(h, a->tls_crl_file), SET_tls_crl_file);
	if (*a->tls_cert_file)
		setopt_took(s, curl_easy_setopt(h, CURLOPT_SSLCERT, a->tls_cert_file), SET_tls_cert_file);
	if (*a->tls_key_file)
		setopt_took(s, curl_easy_setopt(h, CURLOPT_SSLKEY, a->tls_key_file), SET_tls_key_file);
	if (*a->tls_pinned_key)
		setopt_took(s, curl_easy_setopt(h, CURLOPT_PINNEDPUBLICKEY, a->tls_pinned_key), SET_tls_pinned_key);
	return 0;
}

bool curl_setup_is_encrypted(CURL *h)
{
	const struct curl_tlssessioninfo *info = NULL;

	return curl_easy_getinfo(h, CURLINFO_TLS_SSL_PTR, &info) == CURLE_OK && info && info->internals;
}
