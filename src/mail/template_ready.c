#define _GNU_SOURCE /* memmem */
#include "mail/template_ready.h"

#include <string.h>
#include <sysexits.h>

#include "base/unicode.h"
#include "mail/decode.h"
#include "mail/params.h"
#include "mail/parts.h"
#include "mail/template.h"

enum { RENDERED = 64 * 1024 * 1024 };

struct ready_leaf {
	struct slice before; /* what of the body stands in front of it */
	struct template *text;
	bool alone; /* it is the whole body, and no part */
};

struct template_ready {
	struct template *header;
	struct ready_leaf *leaf;
	size_t leaves;
	struct slice rest; /* of the body, behind the last one */
};

struct ready_reader {
	struct template_ready *t;
	struct arena *in;
	const struct slice *column;
	size_t columns;
	struct message message;
	struct slice body;
	uint64_t at; /* so much of the body is spoken of */
};

static int take_octets(struct message *m, struct arena *in, struct slice octets, unsigned how, struct failure *f)
{
	message_begin(m, in, how);
	return message_add(m, arena_text(in, octets.p ? octets.p : "", octets.len), octets.len, f) < 0 ? -1 : message_end(m, f);
}

bool template_is_ready(struct slice text)
{
	struct message m = {.body = NULL};
	struct arena scratch = {.block = NULL};
	struct failure ignored;
	bool is = false;

	if (take_octets(&m, &scratch, text, MESSAGE_MAY_BE_TEXT, &ignored) == 0)
		is = slice_begins(slice_of(mime_type(&scratch, &m.header)), "multipart/") || mime_encoding(&scratch, &m.header) != MIME_PLAIN;
	message_close(&m);
	arena_free(&scratch);
	return is;
}

/* What the fields say of the text that will be there: its type, in UTF-8, and how it is encoded. */
static void put_fields(struct header *h, const struct leaf *leaf)
{
	const struct field *field = header_find(h, "Content-Type", NULL);
	struct media media = {.type = ""};

	if (!field || !params_media(h->in, header_unfold(h, field), &media) || !*media.type)
		media = (struct media){"text/plain", "", ""};
	if (leaf->message && !header_find(h, "MIME-Version", NULL))
		header_put(h, "MIME-Version", "1.0");
	header_put(h, "Content-Type", arena_printf(h->in, "%s; charset=utf-8%s", media.type, media.more));
	header_put(h, "Content-Transfer-Encoding", "quoted-printable");
}

static bool is_attachment(const struct header *h)
{
	const struct field *field = header_find(h, "Content-Disposition", NULL);

	return field && slice_begins(slice_of(header_unfold(h, field)), "attachment");
}

/* The text of a leaf, in UTF-8. */
static int text_of(const struct ready_reader *r, const struct leaf *leaf, const struct header *h, struct slice *text, struct failure *f)
{
	const char *charset = mime_charset(r->in, h);

	*text = decode_part(r->in, leaf->encoding, (struct slice){r->body.p + leaf->body, (size_t)(leaf->end - leaf->body)});
	if (slice_is_ascii(*text) || ((!*charset || slice_is(slice_of(charset), "utf-8")) && slice_is_utf8(*text)))
		return 0;
	if (*charset && unicode_text(r->in, charset, *text, text))
		return 0;
	return fail(f, AT_INPUT, EX_DATAERR, "a text in it is not in %s, as it says", *charset ? charset : "UTF-8");
}

static void keep_until(struct ready_reader *r, uint64_t at)
{
	struct slice *before = &r->t->leaf[r->t->leaves].before;

	*before = (struct slice){r->body.p + r->at, (size_t)(at - r->at)};
	r->at = at;
}

/* What stands in front of the text with the fields of its part changed. */
static int change_fields(struct ready_reader *r, struct header *h, const struct leaf *leaf, struct failure *f)
{
	struct slice *before = &r->t->leaf[r->t->leaves].before;
	struct buf all;
	int rc;

	keep_until(r, leaf->head);
	put_fields(h, leaf);
	buf_start(&all, before->len + PARTS_HEADERS);
	rc = buf_slice(&all, *before) < 0 || header_print(h, &all) < 0 ? -1 : 0;
	*before = (struct slice){arena_text(r->in, all.p ? all.p : "", all.len), all.len};
	buf_free(&all);
	r->at = leaf->body;
	return rc < 0 ? fail(f, AT_INPUT, EX_DATAERR, "the fields of a part are too large") : 0;
}

static int take_leaf(struct ready_reader *r, const struct leaf *leaf, struct failure *f)
{
	struct header part = {.in = r->in}, *h = leaf->outermost ? &r->message.header : &part;
	struct template_text said = {.kind = TEMPLATE_TEXT};
	struct slice rest = leaf->fields;

	if (leaf->composite || !leaf->text)
		return 0;
	if (!leaf->outermost)
		(void)header_parse(&part, &rest); /* parts_list has */
	if (is_attachment(h))
		return 0;
	if (text_of(r, leaf, h, &said.text, f) < 0)
		return -1;
	if (!memmem(said.text.p, said.text.len, "{{", 2))
		return 0;
	if (slice_is(slice_of(mime_type(r->in, h)), "text/html"))
		said.kind = TEMPLATE_HTML;
	if (template_read(&r->t->leaf[r->t->leaves].text, r->in, &said, r->column, r->columns, f) < 0)
		return failure_in(f, "the %s in it", said.kind == TEMPLATE_HTML ? "HTML" : "text");
	r->t->leaf[r->t->leaves].alone = leaf->outermost;
	if (leaf->outermost) {
		keep_until(r, leaf->body);
		put_fields(h, leaf);
	} else if (change_fields(r, h, leaf, f) < 0) {
		return -1;
	}
	r->at = leaf->end;
	r->t->leaves++;
	return 0;
}

