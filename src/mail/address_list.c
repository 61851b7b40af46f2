#include "mail/address.h"

#include <string.h>
#include <sysexits.h>

#include "mail/lexer.h"

enum { SHOWN = 60 }; /* how many octets of a bad address an error shows */

struct parser {
	struct lexer lexer;
	struct token now;
	const char *last;  /* where the last token ended */
	const char *begin; /* the beginning of the member that is read, for the error */
	const char *why;
	struct arena *in;
	struct mailboxes *out;
	bool group; /* inside a group, between : and ; */
	bool one;   /* address_one: <> is allowed, a group is not */
};

/* Words and dots in a row, before it is known whether they are a name or a local part. */
struct words {
	size_t runs; /* words not joined by dots: 1 is a local part, more are a name */
	bool loose;  /* there are blanks in it */
	bool unfit;  /* too long for a local part, or holds a [literal] */
	bool escaped;
	size_t len;
	char text[ADDRESS_MAX + 1];
	struct slice span;
};

struct domain {
	size_t len;
	char text[ADDRESS_MAX + 1];
};

/* How a member was written, which decides what may follow it without a comma. */
struct member {
	bool at, named, opens; /* opens: the member is the name and the colon of a group */
};

static int wrong(struct parser *p, const char *why)
{
	p->why = p->now.kind == TOKEN_BAD ? p->lexer.trouble : why;
	return -1;
}

static void next_token(struct parser *p)
{
	p->last = p->now.raw.p + p->now.raw.len;
	lexer_next(&p->lexer, &p->now);
}

static bool at(const struct parser *p, char special)
{
	return p->now.kind == TOKEN_SPECIAL && p->now.special == special;
}

static void words_append(struct words *w, struct slice raw)
{
	size_t len = 0;

	if (!lexer_value(raw, w->text + w->len, sizeof w->text - w->len, &len))
		w->unfit = true;
	w->len += len;
}

static void words_read(struct parser *p, struct words *w)
{
	bool joined = true;

	w->span.p = p->now.raw.p;
	for (bool first = true;; first = false) {
		const struct token *t = &p->now;
		bool dot = at(p, '.');

		if (!dot && t->kind != TOKEN_WORD && t->kind != TOKEN_QUOTED && t->kind != TOKEN_LITERAL)
			break;
		w->loose |= !first && t->spaced;
		w->escaped |= first && t->raw.p[0] == '\\';
		w->unfit |= t->kind == TOKEN_LITERAL;
		w->runs += !dot && (!joined || !w->runs);
		joined = dot;
		words_append(w, t->raw);
		next_token(p);
		w->span.len = (size_t)(p->last - w->span.p);
	}
}

static int domain_part(struct parser *p, struct domain *d)
{
	if (d->len + p->now.raw.len > ADDRESS_MAX)
		return wrong(p, "it is too long");
	memcpy(d->text + d->len, p->now.raw.p, p->now.raw.len);
	d->len += p->now.raw.len;
	next_token(p);
	return 0;
}

/* An address literal as [192.0.2.1], [IPv6:2001:db8::1] or [tag:text], without an octet that ends a path in SMTP. */
static bool is_literal(struct slice s)
{
	for (size_t i = 1; i + 1 < s.len; i++)
		if (!lexer_is_atext(s.p[i]) && s.p[i] != ':' && s.p[i] != '.')
			return false;
	return s.len > 2;
}

/* Reads the domain; the current token is the @. A dot at the domain's end is dropped: it changes nothing, and relays refuse it. */
static int domain_read(struct parser *p, struct domain *d)
{
	next_token(p);
	if (p->now.kind == TOKEN_LITERAL) {
		if (!slice_is_ascii(p->now.raw))
			return wrong(p, "the domain is not ASCII");
		if (!is_literal(p->now.raw))
			return wrong(p, "what stands in [] is no address of a host");
		return domain_part(p, d);
	}
	for (;;) {
		if (p->now.kind != TOKEN_WORD)
			return wrong(p, d->len ? "the domain has an empty part" : "no domain stands behind the @");
		if (memchr(p->now.raw.p, '\\', p->now.raw.len))
			return wrong(p, "the domain holds a backslash");
		if (domain_part(p, d) < 0)
			return -1;
		if (!at(p, '.'))
			return 0;
		next_token(p);
		if (p->now.kind != TOKEN_WORD && !at(p, '.'))
			return p->now.kind == TOKEN_BAD ? wrong(p, NULL) : 0;
		d->text[d->len++] = '.';
		if (d->len > ADDRESS_MAX)
			return wrong(p, "it is too long");
	}
}

