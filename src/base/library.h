/*
 * base/library - a shared library that is loaded when its first function is wanted, by a table of its functions
 *
 * Use: library_load(library, table, AT_CONNECT, f), where the table is a struct of pointers to functions, and the library says at
 * which offset each of its functions has its own. Both are made of the rows of a .def file: wire/libcurl.c shows how. A struct
 * with LIBRARY_TABLE behind its keyword has its pages to itself, and cannot be written any more once it is full.
 * LIBRARY_NOTE, once a library and outside of functions, tells those who package the program what it loads.
 *
 * Owns: the library, until the process ends: it is never unloaded, for threads and what it has told the C library of go on.
 * Errors: `at`, EX_TEMPFAIL, with the dynamic linker's words: what is not there now may be in the middle of an upgrade. The
 * table is filled wholly or not at all; a later call tries again. Threads: one at a time (the caller has the lock).
 * Source: dlopen(3), dlsym(3); the UAPI group's "ELF dlopen metadata" (the note).
 */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"

struct library_function {
	const char *name;
	size_t offset; /* offset in the table of the pointer to the function */
};

struct library {
	const char *soname; /* without a path: the dynamic linker alone decides where it looks */
	const struct library_function *functions;
	size_t count;
	size_t protect; /* how many octets of the table become read-only, whole pages; 0: none */
};

/* Aligned to the largest page of any machine. The table costs no memory before it is filled, and one page then. */
#define LIBRARY_TABLE __attribute__((aligned(65536)))

MUST_CHECK int library_load(const struct library *l, void *table, enum stage at, struct failure *f);

/* A note of the program's ELF file. soname, feature, description and priority ("required", "recommended", "suggested") are literals
 * without quotes or backslashes in them. */
#define LIBRARY_NOTE(id, soname, feature, description, priority) \
	LIBRARY_NOTE_OF(id, "[{\"soname\":[\"" soname "\"],\"feature\":\"" feature "\",\"description\":\"" description "\",\"priority\":\"" priority "\"}]")

#define LIBRARY_NOTE_OF(id, json)                                                                               \
	__attribute__((used, section(".note.dlopen"))) _Alignas(uint32_t) static const struct {                 \
		uint32_t owner_size, text_size, type;                                                           \
		char owner[4];                                                                                  \
		_Alignas(uint32_t) char text[sizeof(json)];                                                     \
	} id##_note = {sizeof "FDO", sizeof(json), 0x407c0c0a, "FDO", json}

#endif
