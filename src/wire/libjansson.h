/*
 * wire/libjansson - jansson's functions, in a library that is loaded when the first answer of an OAuth2 provider is read
 *
 * Use: libjansson_start(f) first; then json_t *j = libjansson.loadb("{}", 2, JSON_REJECT_DUPLICATES, NULL); libjansson.delete(j), and
 * so on. A function is called through the table libjansson, which is made of libjansson.def: one that is to be called needs a row
 * there. json_decref of jansson.h is no way to give a value back, since it calls json_delete by its own name.
 *
 * Owns: the library and the one table, until the process ends. It gets its memory from wire/memory: all that it gives back is wiped.
 * Errors: AT_TOKEN, EX_TEMPFAIL: it cannot be loaded, or lacks a function. The next call tries again.
 * Threads: any; whoever has called libjansson_start may use the table.
 * Source: jansson's API reference; base/library. Configured with --disable-dlopen jansson is linked, and the table always full.
 */
#ifndef WIRE_LIBJANSSON_H
#define WIRE_LIBJANSSON_H

#include <jansson.h>

#include "base/library.h"

#ifdef LIBJANSSON_SONAME
#define LIBJANSSON_TABLE LIBRARY_TABLE
#else
#define LIBJANSSON_TABLE /* the linker's: it is read-only */
#endif

struct LIBJANSSON_TABLE libjansson {
#define FUNCTION(name) __typeof__(json_##name) *name;
#include "wire/libjansson.def"
#undef FUNCTION
};

#ifdef LIBJANSSON_SONAME
extern struct libjansson libjansson;
#else
extern const struct libjansson libjansson;
#endif

MUST_CHECK int libjansson_start(struct failure *f);

#endif
