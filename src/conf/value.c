#include "conf/value.h"

#include <arpa/inet.h>
#include <limits.h>
#include <string.h>

#include "mail/address.h"
#include "mail/offers.h"

enum { NAME_OCTETS = 255 };

/* The characters of names, and of the zone of an IPv6 address. */
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

int value_count(struct slice v, unsigned least, unsigned most, unsigned *out)
{
	uint64_t n;

	if (!slice_number(v, most, &n))
		return -1;
	*out = (unsigned)n;
	return n < least ? -1 : 0;
}

int value_seconds(struct slice v, unsigned least, unsigned most, unsigned *out)
{
	static const char units[] = "smhd";
	static const unsigned factor[] = {1, 60, 3600, 86400};
	const char *unit = v.len ? memchr(units, v.p[v.len - 1], sizeof units - 1) : NULL;
	unsigned by = unit ? factor[unit - units] : 1;

	if (slice_is(v, "off")) {
		*out = most;
		return 0;
	}
	if (unit)
		v.len--;
	if (value_count(v, 0, most / by, out) < 0)
		return -1;
	*out *= by;
	return *out < least ? -1 : 0;
}

int value_bytes(struct slice v, uint64_t least, uint64_t most, uint64_t *out)
{
	static const char units[] = "kmgKMG";
	const char *unit = v.len ? memchr(units, v.p[v.len - 1], sizeof units - 1) : NULL;
	unsigned shift = unit ? 10 * (unsigned)((unit - units) % 3 + 1) : 0, n = 0;

	*out = 0;
	if (slice_is(v, "off"))
		return 0;
	if (unit)
		v.len--;
	if (value_count(v, 0, UINT_MAX, &n) < 0 || n > most >> shift)
		return -1;
	*out = (uint64_t)n << shift;
	return *out < least ? -1 : 0;
}

/* ASCII case aside. */
static bool same(struct slice a, struct slice b)
{
	char text[32];

	if (a.len != b.len || a.len >= sizeof text)
		return false;
	memcpy(text, a.p, a.len);
	text[a.len] = '\0';
	return slice_is(b, text);
}

int value_choice(const char *words, struct slice v)
{
	struct slice rest = slice_of(words), word;
	bool more = *words != '\0';

	for (int i = 0; more; i++) {
		more = slice_cut(&rest, '|', &word);
		if (same(more ? word : rest, v))
			return i;
	}
	return -1;
}

struct slice value_word(const char *words, unsigned place)
{
	for (; place; place--)
		words += strcspn(words, "|") + 1;
	return (struct slice){words, strcspn(words, "|")};
}

bool value_is_name(const char *text)
{
	size_t n = strspn(text, letters);

	return n && n <= NAME_OCTETS && !text[n] && !strchr("-.", *text) && !strchr("-.", text[n - 1]) &&
	       !strstr(text, "..");
}

bool value_has_port(struct slice v)
{
	struct slice host;
	uint64_t n;

	return slice_cut(&v, ':', &host) && host.len && slice_number(v, 65535, &n);
}

const char *kind_text(struct arena *in, char *v)
{
	(void)in;
	return v;
}

const char *kind_line(struct arena *in, char *v)
{
	return arena_line(in, v);
}

const char *kind_command(struct arena *in, char *v)
{
	(void)in;
	return v;
}

const char *kind_word(struct arena *in, char *v)
{
	(void)in;
	return v[strcspn(v, " \t")] ? NULL : v;
}

const char *kind_path(struct arena *in, char *v)
{
	(void)in;
	return v;
}

const char *kind_trust(struct arena *in, char *v)
{
	(void)in;
	return strcmp(v, "system") == 0 ? "" : v;
}

static bool is_ip(const char *v)
{
	unsigned char bits[16];
	char plain[64];
	size_t n = strcspn(v, "%"); /* fe80::1%eth0 */

	if (n >= sizeof plain)
		return false;
	memcpy(plain, v, n);
	plain[n] = '\0';
	if (!v[n])
		return inet_pton(AF_INET6, plain, bits) == 1 || inet_pton(AF_INET, plain, bits) == 1;
	v += n + 1;
	return *v && !v[strspn(v, letters)] && inet_pton(AF_INET6, plain, bits) == 1;
}

