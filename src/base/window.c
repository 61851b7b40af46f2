#include "base/window.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/file.h"

int window_open(struct window *w, int fd, struct failure *f)
{
	struct stat st;

	*w = (struct window){.fd = fd, .line = 1};
	if (fstat(fd, &st) < 0)
		return fail_errno(f, AT_INPUT, EX_IOERR, "reading");
	w->size = (uint64_t)st.st_size;
	w->room = malloc(WINDOW_ROOM);
	return w->room ? 0 : fail(f, AT_INPUT, EX_OSERR, "no memory to read it");
}

void window_again(struct window *w, uint64_t size)
{
	*w = (struct window){.fd = w->fd, .room = w->room, .line = 1, .size = size};
}

void window_close(struct window *w)
{
	free(w->room);
	w->room = NULL;
}

bool window_is_last(const struct window *w)
{
	return w->at + (w->end - w->begin) == w->size;
}

/* Reads as much as the window has room for. */
static int fill(struct window *w, struct failure *f)
{
	uint64_t left = w->size - w->at - (w->end - w->begin);
	size_t some;
	ssize_t n;

	memmove(w->room, w->room + w->begin, w->end - w->begin);
	w->end -= w->begin;
	w->begin = 0;
	some = WINDOW_ROOM - w->end;
	if (some > left)
		some = (size_t)left;
	n = file_read_at(w->fd, w->room + w->end, some, w->at + w->end);
	if (n < 0)
		return fail_errno(f, AT_INPUT, EX_IOERR, "reading");
	if ((size_t)n < some)
		return fail(f, AT_INPUT, EX_IOERR, "the file has become shorter while it was read");
	w->end += some;
	return 0;
}

int window_look(struct window *w, size_t want, struct slice *ahead, struct failure *f)
{
	if (w->end - w->begin < want && !window_is_last(w) && fill(w, f) < 0)
		return -1;
	*ahead = (struct slice){w->room + w->begin, w->end - w->begin};
	return 0;
}

char *window_take(struct window *w, size_t len)
{
	char *taken = w->room + w->begin;

	w->line += slice_lines((struct slice){taken, len});
	w->begin += len;
	w->at += len;
	return taken;
}