static bool is_dot_atom(const char *text, size_t len)
{
	bool dot = true;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' ? dot : !lexer_is_atext(text[i]))
			return false;
		dot = text[i] == '.';
	}
	return !dot;
}

static size_t local_spell(char *to, const char *text, size_t len)
{
	size_t used = 0;

	if (is_dot_atom(text, len)) {
		memcpy(to, text, len);
		return len;
	}
	to[used++] = '"';
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			to[used++] = '\\';
		to[used++] = text[i];
	}
	to[used++] = '"';
	return used;
}

const char *address_of_name(struct arena *in, const char *name)
{
	char *text = arena_zeroed(in, 2 * strlen(name) + 3, 1);

	text[local_spell(text, name, strlen(name))] = '\0';
	return text;
}

static struct mailbox *append(struct parser *p)
{
	struct mailboxes *out = p->out;

	out->box = arena_grow(p->in, out->box, out->count, &out->room, sizeof *out->box);
	out->box[out->count] = (struct mailbox){.address = ""};
	return &out->box[out->count++];
}

/* d is NULL for a bare name. */
static int add(struct parser *p, const struct words *w, const struct domain *d, struct slice name)
{
	char text[2 * sizeof w->text + sizeof d->text + 4];
	struct mailbox *box;
	struct slice all;
	size_t len;

	if (w->unfit)
		return wrong(p, w->len > ADDRESS_MAX ? "it is too long" : "it holds a [");
	if (w->runs != 1 || !w->len)
		return wrong(p, w->runs > 1 ? "it is several words without <>" : "no name stands in it");
	/* In =?utf-8?Q?Doe,_Joe?= <a@x> a comma, which must not stand in an encoded word, cuts the name in two. */
	if (!d && w->len > 1 && memcmp(w->text, "=?", 2) == 0)
		return wrong(p, "it is part of an encoded name");
	len = local_spell(text, w->text, w->len);
	if (d) {
		text[len++] = '@';
		memcpy(text + len, d->text, d->len);
		len += d->len;
	}
	all = (struct slice){text, len};
	if (len > ADDRESS_MAX)
		return wrong(p, "it is too long");
	if (!slice_is_utf8(all))
		return wrong(p, "it is not UTF-8");
	if (slice_has_control(all))
		return wrong(p, "it holds a control character");
	box = append(p);
	box->address = arena_text(p->in, text, len);
	box->spelled = (struct slice){w->span.p, (size_t)(p->last - w->span.p)};
	box->escaped = w->escaped;
	box->name = name.len ? name : p->lexer.comment;
	return 0;
}

/* Skips the route of <@a,@b:user@x>: the relay decides which way the mail goes (RFC 5322 4.4, RFC 5321 C). */
static int route_skip(struct parser *p)
{
	if (!at(p, '@') && !at(p, ','))
		return 0;
	while (at(p, '@') || at(p, ',')) {
		struct domain ignored = {.len = 0};

		if (at(p, ','))
			next_token(p);
		else if (domain_read(p, &ignored) < 0)
			return -1;
	}
	if (!at(p, ':'))
		return wrong(p, "its route does not end");
	next_token(p);
	return 0;
}

/* Reads an address in <>; the current token is the <. */
static int angle_read(struct parser *p, struct slice name, struct member *m)
{
	struct words w = {.runs = 0};
	struct domain d = {.len = 0};

	m->named = name.len > 0;
	m->at = false;
	next_token(p);
	if (at(p, '>')) {
		next_token(p);
		if (!p->one)
			return wrong(p, "<> is the null sender");
		append(p)->name = name;
		return 0;
	}
	if (route_skip(p) < 0)
		return -1;
	words_read(p, &w);
	m->at = at(p, '@');
	if (m->at && domain_read(p, &d) < 0)
		return -1;
	if (!at(p, '>'))
		return wrong(p, "a > is missing");
	if (add(p, &w, m->at ? &d : NULL, name) < 0)
		return -1;
	next_token(p);
	return 0;
}