const char *kind_host(struct arena *in, char *v)
{
	size_t n = strlen(v);

	(void)in;
	if (n > 2 && v[0] == '[' && v[n - 1] == ']') {
		v[n - 1] = '\0';
		v++;
		return strchr(v, ':') && is_ip(v) ? v : NULL;
	}
	if (is_ip(v))
		return v;
	/* Octets above 127 are left to libcurl, which converts them (IDN). A dot at the end makes a name absolute. */
	for (char *p = v; *p; p++)
		if ((unsigned char)*p < 128 && !strchr("-_.", *p) && (*p < '0' || *p > '9') &&
		    ((*p | 32) < 'a' || (*p | 32) > 'z'))
			return NULL;
	return n && n <= NAME_OCTETS && *v != '.' && *v != '-' ? v : NULL;
}

const char *kind_name(struct arena *in, char *v)
{
	return *v ? kind_host(in, v) : v;
}

const char *kind_ip(struct arena *in, char *v)
{
	(void)in;
	return !*v || is_ip(v) ? v : NULL;
}

const char *kind_url(struct arena *in, char *v)
{
	return kind_word(in, v);
}

const char *kind_pop(struct arena *in, char *v)
{
	struct slice text = slice_of(v);

	if (!*v)
		return v;
	if (!slice_begins(text, "pop3://") && !slice_begins(text, "pop3s://"))
		return NULL;
	return strchr(v, '@') || !strstr(v, "://")[3] ? NULL : kind_word(in, v);
}

static bool is_pin(struct slice v)
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	enum { PREFIX = 8, DIGITS = 43 };

	if (!slice_begins(v, "sha256//") || v.len != PREFIX + DIGITS + 1 || v.p[v.len - 1] != '=')
		return false;
	for (size_t i = PREFIX; i < PREFIX + DIGITS; i++)
		if (!memchr(base64, v.p[i], sizeof base64 - 1))
			return false;
	return true;
}

const char *kind_pin(struct arena *in, char *v)
{
	struct slice rest = slice_of(v), one;

	(void)in;
	if (!*v || *v == '/' || *v == '~')
		return v;
	while (slice_cut(&rest, ';', &one))
		if (!is_pin(one))
			return NULL;
	return is_pin(rest) ? v : NULL;
}

const char *kind_charset(struct arena *in, char *v)
{
	(void)in;
	return v[strspn(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+")] ? NULL : v;
}

const char *kind_address(struct arena *in, char *v)
{
	struct failure unused;
	const char *address;

	if (!*v)
		return v;
	return address_one(&address, in, slice_of(v), &unused) == 0 && *address ? v : NULL;
}

const char *kind_sender(struct arena *in, char *v)
{
	if (kind_address(in, v))
		return v;
	return v[strcspn(v, "*?[")] ? kind_word(in, v) : NULL;
}

const char *kind_addresses(struct arena *in, char *v)
{
	struct mailboxes list = {0};
	struct failure unused;

	if (!*v)
		return v;
	return address_list(&list, in, slice_of(v), &unused) == 0 && list.count ? v : NULL;
}

/* Each word of the list is one of `words`; case does not count. */
static bool are_all(struct slice list, const char *const *words)
{
	struct slice one;
	bool more = true;

	while (more) {
		size_t i = 0;

		more = slice_cut(&list, ',', &one);
		one = slice_trim(more ? one : list);
		while (words[i] && !slice_is(one, words[i]))
			i++;
		if (!words[i])
			return false;
	}
	return true;
}

const char *kind_notify(struct arena *in, char *v)
{
	static const char *const alone[] = {"", "off", "never", NULL};
	static const char *const words[] = {"success", "failure", "delay", NULL};
	struct slice text = slice_of(v);

	(void)in;
	return (!strchr(v, ',') && are_all(text, alone)) || are_all(text, words) ? v : NULL;
}

const char *kind_returns(struct arena *in, char *v)
{
	static const char *const words[] = {"", "off", "headers", "hdrs", "full", NULL};

	(void)in;
	return !strchr(v, ',') && are_all(slice_of(v), words) ? v : NULL;
}

const char *kind_offers(struct arena *in, char *v)
{
	unsigned set;

	(void)in;
	return offers_parse(slice_of(v), &set) == 0 ? v : NULL;
}
