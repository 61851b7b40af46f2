#include "intake/feed_mbox.h"

#include <string.h>
#include <sysexits.h>

#include "base/file.h"

/* Why a stretch of the message ends where it does. */
enum end {
	GOES_ON,
	END_WINDOW, /* more of the file must be read first */
	END_FILE,
	END_MESSAGE, /* the next line begins another message */
	END_HEADER,  /* the next line is the empty one behind the header */
	END_QUOTED   /* the next octet was put there by the program that wrote the mailbox */
};

struct stretch {
	size_t text; /* so many octets belong to the message */
	size_t skip; /* so many octets after them do not */
	enum end end;
};

static bool is_empty(struct slice line) /* with its line end */
{
	return (line.len == 1 && *line.p == '\n') || (line.len == 2 && *line.p == '\r' && line.p[1] == '\n');
}

/* The first line of the text with its line end. whole: it has one; else the line is all of the text. */
static struct slice line_of(struct slice text, bool *whole)
{
	const char *lf = text.len ? memchr(text.p, '\n', text.len) : NULL;

	*whole = lf;
	return (struct slice){text.p, lf ? (size_t)(lf - text.p) + 1 : text.len};
}

static struct slice rest_of(struct slice text, size_t at)
{
	return (struct slice){text.p + at, text.len - at};
}

/* Whether the stretch ends before this line, with which the text begins, and why. */
static enum end before_line(const struct feed_mbox *b, struct slice text, struct slice line, bool last)
{
	if (*line.p == 'F' && b->parted) {
		if (text.len < MBOX_AHEAD && !last)
			return END_WINDOW;
		if (mbox_begins(text))
			return END_MESSAGE;
	}
	if (!b->in_text)
		return is_empty(line) ? END_HEADER : GOES_ON;
	return *line.p == '>' && mbox_quotes(line, b->variant) ? END_QUOTED : GOES_ON;
}

/* Notes what matters of a line for the lines after it. */
static void note_line(struct feed_mbox *b, struct slice line)
{
	b->parted = is_empty(line);
	if (!b->in_text && !b->counted && (*line.p | 0x20) == 'c')
		b->counted = mbox_length(line, &b->length);
}

/* Finds out how much of the window belongs to the message. An empty line at the end stays in the window until the next line has shown
 * that the empty line does not part two messages. */
static struct stretch stretch_of(struct feed_mbox *b, struct slice ahead)
{
	const bool last = window_is_last(&b->in);
	struct stretch s = {0, 0, GOES_ON};
	size_t at = 0, empty = 0; /* octets of the empty line that the text up to `at` ends with */
	bool whole;

	while (s.end == GOES_ON && at < ahead.len) {
		struct slice text = rest_of(ahead, at), line = line_of(text, &whole);

		if (!whole && !last && text.len < MBOX_AHEAD)
			s.end = END_WINDOW;
		else if (!b->midline)
			s.end = before_line(b, text, line, last);
		if (s.end != GOES_ON)
			break;
		if (!b->midline)
			note_line(b, line);
		empty = !b->midline && b->parted ? line.len : 0;
		b->midline = !whole;
		at += line.len;
	}
	if (s.end == GOES_ON)
		s.end = last ? END_FILE : END_WINDOW;
	if (s.end == END_QUOTED || s.end == END_HEADER)
		empty = 0;
	s.text = at - empty;
	s.skip = s.end == END_WINDOW ? 0 : empty;
	return s;
}

/* The message that is being read. After its first failure the rest of it is read, and dropped. */
struct taker {
	struct message *m; /* NULL: messages are only counted */
	bool failed;
	struct failure why;
};

static void pass_text(struct feed_mbox *b, struct taker *t, size_t len)
{
	char *p = window_take(&b->in, len);

	if (!t->m || t->failed || message_add(t->m, p, len, &t->why) == 0)
		return;
	t->failed = true;
	message_close(t->m); /* what was kept of it is given back */
}

/* Skips the rest of the current line, however long it is. */
static int skip_line(struct feed_mbox *b, struct failure *f)
{
	struct slice ahead, line;
	bool whole = false;

	while (!whole) {
		if (window_look(&b->in, 1, &ahead, f) < 0)
			return -1;
		line = line_of(ahead, &whole);
		window_take(&b->in, line.len);
		whole |= !line.len;
	}
	return 0;
}

static size_t skip_empty(struct slice *text)
{
	bool whole;
	struct slice line = line_of(*text, &whole);

	if (!is_empty(line))
		return 0;
	*text = rest_of(*text, line.len);
	return line.len;
}

/* The Content-Length of a text that begins there leads to where a message begins, or to the end of the file, but for *skip octets. */
static bool length_fits(const struct feed_mbox *b, uint64_t begin, size_t *skip)
{
	char around[1 + 4096];
	struct slice behind;
	ssize_t n;

	if (b->length > b->in.size - begin)
		return false;
	n = file_read_at(b->in.fd, around, sizeof around, begin + b->length - 1); /* begin > 0: a header is in front */
	if (n < 1)
		return false;
	behind = (struct slice){around + 1, (size_t)n - 1};
	*skip = 0;
	if (*around != '\n' && behind.len) /* the line end of the last line was not counted */
		*skip = skip_empty(&behind);
	if (*around != '\n' && behind.len && !*skip)
		return false;
	*skip += skip_empty(&behind);
	return begin + b->length + *skip == b->in.size || mbox_begins(behind);
}

