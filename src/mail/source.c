#include "mail/source.h"

#include <string.h>
#include <sysexits.h>

#include "base/file.h"

struct text {
	struct slice all;
	size_t at;
};

static int text_pull(struct source *s, char *to, size_t room, size_t *got, struct failure *f)
{
	struct text *t = s->state;
	size_t left = t->all.len - t->at;

	(void)f;
	*got = left < room ? left : room;
	if (*got)
		memcpy(to, t->all.p + t->at, *got);
	t->at += *got;
	return 0;
}

static int text_rewind(struct source *s, struct failure *f)
{
	struct text *t = s->state;

	(void)f;
	t->at = 0;
	return 0;
}

struct source *source_text(struct arena *a, struct slice text)
{
	struct source *s = arena_zeroed(a, 1, sizeof *s);
	struct text *t = arena_zeroed(a, 1, sizeof *t);

	t->all = text;
	*s = (struct source){text.len, text_pull, text_rewind, t};
	return s;
}

struct range {
	int fd; /* borrowed */
	uint64_t from, at;
	const char *name;
};

static int range_pull(struct source *s, char *to, size_t room, size_t *got, struct failure *f)
{
	struct range *r = s->state;
	uint64_t left = s->size - r->at;
	size_t want = left < room ? (size_t)left : room;
	ssize_t n = want ? file_read_at(r->fd, to, want, r->from + r->at) : 0;

	if (n < 0)
		return fail_errno(f, AT_INPUT, EX_IOERR, "%s", r->name);
	if ((size_t)n < want)
		return fail(f, AT_INPUT, EX_IOERR, "%s: the file has become shorter while it was read", r->name);
	*got = want;
	r->at += want;
	return 0;
}

static int range_rewind(struct source *s, struct failure *f)
{
	struct range *r = s->state;

	(void)f;
	r->at = 0;
	return 0;
}

struct source *source_file(struct arena *a, int fd, uint64_t from, uint64_t len)
{
	struct source *s = arena_zeroed(a, 1, sizeof *s);
	struct range *r = arena_zeroed(a, 1, sizeof *r);

	*r = (struct range){fd, from, 0, "reading the message back"};
	*s = (struct source){len, range_pull, range_rewind, r};
	return s;
}

struct source *source_named(struct arena *a, int fd, uint64_t len, const char *name)
{
	struct source *s = source_file(a, fd, 0, len);

	((struct range *)s->state)->name = name;
	return s;
}

int source_fill(struct source *s, char *to, size_t room, size_t *len, struct failure *f)
{
	size_t got = 1;

	for (*len = 0; got && *len < room; *len += got)
		if (s->pull(s, to + *len, room - *len, &got, f) < 0)
			return -1;
	return 0;
}

int source_head(struct source *s, char *to, size_t room, struct slice *head, struct failure *f)
{
	size_t len;

	if (s->rewind(s, f) < 0 || source_fill(s, to, room, &len, f) < 0)
		return -1;
	*head = (struct slice){to, len};
	return s->rewind(s, f);
}

int source_measure(struct source *s, struct failure *f)
{
	char piece[16384];
	size_t got;

	if (s->rewind(s, f) < 0)
		return -1;
	s->size = 0;
	do {
		if (s->pull(s, piece, sizeof piece, &got, f) < 0)
			return -1;
		s->size += got;
	} while (got);
	return s->rewind(s, f);
}

struct chain {
	struct source **part;
	size_t count, at;
};

static int chain_pull(struct source *s, char *to, size_t room, size_t *got, struct failure *f)
{
	struct chain *c = s->state;

	for (*got = 0; c->at < c->count; c->at++) {
		struct source *part = c->part[c->at];

		if (part->pull(part, to, room, got, f) < 0)
			return -1;
		if (*got)
			break;
	}
	return 0;
}

static int chain_rewind(struct source *s, struct failure *f)
{
	struct chain *c = s->state;

	c->at = 0;
	for (size_t i = 0; i < c->count; i++)
		if (c->part[i]->rewind(c->part[i], f) < 0)
			return -1;
	return 0;
}

struct source *source_chain(struct arena *a, struct source **parts, size_t count)
{
	struct source *s = arena_zeroed(a, 1, sizeof *s);
	struct chain *c = arena_zeroed(a, 1, sizeof *c);

	*c = (struct chain){arena_zeroed(a, count, sizeof(struct source *)), count, 0};
	*s = (struct source){0, chain_pull, chain_rewind, c};
	for (size_t i = 0; i < count; i++) {
		c->part[i] = parts[i];
		s->size += parts[i]->size;
	}
	return s;
}
