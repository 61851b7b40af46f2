#include "mail/recode.h"

#include <sysexits.h>

#include "mail/parts.h"
#include "mail/patched.h"
#include "mail/normalize.h"

/* One form of the message, while it is made. */
struct form {
	struct arena *in;
	struct message *m;
	const struct parts *parts;
	struct source *body; /* the body as it came */
	bool eightbit;
	struct stretch *stretch;
	size_t count;
	uint64_t at; /* the stretches cover the body up to this offset */
	struct source *window, *encoder[STRETCHES]; /* used to learn how long a leaf becomes */
};

/* Whether that form changes the leaf. */
static bool changes(const struct parts *p, const struct leaf *leaf, bool eightbit)
{
	if (leaf->composite) /* a multipart that says 8bit, and holds no 8-bit octets any more */
		return !eightbit && !p->others.eightbit;
	return leaf->facts.longest > NORMALIZE_LINE || (leaf->facts.eightbit && !eightbit);
}

static void add(struct form *form, struct stretch stretch)
{
	if (stretch.len || stretch.as == STRETCH_TEXT)
		form->stretch[form->count++] = stretch;
	form->at += stretch.len;
}

static void same_until(struct form *form, uint64_t at)
{
	add(form, (struct stretch){.len = at - form->at, .as = STRETCH_SAME});
}

static int measure(struct form *form, const struct leaf *leaf, struct stretch *stretch, struct failure *f)
{
	struct source **encoder = &form->encoder[stretch->as];

	if (!form->window)
		form->window = window_of(form->in, form->body);
	if (!*encoder)
		*encoder = stretch_encoder(form->in, stretch->as, form->window, f);
	if (!*encoder)
		return -1;
	window_move(form->window, leaf->body, stretch->len);
	if (source_measure(*encoder, f) < 0)
		return -1;
	stretch->size = (*encoder)->size;
	return 0;
}

static int choose(struct form *form, const struct leaf *leaf, struct stretch *as, struct failure *f)
{
	uint64_t len = leaf->end - leaf->body;
	struct stretch base64 = {.len = len, .as = STRETCH_BASE64, .size = base64_size(len)};

	*as = base64;
	if (leaf->encoding == MIME_PLAIN && !leaf->text)
		return 0;
	as->as = leaf->encoding == MIME_PLAIN ? STRETCH_QUOTED : leaf->encoding == MIME_QUOTED ? STRETCH_QUOTED_AGAIN : STRETCH_BASE64_AGAIN;
	if (measure(form, leaf, as, f) < 0)
		return -1;
	if (as->as == STRETCH_QUOTED && as->size > base64.size)
		*as = base64;
	return 0;
}

static void put_fields(struct header *h, const struct leaf *leaf, enum stretch_as as)
{
	if (leaf->message && !header_find(h, "MIME-Version", NULL))
		header_put(h, "MIME-Version", "1.0");
	/* Without a Content-Type the text would count as US-ASCII (RFC 2045 5.2). */
	if (!leaf->composite && leaf->facts.eightbit && !header_find_said(h, "Content-Type"))
		header_put(h, "Content-Type", leaf->facts.utf8 ? "text/plain; charset=utf-8" : "text/plain; charset=unknown-8bit");
	header_put(h, "Content-Transfer-Encoding", as == STRETCH_SAME ? "7bit" : as == STRETCH_QUOTED ? "quoted-printable" : "base64");
}

/* The fields of a part, changed in the same way. */
static int fields_text(struct form *form, const struct leaf *leaf, enum stretch_as as, struct slice *text, struct failure *f)
{
	struct header h = {.in = form->in};
	struct slice rest = leaf->fields;
	struct buf out;
	int rc;

	(void)header_parse(&h, &rest); /* parts_find has checked them */
	put_fields(&h, leaf, as);
	buf_start(&out, 2 * PARTS_HEADER);
	rc = header_print(&h, &out);
	*text = (struct slice){arena_text(form->in, out.p ? out.p : "", out.len), out.len};
	buf_free(&out);
	return rc < 0 ? fail(f, AT_INPUT, EX_DATAERR, "the fields of a part are larger than %d octets", 2 * PARTS_HEADER) : 0;
}

static int recode_leaf(struct form *form, const struct leaf *leaf, struct failure *f)
{
	struct stretch body = {.as = STRETCH_SAME}, head = {.len = leaf->body - leaf->head, .as = STRETCH_TEXT};

	if (!leaf->composite && choose(form, leaf, &body, f) < 0)
		return -1;
	if (leaf->outermost && leaf->encoding == MIME_PLAIN) {
		put_fields(&form->m->header, leaf, body.as);
	} else if (leaf->encoding == MIME_PLAIN) { /* otherwise its fields say how it is encoded */
		if (fields_text(form, leaf, body.as, &head.text, f) < 0)
			return -1;
		same_until(form, leaf->head);
		add(form, head);
	}
	same_until(form, leaf->body);
	add(form, body);
	return 0;
}

static int make(struct arena *in, struct message *m, const struct parts *p, bool eightbit, struct failure *f)
{
	struct form form = {.in = in, .m = m, .parts = p, .body = m->body, .eightbit = eightbit};

	form.stretch = arena_zeroed(in, 3 * p->leaves + 1, sizeof *form.stretch);
	for (size_t i = 0; i < p->leaves; i++)
		if (changes(p, &p->leaf[i], eightbit) && recode_leaf(&form, &p->leaf[i], f) < 0)
			return -1;
	if (!form.at && !form.count) /* no stretch changes the body */
		return 0;
	same_until(&form, form.body->size);
	m->body = source_patched(in, form.body, form.stretch, form.count, f);
	return m->body ? 0 : -1;
}

int recode_message(struct message *seven, struct message *eight, struct arena *in, struct failure *f)
{
	struct facts *facts = &seven->facts;
	bool both = false, any = false;
	struct parts p;

	if (parts_find(&p, in, seven, f) < 0)
		return -1;
	for (size_t i = 0; i < p.leaves; i++) {
		any |= changes(&p, &p.leaf[i], false);
		both |= changes(&p, &p.leaf[i], false) && !changes(&p, &p.leaf[i], true);
	}
	if (!any) {
		eight->body = NULL;
		return 0;
	}
	if (both && make(in, eight, &p, true, f) < 0)
		return -1;
	if (!both)
		eight->body = NULL;
	facts->eightbit = p.others.eightbit;
	facts->longest = p.others.longest;
	return make(in, seven, &p, false, f);
}
