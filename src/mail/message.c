#include "mail/message.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "mail/normalize.h"

enum {
	PIECE = 64 * 1024,
	WRITE = 512 * 1024,		     /* octets written to the file at a time */
	WIRE_HEADER = 2 * MESSAGE_IN_MEMORY, /* the header has grown by folds and missing fields */
};

/* The state while a message is read. Its octets go to `text`, all of them up to MESSAGE_IN_MEMORY; beyond that the header is split
 * off, and the body passes through `text` on its way to the file. */
struct reading {
	struct message *m; /* the message that is being read */
	struct arena *in;
	struct normalizer normalizer;
	struct knowledge known;
	struct buf text;
	unsigned how; /* MESSAGE_IS_TEXT, ... */
	bool spilled;
	int fd; /* the file, once the message is too large for memory */
	uint64_t written;
};

/* "From x Thu Jan 1 ..." begins a mail in an mbox; "From : x" is a field with a blank before the colon. */
static bool is_mbox_line(struct slice line)
{
	size_t i = 5;

	if (line.len < i || memcmp(line.p, "From ", i) != 0)
		return false;
	while (i < line.len && octet_is_blank(line.p[i]))
		i++;
	return i == line.len || line.p[i] != ':';
}

/* Thu Jan  1 00:00:00 1970, in any order. */
static bool has_date(struct slice line)
{
	static const char months[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
	bool time = false, month = false;

	for (size_t i = 2; i + 2 < line.len; i++)
		time |= line.p[i] == ':' && strchr("012", line.p[i - 2]) && strchr("0123456789", line.p[i - 1]) &&
			strchr("012345", line.p[i + 1]);
	for (const char *name = months; name < months + sizeof months - 1; name += 4)
		for (size_t i = 1; i + 3 < line.len; i++)
			month |= line.p[i - 1] == ' ' && line.p[i + 3] == ' ' && memcmp(line.p + i, name, 3) == 0;
	return time && month;
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

/* Removes the mbox line, and the >From lines of mail that passed through several mailboxes. */
static void mbox_strip(struct slice *text)
{
	struct slice rest = *text, line;

	for (bool first = true; slice_line(&rest, &line); first = false) {
		struct slice bare = line;

		/* A line as "From today on the backup fails" is text, if no header follows. */
		if (first && !has_date(line) && !begins_a_field(rest))
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

/* Finds the header; false: its end has not come yet. */
static bool find_header(struct reading *r, struct slice *text, struct slice *rest)
{
	struct header *h = &r->m->header;
	bool ended;

	*rest = *text;
	if (r->how & MESSAGE_IS_TEXT)
		return true;
	if (text->len)
		mbox_strip(text);
	*rest = *text;
	ended = header_parse(h, rest);
	/* The last line may not be whole yet: then it cannot be told whether it is a field. */
	return !r->spilled || (ended && (rest->len >= HEADER_NAME_MAX || (rest->len && memchr(rest->p, '\n', rest->len))));
}

/* Splits the header off the text, into the arena. *body is what is left: the beginning of the body, or all of it. */
static int split(struct reading *r, struct slice *body, struct failure *f)
{
	struct slice all = buf_slice_of(&r->text), text, rest;
	struct header *h = &r->m->header;
	char *own;

	/* A byte order mark, which some editors put in front of a text, is no part of the first field's name. */
	slice_skip_mark(&all);
	text = all;
	if (!find_header(r, &text, &rest)) {
		if (!(r->how & MESSAGE_MAY_BE_TEXT))
			return fail(f, AT_INPUT, EX_DATAERR, "the header is larger than %d octets", MESSAGE_IN_MEMORY);
		text = rest = all;
		h->fields = 0;
	}
	if (text.p != all.p) {
		r->m->mbox.len = (size_t)(text.p - all.p);
		r->m->mbox.p = arena_text(r->in, all.p, r->m->mbox.len);
	}
	own = arena_text(r->in, text.p, text.len - rest.len);
	for (size_t i = 0; i < h->fields; i++) {
		struct field *field = &h->field[i];

		field->raw = moved(field->raw, text.p, own);
		field->name = moved(field->name, text.p, own);
		field->body = moved(field->body, text.p, own);
	}
	r->m->facts.no_header = !h->fields;
	r->m->facts.parted = (rest.p - text.p >= 4 && memcmp(rest.p - 4, "\r\n\r\n", 4) == 0) || (rest.p - text.p == 2 && *text.p == '\r');
	*body = rest;
	return 0;
}

static int file_fails(const char *what, struct failure *f)
{
	bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;

	fail_errno(f, AT_INPUT, full ? EX_TEMPFAIL : EX_OSERR, "%s", what);
	return full ? failure_hint(f, HINT_TMPDIR) : -1;
}

static int write_out(struct reading *r, struct slice body, struct failure *f)
{
	facts_add(&r->known, body);
	if (file_write(r->fd, body.p, body.len) < 0)
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
		r->fd = file_unnamed();
		if (r->fd < 0)
			return file_fails("a temporary file for the message", f);
		message_keep_fd(r->m, r->in, r->fd);
	}
	return write_out(r, body, f);
}

static int no_memory(struct failure *f)
{
	return fail(f, AT_INPUT, EX_OSERR, "no memory for the message");
}

void message_begin(struct message *m, struct arena *in, unsigned how)
{
	struct reading *r = arena_zeroed(in, 1, sizeof *r);

	*m = (struct message){.header = {.in = in}, .reading = r};
	*r = (struct reading){.m = m, .in = in, .how = how, .normalizer = {.dot_ends = how & MESSAGE_DOT_ENDS}};
	buf_start(&r->text, MESSAGE_IN_MEMORY + normalize_room(PIECE) + normalize_room(0));
}

int message_add(struct message *m, char *piece, size_t len, struct failure *f)
{
	struct reading *r = m->reading;

	while (len) {
		size_t some = len < PIECE ? len : PIECE;

		if (normalize_add(&r->normalizer, piece, some, &r->text) < 0)
			return no_memory(f);
		if (r->text.len > (r->spilled ? WRITE : MESSAGE_IN_MEMORY) && spill(r, f) < 0)
			return -1;
		piece += some;
		len -= some;
	}
	return 0;
}

static void facts_take(struct facts *facts, struct knowledge *known)
{
	facts_end(known);
	facts->eightbit = known->eightbit;
	facts->utf8 = !known->not_utf8;
	facts->longest = known->longest;
}

static int reading_finish(struct reading *r, struct failure *f)
{
	struct message *m = r->m;
	struct slice body;

	if (normalize_end(&r->normalizer, &r->text) < 0)
		return no_memory(f);
	if (r->text.len > MESSAGE_IN_MEMORY || r->spilled) {
		if (spill(r, f) < 0)
			return -1;
		m->body = source_file(r->in, r->fd, 0, r->written);
	} else {
		m->facts.empty = !r->text.len;
		if (split(r, &body, f) < 0)
			return -1;
		facts_add(&r->known, body);
		body.p = arena_text(r->in, body.p, body.len);
		m->body = source_text(r->in, body);
	}
	facts_take(&m->facts, &r->known);
	m->facts.nuls = r->normalizer.nuls;
	m->facts.nul_runs = r->normalizer.nul_runs;
	return 0;
}

bool message_has_ended(const struct message *m)
{
	return m->reading->normalizer.ended;
}

int message_end(struct message *m, struct failure *f)
{
	int rc = reading_finish(m->reading, f);

	buf_free(&m->reading->text);
	m->reading = NULL;
	return rc;
}

int message_facts(struct source *text, struct facts *facts, struct failure *f)
{
	struct knowledge known = {0};
	char piece[PIECE];
	size_t got;

	*facts = (struct facts){0};
	if (text->rewind(text, f) < 0)
		return -1;
	do {
		if (text->pull(text, piece, sizeof piece, &got, f) < 0)
			return -1;
		facts_add(&known, (struct slice){piece, got});
	} while (got);
	facts_take(facts, &known);
	return text->rewind(text, f);
}

bool message_is_eightbit(const struct message *m)
{
	for (size_t i = 0; i < m->header.fields; i++)
		if (!slice_is_ascii(m->header.field[i].raw))
			return true;
	return m->facts.eightbit;
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

void message_keep_fd(struct message *m, struct arena *in, int fd)
{
	struct kept_fd *one = arena_zeroed(in, 1, sizeof *one);

	*one = (struct kept_fd){fd, m->kept};
	m->kept = one;
}

void message_keep_all(struct message *m, struct message *other)
{
	struct kept_fd **end = &m->kept;

	while (*end)
		end = &(*end)->next;
	*end = other->kept;
	other->kept = NULL;
}

void message_unsplit(struct message *m, struct arena *in)
{
	struct source **parts = arena_zeroed(in, 2 * m->header.fields + 3, sizeof(struct source *));
	struct facts *facts = &m->facts;
	struct knowledge known = {0};
	size_t count = 0;

	facts_add(&known, m->mbox);
	parts[count++] = source_text(in, m->mbox);
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
	m->mbox.len = 0;
}

void message_close(struct message *m)
{
	for (; m->kept; m->kept = m->kept->next)
		close(m->kept->fd);
	if (m->reading)
		buf_free(&m->reading->text);
	m->reading = NULL;
}
