#include "intake/attach_once.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "intake/content.h"

enum { PIECE = 64 * 1024 };

struct typed { /* what the file is where the mail is one of that account, whose charset a text may have */
	unsigned account; /* its id */
	struct part part;
	struct typed *next;
};

struct attach_once {
	struct job job; /* which holds the file and all of this */
	struct source *content;
	const char *path;
	struct typed *typed;
	struct slice encoded; /* p is NULL: it is not, or is in the file */
	uint64_t size;	      /* in the file without a name */
	int fd;		      /* that file, own; -1: there is none */
};

static int read_through(struct source *s, struct sha256 *sum, struct failure *f)
{
	char piece[PIECE];
	size_t got;

	if (s->rewind(s, f) < 0)
		return -1;
	do {
		if (s->pull(s, piece, sizeof piece, &got, f) < 0)
			return -1;
		sha256_add(sum, (struct slice){piece, got});
	} while (got);
	return s->rewind(s, f);
}

int attach_once_open(struct attach_once **out, const char *path, struct sha256 *sum, struct failure *f)
{
	struct arena in = {.block = NULL};
	struct attach_once *o = arena_zeroed(&in, 1, sizeof *o);

	*o = (struct attach_once){.job.arena = in, .path = path, .fd = -1};
	*out = o;
	o->content = content_of(&o->job.message, &o->job.arena, path, f);
	return !o->content || (sum && read_through(o->content, sum, f) < 0) ? -1 : 0;
}

static int to_memory(struct attach_once *o, struct source *from, struct failure *f)
{
	char *all = arena_zeroed(&o->job.arena, (size_t)from->size + 1, 1);
	size_t len;

	if (source_fill(from, all, (size_t)from->size, &len, f) < 0)
		return -1;
	o->encoded = (struct slice){all, len};
	return 0;
}

static int to_file(struct attach_once *o, struct source *from, struct failure *f)
{
	char piece[PIECE];
	size_t got;

	o->fd = file_unnamed();
	if (o->fd < 0)
		return fail_errno(f, AT_INPUT, EX_OSERR, "a temporary file for %s", o->path);
	for (;;) {
		if (from->pull(from, piece, sizeof piece, &got, f) < 0)
			return -1;
		if (!got)
			return 0;
		if (file_write(o->fd, piece, got) < 0) {
			fail_errno(f, AT_INPUT, EX_TEMPFAIL, "a temporary file for %s", o->path);
			return failure_hint(f, HINT_TMPDIR);
		}
		o->size += got;
	}
}

static int encode(struct attach_once *o, struct source *content, struct failure *f)
{
	struct source *from = source_base64(&o->job.arena, content);

	if (from->rewind(from, f) < 0)
		return -1;
	return from->size <= ATTACH_ONCE_MEMORY ? to_memory(o, from, f) : to_file(o, from, f);
}

static struct typed *find_typed(const struct attach_once *o, unsigned account)
{
	struct typed *t = o->typed;

	while (t && t->account != account)
		t = t->next;
	return t;
}

/* For mails of that account. */
static int find_type(struct attach_once *o, struct part *p, const struct draft_file *a, const struct media *said, const struct attach_asked *asked,
		     struct failure *f)
{
	struct charsets charsets = *asked->charsets;
	struct attach_asked here = *asked;

	/* What is found out lives as long as the file. */
	charsets.in = &o->job.arena;
	here.charsets = &charsets;
	here.job = &o->job;
	*p = (struct part){.content = o->content};
	if (attach_type_tell(&here, p, a, said, f) < 0)
		return -1;
	p->type = arena_text(&o->job.arena, p->type, strlen(p->type));
	p->charset = arena_text(&o->job.arena, p->charset, strlen(p->charset));
	if (p->more)
		p->more = arena_text(&o->job.arena, p->more, strlen(p->more));
	return o->encoded.p || o->fd >= 0 ? 0 : encode(o, p->content, f);
}

int attach_once_part(struct attach_once *o, struct part *p, const struct draft_file *a, const struct media *said, const struct attach_asked *asked,
		     struct failure *f)
{
	struct typed *t = find_typed(o, asked->job->account->id);
	struct arena *in = &asked->job->arena;

	if (!t) {
		t = arena_zeroed(&o->job.arena, 1, sizeof *t);
		if (find_type(o, &t->part, a, said, asked, f) < 0)
			return -1;
		t->account = asked->job->account->id;
		t->next = o->typed;
		o->typed = t;
	}
	*p = t->part;
	p->content = NULL;
	p->base64 = o->fd >= 0 ? source_file(in, o->fd, 0, o->size) : source_text(in, o->encoded);
	return 0;
}

void attach_once_close(struct attach_once *o)
{
	struct arena in;

	if (!o)
		return;
	if (o->fd >= 0)
		close(o->fd);
	message_close(&o->job.message);
	in = o->job.arena;
	arena_free(&in);
}
