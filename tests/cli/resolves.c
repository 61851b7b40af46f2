/* LD_PRELOAD: relay.test is this host, and two.test first 127.0.0.2, where no relay is, and then this host; the name servers do not know
 * again.test now, and answer nothing about slow.test for two seconds. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		(int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");

	if (host && strcmp(host, "relay.test") == 0)
		return real("127.0.0.1", service, hints, out);
	if (host && strcmp(host, "two.test") == 0 && real("127.0.0.2", service, hints, out) == 0)
		return real("127.0.0.1", service, hints, &(*out)->ai_next); /* which freeaddrinfo frees one by one */
	if (host && strcmp(host, "slow.test") == 0)
		sleep(2);
	if (host && (strcmp(host, "slow.test") == 0 || strcmp(host, "again.test") == 0))
		return EAI_AGAIN;
	return real(host, service, hints, out);
}
