#include "mail/header.h"

#include <string.h>

enum { FOLD_AT = 78 }; /* RFC 5322 2.1.1: lines SHOULD have no more */

static struct slice between(const char *from, const char *to)
{
	return (struct slice){from, (size_t)(to - from)};
}

static struct field *field_append(struct header *h)
{
	h->field = arena_grow(h->in, h->field, h->fields, &h->room, sizeof *h->field);
	return &h->field[h->fields++];
}

/* Splits a line into name and body: a name of printable characters without blanks, blanks perhaps, and a colon. A line that begins
 * with "--" is no field. */
static bool field_split(struct field *field, struct slice line)
{
	size_t i = 0, name, end = line.len < HEADER_NAME_MAX ? line.len : HEADER_NAME_MAX;

	while (i < end && line.p[i] > 32 && line.p[i] < 127 && line.p[i] != ':')
		i++;
	name = i;
	while (i < end && octet_is_blank(line.p[i]))
		i++;
	if (!name || i == end || line.p[i] != ':' || (name > 1 && memcmp(line.p, "--", 2) == 0))
		return false;
	field->raw = line;
	field->name = (struct slice){line.p, name};
	field->body = (struct slice){line.p + i + 1, line.len - i - 1};
	return true;
}

static void field_extend(struct field *field, struct slice line)
{
	const char *end = line.p + line.len;

	field->raw = between(field->raw.p, end);
	field->body = between(field->body.p, end);
}

bool header_parse(struct header *h, struct slice *text)
{
	struct slice rest = *text, line;

	while (slice_line(&rest, &line)) {
		struct field field;

		if (!line.len) {
			*text = rest;
			return true;
		}
		if (octet_is_blank(line.p[0]) && h->fields)
			field_extend(&h->field[h->fields - 1], line);
		else if (field_split(&field, line))
			*field_append(h) = field;
		else
			return true;
		*text = rest;
	}
	return false;
}

struct field *header_find(const struct header *h, const char *name, const struct field *after)
{
	for (size_t i = after ? (size_t)(after - h->field) + 1 : 0; i < h->fields; i++)
		if (slice_is(h->field[i].name, name))
			return &h->field[i];
	return NULL;
}

static bool all_blank(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!octet_is_blank(p[i]))
			return false;
	return true;
}

/* Writes the body folded at blanks, which makes it twice as long at the most; a word without blanks stays long. Line ends that are no
 * folds become blanks. */
static size_t body_fold(char *to, size_t column, const char *body)
{
	size_t len = strlen(body), used = 0, blank = 0, begin = 0;

	/* Blanks at the end are dropped: they could become a line of blanks, which some programs take for the end of the header
	 * (RFC 5322 2.2.3). */
	while (len && (octet_is_blank(body[len - 1]) || body[len - 1] == '\r' || body[len - 1] == '\n'))
		len--;
	for (size_t i = 0; i < len; i++) {
		char c = body[i];
		bool fold = c == '\r' && i + 2 < len && body[i + 1] == '\n' && octet_is_blank(body[i + 2]);

		if (fold) {
			/* A line of blanks in the middle is dropped for the same reason. */
			if (begin && all_blank(to + begin, used - begin)) {
				used = begin;
			} else {
				to[used++] = '\r';
				to[used++] = '\n';
			}
			i++;
			column = 0;
			begin = blank = used;
			continue;
		}
		if (c == '\r' || c == '\n')
			c = ' ';
		if (octet_is_blank(c) && used && !octet_is_blank(to[used - 1]))
			blank = used;
		to[used++] = c;
		if (++column <= FOLD_AT || blank <= begin)
			continue;
		memmove(to + blank + 2, to + blank, used - blank);
		memcpy(to + blank, "\r\n", 2);
		used += 2;
		column = used - blank - 2;
		begin = blank = blank + 2;
	}
	return used;
}

static struct field field_new(struct header *h, const char *name, const char *body)
{
	size_t len = strlen(name);
	char *raw = arena_zeroed(h->in, 1, len + 2 * strlen(body) + 8);
	struct field field = {.name = {raw, len}};

	memcpy(raw, name, len);
	memcpy(raw + len, ": ", 2);
	field.raw = (struct slice){raw, len + 2 + body_fold(raw + len + 2, len + 2, body)};
	field.body = (struct slice){raw + len + 1, field.raw.len - len - 1};
	return field;
}

void header_put(struct header *h, const char *name, const char *body)
{
	struct field *field = header_find(h, name, NULL);
	size_t kept;

	if (!field) {
		header_append(h, name, body);
		return;
	}
	*field = field_new(h, name, body);
	kept = (size_t)(field - h->field) + 1;
	for (size_t i = kept; i < h->fields; i++)
		if (!slice_is(h->field[i].name, name))
			h->field[kept++] = h->field[i];
	h->fields = kept;
}

void header_append(struct header *h, const char *name, const char *body)
{
	struct field made = field_new(h, name, body);

	*field_append(h) = made;
}