static int read_body(struct ready_reader *r, struct failure *f)
{
	size_t room = (size_t)r->message.body->size, len = 0;
	char *all = arena_zeroed(r->in, room + 1, 1);
	struct parts parts;

	if (r->message.body->rewind(r->message.body, f) < 0 || source_fill(r->message.body, all, room, &len, f) < 0)
		return -1;
	r->body = (struct slice){all, len};
	if (parts_list(&parts, r->in, &r->message, f) < 0)
		return -1;
	if (parts.broken || !r->message.facts.parted)
		return fail(f, AT_INPUT, EX_DATAERR, "its parts cannot be told apart");
	r->t->leaf = arena_zeroed(r->in, parts.leaves + 1, sizeof *r->t->leaf);
	for (size_t i = 0; i < parts.leaves; i++)
		if (take_leaf(r, &parts.leaf[i], f) < 0)
			return -1;
	r->t->rest = (struct slice){r->body.p + r->at, r->body.len - (size_t)r->at};
	return 0;
}

/* Behind the body, whose outermost leaf may have changed what the header says. */
static int read_header(struct ready_reader *r, struct failure *f)
{
	struct template_text said = {.kind = TEMPLATE_MAIL};
	struct buf all;
	int rc;

	buf_start(&all, TEMPLATE_HEADER);
	rc = header_print(&r->message.header, &all) < 0 ? fail(f, AT_INPUT, EX_DATAERR, "its header is too large") : 0;
	said.text = (struct slice){arena_text(r->in, all.p ? all.p : "", all.len), all.len};
	buf_free(&all);
	return rc < 0 ? -1 : template_read(&r->t->header, r->in, &said, r->column, r->columns, f);
}

int template_ready_read(struct template_ready **out, struct arena *in, struct slice text, const struct slice *column, size_t columns,
			struct failure *f)
{
	struct ready_reader r = {.t = arena_zeroed(in, 1, sizeof *r.t), .in = in, .column = column, .columns = columns};
	int rc = take_octets(&r.message, in, text, 0, f);

	if (rc == 0)
		rc = read_body(&r, f) < 0 ? -1 : read_header(&r, f);
	message_close(&r.message);
	*out = r.t;
	return rc;
}

/* A text that does not end a line: the line end in front of the next boundary is not its own (RFC 2046 5.1.1), and it gets no other. */
static struct source *without_line_end(struct source *text, struct arena *in, struct failure *f)
{
	size_t len = 0, room = (size_t)text->size - 2;
	char *all = arena_zeroed(in, room + 1, 1);

	if (text->rewind(text, f) < 0 || source_fill(text, all, room, &len, f) < 0)
		return NULL;
	return source_text(in, (struct slice){all, len});
}

/* Encoded anew; what it is read from may be a file, which the message holds then. */
static struct source *render_leaf(const struct ready_leaf *leaf, struct message *m, struct arena *in, const struct slice *cell, struct buf *out,
				  struct failure *f)
{
	struct message text = {.body = NULL};
	bool ends;
	int rc;

	buf_clear(out);
	if (template_render(leaf->text, in, cell, out, f) < 0)
		return NULL;
	ends = !out->len || out->p[out->len - 1] == '\n' || out->p[out->len - 1] == '\r';
	rc = take_octets(&text, in, buf_slice_of(out), MESSAGE_IS_TEXT, f);
	if (rc == 0 && !ends && !leaf->alone && text.body->size > 2) {
		text.body = without_line_end(text.body, in, f);
		rc = text.body ? 0 : -1;
	}
	if (rc < 0) {
		message_close(&text);
		return NULL;
	}
	message_keep_all(m, &text);
	return source_quoted(in, text.body, f);
}

static int render_body(const struct template_ready *t, struct message *m, struct arena *in, const struct slice *cell, struct buf *out,
		       struct failure *f)
{
	struct source **all = arena_zeroed(in, 2 * t->leaves + 1, sizeof(struct source *));
	struct facts facts;

	for (size_t i = 0; i < t->leaves; i++) {
		all[2 * i] = source_text(in, t->leaf[i].before);
		all[2 * i + 1] = render_leaf(&t->leaf[i], m, in, cell, out, f);
		if (!all[2 * i + 1])
			return -1;
	}
	all[2 * t->leaves] = source_text(in, t->rest);
	m->body = source_chain(in, all, 2 * t->leaves + 1);
	facts = m->facts;
	if (message_facts(m->body, &m->facts, f) < 0)
		return -1;
	m->facts.no_header = facts.no_header;
	m->facts.parted = facts.parted;
	return 0;
}

int template_ready_render(const struct template_ready *t, struct message *m, struct arena *in, const struct slice *cell, struct failure *f)
{
	struct buf out;
	int rc;

	buf_start(&out, RENDERED);
	rc = template_render(t->header, in, cell, &out, f);
	if (rc == 0)
		rc = take_octets(m, in, buf_slice_of(&out), 0, f);
	if (rc == 0)
		rc = render_body(t, m, in, cell, &out, f);
	buf_free(&out);
	return rc;
}
