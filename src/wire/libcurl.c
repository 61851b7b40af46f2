#include "wire/libcurl.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sysexits.h>

#include "wire/memory.h"

enum { OLDEST = 0x075100 }; /* no older libcurl was ever tried */

#ifdef LIBCURL_SONAME

LIBRARY_NOTE(libcurl, LIBCURL_SONAME, "relay", "Sessions with the relay: without it mail waits in the queue", "required");

struct libcurl libcurl;

static int load(struct failure *f)
{
	static const struct library_function functions[] = {
#define FUNCTION(name) {"curl_" #name, offsetof(struct libcurl, name)},
#include "wire/libcurl.def"
#undef FUNCTION
	};
	static const struct library library = {LIBCURL_SONAME, functions, sizeof functions / sizeof *functions, sizeof libcurl};

	if (library_load(&library, &libcurl, AT_CONNECT, f) == 0)
		return 0;
	failure_in(f, "libcurl cannot be loaded");
	return failure_hint(f, HINT_LIBCURL_MISSING, LIBCURL_SONAME);
}

/* curl.h's macros of these names end in a call of the functions of these names. They are nobody else's: libcurl has its own. What is
 * passed on has the type by which libcurl will ask for it. */
__attribute__((visibility("hidden"))) CURLcode(curl_easy_setopt)(CURL *h, CURLoption option, ...)
{
	va_list ap;
	CURLcode code;

	va_start(ap, option);
	switch (option / 10000 * 10000) {
	case CURLOPTTYPE_LONG:
		code = libcurl.easy_setopt(h, option, va_arg(ap, long));
		break;
	case CURLOPTTYPE_OFF_T:
		code = libcurl.easy_setopt(h, option, va_arg(ap, curl_off_t));
		break;
	case CURLOPTTYPE_FUNCTIONPOINT:
		code = libcurl.easy_setopt(h, option, va_arg(ap, void (*)(void)));
		break;
	default:
		code = libcurl.easy_setopt(h, option, va_arg(ap, void *));
		break;
	}
	va_end(ap);
	return code;
}

__attribute__((visibility("hidden"))) CURLcode(curl_easy_getinfo)(CURL *h, CURLINFO info, ...)
{
	va_list ap;
	CURLcode code;

	va_start(ap, info);
	code = libcurl.easy_getinfo(h, info, va_arg(ap, void *));
	va_end(ap);
	return code;
}

#else

const struct libcurl libcurl = {
#define FUNCTION(name) .name = curl_##name,
#include "wire/libcurl.def"
#undef FUNCTION
};

static int load(struct failure *f)
{
	(void)f;
	return 0;
}

#endif

/* libcurl writes what it says of itself anew at each call, in memory that all threads read: it is asked once only. */
static const curl_version_info_data *version;

const curl_version_info_data *libcurl_version(void)
{
	return version;
}

static int load_and_init(struct failure *f)
{
	const curl_version_info_data *v;

	if (load(f) < 0)
		return -1;
	v = libcurl.version_info(CURLVERSION_NOW);
	if (v->version_num < OLDEST) {
		fail(f, AT_CONNECT, EX_TEMPFAIL, "libcurl %s is too old, 7.81 is needed", v->version);
		return failure_hint(f, HINT_LIBCURL_OLD);
	}
	/* libcurl takes the memory functions of the process's first call, and ignores those of later ones. */
	if (libcurl.global_init_mem(CURL_GLOBAL_DEFAULT, memory_give, memory_take_back, memory_give_more, memory_give_text, memory_give_clear) != CURLE_OK)
		return fail(f, AT_CONNECT, EX_OSERR, "libcurl does not start");
	version = v;
	return 0;
}

int libcurl_start(struct failure *f)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool started;
	int rc;

	pthread_mutex_lock(&lock);
	rc = started ? 0 : load_and_init(f);
	started = rc == 0;
	pthread_mutex_unlock(&lock);
	return rc;
}
