#include "mail/message.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "mail/settle.h"

enum {
	PIECE = 64 * 1024,
	WRITE = 512 * 1024,		     /* to the file, at a time */
	WIRE_HEADER = 2 * MESSAGE_IN_MEMORY, /* it has grown by folds and what was missing */
};

/* What is read lands in text: all of it while that is at most MESSAGE_IN_MEMORY; then the header is split off,
 * and the body passes through text on its way to the file. */
struct reading {
	struct message *m; /* for as long as it is being read */
	struct arena *in;
	struct settler settler;
	struct knowledge known;
	struct buf text;
	bool no_header; /* all of it is the body */
	bool spilled;
	uint64_t written;
};

/* "From x Thu Jan 1 ...": mbox; not "From : x", which is a field with a blank in it. */
static bool is_mbox_line(struct slice line)
{
	size_t i = 5;

	if (line.len < i || memcmp(line.p, "From ", i) != 0)
		return false;
	while (i < line.len && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	return i == line.len || line.p[i] != ':';
}

static bool has_time(struct slice line)
{
	for (size_t i = 2; i + 2 < line.len; i++)
		if (line.p[i] == ':' && strchr("012", line.p[i - 2]) && strchr("0123456789", line.p[i - 1]) &&
		    strchr("012345", line.p[i + 1]))
			return true;
	return false;
}

/* Behind further lines of that kind, if need be. */
static bool begins_a_field(struct slice text)
{
	struct slice line;
	size_t i = 0;

	while (text.len && *text.p == '>' && slice_line(&text, &line))
		;
	while (i < text.len && text.p[i] > ' ' && text.p[i] < 127 && text.p[i] != ':')
		i++;
	return i && i < text.len && text.p[i] == ':';
}

/* The mbox line, and the >From lines that mail which passed through several mailboxes has. */
static void mbox_strip(struct slice *text)
{
	struct slice rest = *text, line;

	for (bool first = true; slice_line(&rest, &line); first = false) {
		struct slice bare = line;

		/* "From today on the backup fails" is text, if no header follows. */
		if (first && !has_time(line) && !begins_a_field(rest))
			return;

		while (bare.len && bare.p[0] == '>')
			bare = (struct slice){bare.p + 1, bare.len - 1};
		if (!is_mbox_line(bare) || (!first && bare.len == line.len))
			return;
		*text = rest;
	}
}

static struct slice moved(struct slice s, const char *from, const char *to)
{
	return (struct slice){to + (s.p - from), s.len};
}

/* Takes the header off the text, into the arena. What is left is the beginning of the body, or all of it. */
static int split(struct reading *r, struct slice *body, struct failure *f)
{
	struct slice text = buf_slice_of(&r->text), rest;
	struct header *h = &r->m->header;
	bool ended;
	char *own;

	if (text.len && !r->no_header)
		mbox_strip(&text);
	rest = text;
	ended = r->no_header || header_parse(h, &rest);
	/* The beginning of a line can't always be told from a whole line that is no field. */
	if (r->spilled && rest.len < HEADER_NAME_MAX && !(rest.len && memchr(rest.p, '\n', rest.len)))
		ended = false;
	if (r->spilled && !ended)
		return fail(f, AT_INPUT, EX_DATAERR, "the header is larger than %d octets", MESSAGE_IN_MEMORY);
	own = arena_text(r->in, text.p, text.len - rest.len);
	for (size_t i = 0; i < h->fields; i++) {
		struct field *field = &h->field[i];

		field->raw = moved(field->raw, text.p, own);
		field->name = moved(field->name, text.p, own);
		field->body = moved(field->body, text.p, own);
	}
	r->m->facts.no_header = !h->fields;
	r->m->facts.parted = rest.p - text.p >= 4 && memcmp(rest.p - 4, "\r\n\r\n", 4) == 0;
	*body = rest;
	return 0;
}

static int file_fails(const char *what, struct failure *f)
{
	bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;

	fail_errno(f, AT_INPUT, full ? EX_TEMPFAIL : EX_OSERR, "%s", what);
	return full ? failure_hint(f, "set TMPDIR to a folder with more space") : -1;
}

static int write_out(struct reading *r, struct slice body, struct failure *f)
{
	facts_add(&r->known, body);
	if (file_write(r->m->held, body.p, body.len) < 0)
		return file_fails("writing the message to a temporary file", f);
	r->written += body.len;
	buf_clear(&r->text);
	return 0;
}

static int spill(struct reading *r, struct failure *f)
{
	struct slice body = buf_slice_of(&r->text);

	if (!r->spilled) {
		r->spilled = true;
		if (split(r, &body, f) < 0)
			return -1;
		r->m->held = file_unnamed();
		if (r->m->held < 0)
			return file_fails("a temporary file for the message", f);
	}
	return write_out(r, body, f);
}

static int no_memory(struct failure *f)
{
	return fail(f, AT_INPUT, EX_OSERR, "no memory for the message");
}

void message_begin(struct message *m, struct arena *in, bool dot_ends)
{
	struct reading *r = arena_zeroed(in, 1, sizeof *r);

	*m = (struct message){.header = {.in = in}, .held = -1, .reading = r};
	*r = (struct reading){.m = m, .in = in, .settler = {.dot_ends = dot_ends}};
	buf_start(&r->text, MESSAGE_IN_MEMORY + settle_room(PIECE) + settle_room(0));
}

int message_add(struct message *m, char *piece, size_t len, struct failure *f)
{
	struct reading *r = m->reading;

	while (len) {
		size_t some = len < PIECE ? len : PIECE;

		if (settle(&r->settler, piece, some, &r->text) < 0)
			return no_memory(f);
		if (r->text.len > (r->spilled ? WRITE : MESSAGE_IN_MEMORY) && spill(r, f) < 0)
			return -1;
		piece += some;
		len -= some;
	}
	return 0;
}

static int finish(struct reading *r, struct failure *f)
{
	struct message *m = r->m;
	struct slice body;

	if (settle_end(&r->settler, &r->text) < 0)
		return no_memory(f);
	if (r->text.len > MESSAGE_IN_MEMORY || r->spilled) {
		if (spill(r, f) < 0)
			return -1;
		m->body = source_file(r->in, m->held, 0, r->written);
	} else {
		m->facts.empty = !r->text.len;
		if (split(r, &body, f) < 0)
			return -1;
		facts_add(&r->known, body);
		body.p = arena_text(r->in, body.p, body.len);
		m->body = source_text(r->in, body);
	}
	facts_end(&r->known);
	m->facts.eightbit = r->known.eightbit;
	m->facts.utf8 = !r->known.not_utf8;
	m->facts.longest = r->known.longest;
	m->facts.nuls = r->settler.nuls;
	return 0;
}

int message_end(struct message *m, struct failure *f)
{
	int ok = finish(m->reading, f);

	buf_free(&m->reading->text);
	m->reading = NULL;
	return ok;
}

static int read_all(struct message *m, int fd, struct failure *f)
{
	char piece[PIECE];
	ssize_t n = 0;
	int ok = 0;

	while (ok == 0 && !m->reading->settler.ended && (n = file_read(fd, piece, sizeof piece)) > 0)
		ok = message_add(m, piece, (size_t)n, f);
	if (n < 0)
		ok = fail_errno(f, AT_INPUT, errno == EBADF ? EX_NOINPUT : EX_IOERR, "reading the message");
	if (ok == 0)
		ok = message_end(m, f);
	if (ok < 0)
		message_close(m);
	return ok;
}

int message_read(struct message *m, struct arena *in, int fd, bool dot_ends, struct failure *f)
{
	message_begin(m, in, dot_ends);
	return read_all(m, fd, f);
}

int message_read_text(struct message *m, struct arena *in, int fd, struct failure *f)
{
	message_begin(m, in, false);
	m->reading->no_header = true;
	return read_all(m, fd, f);
}

struct source *mail_octets(const struct mail *m, bool eightbit)
{
	return eightbit && m->wire8 && m->envelope.body != BODY_7BIT ? m->wire8 : m->wire;
}

struct source *message_wire(const struct message *m, struct arena *in, struct failure *f)
{
	struct source *parts[2] = {NULL, m->body};
	struct slice text;
	struct buf out;

	buf_start(&out, WIRE_HEADER);
	if (header_print(&m->header, &out) < 0) {
		buf_free(&out);
		fail(f, AT_INPUT, EX_DATAERR, "the header is larger than %d octets", WIRE_HEADER);
		return NULL;
	}
	text = (struct slice){arena_text(in, out.p, out.len), out.len};
	buf_free(&out);
	parts[0] = source_text(in, text);
	return source_chain(in, parts, 2);
}

void message_hold(struct message *m, struct arena *in, int fd)
{
	struct held *one = arena_zeroed(in, 1, sizeof *one);

	*one = (struct held){fd, m->files};
	m->files = one;
}

void message_unsplit(struct message *m, struct arena *in)
{
	struct source **parts = arena_zeroed(in, 2 * m->header.fields + 2, sizeof(struct source *));
	struct facts *facts = &m->facts;
	struct knowledge known = {0};
	size_t count = 0;

	for (size_t i = 0; i < m->header.fields; i++) {
		struct slice raw = m->header.field[i].raw;

		facts_add(&known, raw);
		facts_add(&known, SLICE("\r\n"));
		parts[count++] = source_text(in, raw);
		parts[count++] = source_text(in, SLICE("\r\n"));
	}
	if (facts->parted)
		parts[count++] = source_text(in, SLICE("\r\n"));
	parts[count++] = m->body;
	m->body = source_chain(in, parts, count);
	m->header = (struct header){.in = m->header.in};
	facts_end(&known);
	facts->eightbit |= known.eightbit;
	facts->utf8 &= !known.not_utf8;
	facts->longest = facts->longest > known.longest ? facts->longest : known.longest;
	facts->no_header = true;
	facts->parted = false;
}

void message_close(struct message *m)
{
	for (; m->files; m->files = m->files->next)
		close(m->files->fd);
	if (m->reading)
		buf_free(&m->reading->text);
	m->reading = NULL;
	if (m->held >= 0)
		close(m->held);
	m->held = -1;
}
