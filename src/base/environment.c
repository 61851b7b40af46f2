#include "base/environment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const folders[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"};

/* The path is one of the folders of time zones, or is in one. */
static bool is_in_zones(const char *path)
{
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		size_t len = strlen(folders[i]);

		if (strncmp(path, folders[i], len) == 0 && (path[len] == '/' || !path[len]))
			return true;
	}
	return false;
}

/* A value of TZ that is a rule, or a name below the system's time zones; no file elsewhere, which could be a FIFO. */
static bool zone_is_fine(const char *zone)
{
	if (*zone == ':')
		zone++;
	if (strstr(zone, ".."))
		return false;
	return *zone != '/' || strcmp(zone, "/etc/localtime") == 0 || is_in_zones(zone);
}

void environment_clean(void)
{
	static const char *const unwanted[] = {
		"SSLKEYLOGFILE", /* names a file into which libcurl and some TLS libraries write the keys of every session */
		"OPENSSL_CONF", "OPENSSL_CONF_INCLUDE", "OPENSSL_MODULES", "OPENSSL_ENGINES", /* have OpenSSL load code, or lower its level of security */
		"GNUTLS_SYSTEM_PRIORITY_FILE",
		"GCONV_PATH",  /* has iconv(3) load code */
		"HOSTALIASES", /* names a file, which may be a FIFO, with other names for hosts */
	};
	const char *zone = getenv("TZ"), *zones = getenv("TZDIR");

	for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
		unsetenv(unwanted[i]);
	if (zone && !zone_is_fine(zone))
		unsetenv("TZ");
	if (zones && (strstr(zones, "..") || !is_in_zones(zones)))
		unsetenv("TZDIR");
}
