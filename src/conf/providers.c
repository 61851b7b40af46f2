#include "conf/providers.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"

static const struct provider known[] = {
#define PROVIDER(name, domains, exchangers, relay, hosts, user, secret, note, date) \
	{name, domains, exchangers, relay, hosts, USER_##user, SECRET_##secret, note, date},
#include "conf/providers.def"
};

enum { KNOWN = sizeof known / sizeof *known };

/* Takes the last label off. False: there is none left. */
static bool last_label(struct slice *name, struct slice *label)
{
	size_t at = name->len;

	if (!name->len)
		return false;
	while (at > 0 && name->p[at - 1] != '.')
		at--;
	*label = (struct slice){name->p + at, name->len - at};
	name->len = at ? at - 1 : 0;
	return true;
}

static bool same(struct slice a, struct slice b)
{
	return a.len == b.len && (!a.len || strncasecmp(a.p, b.p, a.len) == 0);
}

/* whole: nothing of the name may be left before the pattern. */
static bool fits(struct slice name, struct slice pattern, bool whole)
{
	struct slice is, wanted;

	while (last_label(&pattern, &wanted))
		if (!last_label(&name, &is) || (same(wanted, SLICE("*")) ? !is.len : !same(is, wanted)))
			return false;
	return !whole || !name.len;
}

static bool one_fits(const char *name, const char *patterns, bool whole)
{
	struct slice rest = slice_of(patterns), pattern;

	while (rest.len) {
		if (!slice_cut(&rest, ' ', &pattern)) {
			pattern = rest;
			rest.len = 0;
		}
		if (pattern.len && fits(slice_of(name), pattern, whole))
			return true;
	}
	return false;
}

const struct provider *provider_of_domain(const char *domain)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (one_fits(domain, known[i].domains, true))
			return &known[i];
	return NULL;
}

const struct provider *provider_of_exchanger(const char *host)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (one_fits(host, known[i].exchangers, false))
			return &known[i];
	return NULL;
}

/* The host in "smtps://HOST:PORT". */
static bool is_relay(const char *host, const char *url)
{
	const char *from = strstr(url, "://");
	struct slice is = slice_of(from ? from + 3 : ""), before;

	if (slice_cut(&is, ':', &before))
		is = before;
	return is.len && same(is, slice_of(host));
}

const struct provider *provider_of_host(const char *host)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (one_fits(host, known[i].hosts, true) || is_relay(host, known[i].relay))
			return &known[i];
	return NULL;
}
