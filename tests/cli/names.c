/* LD_PRELOAD: a host called web1, whose name servers are silent if $NAMES_SILENT says so. Each time that somebody has to wait for a
 * file or a server is a line in $NAMES_LOG. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <locale.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <dlfcn.h>

static void note(const char *what, const char *of)
{
	char line[400];
	int fd = open(getenv("NAMES_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	snprintf(line, sizeof line, "%s %s\n", what, of);
	if (write(fd, line, strlen(line)) < 0)
		abort();
	close(fd);
}

int gethostname(char *to, size_t room)
{
	snprintf(to, room, "web1");
	return 0;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		(int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");

	if (strcmp(host, "web1") != 0)
		return real(host, service, hints, out);
	note("getaddrinfo", host);
	for (; getenv("NAMES_SILENT"); sleep(1))
		;
	return EAI_NONAME;
}

locale_t newlocale(int mask, const char *name, locale_t base)
{
	locale_t (*real)(int, const char *, locale_t) = (locale_t (*)(int, const char *, locale_t))dlsym(RTLD_NEXT, "newlocale");

	if (strcmp(name, "C.UTF-8") == 0) /* libraries make others */
		note("newlocale", name);
	return real(mask, name, base);
}
