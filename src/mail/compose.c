#include "mail/compose.h"

#include <string.h>
#include <time.h>

#include "mail/params.h"
#include "mail/settle.h"
#include "mail/stamp.h"

enum { FIELDS_MAX = 64 * 1024 };

/* A part that is made: its fields, and what follows them. */
struct node {
	const char *type, *encoding; /* NULL: other has them */
	const char *other;	     /* further fields, whole lines, or "" */
	struct source *body;
};

static int know(struct source *s, struct knowledge *k, struct failure *f)
{
	char piece[16384];
	size_t got;

	*k = (struct knowledge){0};
	if (s->rewind(s, f) < 0)
		return -1;
	do {
		if (s->pull(s, piece, sizeof piece, &got, f) < 0)
			return -1;
		facts_add(k, (struct slice){piece, got});
	} while (got);
	facts_end(k);
	return s->rewind(s, f);
}

static const char *type_text(struct arena *in, const struct part *p)
{
	if (!*p->charset)
		return p->type;
	return arena_printf(in, "%s; charset=%s", p->type, p->charset);
}

static int text_node(struct node *n, struct arena *in, const struct part *p, struct failure *f)
{
	struct source *quoted;
	struct knowledge k;

	if (know(p->content, &k, f) < 0)
		return -1;
	*n = (struct node){type_text(in, p), "7bit", "", p->content};
	if (!k.eightbit && !k.longest)
		return 0;
	quoted = source_quoted(in, p->content, f);
	if (!quoted)
		return -1;
	if (quoted->size <= base64_size(p->content->size)) {
		n->encoding = "quoted-printable";
		n->body = quoted;
	} else {
		n->encoding = "base64";
		n->body = source_base64(in, p->content);
	}
	return 0;
}

static struct node file_node(struct arena *in, const struct part *p)
{
	struct node n = {type_text(in, p), "base64", "", source_base64(in, p->content)};
	struct buf out;
	int ok;

	buf_start(&out, FIELDS_MAX);
	ok = buf_printf(&out, "Content-Disposition: %s", p->disposition);
	if (ok == 0 && p->name)
		ok = params_add(&out, "filename", slice_of(p->name));
	if (ok == 0)
		ok = buf_text(&out, "\r\n");
	if (ok == 0 && p->id)
		ok = buf_printf(&out, "Content-ID: <%s>\r\n", p->id);
	if (ok == 0)
		n.other = arena_text(in, out.p, out.len);
	buf_free(&out);
	return n;
}

static const char *head_of(struct arena *in, const struct node *n, const char *boundary, bool first)
{
	const char *head = arena_printf(in, "%s--%s\r\n", first ? "" : "\r\n", boundary);

	if (n->type)
		head = arena_printf(in, "%sContent-Type: %s\r\nContent-Transfer-Encoding: %s\r\n", head, n->type, n->encoding);
	return arena_printf(in, "%s%s\r\n", head, n->other);
}

/* No letter of base64, and in quoted-printable = is never followed by _. */
static const char *new_boundary(struct arena *in)
{
	const char *id = stamp_message_id(in, "", time(NULL));

	return arena_printf(in, "=_%.*s", (int)strcspn(id + 1, "@>"), id + 1);
}

static struct node multipart(struct arena *in, const char *kind, const struct node *part, size_t count, bool eightbit)
{
	struct source **all = arena_zeroed(in, 2 * count + 1, sizeof(struct source *));
	const char *boundary = new_boundary(in);

	for (size_t i = 0; i < count; i++) {
		all[2 * i] = source_text(in, slice_of(head_of(in, &part[i], boundary, i == 0)));
		all[2 * i + 1] = part[i].body;
	}
	all[2 * count] = source_text(in, slice_of(arena_printf(in, "\r\n--%s--\r\n", boundary)));
	return (struct node){arena_printf(in, "multipart/%s;\r\n boundary=\"%s\"", kind, boundary), eightbit ? "8bit" : "7bit", "",
			     source_chain(in, all, 2 * count + 1)};
}

/* What the message says of its body goes with it into the part. */
static struct node kept_node(struct arena *in, const struct message *m)
{
	const char *fields = "";

	for (size_t i = 0; i < m->header.fields; i++) {
		const struct field *field = &m->header.field[i];

		if (slice_begins(field->name, "Content-"))
			fields = arena_printf(in, "%s%.*s\r\n", fields, (int)field->raw.len, field->raw.p);
	}
	return (struct node){NULL, NULL, fields, m->body};
}

static int html_node(struct node *n, struct arena *in, const struct composition *c, struct failure *f)
{
	struct node *all = arena_zeroed(in, c->shows + 1, sizeof *all);

	if (text_node(&all[0], in, &c->html, f) < 0)
		return -1;
	*n = all[0];
	for (size_t i = 0; i < c->shows; i++)
		all[i + 1] = file_node(in, &c->shown[i]);
	if (c->shows) {
		*n = multipart(in, "related", all, c->shows + 1, false);
		n->type = arena_printf(in, "%s;\r\n type=\"text/html\"", n->type); /* RFC 2387 3.1 */
	}
	return 0;
}

/* Text and HTML say the same; the better one comes last (RFC 2046 5.1.4). */
static int body_node(struct node *n, struct arena *in, const struct message *m, const struct composition *c, struct failure *f)
{
	struct node both[2];

	if (c->keep) {
		*n = kept_node(in, m);
		return 0;
	}
	if (!c->html.content)
		return text_node(n, in, &c->text, f);
	if (!c->text.content)
		return html_node(n, in, c, f);
	if (text_node(&both[0], in, &c->text, f) < 0 || html_node(&both[1], in, c, f) < 0)
		return -1;
	*n = multipart(in, "alternative", both, 2, false);
	return 0;
}

static void put(struct message *m, const struct node *n)
{
	struct header *h = &m->header;

	for (size_t i = 0; i < h->fields;) {
		struct slice name = h->field[i].name;

		if (slice_begins(name, "Content-") || slice_is(name, "MIME-Version"))
			header_remove(h, arena_text(h->in, name.p, name.len));
		else
			i++;
	}
	header_put(h, "MIME-Version", "1.0");
	header_put(h, "Content-Type", n->type);
	header_put(h, "Content-Transfer-Encoding", n->encoding);
	m->body = n->body;
}

int compose(struct message *m, struct arena *in, const struct composition *c, struct failure *f)
{
	bool body = c->keep || c->text.content || c->html.content, eightbit = c->keep && m->facts.eightbit;
	struct node *all = arena_zeroed(in, c->attachments + 1, sizeof *all);
	struct node whole;
	size_t count = 0;

	if (body && body_node(&all[count++], in, m, c, f) < 0)
		return -1;
	for (size_t i = 0; i < c->attachments; i++)
		all[count++] = file_node(in, &c->attached[i]);
	whole = c->attachments ? multipart(in, "mixed", all, count, eightbit) : all[0];
	put(m, &whole);
	m->facts.eightbit = eightbit;
	if (!c->keep)
		m->facts.longest = 0;
	return 0;
}
