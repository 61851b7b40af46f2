#include "mail/parts.h"

#include <string.h>
#include <sysexits.h>

#include "mail/normalize.h"

enum {
	PIECE = 64 * 1024,
	LINE = 16 * 1024, /* lines with a boundary or a field are not longer */
	BOUNDARY = 200	  /* RFC 2046 5.1.1 has 70 */
};

/* A multipart or message that is open around the current line. */
struct level {
	char boundary[BOUNDARY + 1]; /* "": it is a message */
	size_t len;
	bool digest; /* its parts are messages, unless they say otherwise (RFC 2046 5.1.5) */
};

enum state { IN_FIELDS, IN_LEAF, IN_BETWEEN }; /* IN_BETWEEN: preamble or epilogue */

struct scan {
	struct parts *out;
	struct arena *in, scratch;
	struct level level[PARTS_DEEP];
	size_t levels;
	enum state state;
	uint64_t at;	 /* offset of the current line */
	struct buf head; /* the fields of the current part */
	size_t kept;	 /* octets of the fields of all parts that are listed */
	bool texts;	 /* each text is listed */
	struct leaf leaf;
	bool encodable;
	struct knowledge known, others; /* facts of the current leaf; of all else */
};

static bool is_one_of(const char *type, const char *const *names)
{
	while (*names && strcmp(type, *names) != 0)
		names++;
	return *names;
}

static bool comes_twice(const struct header *h, const char *name)
{
	const struct field *field = header_find(h, name, NULL);

	return field && header_find(h, name, field);
}

static bool says_eightbit(struct arena *in, const struct header *h)
{
	const struct field *field = header_find(h, "Content-Transfer-Encoding", NULL);
	struct slice text = field ? slice_trim(slice_of(header_unfold(h, field))) : SLICE("");

	return field && mime_encoding(in, h) == MIME_PLAIN && !slice_begins(text, "7bit") && text.len;
}

static void add_facts(struct facts *to, const struct knowledge *k)
{
	to->eightbit |= k->eightbit;
	to->longest = to->longest > k->longest ? to->longest : k->longest;
}

static void list(struct scan *s)
{
	struct parts *p = s->out;
	struct leaf *leaf = &s->leaf;

	if (p->leaves == PARTS_MAX || s->kept + s->head.len > PARTS_HEADERS) {
		p->broken = true;
		return;
	}
	if (!leaf->outermost)
		leaf->fields = (struct slice){arena_text(s->in, s->head.p, s->head.len), s->head.len};
	s->kept += leaf->fields.len;
	p->leaf = arena_grow(s->in, p->leaf, p->leaves, &p->room, sizeof *p->leaf);
	p->leaf[p->leaves++] = *leaf;
}

/* Lists the current leaf, if it has to be encoded and can be; else its facts count with the others. */
static void list_or_not(struct scan *s)
{
	const struct facts *facts = &s->leaf.facts;
	struct facts *others = &s->out->others;
	bool needs = facts->eightbit || facts->longest > NORMALIZE_LINE || (s->texts && s->leaf.text);

	if (needs && s->encodable && !(s->leaf.encoding == MIME_BASE64 && facts->eightbit)) {
		list(s);
		return;
	}
	others->eightbit |= facts->eightbit;
	others->longest = others->longest > facts->longest ? others->longest : facts->longest;
}

static bool is_open(const struct scan *s, const char *boundary)
{
	for (size_t i = 0; i < s->levels; i++)
		if (s->level[i].len && strcmp(s->level[i].boundary, boundary) == 0)
			return true;
	return false;
}

/* Opens a level for a multipart or a message; false: there are too many levels, or its boundary could not be told from one around
 * it. */
static bool open_level(struct scan *s, const char *boundary, bool digest)
{
	struct level *level = &s->level[s->levels];
	size_t len = strlen(boundary);

	if (s->levels == PARTS_DEEP || len > BOUNDARY || is_open(s, boundary))
		return false;
	memcpy(level->boundary, boundary, len + 1);
	level->len = len;
	level->digest = digest;
	s->levels++;
	return true;
}

static void begin_fields(struct scan *s, uint64_t at, bool message)
{
	s->state = IN_FIELDS;
	s->leaf = (struct leaf){.head = at, .message = message};
	buf_clear(&s->head);
}