void header_insert(struct header *h, const struct field *before, const char *name, const char *body)
{
	size_t at = (size_t)(before - h->field);
	struct field made = field_new(h, name, body);

	field_append(h);
	memmove(h->field + at + 1, h->field + at, (h->fields - 1 - at) * sizeof *h->field);
	h->field[at] = made;
}

void header_set_body(struct header *h, struct field *field, struct slice body)
{
	size_t front = (size_t)(field->body.p - field->raw.p), name = field->name.len;
	char *raw = arena_zeroed(h->in, front + body.len + 1, 1);

	memcpy(raw, field->raw.p, front);
	if (body.len)
		memcpy(raw + front, body.p, body.len);
	field->raw = (struct slice){raw, front + body.len};
	field->name = (struct slice){raw, name};
	field->body = (struct slice){raw + front, body.len};
}

size_t header_remove(struct header *h, const char *name)
{
	size_t kept = 0, before = h->fields;

	for (size_t i = 0; i < before; i++)
		if (!slice_is(h->field[i].name, name))
			h->field[kept++] = h->field[i];
	h->fields = kept;
	return before - kept;
}

size_t header_remove_those(struct header *h, bool (*those)(struct slice name))
{
	size_t kept = 0, before = h->fields;

	for (size_t i = 0; i < before; i++)
		if (!those(h->field[i].name))
			h->field[kept++] = h->field[i];
	h->fields = kept;
	return before - kept;
}

const char *const header_once[HEADER_ONCE] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject", "Date"};

bool header_is_once(struct slice name)
{
	for (size_t i = 0; i < HEADER_ONCE; i++)
		if (slice_is(name, header_once[i]))
			return true;
	return false;
}

bool header_is_silent(const struct field *field)
{
	struct slice body = slice_trim(field->body);

	return !body.len || slice_is(body, "<>");
}

struct field *header_find_said(const struct header *h, const char *name)
{
	struct field *field = header_find(h, name, NULL);

	while (field && header_is_silent(field))
		field = header_find(h, name, field);
	return field;
}

void header_drop_silent(struct header *h, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->fields; i++)
		if (!slice_is(h->field[i].name, name) || !header_is_silent(&h->field[i]))
			h->field[kept++] = h->field[i];
	h->fields = kept;
}

const char *header_unfold(const struct header *h, const struct field *field)
{
	struct slice body = slice_trim(field->body);
	char *to = arena_zeroed(h->in, body.len + 1, 1);
	size_t used = 0;

	for (size_t i = 0; i < body.len; i++)
		if (body.p[i] != '\r' && body.p[i] != '\n')
			to[used++] = body.p[i];
	return to;
}

/* Where to cut an overlong line: before the last blank that fits and is not within `front`; without one, anywhere but inside a
 * character. */
static size_t split_at(struct slice line, size_t front, size_t most)
{
	size_t i = most;

	while (i > front && i > 0 && !octet_is_blank(line.p[i]))
		i--;
	if (i > front || (front && i == front && octet_is_blank(line.p[i])))
		return i;
	for (i = most; i > most - 3 && ((unsigned char)line.p[i] & 0xc0) == 0x80;)
		i--;
	return i;
}

/* Prints a line in pieces of at most 998 octets. No piece has blanks only, which some programs take for the end of the header. */
static int line_print(struct slice line, size_t front, struct buf *out)
{
	bool blank_before = false; /* a cut without a blank needs one put in */
	bool first = true;

	while (line.len) {
		size_t most = HEADER_LINE_MAX - blank_before;
		size_t n = line.len <= most ? line.len : split_at(line, front, most);
		bool empty = !first && all_blank(line.p, n);

		if (!empty && ((!first && buf_text(out, "\r\n") < 0) || (blank_before && buf_text(out, " ") < 0) ||
			       buf_add(out, line.p, n) < 0))
			return -1;
		line = (struct slice){line.p + n, line.len - n};
		blank_before = line.len && !octet_is_blank(line.p[0]);
		front = 0;
		first = false;
	}
	return 0;
}

static int field_print(const struct field *field, struct buf *out)
{
	struct slice rest = field->raw, line;
	size_t front = (size_t)(field->body.p - field->raw.p);

	if (rest.len <= HEADER_LINE_MAX)
		return buf_slice(out, rest) < 0 || buf_text(out, "\r\n") < 0 ? -1 : 0;
	for (; slice_line(&rest, &line); front = 0)
		if (line_print(line, front, out) < 0 || buf_text(out, "\r\n") < 0)
			return -1;
	return 0;
}

const char *header_message_id(const struct header *h)
{
	const struct field *id = header_find(h, "Message-ID", NULL);

	return id ? header_unfold(h, id) : "";
}

int header_print(const struct header *h, struct buf *out)
{
	for (size_t i = 0; i < h->fields; i++)
		if (field_print(&h->field[i], out) < 0)
			return -1;
	return buf_text(out, "\r\n");
}
