/*
 * Answers of the domain name system: what is read of any packet are names of hosts, in the order in which they are tried; nothing beyond
 * the packet is read, and read again it is the same. The first octet says which type is looked for.
 */
#include "fuzz.h"

#include <ctype.h>

#include "base/dns.h"

static void holds_a_name(const char *target, struct slice packet)
{
	HOLDS(strlen(target) <= DNS_NAME, packet);
	for (const char *p = target; *p; p++)
		HOLDS(islower((unsigned char)*p) || isdigit((unsigned char)*p) || strchr("-_.", *p), packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct arena in = {0};
	struct slice packet = fuzz_copy(&in, octets, len);
	int type = fuzz_take(&packet) % 2 ? DNS_SRV : DNS_MX;
	struct dns_answer a, again;

	memset(&a, 0xa5, sizeof a);
	dns_read(&a, packet, type);
	HOLDS((a.found == DNS_FOUND) == (a.records > 0) && a.records <= DNS_RECORDS, packet);
	for (size_t i = 0; i < a.records; i++) {
		const struct dns_record *r = &a.record[i];

		holds_a_name(r->target, packet);
		HOLDS(r->priority <= 65535 && r->weight <= 65535 && r->port <= 65535 && (type == DNS_SRV || (!r->port && !r->weight)), packet);
		HOLDS(type != DNS_SRV || r->port || !*r->target, packet);
		HOLDS(i == 0 || r[-1].priority < r->priority || (r[-1].priority == r->priority && r[-1].weight >= r->weight), packet);
	}
	dns_read(&again, packet, type);
	HOLDS(again.found == a.found && again.records == a.records, packet);
	arena_free(&in);
	return 0;
}
