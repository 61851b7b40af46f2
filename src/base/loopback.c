#include "base/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

bool loopback_is(struct slice address)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr six;
	struct in_addr four;

	if (address.len >= sizeof text)
		return false;
	memcpy(text, address.p, address.len);
	if (inet_pton(AF_INET, text, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}
