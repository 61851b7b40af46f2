/*
 * wire/libcurl - libcurl's functions, in a library that is loaded with the first of the process's sessions
 *
 * Whoever opens no session starts without libcurl and the thirty libraries it brings along, and mail can be put into the queue
 * while it is missing or broken, as in the middle of an upgrade.
 * Use: libcurl_start(f) first; then libcurl.easy_init(), and so on, and curl_easy_setopt(h, CURLOPT_VERBOSE, 1L).
 * A function is called through the table libcurl, which is made of libcurl.def: one that is to be called needs a row there.
 * curl_easy_setopt and curl_easy_getinfo are called by their own names: curl.h looks at the types of what they are given in
 * macros of these names.
 *
 * Owns: the library and the one table, until the process ends. It gets its memory from wire/memory.
 * Errors: AT_CONNECT, EX_TEMPFAIL: it cannot be loaded, lacks a function, or is older than 7.81; EX_OSERR: it does not start. The
 * next call tries again. Threads: any; whoever has called libcurl_start may use the table.
 * Source: curl_global_init_mem(3); base/library. Configured with --disable-dlopen libcurl is linked, and the table always full.
 */
#ifndef WIRE_LIBCURL_H
#define WIRE_LIBCURL_H

#include <curl/curl.h>

#include "base/library.h"

#ifdef LIBCURL_SONAME
#define LIBCURL_TABLE LIBRARY_TABLE
#else
#define LIBCURL_TABLE /* the linker's: it is read-only */
#endif

struct LIBCURL_TABLE libcurl {
#define FUNCTION(name) __typeof__(curl_##name) *name;
#include "wire/libcurl.def"
#undef FUNCTION
};

#ifdef LIBCURL_SONAME
extern struct libcurl libcurl;
#else
extern const struct libcurl libcurl;
#endif

MUST_CHECK int libcurl_start(struct failure *f);
const curl_version_info_data *libcurl_version(void); /* after libcurl_start */

#endif
