/* Before libcurl (libcurl of preload.py): a libcurl that can less. $WEAK_REFUSES is the number of an option that curl_easy_setopt does not know,
 * $WEAK_IGNORES of one that it takes and passes over; with $WEAK_TLS or $WEAK_IDN "no", curl_version_info names no TLS or
 * IDN; with $WEAK_CLEAR "yes" an smtps:// URL is taken for smtp://. $WEAK_VERSION (0x080901) is the version to be, and 8.9.0 to 8.11.0 pass over "host!ADDRESS", 8.9.0 and 8.9.1
 * reset SIGPIPE, as the real ones do. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CURLE_OK = 0, CURLE_NOT_BUILT_IN = 4, CURL_VERSION_SSL = 1 << 2, CURL_VERSION_IDN = 1 << 10, CURLOPT_INTERFACE = 10062, CURLOPT_URL = 10002 };

static int is(const char *name, int option)
{
	const char *value = getenv(name);

	return value && atoi(value) == option;
}

static long version(void)
{
	const char *value = getenv("WEAK_VERSION");

	return value ? strtol(value, NULL, 16) : 0;
}

static int is_no(const char *name)
{
	const char *value = getenv(name);

	return value && strcmp(value, "no") == 0;
}

int curl_easy_perform(void *handle)
{
	int (*real)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "curl_easy_perform");

	if (version() == 0x080900 || version() == 0x080901)
		signal(SIGPIPE, SIG_DFL);
	return real(handle);
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
	if (option == CURLOPT_URL && getenv("WEAK_CLEAR") && strncmp(value, "smtps://", 8) == 0) {
		static char clear[1000];

		snprintf(clear, sizeof clear, "smtp://%s", (const char *)value + 8);
		value = clear;
	}
	if (option == CURLOPT_INTERFACE && version() >= 0x080900 && version() <= 0x080b00 && strncmp(value, "host!", 5) == 0)
		return CURLE_OK;
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

	if (is_no("WEAK_TLS"))
		v->features &= ~CURL_VERSION_SSL;
	if (is_no("WEAK_IDN"))
		v->features &= ~CURL_VERSION_IDN;
	if (version())
		v->number = (unsigned)version();
	return v;
}
