/*
 * cli/configure - which relay takes mail of an address, as far as the domain name system and the table of providers tell
 *
 * Use: struct found a = {.address = "me@example.org", .domain = "example.org"}; configure_find(&a, arena, f); then a.relay.
 * Asked are, in this order, until one tells: SRV records of the domain; the table, by the domain; the table, by the MX records;
 * whether one of the usual names is there. Nothing is connected: that would tell a host which may be anybody's that somebody wants
 * to log in there. mysend --probe connects, once the user has read what was found.
 *
 * Owns: nothing; texts in the arena. Bounds: CONFIGURE_MS for all look-ups together, CONFIGURE_EACH_MS for one.
 * Errors: AT_RESOLVE: EX_TEMPFAIL, the name servers do not answer; EX_NOHOST, there is no such domain; EX_CONFIG, nothing tells.
 * Threads: one. Source: RFC 6186 3, 5, 6; RFC 8314 5.1 (TLS from the start goes first); RFC 2782.
 */
#ifndef CLI_CONFIGURE_H
#define CLI_CONFIGURE_H

#include "base/arena.h"
#include "conf/providers.h"

enum { CONFIGURE_MS = 10 * 1000, CONFIGURE_EACH_MS = 5 * 1000 };

enum found_by { BY_OPTION, BY_SERVICE, BY_TABLE, BY_EXCHANGER, BY_NAME };

struct found {
	const char *address, *domain; /* given; the domain in A-labels */
	enum found_by by;
	const char *relay, *host;     /* as in relay smtps://HOST:PORT; host: "" for a socket */
	const char *asked;	      /* the name in the domain name system that told, or NULL */
	const char *exchanger;	      /* of BY_EXCHANGER, or NULL */
	const struct provider *provider; /* whose relay it is; or NULL */
	const char *instead;	      /* another relay, which the table has for this domain; or NULL */
	bool outside;		      /* the records name a host outside the domain, which nobody has signed (RFC 6186 6) */
};

MUST_CHECK int configure_find(struct found *found, struct arena *in, struct failure *f);

#endif
