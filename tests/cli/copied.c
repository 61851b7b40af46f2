/* Before libcurl (libcurl of preload.py): a libcurl that shows its callers a copy of each line it was sent, and never what it reads itself. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>

enum { OPT_HEADERFUNCTION = 20079 };

typedef size_t callback(char *p, size_t size, size_t count, void *ctx);

static callback *real;

static size_t copy(char *p, size_t size, size_t count, void *ctx)
{
	char line[4096];

	if (size * count > sizeof line)
		return 0;
	memcpy(line, p, size * count);
	return real(line, size, count, ctx);
}

int curl_easy_setopt(void *h, int option, ...)
{
	static int (*next)(void *, int, ...);
	va_list args;
	void *value;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "curl_easy_setopt");
	va_start(args, option);
	value = va_arg(args, void *); /* a long is passed the same way */
	va_end(args);
	if (option == OPT_HEADERFUNCTION) {
		*(void **)&real = value;
		*(callback **)&value = copy;
	}
	return next(h, option, value);
}
