#include "mail/compose.h"

#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "mail/mime.h"
#include "mail/params.h"
#include "mail/normalize.h"
#include "mail/stamp.h"

enum { FIELDS_MAX = 64 * 1024 };

/* A part of the new body: its fields, and its content. */
struct node {
	const char *type, *encoding; /* NULL: other has them */
	const char *other;	     /* further fields, whole lines, or "" */
	struct source *body;
	bool eightbit; /* its content has octets above 127 */
};

/* What one form of the message is built from. */
struct plan {
	struct arena *in;
	const struct message *message;
	const struct composition *c;
	struct node *shown, *attached; /* parts that are the same in both forms */
	bool eightbit; /* texts may be in 8 bits */
};

static const char *type_text(struct arena *in, const struct part *p)
{
	return arena_printf(in, "%s%s%s%s", p->type, *p->charset ? "; charset=" : "", p->charset, p->more ? p->more : "");
}

static bool is_long(const struct part *p)
{
	return p->facts.longest > NORMALIZE_LINE;
}

static int text_node(struct node *n, const struct plan *plan, const struct part *p, struct failure *f)
{
	bool text = *p->charset, eightbit = p->facts.eightbit;
	struct source *quoted = NULL;

	*n = (struct node){type_text(plan->in, p), "7bit", "", p->content, false};
	if (text && !is_long(p) && (!eightbit || plan->eightbit)) {
		n->encoding = eightbit ? "8bit" : "7bit";
		n->eightbit = eightbit;
		return 0;
	}
	if (text) {
		quoted = source_quoted(plan->in, p->content, f);
		if (!quoted)
			return -1;
	}
	if (quoted && quoted->size <= base64_size(p->content->size)) {
		n->encoding = "quoted-printable";
		n->body = quoted;
	} else {
		n->encoding = "base64";
		n->body = source_base64(plan->in, p->content);
	}
	return 0;
}

static struct node file_node(struct arena *in, const struct part *p)
{
	struct node n = {type_text(in, p), "base64", "", p->base64 ? p->base64 : source_base64(in, p->content), false};
	struct buf out;
	int rc;

	buf_start(&out, FIELDS_MAX);
	rc = buf_printf(&out, "Content-Disposition: %s", p->disposition);
	if (rc == 0 && p->name)
		rc = params_add(&out, "filename", slice_of(p->name));
	if (rc == 0)
		rc = buf_text(&out, "\r\n");
	if (rc == 0 && p->id)
		rc = buf_printf(&out, "Content-ID: <%s>\r\n", p->id);
	if (rc == 0)
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

/* A boundary holds "=_", which stands neither in base64 nor in quoted-printable text. */
static const char *new_boundary(struct arena *in)
{
	const char *id = stamp_message_id(in, "", time(NULL));

	return arena_printf(in, "=_%.*s", (int)strcspn(id + 1, "@>"), id + 1);
}

static struct node *file_nodes(struct arena *in, const struct part *part, size_t count)
{
	struct node *all = arena_zeroed(in, count + 1, sizeof *all);

	for (size_t i = 0; i < count; i++)
		all[i] = file_node(in, &part[i]);
	return all;
}

static struct node multipart(struct arena *in, const char *kind, const struct node *part, size_t count)
{
	struct source **all = arena_zeroed(in, 2 * count + 1, sizeof(struct source *));
	const char *boundary = new_boundary(in);
	bool eightbit = false;

	for (size_t i = 0; i < count; i++) {
		all[2 * i] = source_text(in, slice_of(head_of(in, &part[i], boundary, i == 0)));
		all[2 * i + 1] = part[i].body;
		eightbit |= part[i].eightbit;
	}
	all[2 * count] = source_text(in, slice_of(arena_printf(in, "\r\n--%s--\r\n", boundary)));
	return (struct node){arena_printf(in, "multipart/%s;\r\n boundary=\"%s\"", kind, boundary), eightbit ? "8bit" : "7bit", "",
			     source_chain(in, all, 2 * count + 1), eightbit};
}

/* A multipart of `first`, followed by the others. */
static struct node *row_of(struct arena *in, const struct node *first, const struct node *more, size_t count)
{
	struct node *all = arena_zeroed(in, count + 1, sizeof *all);

