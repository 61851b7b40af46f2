/*
 * wire/memory - the memory that libcurl asks for
 *
 * libcurl copies a password several times, and keeps what it said last as long as the connection lives. All that it
 * gives back is overwritten here, and what it still holds can be looked at, so that a login leaves nothing behind.
 *
 * Use: curl_global_init_mem(flags, memory_give, memory_take_back, memory_give_more, memory_give_text, memory_give_clear), which
 * wire/libcurl does; memory_visit(look, ctx) calls look for each block that libcurl holds; look may change the octets, not the
 * length.
 * Owns: the list of the blocks; the blocks are libcurl's. Only those that the calling thread asked for are visited.
 * Errors: without memory libcurl is told so. Threads: any; look must not call libcurl.
 * Source: curl_global_init_mem(3), which counts calls and takes the functions of the first.
 * BUGS: libcurl's TLS library has memory of its own. What it reads for us (tokens come so) it decrypts there, and frees it as it is:
 * memory_wipe_freed() has glibc overwrite what is freed; other C libraries know no such thing.
 */
#ifndef WIRE_MEMORY_H
#define WIRE_MEMORY_H

#include <stddef.h>

/* As malloc, free, realloc, strdup and calloc. */
void *memory_give(size_t len);
void memory_take_back(void *p);
void *memory_give_more(void *p, size_t len);
char *memory_give_text(const char *text);
void *memory_give_clear(size_t count, size_t size);
void memory_wipe_freed(void); /* from now on, by whoever it is freed in this process */
void memory_visit(void (*look)(void *ctx, char *p, size_t len), void *ctx);

#endif
