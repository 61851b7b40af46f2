#include "wire/memory.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

struct block {
	alignas(max_align_t) struct block *before;
	struct block *next;
	const char *thread; /* the thread that asked for it */
	size_t len;
};

/* Global, since libcurl's memory functions are. libcurl looks names up in a thread of its own, which frees memory that was asked
 * for in another thread. */
static struct block *blocks;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local const char here;

static void enter_blocks(void)
{
	pthread_mutex_lock(&lock);
}

static void leave_blocks(void)
{
	pthread_mutex_unlock(&lock);
}

static char *octets(struct block *b)
{
	return (char *)(b + 1);
}

static struct block *block_of(void *p)
{
	return (struct block *)p - 1;
}

static void *enter(struct block *b, size_t len)
{
	if (!b)
		return NULL;
	b->thread = &here;
	b->len = len;
	b->before = NULL;
	enter_blocks();
	b->next = blocks;
	if (blocks)
		blocks->before = b;
	blocks = b;
	leave_blocks();
	return octets(b);
}

void *memory_give(size_t len)
{
	return len > SIZE_MAX - sizeof(struct block) ? NULL : enter(malloc(sizeof(struct block) + len), len);
}

void *memory_give_clear(size_t count, size_t size)
{
	if (size && count > (SIZE_MAX - sizeof(struct block)) / size)
		return NULL;
	return enter(calloc(1, sizeof(struct block) + count * size), count * size);
}

void memory_take_back(void *p)
{
	struct block *b;

	if (!p)
		return;
	b = block_of(p);
	enter_blocks();
	if (b->next)
		b->next->before = b->before;
	*(b->before ? &b->before->next : &blocks) = b->next;
	leave_blocks();
	explicit_bzero(p, b->len);
	free(b);
}

/* Not by realloc, which leaves a copy behind. */
void *memory_give_more(void *p, size_t len)
{
	void *larger;

	if (p && len <= block_of(p)->len)
		return p;
	larger = memory_give(len);
	if (larger && p) {
		memcpy(larger, p, block_of(p)->len);
		memory_take_back(p);
	}
	return larger;
}

char *memory_give_text(const char *text)
{
	size_t len = strlen(text) + 1;
	char *p = memory_give(len);

	return p ? memcpy(p, text, len) : NULL;
}

void memory_wipe_freed(void)
{
#ifdef __GLIBC__
	enum { ANY_OCTET = 0xaa };

	(void)!mallopt(M_PERTURB, ANY_OCTET);
#endif
}

void memory_visit(void (*look)(void *ctx, char *p, size_t len), void *ctx)
{
	enter_blocks();
	for (struct block *b = blocks; b; b = b->next)
		if (b->thread == &here)
			look(ctx, octets(b), b->len);
	leave_blocks();
}
