#include "mail/libmagic.h"

#ifdef LIBMAGIC_SONAME

LIBRARY_NOTE(libmagic, LIBMAGIC_SONAME, "types", "What an attachment is, and of which charset a text is", "recommended");

struct libmagic libmagic;

int libmagic_start(struct failure *f)
{
	static const struct library_function functions[] = {
#define FUNCTION(name) {"magic_" #name, offsetof(struct libmagic, name)},
#include "mail/libmagic.def"
#undef FUNCTION
	};
	static const struct library library = {LIBMAGIC_SONAME, functions, sizeof functions / sizeof *functions, sizeof libmagic};

	return library_load(&library, &libmagic, AT_INPUT, f);
}

#else

const struct libmagic libmagic = {
#define FUNCTION(name) .name = magic_##name,
#include "mail/libmagic.def"
#undef FUNCTION
};

int libmagic_start(struct failure *f)
{
	(void)f;
	return 0;
}

#endif
