/*
 * wire/memory - the memory that libcurl asks for
 *
 * libcurl copies a password several times, and keeps what it said last as long as the connection lives. All that it
 * gives back is overwritten here, and what it still holds can be looked at, so that a login leaves nothing behind.
 *
 * Use: memory_serve() before libcurl is asked for anything; memory_visit(look, ctx) calls look for each block that
 * libcurl holds; look may change the octets, not the length.
 * Owns: the list of the blocks; the blocks are libcurl's. Only those that the calling thread asked for are visited.
 * Errors: without memory libcurl is told so. Threads: any; look must not call libcurl.
 * Source: curl_global_init_mem(3), which counts calls and takes the functions of the first.
 * BUGS: libcurl's TLS library has memory of its own.
 */
#ifndef WIRE_MEMORY_H
#define WIRE_MEMORY_H

#include <stddef.h>

void memory_serve(void);
void memory_visit(void (*look)(void *ctx, char *p, size_t len), void *ctx);

#endif