/* Begins the parts of a multipart, or the message in a message/rfc822. */
static void open_composite(struct scan *s, const struct header *h, const char *type, bool many)
{
	const char *boundary = many ? mime_parameter(&s->scratch, h, "boundary") : "";

	if (mime_encoding(&s->scratch, h) != MIME_PLAIN || (many && !*boundary) || !open_level(s, boundary, strcmp(type, "multipart/digest") == 0)) {
		s->out->broken = true;
		return;
	}
	s->leaf.composite = true;
	s->leaf.end = s->leaf.body;
	if (says_eightbit(&s->scratch, h))
		list(s);
	s->state = IN_BETWEEN;
	if (!many)
		begin_fields(s, s->leaf.body, true);
}

static const char *type_of(struct scan *s, const struct header *h)
{
	const char *type = mime_type(&s->scratch, h);

	if (*type)
		return type;
	return s->levels && s->level[s->levels - 1].digest ? "message/rfc822" : "text/plain";
}

/* The fields of the current part are whole: opens a part of the kind that they tell. */
static void open_part(struct scan *s, const struct header *h)
{
	static const char *const sealed[] = {"multipart/signed", "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime", NULL};
	const char *type = type_of(s, h);
	enum mime_encoding encoding = mime_encoding(&s->scratch, h);
	bool plain = encoding == MIME_PLAIN, multipart = slice_begins(slice_of(type), "multipart/");
	bool closed = is_one_of(type, sealed) || (s->leaf.message && mime_is_signed(h));

	if (*type == '?' || comes_twice(h, "Content-Type") || comes_twice(h, "Content-Transfer-Encoding")) {
		s->out->broken = true;
		return;
	}
	if (!closed && (multipart || (plain && strcmp(type, "message/rfc822") == 0))) {
		open_composite(s, h, type, multipart);
		return;
	}
	s->state = IN_LEAF;
	s->known = (struct knowledge){0};
	s->leaf.text = slice_begins(slice_of(type), "text");
	/* No message/... is ever encoded (RFC 2046 5.2). */
	s->leaf.encoding = encoding;
	s->encodable = encoding != MIME_UNKNOWN && !closed && !slice_begins(slice_of(type), "message/");
}

static void end_fields(struct scan *s)
{
	struct slice text = buf_slice_of(&s->head);
	struct header h = {.in = &s->scratch};

	arena_reset(&s->scratch);
	/* A line that is no field: it cannot be told where the part's octets begin. */
	s->out->broken |= !header_parse(&h, &text) || text.len;
	if (!s->out->broken)
		open_part(s, &h);
}

/* Ends the leaf at offset `at`; the line end before a boundary belongs to the boundary. */
static void end_leaf(struct scan *s, uint64_t at, bool boundary)
{
	struct leaf *leaf = &s->leaf;

	if (s->state != IN_LEAF)
		return;
	facts_end(&s->known);
	leaf->end = boundary && at - leaf->body >= 2 ? at - 2 : at;
	leaf->facts.utf8 = !s->known.not_utf8;
	add_facts(&leaf->facts, &s->known);
	list_or_not(s);
	s->state = IN_BETWEEN;
}

/* The number of the open multipart whose boundary the line is, counted from 1; 0: it is no boundary. *last: the boundary closes the
 * multipart. */
static size_t boundary_of(const struct scan *s, struct slice line, bool *last)
{
	if (line.len < 3 || line.p[0] != '-' || line.p[1] != '-')
		return 0;
	line = slice_trim(line);
	line = (struct slice){line.p + 2, line.len - 2};
	for (size_t i = s->levels; i; i--) {
		const struct level *level = &s->level[i - 1];

		if (!level->len || line.len < level->len || memcmp(line.p, level->boundary, level->len) != 0)
			continue;
		*last = line.len == level->len + 2 && memcmp(line.p + level->len, "--", 2) == 0;
		if (*last || line.len == level->len)
			return i;
	}
	return 0;
}

/* The current line is the boundary of the n-th level. */
static void take_boundary(struct scan *s, size_t n, size_t len, bool last)
{
	for (size_t i = n; i < s->levels; i++)
		s->out->broken |= s->level[i].len > 0; /* a multipart within was not closed */
	if (s->state == IN_FIELDS) {
		struct buf *head = &s->head;

		/* A part whose fields end without an empty line has no octets; for a message within, that is a fault. */
		s->out->broken |= s->leaf.message || buf_text(head, "\r\n") < 0;
		s->leaf.body = s->at;
		if (!s->out->broken)
			end_fields(s);
		s->out->broken |= s->state != IN_LEAF;
	}
	if (s->out->broken)
		return;
	end_leaf(s, s->at, true);
	s->levels = last ? n - 1 : n;
	if (!last)
		begin_fields(s, s->at + len, false);
}

