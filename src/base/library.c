#include "base/library.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>

#include "base/bytes.h"

static int cannot(enum stage at, struct failure *f)
{
	char shown[sizeof f->text];
	const char *words = dlerror(); /* holds a path, which may come from the environment */

	slice_printable(shown, sizeof shown, slice_of(words ? words : "the dynamic linker does not say why"));
	return fail(f, at, EX_TEMPFAIL, "%s", shown);
}

int library_load(const struct library *l, void *table, enum stage at, struct failure *f)
{
	/* RTLD_LAZY: functions that the library calls are looked up when it calls them, as in a program that is linked with it.
	 * That saves half a millisecond, and a function may be missing that only an unused protocol needs. RTLD_LOCAL: the
	 * libraries that it brings along are visible to itself alone. */
	void *handle = dlopen(l->soname, RTLD_LAZY | RTLD_LOCAL), *function;

	if (!handle)
		return cannot(at, f);
	for (size_t i = 0; i < l->count; i++)
		if (!dlsym(handle, l->functions[i].name))
			return cannot(at, f);
	for (size_t i = 0; i < l->count; i++) {
		function = dlsym(handle, l->functions[i].name);
		memcpy((char *)table + l->functions[i].offset, &function, sizeof function);
	}
	/* The table becomes read-only, like the linker's own table of a linked program (-z relro), so that nothing can redirect our
	 * calls. */
	if (l->protect)
		(void)!mprotect(table, l->protect, PROT_READ);
	return 0;
}