	all[0] = *first;
	if (count)
		memcpy(all + 1, more, count * sizeof *all);
	return all;
}

/* The message's own body as a part, with the MIME fields that the message had for it. */
static int kept_node(struct node *n, const struct plan *plan, struct failure *f)
{
	const struct message *m = plan->message;
	const char *fields;
	struct buf out;
	int rc = 0;

	buf_start(&out, 2 * MESSAGE_IN_MEMORY);
	for (size_t i = 0; i < m->header.fields && rc == 0; i++) {
		const struct field *field = &m->header.field[i];

		if (mime_is_field(field->name) && !slice_is(field->name, "MIME-Version") && !header_is_silent(field)) {
			rc = buf_slice(&out, field->raw);
			if (rc == 0)
				rc = buf_text(&out, "\r\n");
		}
	}
	fields = arena_text(plan->in, out.p ? out.p : "", out.len);
	buf_free(&out);
	if (rc < 0)
		return fail(f, AT_INPUT, EX_DATAERR, "the header is larger than %d octets", 2 * MESSAGE_IN_MEMORY);
	*n = (struct node){NULL, NULL, fields, m->body, m->facts.eightbit};
	return 0;
}

static int html_node(struct node *n, const struct plan *plan, struct failure *f)
{
	const struct composition *c = plan->c;
	struct node html;

	if (text_node(&html, plan, &c->html, f) < 0)
		return -1;
	*n = html;
	if (c->shows) {
		*n = multipart(plan->in, "related", row_of(plan->in, &html, plan->shown, c->shows), c->shows + 1);
		n->type = arena_printf(plan->in, "%s;\r\n type=\"text/html\"", n->type); /* RFC 2387 3.1 */
	}
	return 0;
}

/* The text and the HTML, which say the same; the richer form comes last (RFC 2046 5.1.4). */
static int body_node(struct node *n, const struct plan *plan, struct failure *f)
{
	const struct composition *c = plan->c;
	struct node both[2];

	if (c->keep)
		return kept_node(n, plan, f);
	if (!c->html.content)
		return text_node(n, plan, &c->text, f);
	if (!c->text.content)
		return html_node(n, plan, f);
	if (text_node(&both[0], plan, &c->text, f) < 0 || html_node(&both[1], plan, f) < 0)
		return -1;
	*n = multipart(plan->in, "alternative", both, 2);
	return 0;
}

static int build(struct node *whole, const struct plan *plan, struct failure *f)
{
	const struct composition *c = plan->c;
	struct node body;

	if (!c->keep && !c->text.content && !c->html.content) {
		*whole = multipart(plan->in, "mixed", plan->attached, c->attachments);
		return 0;
	}
	if (body_node(&body, plan, f) < 0)
		return -1;
	*whole = body;
	if (c->attachments)
		*whole = multipart(plan->in, "mixed", row_of(plan->in, &body, plan->attached, c->attachments), c->attachments + 1);
	return 0;
}

static void put_mime(struct message *m, const struct node *n)
{
	struct header *h = &m->header;
	size_t kept = 0;

	for (size_t i = 0; i < h->fields; i++)
		if (!mime_is_field(h->field[i].name))
			h->field[kept++] = h->field[i];
	h->fields = kept;
	header_put(h, "MIME-Version", "1.0");
	header_put(h, "Content-Type", n->type);
	header_put(h, "Content-Transfer-Encoding", n->encoding);
	m->body = n->body;
}

/* The part has 8-bit octets, and no line so long that it has to be encoded for every relay. */
static bool has_choice(const struct part *p)
{
	return p->content && *p->charset && p->facts.eightbit && !is_long(p);
}

int compose_message(struct message *m, struct arena *in, const struct composition *c, struct failure *f)
{
	struct plan plan = {in, m, c, file_nodes(in, c->shown, c->shows), file_nodes(in, c->attached, c->attachments), false};
	struct node whole, eight = {.body = NULL};

	if (build(&whole, &plan, f) < 0)
		return -1;
	plan.eightbit = true;
	if (!c->keep && (has_choice(&c->text) || has_choice(&c->html)) && build(&eight, &plan, f) < 0)
		return -1;
	put_mime(m, &whole);
	m->type8 = eight.type;
	m->body8 = eight.body;
	m->facts.eightbit = whole.eightbit;
	if (!c->keep)
		m->facts.longest = 0;
	return 0;
}

struct part compose_text(const char *type, const char *charset, struct source *content, const struct facts *facts)
{
	struct part p = {.type = type, .charset = charset, .content = content, .facts = *facts};

	/* A text whose charset cannot be told is sent as a file. */
	if (slice_is(slice_of(charset), "binary")) {
		p.type = "application/octet-stream";
		p.charset = "";
	}
	return p;
}
