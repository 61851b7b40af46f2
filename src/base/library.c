#include "base/library.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>

#include "base/bytes.h"

static int cannot(enum stage at, struct failure *f)
{
	char shown[sizeof f->text];
	const char *words = dlerror(); /* with a path in it, perhaps one of the environment's */

	printable(shown, sizeof shown, slice_of(words ? words : "the dynamic linker does not say why"));
	return fail(f, at, EX_TEMPFAIL, "%s", shown);
}

int library_load(const struct library *l, void *table, enum stage at, struct failure *f)
{
	/* What it calls is looked up when it is called, as for a program that is linked with it: half a millisecond less, and what a
	 * protocol needs that is never spoken may be missing. What it brings along is for itself alone (RTLD_LOCAL). */
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
	/* As the linker's own table of a program that is linked (-z relro): what decides where a call goes cannot be overwritten. */
	if (l->protect)
		(void)!mprotect(table, l->protect, PROT_READ);
	return 0;
}
