/*
 * mail/libmagic - libmagic's functions, in a library that is loaded in the process that looks into files and in no other
 *
 * Use: libmagic_start(f) first; then libmagic.open(MAGIC_MIME), and so on. A function is called through the table libmagic, which is
 * made of libmagic.def: one that is to be called needs a row there.
 *
 * Owns: the library and the one table, until the process ends.
 * Errors: AT_INPUT, EX_TEMPFAIL: it cannot be loaded, or lacks a function. Threads: one.
 * Source: libmagic(3); base/library. Configured with --disable-dlopen libmagic is linked, and the table always full.
 */
#ifndef MAIL_LIBMAGIC_H
#define MAIL_LIBMAGIC_H

#include <magic.h>

#include "base/library.h"

#ifdef LIBMAGIC_SONAME
#define LIBMAGIC_TABLE LIBRARY_TABLE
#else
#define LIBMAGIC_TABLE /* the linker's: it is read-only */
#endif

struct LIBMAGIC_TABLE libmagic {
#define FUNCTION(name) __typeof__(magic_##name) *name;
#include "mail/libmagic.def"
#undef FUNCTION
};

#ifdef LIBMAGIC_SONAME
extern struct libmagic libmagic;
#else
extern const struct libmagic libmagic;
#endif

MUST_CHECK int libmagic_start(struct failure *f);

#endif
