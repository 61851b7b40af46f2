#include "wire/idn.h"

#include <locale.h>
#include <stdatomic.h>
#include <string.h>

#include "base/bytes.h"
#include "mail/address.h"
#include "wire/libcurl.h"

/* The locale is made once a process, since it is read from files, and a message may name any number of domains. (locale_t)0: the
 * system has none with UTF-8. */
static locale_t locale_of_utf8(void)
{
	static _Atomic(locale_t) kept;
	locale_t ours = kept, other = (locale_t)0;

	if (ours)
		return ours == LC_GLOBAL_LOCALE ? (locale_t)0 : ours;
	ours = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (atomic_compare_exchange_strong(&kept, &other, ours ? ours : LC_GLOBAL_LOCALE))
		return ours;
	if (ours) /* another thread was first */
		freelocale(ours);
	return other == LC_GLOBAL_LOCALE ? (locale_t)0 : other;
}

#ifndef CURLU_PUNYCODE /* libcurl's headers before 7.88 lack it; the library that is loaded may be newer */
#define CURLU_PUNYCODE (1U << 12)
#endif

int idn_ready(const char *address, struct failure *f)
{
	if (address_is_ascii(address) || libcurl_start(f) == 0)
		return 0;
	f->stage = AT_INPUT;
	return failure_in(f, "%s is not ASCII", address);
}

bool idn_is_missing(void)
{
	const curl_version_info_data *v;
	struct failure ignored;

	if (libcurl_start(&ignored) < 0)
		return true;
	v = libcurl_version();
	return v->version_num < 0x075800 || !(v->features & CURL_VERSION_IDN);
}

/* libcurl takes the name in the charset of the locale; ours is UTF-8 in every locale. */
static char *a_labels(const char *domain)
{
	locale_t utf8 = locale_of_utf8();
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	CURLU *url = libcurl.url();
	char *host = NULL;

	if (!url || libcurl.url_set(url, CURLUPART_HOST, domain, 0) != CURLUE_OK ||
	    libcurl.url_get(url, CURLUPART_HOST, &host, CURLU_PUNYCODE) != CURLUE_OK) {
		libcurl.free(host); /* libcurl 7.88 sets host even where it fails, to the name as it was */
		host = NULL;
	}
	libcurl.url_cleanup(url);
	if (utf8)
		uselocale(before);
	return host;
}

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

const char *idn_address(struct arena *in, const char *address)
{
	const char *domain = address_domain(address), *done = NULL;
	size_t local = (size_t)(domain - address);
	char *host;

	if (!*domain || !slice_is_ascii((struct slice){address, local}))
		return NULL;
	if (slice_is_ascii(slice_of(domain)))
		return address;
	if (idn_is_missing())
		return NULL;
	host = a_labels(domain);
	/* The conversion (UTS 46) makes @ and commas of characters that look like them: such a name is no domain. */
	if (host && *host && host[strspn(host, letters)] == '\0' && local + strlen(host) <= ADDRESS_MAX)
		done = arena_printf(in, "%.*s%s", (int)local, address, host);
	libcurl.free(host);
	return done;
}

const char *idn_address_or_same(struct arena *in, const char *address)
{
	const char *ascii = idn_address(in, address);

	return ascii ? ascii : address;
}
