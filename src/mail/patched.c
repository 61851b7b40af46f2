#include "mail/patched.h"

#include <string.h>
#include <sysexits.h>

struct window {
	struct source *of;
	uint64_t from, at; /* offsets in `of`: where the window begins, and the next octet */
	uint64_t stands;   /* the offset up to which `of` was pulled */
};

static int too_short(struct failure *f)
{
	return fail(f, AT_INPUT, EX_IOERR, "the message has become shorter while it was read");
}

/* Pulls `of` up to where the window is: a source can only be read on, or from its start. */
static int window_seek(struct window *w, struct failure *f)
{
	char skipped[16384];

	if (w->stands > w->at) {
		if (w->of->rewind(w->of, f) < 0)
			return -1;
		w->stands = 0;
	}
	while (w->stands < w->at) {
		uint64_t left = w->at - w->stands;
		size_t got;

		if (w->of->pull(w->of, skipped, left < sizeof skipped ? (size_t)left : sizeof skipped, &got, f) < 0)
			return -1;
		if (!got)
			return too_short(f);
		w->stands += got;
	}
	return 0;
}

static int window_pull(struct source *s, char *to, size_t room, size_t *got, struct failure *f)
{
	struct window *w = s->state;
	uint64_t left = w->from + s->size - w->at;

	*got = 0;
	if (!left)
		return 0;
	if (window_seek(w, f) < 0 || w->of->pull(w->of, to, left < room ? (size_t)left : room, got, f) < 0)
		return -1;
	if (!*got)
		return too_short(f);
	w->at += *got;
	w->stands += *got;
	return 0;
}

static int window_rewind(struct source *s, struct failure *f)
{
	struct window *w = s->state;

	(void)f;
	w->at = w->from;
	return 0;
}

struct source *window_of(struct arena *a, struct source *of)
{
	struct source *s = arena_zeroed(a, 1, sizeof *s);
	struct window *w = arena_zeroed(a, 1, sizeof *w);

	*w = (struct window){of, 0, 0, UINT64_MAX}; /* UINT64_MAX: not known */
	*s = (struct source){0, window_pull, window_rewind, w};
	return s;
}

void window_move(struct source *window, uint64_t from, uint64_t len)
{
	struct window *w = window->state;

	w->from = w->at = from;
	window->size = len;
}

struct patched {
	const struct stretch *stretch;
	size_t count, at; /* how many stretches, and the current one */
	bool begun;	  /* the current stretch was begun */
	uint64_t from;	  /* the offset at which it begins */
	size_t text;	  /* how many octets of its text were given */
	struct source *window, *encoder[STRETCHES]; /* the encoders that are needed */
	struct source *now; /* the source that is pulled now */
};

static int stretch_begin(struct patched *p, const struct stretch *s, struct failure *f)
{
	window_move(p->window, p->from, s->len);
	p->text = 0;
	p->begun = true;
	p->now = p->encoder[s->as] ? p->encoder[s->as] : p->window;
	return p->now->rewind(p->now, f);
}

static size_t text_take(struct patched *p, struct slice text, char *to, size_t room)
{
	size_t left = text.len - p->text, n = left < room ? left : room;

	if (n)
		memcpy(to, text.p + p->text, n);
	p->text += n;
	return n;
}

static int patched_pull(struct source *s, char *to, size_t room, size_t *got, struct failure *f)
{
	struct patched *p = s->state;

	for (*got = 0; p->at < p->count; p->at++) {
		const struct stretch *one = &p->stretch[p->at];

		if (!p->begun && stretch_begin(p, one, f) < 0)
			return -1;
		if (one->as == STRETCH_TEXT)
			*got = text_take(p, one->text, to, room);
		else if (p->now->pull(p->now, to, room, got, f) < 0)
			return -1;
		if (*got)
			return 0;
		p->from += one->len;
		p->begun = false;
	}
	return 0;
}

static int patched_rewind(struct source *s, struct failure *f)
{
	struct patched *p = s->state;

	(void)f;
	p->at = 0;
	p->from = 0;
	p->begun = false;
	((struct window *)p->window->state)->stands = UINT64_MAX; /* others may have pulled from `of` since */
	return 0;
}

struct source *stretch_encoder(struct arena *a, enum stretch_as as, struct source *window, struct failure *f)
{
	if (as == STRETCH_QUOTED)
		return source_quoted(a, window, f);
	if (as == STRETCH_QUOTED_AGAIN)
		return source_quoted_again(a, window, f);
	return as == STRETCH_BASE64 ? source_base64(a, window) : source_base64_again(a, window, f);
}

struct source *source_patched(struct arena *a, struct source *of, const struct stretch *stretch, size_t count, struct failure *f)
{
	struct source *s = arena_zeroed(a, 1, sizeof *s);
	struct patched *p = arena_zeroed(a, 1, sizeof *p);

	*p = (struct patched){.stretch = stretch, .count = count, .window = window_of(a, of)};
	*s = (struct source){0, patched_pull, patched_rewind, p};
	for (size_t i = 0; i < count; i++) {
		const struct stretch *one = &stretch[i];

		if (one->as > STRETCH_TEXT && !p->encoder[one->as]) {
			p->encoder[one->as] = stretch_encoder(a, one->as, p->window, f); /* its window is empty so far */
			if (!p->encoder[one->as])
				return NULL;
		}
		s->size += one->as == STRETCH_SAME ? one->len : one->as == STRETCH_TEXT ? one->text.len : one->size;
	}
	return patched_rewind(s, f) < 0 ? NULL : s;
}
