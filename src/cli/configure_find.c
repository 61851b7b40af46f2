#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/lookup.h"
#include "cli/configure.h"

struct asking {
	struct arena *in;
	int64_t until;
	bool later;	/* some question was not answered */
	bool no_domain; /* there is no such domain */
	bool refused;	/* the domain says that this is not offered */
};

static unsigned time_left(const struct asking *a)
{
	int64_t left = a->until - clock_steady();

	return left <= 0 ? 0 : left < CONFIGURE_EACH_MS ? (unsigned)left : CONFIGURE_EACH_MS;
}

static bool ask(struct asking *a, const char *name, int type, struct dns_answer *out)
{
	unsigned ms = time_left(a);

	*out = (struct dns_answer){.found = DNS_LATER};
	if (ms)
		lookup_records(name, type, ms, out);
	a->later |= out->found == DNS_LATER || out->found == DNS_BROKEN;
	return out->found == DNS_FOUND;
}

static bool is_within(const char *host, const char *domain)
{
	size_t len = strlen(host), tail = strlen(domain);

	return len >= tail && strcasecmp(host + len - tail, domain) == 0 && (len == tail || host[len - tail - 1] == '.');
}

static const char *url(struct arena *in, const char *scheme, const char *host, unsigned port, unsigned usual)
{
	return port == usual ? arena_printf(in, "%s://%s", scheme, host) : arena_printf(in, "%s://%s:%u", scheme, host, port);
}

static bool by_service(struct asking *a, struct found *found)
{
	static const struct { const char *service, *scheme; unsigned port; } rows[] = {
		{"_submissions._tcp", "smtps", 465}, {"_submission._tcp", "smtp", 587},
	};
	const struct provider *of_domain = found->provider;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *name = arena_printf(a->in, "%s.%s", rows[i].service, found->domain), *host;
		struct dns_answer answer;

		if (!ask(a, name, DNS_SRV, &answer))
			continue;
		host = arena_printf(a->in, "%s", answer.record[0].target);
		if (!*host) {
			a->refused = true;
			continue;
		}
		found->by = BY_SERVICE;
		found->asked = name;
		found->host = host;
		found->relay = url(a->in, rows[i].scheme, host, answer.record[0].port, rows[i].port);
		found->provider = provider_of_host(host);
		found->outside = !is_within(host, found->domain) && (!of_domain || of_domain != found->provider);
		found->instead = of_domain && of_domain != found->provider ? of_domain->relay : NULL;
		return true;
	}
	return false;
}

static bool by_exchanger(struct asking *a, struct found *found)
{
	struct dns_answer answer;

	if (!ask(a, found->domain, DNS_MX, &answer)) {
		a->no_domain = answer.found == DNS_NO_NAME;
		return false;
	}
	for (size_t i = 0; i < answer.records; i++) {
		found->provider = provider_of_exchanger(answer.record[i].target);
		if (found->provider) {
			found->by = BY_EXCHANGER;
			found->asked = found->domain;
			found->exchanger = arena_printf(a->in, "%s", answer.record[i].target);
			found->relay = found->provider->relay;
			return true;
		}
	}
	return false;
}

static bool by_name(struct asking *a, struct found *found)
{
	static const char *const usual[] = {"smtp", "mail", "submission"};

	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
		const char *host = arena_printf(a->in, "%s.%s", usual[i], found->domain);
		char full[LOOKUP_NAME + 1];
		unsigned ms = time_left(a);
		int code = ms ? lookup_host(host, ms, full, sizeof full) : EAI_AGAIN;

		a->later |= code == EAI_AGAIN;
		if (code == 0) {
			found->by = BY_NAME;
			found->asked = found->host = host;
			found->relay = url(a->in, "smtp", host, 587, 587);
			return true;
		}
	}
	return false;
}

static int nothing(const struct asking *a, const struct found *found, struct failure *f)
{
	if (a->later)
		fail(f, AT_RESOLVE, EX_TEMPFAIL, "the name servers do not say where mail of %s is handed over", found->domain);
	else if (a->no_domain)
		fail(f, AT_RESOLVE, EX_NOHOST, "there is no domain %s", found->domain);
	else if (a->refused)
		fail(f, AT_RESOLVE, EX_CONFIG, "%s says that it takes no mail of its users for others", found->domain);
	else
		fail(f, AT_RESOLVE, EX_CONFIG, "nothing says where mail of %s is handed over", found->domain);
	return failure_hint(f, a->later ? HINT_CONFIGURE_LATER : HINT_CONFIGURE_RELAY);
}

int configure_find(struct found *found, struct arena *in, struct failure *f)
{
	struct asking a = {.in = in, .until = clock_steady() + CONFIGURE_MS};

	found->provider = provider_of_domain(found->domain);
	if (by_service(&a, found))
		return 0;
	if (found->provider) {
		found->by = BY_TABLE;
		found->relay = found->provider->relay;
		return 0;
	}
	if (by_exchanger(&a, found) || (!a.refused && !a.no_domain && by_name(&a, found)))
		return 0;
	return nothing(&a, found, f);
}