static void add_run(struct scan *s, const char *from, const char *to)
{
	struct slice run = {from, (size_t)(to - from)};

	facts_add(s->state == IN_LEAF ? &s->known : &s->others, run);
	s->at += run.len;
}

static void take_line(struct scan *s, struct slice line)
{
	bool last = false;
	size_t n = boundary_of(s, line, &last);

	if (n)
		take_boundary(s, n, line.len, last);
	add_run(s, line.p, line.p + line.len);
	if (n || s->state != IN_FIELDS)
		return;
	s->out->broken |= buf_slice(&s->head, line) < 0;
	if (line.len == 2 && line.p[0] == '\r' && !s->out->broken) {
		s->leaf.body = s->at;
		end_fields(s);
	}
}

/* Takes the whole lines of a piece, and the beginning of a very long one; the caller passes the rest again, with more octets after
 * it. */
static size_t take_piece(struct scan *s, struct slice piece, bool *midline)
{
	const char *p = piece.p, *end = p + piece.len, *run = p;

	while (p < end && !s->out->broken) {
		const char *lf = memchr(p, '\n', (size_t)(end - p)), *next = lf ? lf + 1 : end;

		if (!lf && !*midline && end - p < LINE)
			break;
		if (s->state == IN_FIELDS && (!lf || next - p > LINE))
			s->out->broken = true;
		if (!*midline && (s->state == IN_FIELDS || (next - p > 2 && p[0] == '-' && p[1] == '-'))) {
			add_run(s, run, p);
			take_line(s, (struct slice){p, (size_t)(next - p)});
			run = next;
		}
		*midline = !lf;
		p = next;
	}
	add_run(s, run, p);
	return (size_t)(p - piece.p);
}

static int scan_body(struct scan *s, struct source *body, struct failure *f)
{
	char piece[PIECE];
	size_t held = 0, got, used;
	bool midline = false;

	if (body->rewind(body, f) < 0)
		return -1;
	while (!s->out->broken) {
		if (body->pull(body, piece + held, sizeof piece - held, &got, f) < 0)
			return -1;
		if (!got)
			break;
		used = take_piece(s, (struct slice){piece, held + got}, &midline);
		held = held + got - used;
		memmove(piece, piece + used, held);
	}
	s->out->broken |= held > 0; /* the last line does not end: the body was not normalized */
	end_leaf(s, s->at, false);
	for (size_t i = 0; i < s->levels; i++)
		s->out->broken |= s->level[i].len > 0;
	s->out->broken |= s->state == IN_FIELDS;
	return body->rewind(body, f);
}

/* The message is one leaf, whose facts are known already. */
static void take_whole(struct scan *s, const struct message *m)
{
	s->leaf.end = m->body->size;
	s->leaf.facts = m->facts;
	list_or_not(s);
}

static int find_leaves(struct parts *p, struct arena *in, const struct message *m, bool texts, struct failure *f)
{
	struct scan *s = arena_zeroed(in, 1, sizeof *s);
	int rc = 0;

	*p = (struct parts){.leaf = NULL};
	s->out = p;
	s->in = in;
	s->texts = texts;
	s->leaf = (struct leaf){.outermost = true, .message = true};
	buf_start(&s->head, PARTS_HEADER);
	open_part(s, &m->header);
	if (s->state == IN_LEAF)
		take_whole(s, m);
	else if (!p->broken)
		rc = scan_body(s, m->body, f);
	if (rc == 0 && s->state != IN_LEAF)
		add_facts(&p->others, &s->others);
	if (p->broken)
		*p = (struct parts){.broken = true, .others = m->facts};
	buf_free(&s->head);
	arena_free(&s->scratch);
	return rc;
}

int parts_find(struct parts *p, struct arena *in, const struct message *m, struct failure *f)
{
	return find_leaves(p, in, m, false, f);
}

int parts_list(struct parts *p, struct arena *in, const struct message *m, struct failure *f)
{
	return find_leaves(p, in, m, true, f);
}
