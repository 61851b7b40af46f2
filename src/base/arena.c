#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#ifdef ARENA_EXACT
enum { BLOCK = 0 };
#else
enum { BLOCK = 16 * 1024 };
#endif

struct arena_block {
	struct arena_block *older;
	size_t used, room;
	_Alignas(max_align_t) char bytes[];
};

static void out_of_memory(void)
{
	static const char words[] = "mysend: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, words, sizeof words - 1);

	(void)ignored;
	exit(EX_OSERR);
}

static struct arena_block *block_new(size_t room, struct arena_block *older)
{
	struct arena_block *b;

	if (room > SIZE_MAX - sizeof *b)
		out_of_memory();
	b = malloc(sizeof *b + room);
	if (!b)
		out_of_memory();
	b->older = older;
	b->used = 0;
	b->room = room;
	return b;
}

static void *take(struct arena *a, size_t size)
{
	size_t align = _Alignof(max_align_t);
	struct arena_block *b = a->block;
	void *p;

	if (size > SIZE_MAX - align)
		out_of_memory();
	if (BLOCK)
		size = (size + align - 1) / align * align;
	if (!b || size > b->room - b->used) {
		/* A large piece gets a block of its own, which goes behind the block in use, so that the rest of that block can
		 * still be used. */
		if (b && size > BLOCK / 4) {
			b->older = block_new(size, b->older);
			b = b->older;
		} else {
			b = a->block = block_new(size > BLOCK ? size : BLOCK, b);
		}
	}
	p = b->bytes + b->used;
	b->used += size;
	return p;
}

void *arena_zeroed(struct arena *a, size_t count, size_t size)
{
	void *p;

	if (size && count > SIZE_MAX / size)
		out_of_memory();
	p = take(a, count * size);
	return memset(p, 0, count * size);
}

char *arena_text(struct arena *a, const char *text, size_t len)
{
	char *p;

	if (len == SIZE_MAX)
		out_of_memory();
	p = take(a, len + 1);
	if (len)
		memcpy(p, text, len);
	p[len] = '\0';
	return p;
}

char *arena_line(struct arena *a, const char *text)
{
	char *copy = arena_text(a, text, strlen(text));

	for (char *p = copy; *p; p++)
		if (*p == '\t' || *p == '\v' || *p == '\f')
			*p = ' ';
	return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	struct arena_block *b = a->block;
	size_t room = b ? b->room - b->used : 0, len;
	char *rest = room ? b->bytes + b->used : NULL, *p; /* of the block: mostly the text fits there at once */
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(rest, room, fmt, ap);
	va_end(ap);
	len = n < 0 ? 0 : (size_t)n;
	p = take(a, len + 1);
	if (p != rest || n < 0)
		vsnprintf(p, len + 1, fmt, again);
	va_end(again);
	return p;
}

void *arena_grow(struct arena *a, void *old, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 8;
	void *p;

	if (count < *room)
		return old;
	if (more < *room)
		out_of_memory();
	p = arena_zeroed(a, more, size);
	if (count)
		memcpy(p, old, count * size);
	*room = more;
	return p;
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = a->block;

	if (!keep)
		return;
	a->block = keep->older;
	arena_free(a);
	if (keep->room > BLOCK) {
		free(keep);
		return;
	}
	keep->older = NULL;
	keep->used = 0;
	a->block = keep;
}

void arena_free(struct arena *a)
{
	while (a->block) {
		struct arena_block *older = a->block->older;

		free(a->block);
		a->block = older;
	}
}

const struct failure *arena_failure(struct arena *in, const struct failure *f)
{
	struct failure *copy = arena_zeroed(in, 1, sizeof *copy);

	*copy = *f;
	return copy;
}
