/* LD_PRELOAD: a libcurl that can less. $WEAK_REFUSES is the number of an option that curl_easy_setopt does not know,
 * $WEAK_IGNORES of one that it takes and passes over; with $WEAK_TLS "no", curl_version_info names no TLS. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { CURLE_OK = 0, CURLE_NOT_BUILT_IN = 4, CURL_VERSION_SSL = 1 << 2 };

static int is(const char *name, int option)
{
	const char *value = getenv(name);

	return value && atoi(value) == option;
}

int curl_easy_setopt(void *handle, int option, ...)
{
	int (*real)(void *, int, ...) = (int (*)(void *, int, ...))dlsym(RTLD_NEXT, "curl_easy_setopt");
	va_list ap;
	void *value;

	va_start(ap, option);
	value = va_arg(ap, void *); /* a long travels in the same way here */
	va_end(ap);
	if (is("WEAK_REFUSES", option))
		return CURLE_NOT_BUILT_IN;
	return is("WEAK_IGNORES", option) ? CURLE_OK : real(handle, option, value);
}

struct version { /* the beginning of libcurl's */
	int age;
	const char *version;
	unsigned number;
	const char *host;
	int features;
};

struct version *curl_version_info(int which)
{
	struct version *(*real)(int) = (struct version *(*)(int))dlsym(RTLD_NEXT, "curl_version_info");
	struct version *v = real(which);
	const char *tls = getenv("WEAK_TLS");

	if (tls && strcmp(tls, "no") == 0)
		v->features &= ~CURL_VERSION_SSL;
	return v;
}