static int member_read(struct parser *p, struct member *m)
{
	struct words w = {.runs = 0};
	struct domain d = {.len = 0};

	*m = (struct member){.at = false};
	p->lexer.comment = (struct slice){NULL, 0};
	words_read(p, &w);
	m->at = at(p, '@');
	if (m->at) {
		if (w.runs > 1)
			return wrong(p, "several words stand before the @");
		if (domain_read(p, &d) < 0)
			return -1;
		w.span.len = (size_t)(p->last - w.span.p);
	}
	/* Some programs write a@x <a@x>: what stands before the < is the name. */
	if (at(p, '<'))
		return angle_read(p, w.span, m);
	if (p->now.kind == TOKEN_BAD || at(p, '>') || at(p, '@'))
		return wrong(p, at(p, '@') ? "it has two @" : "a > stands alone");
	if (at(p, ':') && !m->at) {
		if (!w.runs || p->group || p->one)
			return wrong(p, "a group can't stand here");
		m->opens = p->group = true;
		next_token(p);
		return 0;
	}
	if (!m->at && w.loose)
		return wrong(p, "it is several words without <>");
	return add(p, &w, m->at ? &d : NULL, (struct slice){NULL, 0});
}

static int list_read(struct parser *p)
{
	struct member m = {.at = false};
	bool fresh = true; /* the next token begins a new member */

	while (p->now.kind != TOKEN_END) {
		bool follows = !fresh, had_at = m.at, spaced = p->now.spaced;

		p->begin = p->now.raw.p;
		if (at(p, ',') || at(p, ';')) {
			p->group &= !at(p, ';');
			fresh = true;
			next_token(p);
			continue;
		}
		if (member_read(p, &m) < 0)
			return -1;
		/* "a@x b@x" are two members; what is meant by "John Smith" cannot be told. */
		if (follows && (!spaced || !had_at || !m.at || m.named))
			return wrong(p, "no comma stands before it");
		fresh = m.opens;
	}
	return 0;
}

/* Quotes the member that could not be read. */
static int complain(const struct parser *p, struct slice text, struct failure *f)
{
	const char *end = p->now.kind == TOKEN_SPECIAL ? p->now.raw.p : p->lexer.p, *stop = text.p + text.len;
	char shown[4 * SHOWN + 1];
	struct slice bad;
	bool cut;

	while (end < stop && *end != ',' && *end != ';')
		end++;
	bad = slice_trim((struct slice){p->begin, (size_t)(end - p->begin)});
	cut = bad.len > SHOWN;
	if (cut)
		for (bad.len = SHOWN; bad.len > SHOWN - 4 && ((unsigned char)bad.p[bad.len] & 0xc0) == 0x80;)
			bad.len--;
	slice_printable(shown, sizeof shown, bad);
	return fail(f, AT_RECIPIENT, EX_DATAERR, "\"%s%s\" is no address: %s", shown, cut ? "..." : "", p->why);
}

static int parse(struct parser *p, struct slice text, struct failure *f)
{
	p->lexer = lexer_of(text);
	p->begin = text.p;
	p->last = text.p;
	if (!address_text_is_clean(text)) {
		p->why = "it holds a control character";
		return complain(p, text, f);
	}
	lexer_next(&p->lexer, &p->now);
	return list_read(p) < 0 ? complain(p, text, f) : 0;
}

int address_list(struct mailboxes *out, struct arena *in, struct slice text, struct failure *f)
{
	struct parser p = {.in = in, .out = out};
	size_t before = out->count;

	if (!text.len)
		return 0;
	if (parse(&p, text, f) < 0) {
		out->count = before;
		return -1;
	}
	return 0;
}

int address_one(const char **out, struct arena *in, struct slice text, struct failure *f)
{
	struct mailboxes found = {.count = 0};
	struct parser p = {.in = in, .out = &found, .one = true};

	text = slice_trim(text);
	if (!text.len) {
		*out = "";
		return 0;
	}
	if (parse(&p, text, f) < 0)
		return -1;
	if (found.count != 1) {
		p.why = found.count ? "it is more than one" : "it names nobody";
		p.begin = text.p;
		return complain(&p, text, f);
	}
	*out = found.box[0].address;
	return 0;
}