/* Reads the text of a message whose Content-Length is believed. */
static int take_counted(struct feed_mbox *b, struct taker *t, size_t skip, struct failure *f)
{
	struct slice ahead;

	while (b->length) {
		size_t some;

		if (window_look(&b->in, 1, &ahead, f) < 0)
			return -1;
		some = b->length < ahead.len ? (size_t)b->length : ahead.len;
		pass_text(b, t, some);
		b->length -= some;
	}
	if (window_look(&b->in, skip, &ahead, f) < 0)
		return -1;
	window_take(&b->in, skip);
	return 0;
}

/* Reads a message from behind its first line to where the next one begins. */
static int take_text(struct feed_mbox *b, struct taker *t, struct failure *f)
{
	struct slice ahead;
	struct stretch s;
	size_t empty, skip;

	do {
		if (window_look(&b->in, WINDOW_AHEAD, &ahead, f) < 0)
			return -1;
		s = stretch_of(b, ahead);
		pass_text(b, t, s.text);
		window_take(&b->in, s.skip);
		if (s.end == END_QUOTED) {
			window_take(&b->in, 1);
			b->midline = true;
			b->parted = false;
		}
		if (s.end == END_HEADER) {
			b->in_text = true;
			ahead = rest_of(ahead, s.text);
			empty = skip_empty(&ahead);
			if (b->counted && length_fits(b, b->in.at + empty, &skip)) {
				pass_text(b, t, empty);
				return take_counted(b, t, skip, f);
			}
		}
	} while (s.end != END_MESSAGE && s.end != END_FILE);
	return 0;
}

/* 1: a message was read, though it may have failed; 0: there is no other; -1: the file cannot be read. */
static int take_message(struct feed_mbox *b, struct taker *t, struct failure *f)
{
	struct slice ahead;
	int rc = b->over ? 0 : window_look(&b->in, 1, &ahead, f);

	if (b->over || (rc == 0 && !ahead.len))
		return 0;
	if (rc == 0) {
		b->number++;
		b->line = b->in.line;
		rc = skip_line(b, f);
	}
	b->midline = b->in_text = b->parted = b->counted = false;
	if (rc == 0)
		rc = take_text(b, t, f);
	b->over = rc < 0;
	return rc < 0 ? -1 : 1;
}

/* Skips a byte order mark, and empty lines, in front of the first message. */
static int skip_front(struct feed_mbox *b, struct slice *text, struct failure *f)
{
	struct slice ahead;

	do {
		if (window_look(&b->in, WINDOW_AHEAD, &ahead, f) < 0)
			return -1;
		*text = ahead;
		if (!b->in.at)
			slice_skip_mark(text);
		while (skip_empty(text))
			;
		window_take(&b->in, ahead.len - text->len);
	} while (ahead.len && text->len < MBOX_AHEAD && !window_is_last(&b->in));
	return 0;
}

static int begin(struct feed_mbox *b, struct failure *f)
{
	struct slice text;
	int rc = skip_front(b, &text, f);

	if (rc == 0 && text.len && !mbox_begins(text))
		rc = fail(f, AT_INPUT, EX_DATAERR, "it is no mailbox file: line %llu does not begin a message", (unsigned long long)b->in.line);
	return rc;
}

int feed_mbox_open(struct feed_mbox *b, int fd, enum mbox_variant variant, struct failure *f)
{
	int rc;

	*b = (struct feed_mbox){.variant = variant};
	rc = window_open(&b->in, fd, f);
	if (rc == 0)
		rc = begin(b, f);
	if (rc < 0)
		feed_mbox_close(b);
	return rc;
}

int feed_mbox_again(struct feed_mbox *b, uint64_t size, struct failure *f)
{
	window_again(&b->in, size);
	*b = (struct feed_mbox){.in = b->in, .variant = b->variant};
	return begin(b, f);
}

void feed_mbox_close(struct feed_mbox *b)
{
	window_close(&b->in);
}

int feed_mbox_next(struct feed_mbox *b, struct message *m, struct arena *in, struct failure *f)
{
	struct taker t = {.m = m};
	int rc;

	message_begin(m, in, 0);
	rc = take_message(b, &t, f);
	if (rc > 0 && !t.failed && message_end(m, &t.why) < 0)
		t.failed = true;
	if (rc > 0 && !t.failed)
		return 1;
	message_close(m);
	if (rc > 0) {
		*f = t.why;
		return -1;
	}
	return rc;
}

int feed_mbox_count(const struct feed_mbox *b, uint64_t *count, struct failure *f)
{
	struct taker t = {.m = NULL};
	struct feed_mbox again;
	int rc = feed_mbox_open(&again, b->in.fd, b->variant, f);

	if (rc < 0)
		return -1;
	rc = feed_mbox_again(&again, b->in.size, f);
	if (rc == 0)
		while ((rc = take_message(&again, &t, f)) > 0)
			;
	*count = again.number;
	feed_mbox_close(&again);
	return rc;
}
