#include "mail/address.h"

#include <string.h>

bool address_text_is_clean(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool cr = c == '\r' && i + 1 < text.len && text.p[i + 1] == '\n';
		size_t after = i + 1 + cr;

		if (c == 127 || (c < 32 && c != '\t' && c != '\n' && !cr))
			return false;
		if (!cr && c != '\n')
			continue;
		if (after >= text.len || (text.p[after] != ' ' && text.p[after] != '\t'))
			return false;
		i = after;
	}
	return true;
}

/* The @ between local part and domain; a quoted local part may hold others. NULL: there is no domain. */
static const char *find_at(const char *address)
{
	const char *p = address;

	if (*p == '"')
		for (p++; *p && *p != '"'; p++)
			if (*p == '\\' && p[1])
				p++;
	return strchr(p, '@');
}

bool address_is_bare(const char *address)
{
	return *address && !find_at(address);
}

bool address_is_ascii(const char *address)
{
	return slice_is_ascii(slice_of(address));
}

const char *address_domain(const char *address)
{
	const char *at = find_at(address);

	return at ? at + 1 : "";
}

bool address_same(const char *a, const char *b)
{
	const char *a_domain = address_domain(a);
	size_t local = (size_t)(a_domain - a);

	if (!*a_domain)
		return strcmp(a, b) == 0;
	if (strncmp(a, b, local) != 0)
		return false;
	return slice_is(slice_of(b + local), a_domain);
}

const char *address_qualify(struct arena *in, const char *address, const char *domain)
{
	if (!address_is_bare(address) || !*domain)
		return address;
	if (strlen(address) + 1 + strlen(domain) > ADDRESS_MAX)
		return NULL;
	return arena_printf(in, "%s@%s", address, domain);
}

int address_xtext(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c > 32 && c < 127 && c != '+' && c != '=';
		int rc = plain ? buf_add(out, text, 1) : buf_printf(out, "+%02X", (unsigned)c);

		if (rc < 0)
			return -1;
	}
	return 0;
}

char *address_of_xtext(struct arena *in, struct slice text)
{
	static const char hex[] = "0123456789ABCDEF";
	char *to = arena_zeroed(in, text.len + 1, 1);
	size_t used = 0;

	for (size_t i = 0; i < text.len; i++) {
		const char *high, *low;

		if (text.p[i] != '+') {
			to[used++] = text.p[i];
			continue;
		}
		if (text.len - i < 3 || !(high = memchr(hex, text.p[i + 1], 16)) || !(low = memchr(hex, text.p[i + 2], 16)))
			return NULL;
		to[used++] = (char)((high - hex) << 4 | (low - hex));
		i += 2;
	}
	return slice_has_control((struct slice){to, used}) ? NULL : to;
}
