/*
 * A mailbox file, read through its window, is what is found in it when all of it is in memory. Input: an octet for the variant (from 128
 * on the mailbox stands at the end of the window, too), two for the place there, and a mailbox.
 */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "intake/feed.h"

enum { LONGEST_INPUT = 16000 };

#define FRONT "From a@b.example Mon Jan  1 00:00:00 2024\nX: "

static int file_of(struct slice octets)
{
	int fd = memfd_create("mailbox", MFD_CLOEXEC);

	HOLDS(fd >= 0 && write(fd, octets.p, octets.len) == (ssize_t)octets.len, octets);
	return fd;
}

static struct slice wire_of(const struct message *m, struct arena *in)
{
	struct failure f;
	struct source *text = message_wire(m, in, &f);

	HOLDS(text, SLICE("message_wire"));
	return fuzz_pull(in, text, 4096);
}

/* Takes a line off the text; empty: it has nothing but its line end. */
static struct slice cut_line(struct slice *text, bool *empty)
{
	const char *begin = text->p;
	struct slice line, whole;

	slice_line(text, &line);
	whole = (struct slice){begin, (size_t)(text->p - begin)};
	*empty = fuzz_same(whole, SLICE("\n")) || fuzz_same(whole, SLICE("\r\n"));
	return whole;
}

/* The message that these octets of a mailbox are, from behind its first line to where the next begins. */
static struct slice plainly(struct arena *in, struct slice text, enum mbox_variant variant)
{
	char *own = arena_zeroed(in, text.len + 1, 1);
	bool in_text = false, empty;
	struct failure f;
	struct message m;
	size_t len = 0;

	while (text.len) {
		struct slice line = cut_line(&text, &empty);
		size_t quotes = in_text ? mbox_quotes(line, variant) : 0;

		if (empty && !text.len)
			break;
		memcpy(own + len, line.p + quotes, line.len - quotes);
		len += line.len - quotes;
		in_text |= empty;
	}
	message_begin(&m, in, 0);
	HOLDS(message_add(&m, own, len, &f) == 0 && message_end(&m, &f) == 0, text);
	text = wire_of(&m, in);
	message_close(&m);
	return text;
}

/* Takes the first message off the mailbox. */
static struct slice cut_message(struct slice *rest)
{
	bool empty = false, whole;
	const char *begin;

	cut_line(rest, &whole);
	begin = rest->p;
	while (rest->len && !(empty && mbox_begins(*rest)))
		cut_line(rest, &empty);
	return (struct slice){begin, (size_t)(rest->p - begin)};
}

static struct slice without_front(struct slice file)
{
	struct slice rest;
	bool empty = true;

	slice_skip_mark(&file);
	for (rest = file; empty && file.len; rest = empty ? file : rest)
		cut_line(&file, &empty);
	return rest;
}

static void check(struct slice file, enum mbox_variant variant)
{
	const bool counted = slice_mentions(file, "content-length");
	struct slice rest = without_front(file);
	struct feed_mbox b;
	struct failure f;
	uint64_t count;
	int fd = file_of(file), got = 1;

	if (feed_mbox_open(&b, fd, variant, &f) < 0) {
		HOLDS(!mbox_begins(rest), file);
		close(fd);
		return;
	}
	while (got) {
		struct arena in = {.block = NULL};
		struct message m;

		got = feed_mbox_next(&b, &m, &in, &f);
		HOLDS(got >= 0, file);
		if (got && !counted)
			HOLDS(fuzz_same(wire_of(&m, &in), plainly(&in, cut_message(&rest), variant)), file);
		if (got)
			message_close(&m);
		arena_free(&in);
	}
	HOLDS(counted || !rest.len, file);
	HOLDS(feed_mbox_count(&b, &count, &f) == 0 && count == b.number, file);
	feed_mbox_close(&b);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct arena in = {.block = NULL};
	size_t back, front, pad;
	char *file;

	if (len < 4 || len > LONGEST_INPUT)
		return 0;
	feed_kind_of(fuzz_copy(&in, octets + 3, len - 3));
	check(fuzz_copy(&in, octets + 3, len - 3), octets[0] % 3);
	if (octets[0] < 128) {
		arena_free(&in);
		return 0;
	}
	/* the same behind a message, so that what is read at a time ends somewhere in it */
	back = (octets[1] + 256U * octets[2]) % len;
	front = sizeof FRONT - 1;
	pad = WINDOW_ROOM - back - front - 2;
	file = arena_zeroed(&in, front + pad + 2 + len - 3 + 1, 1);
	memcpy(file, FRONT, front);
	memset(file + front, 'x', pad);
	memcpy(file + front + pad, "\n\n", 2);
	memcpy(file + front + pad + 2, octets + 3, len - 3);
	check((struct slice){file, front + pad + 2 + len - 3}, octets[0] % 3);
	arena_free(&in);
	return 0;
}
