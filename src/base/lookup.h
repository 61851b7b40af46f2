/*
 * base/lookup - what the resolver says of a name, and an end to waiting for it
 *
 * Name servers that do not answer cost the resolver half a minute a name, and it cannot be told to be quicker. It is asked
 * in a thread of its own, which is left alone with its question when the time is over.
 *
 * Use: lookup_host("box", LOOKUP_MS, full, sizeof full) == 0, and full is "box.example.org", or "" if it has no other name.
 * lookup_count tells how many addresses of either kind it has.
 * lookup_records("example.org", DNS_MX, LOOKUP_MS, &answer); then answer.found.
 * Owns: nothing. Units: milliseconds. Bounds: a name of LOOKUP_NAME octets; an answer of LOOKUP_PACKET octets, what is beyond is
 * not read; the time, but where no thread can be started.
 * Errors: an EAI_ code of getaddrinfo(3), EAI_AGAIN when the time is over; of records, DNS_LATER. Threads: any.
 * Source: res_query(3), which looks for the name as it stands, in no other domain.
 */
#ifndef BASE_LOOKUP_H
#define BASE_LOOKUP_H

#include "base/dns.h"

enum { LOOKUP_NAME = 255, LOOKUP_PACKET = 16 * 1024, LOOKUP_MS = 10 * 1000 };

int lookup_host(const char *host, unsigned ms, char *full, size_t room);
void lookup_records(const char *name, int type, unsigned ms, struct dns_answer *out);
int lookup_count(const char *host, unsigned ms, unsigned *four, unsigned *six); /* addresses of IPv4, and of IPv6 */

#endif
