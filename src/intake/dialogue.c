#include "intake/dialogue.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/unicode.h"

enum { ROOM = 64 * 1024, REPLIES_MAX = 1024 * 1024 };

int dialogue_open(struct dialogue *d, int in, int out, struct failure *f)
{
	*d = (struct dialogue){.in = in, .out = out, .room = malloc(ROOM)};
	buf_start(&d->replies, REPLIES_MAX);
	return d->room ? 0 : fail(f, AT_INPUT, EX_OSERR, "no memory for a conversation");
}

void dialogue_close(struct dialogue *d)
{
	free(d->room);
	d->room = NULL;
	buf_free(&d->replies);
}

int dialogue_flush(struct dialogue *d, struct failure *f)
{
	int rc = 0;

	if (d->out >= 0 && d->replies.len)
		rc = file_write(d->out, d->replies.p, d->replies.len);
	buf_clear(&d->replies);
	return rc < 0 ? fail_errno(f, AT_INPUT, EX_IOERR, "answering") : 0;
}

/* False: the client was silent for longer than `patience`. */
static bool is_heard(const struct dialogue *d)
{
	struct pollfd in = {.fd = d->in, .events = POLLIN};
	int n;

	if (!d->patience && !d->nowait)
		return true;
	while ((n = poll(&in, 1, d->nowait ? 0 : d->patience * 1000)) < 0 && errno == EINTR)
		;
	return n != 0;
}

/* Reads once more, after what is in the buffer. Replies that were held back are written first, since the client may wait for
 * them. */
static int fill(struct dialogue *d, struct failure *f)
{
	ssize_t n;

	if (dialogue_flush(d, f) < 0)
		return -1;
	if (d->begin) {
		memmove(d->room, d->room + d->begin, d->end - d->begin);
		d->end -= d->begin;
		d->begin = 0;
	}
	if (!is_heard(d)) {
		if (d->nowait)
			return DIALOGUE_LATER;
		d->idle = true;
		return DIALOGUE_END;
	}
	n = file_read(d->in, d->room + d->end, ROOM - d->end);
	if (n < 0)
		return fail_errno(f, AT_INPUT, EX_IOERR, "reading commands");
	d->end += (size_t)n;
	return n ? DIALOGUE_GOT : DIALOGUE_END;
}

int dialogue_line(struct dialogue *d, struct slice *line, struct failure *f)
{
	for (;;) {
		char *begin = d->room + d->begin, *lf = memchr(begin, '\n', d->end - d->begin);
		size_t len = lf ? (size_t)(lf - begin) : d->end - d->begin;
		int got;

		d->long_line |= len > DIALOGUE_LINE;
		if (lf) {
			got = d->long_line ? DIALOGUE_TOO_LONG : DIALOGUE_GOT;
			d->long_line = false;
			d->begin += len + 1;
			*line = (struct slice){begin, len && lf[-1] == '\r' ? len - 1 : len};
			return got;
		}
		if (d->long_line)
			d->begin = d->end;
		got = fill(d, f);
		if (got != DIALOGUE_GOT)
			return got;
	}
}

int dialogue_some(struct dialogue *d, char **p, size_t *len, struct failure *f)
{
	int got = d->begin < d->end ? DIALOGUE_GOT : fill(d, f);

	*p = d->room + d->begin;
	*len = d->end - d->begin;
	return got;
}

void dialogue_consume(struct dialogue *d, size_t used)
{
	d->begin += used;
}

int dialogue_say(struct dialogue *d, int code, const char *lines, struct failure *f)
{
	struct slice rest = slice_of(lines), line;
	bool more = true;

	if (d->out < 0)
		return 0;
	while (more) {
		more = slice_cut(&rest, '\n', &line);
		if (!more)
			line = rest;
		line = unicode_shortened(line, DIALOGUE_ANSWER - 6); /* RFC 5321 4.5.3.1.5: with the code and the line end */
		if (buf_printf(&d->replies, "%d%c%.*s\r\n", code, more ? '-' : ' ', (int)line.len, line.p) < 0)
			return fail(f, AT_INPUT, EX_OSERR, "no memory for an answer");
	}
	return d->replies.len > REPLIES_MAX / 2 ? dialogue_flush(d, f) : 0;
}
