/*
 * base/dns - the MX and SRV records in an answer of the domain name system, which anybody may have made up
 *
 * Use: struct dns_answer a; dns_read(&a, packet, DNS_SRV); if (a.found == DNS_FOUND) connect to a.record[0].target.
 * Records come in the order in which they are to be tried: by priority, and then the one with the largest weight first, where
 * RFC 2782 has a die: what is found is written down once, and should be the same the next time.
 *
 * Owns: nothing. Units: an MX record has its preference in priority; its port and weight are 0.
 * Bounds: the first DNS_RECORDS in that order; a name of DNS_NAME letters, digits, hyphens, underscores and dots, in lower case. A
 * record with another name, or an SRV record with port 0, is passed over. Names are followed backwards only, so that they end.
 * Errors: DNS_BROKEN: the packet is no answer, or ends too early. Threads: any.
 * Source: RFC 1035 4.1, 3.3.9; RFC 2782; RFC 7505 and RFC 6186 3.4 (the target "." is "": it is not offered).
 */
#ifndef BASE_DNS_H
#define BASE_DNS_H

#include "base/bytes.h"

enum { DNS_MX = 15, DNS_SRV = 33, DNS_RECORDS = 8, DNS_NAME = 253 };

enum dns_found {
	DNS_FOUND,   /* there are records */
	DNS_NOTHING, /* the name has none of that type */
	DNS_NO_NAME, /* there is no such name */
	DNS_LATER,   /* no name server could tell, or the answer was cut off */
	DNS_BROKEN,
};

struct dns_record {
	unsigned priority, weight, port;
	char target[DNS_NAME + 1];
};

struct dns_answer {
	enum dns_found found;
	size_t records;
	struct dns_record record[DNS_RECORDS];
};

void dns_read(struct dns_answer *out, struct slice packet, int type);

#endif
