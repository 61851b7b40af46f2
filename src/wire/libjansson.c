#include "wire/libjansson.h"

#include <pthread.h>

#include "wire/memory.h"

#ifdef LIBJANSSON_SONAME

LIBRARY_NOTE(libjansson, LIBJANSSON_SONAME, "oauth", "Tokens of OAuth2 providers, for accounts that log in with one", "recommended");

struct libjansson libjansson;

static int load(struct failure *f)
{
	static const struct library_function functions[] = {
#define FUNCTION(name) {"json_" #name, offsetof(struct libjansson, name)},
#include "wire/libjansson.def"
#undef FUNCTION
	};
	static const struct library library = {LIBJANSSON_SONAME, functions, sizeof functions / sizeof *functions, sizeof libjansson};

	if (library_load(&library, &libjansson, AT_TOKEN, f) == 0)
		return 0;
	failure_in(f, "jansson cannot be loaded, which reads what the provider answers");
	return failure_hint(f, HINT_JANSSON_MISSING, LIBJANSSON_SONAME);
}

#else

const struct libjansson libjansson = {
#define FUNCTION(name) .name = json_##name,
#include "wire/libjansson.def"
#undef FUNCTION
};

static int load(struct failure *f)
{
	(void)f;
	return 0;
}

#endif

int libjansson_start(struct failure *f)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool started;
	int rc;

	pthread_mutex_lock(&lock);
	rc = started ? 0 : load(f);
	if (rc == 0 && !started) {
		libjansson.set_alloc_funcs(memory_give, memory_take_back);
		libjansson.object_seed(0); /* here, where no other thread makes its first object at the same time */
		started = true;
	}
	pthread_mutex_unlock(&lock);
	return rc;
}
