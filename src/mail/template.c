#define _GNU_SOURCE /* memmem */
#include "mail/template_inside.h"

#include <string.h>
#include <sysexits.h>

enum { SHOWN = 60, NAMES = 300 };

struct open_section {
	size_t piece;
	const char *at;
};

struct reader {
	struct template *t;
	struct arena *in;
	const char *begin, *end; /* of the text */
	struct open_section open[TEMPLATE_DEEP];
	size_t depth;
	bool parted; /* the empty line behind the header was there */
};

struct tag {
	const char *at, *end; /* from its first brace to behind its last */
	char sigil;	      /* '{' for three braces, 0 for none */
	struct slice name;
	size_t column;
	struct slice wanted;  /* behind the =; p is NULL: there is none */
};

struct place {
	size_t line, column;
};

static struct place place_of(const struct reader *r, const char *at)
{
	struct place p = {1, 1};

	for (const char *c = r->begin; c < at; c++) {
		p.column += ((unsigned char)*c & 0xc0) != 0x80;
		if (*c == '\n')
			p = (struct place){p.line + 1, 1};
	}
	return p;
}

/* Of what stands there. */
static int wrong_place(const struct reader *r, const char *at, struct failure *f, const char *why)
{
	struct place p = place_of(r, at);

	return fail(f, AT_INPUT, EX_DATAERR, "line %zu, column %zu: %s", p.line, p.column, why);
}

static int wrong_name(const struct reader *r, const struct tag *tag, struct failure *f)
{
	struct place p = place_of(r, tag->at);
	struct arena scratch = {.block = NULL};
	const char *nearest = NULL;
	char typed[SHOWN], names[NAMES] = "", name[SHOWN];
	size_t used = 0;

	for (size_t i = 0; i < r->t->columns; i++) {
		struct slice column = r->t->column[i];
		size_t len;

		nearest = slice_nearer(tag->name, nearest, arena_text(&scratch, column.p, column.len));
		slice_printable(name, sizeof name, column);
		len = strlen(name);
		if (used + len + 8 < sizeof names) {
			memcpy(names + used, i ? ", " : "", i ? 2 : 0);
			used += i ? 2 : 0;
			memcpy(names + used, name, len + 1);
			used += len;
		} else if (names[used - 1] != '.') {
			memcpy(names + used, " ...", 5);
			used += 4;
		}
	}
	slice_printable(typed, sizeof typed, tag->name);
	slice_printable(name, sizeof name, slice_of(nearest ? nearest : ""));
	arena_free(&scratch);
	return fail(f, AT_INPUT, EX_DATAERR, "line %zu, column %zu: there is no column \"%s\"%s%s%s; there are: %s", p.line, p.column, typed,
		    *name ? " (\"" : "", name, *name ? "\"?)" : "", names);
}

static struct piece *add_piece(struct reader *r, struct piece p)
{
	struct template *t = r->t;

	t->piece = arena_grow(r->in, t->piece, t->pieces, &t->room, sizeof *t->piece);
	t->piece[t->pieces] = p;
	return &t->piece[t->pieces++];
}

static void add_literal(struct reader *r, const char *from, const char *to)
{
	if (to > from)
		add_piece(r, (struct piece){.kind = LITERAL, .text = {from, (size_t)(to - from)}});
}

/* How long the line end is that stands there; 0: none does. */
static size_t line_end(const struct reader *r, const char *p)
{
	if (p < r->end && *p == '\n')
		return 1;
	return p + 1 < r->end && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

/* The header ends where the first line stands that is empty in the template itself. */
static int read_literal(struct reader *r, const char *from, const char *to, struct failure *f)
{
	for (const char *p = from; p < to && !r->parted; p++) {
		size_t n = line_end(r, p);

		if (!n || (p > r->begin && p[-1] != '\n'))
			continue;
		if (r->depth)
			return wrong_place(r, r->open[r->depth - 1].at, f, "the section that begins there is not closed before the header ends");
		add_literal(r, from, p);
		r->t->header = r->t->pieces;
		r->parted = true;
		from = p + n;
	}
	add_literal(r, from, to);
	return 0;
}

static bool find_column(const struct template *t, struct slice name, size_t *column)
{
	for (*column = 0; *column < t->columns; ++*column)
		if (t->column[*column].len == name.len && (!name.len || memcmp(t->column[*column].p, name.p, name.len) == 0))
			return true;
	return false;
}

/* A name may hold a =, so that the whole is looked for first, and then what stands in front of the first, the second, ... */
static int resolve_name(const struct reader *r, struct tag *tag, struct failure *f)
{
	bool compares = tag->sigil && strchr("#^/", tag->sigil);
	struct slice all = tag->name;

	if (!all.len)
		return wrong_place(r, tag->at, f, "the braces hold no name of a column");
	if (find_column(r->t, all, &tag->column))
		return 0;
	for (size_t i = 0; i < all.len && compares; i++) {
		struct slice name = slice_trim((struct slice){all.p, i});

		if (all.p[i] != '=' || !find_column(r->t, name, &tag->column))
			continue;
		tag->name = name;
		tag->wanted = slice_trim((struct slice){all.p + i + 1, all.len - i - 1});
		return 0;
	}
	if (compares && slice_cut(&all, '=', &tag->name))
		tag->name = slice_trim(tag->name);
	return wrong_name(r, tag, f);
}

/* Stands on the braces. */
static int read_tag(const struct reader *r, const char *at, struct tag *tag, struct failure *f)
{
	const char *p = at + 2, *close;
	size_t braces = 2;

	*tag = (struct tag){.at = at, .end = at};
	if (p < r->end && *p && strchr("#^/&!{>=", *p)) {
		tag->sigil = *p++;
		braces += tag->sigil == '{';
	}
	close = memmem(p, (size_t)(r->end - p), "}}}", braces);
	if (!close)
		return wrong_place(r, at, f, braces == 2 ? "{{ without }}; \\{{ stands for two braces" : "{{{ without }}}");
	tag->end = close + braces;
	tag->name = slice_trim((struct slice){p, (size_t)(close - p)});
	if (tag->sigil == '>' || tag->sigil == '=')
		return wrong_place(r, at, f, "{{> and {{= are not known here");
	return tag->sigil == '!' ? 0 : resolve_name(r, tag, f);
}

/* Nothing else stands on its line, which is dropped then; blanks before it and the line end behind it go along. */
static bool is_alone(const struct reader *r, const struct tag *tag, const char **from, const char **to)
{
	const char *head = tag->at, *tail = tag->end;

	if (!tag->sigil || !strchr("#^/!", tag->sigil))
		return false;
	while (head > r->begin && octet_is_blank(head[-1]))
		head--;
	while (tail < r->end && octet_is_blank(*tail))
		tail++;
	if ((head > r->begin && head[-1] != '\n') || (tail < r->end && !line_end(r, tail)))
		return false;
	*from = head;
	*to = tail + line_end(r, tail);
	return true;
}

static int close_section(struct reader *r, const struct tag *tag, struct failure *f)
{
	const struct piece *p = r->depth ? &r->t->piece[r->open[r->depth - 1].piece] : NULL;
	struct place now, then;
	char name[SHOWN];

	if (p && p->column == tag->column &&
	    (!tag->wanted.p || (p->text.len == tag->wanted.len && (!p->text.len || memcmp(p->text.p, tag->wanted.p, p->text.len) == 0)))) {
		r->t->piece[r->open[--r->depth].piece].end = r->t->pieces;
		return 0;
	}
	now = place_of(r, tag->at);
	slice_printable(name, sizeof name, tag->name);
	if (!p)
		return fail(f, AT_INPUT, EX_DATAERR, "line %zu, column %zu: {{/%s}} closes a section, and none is open", now.line, now.column, name);
	then = place_of(r, r->open[r->depth - 1].at);
	return fail(f, AT_INPUT, EX_DATAERR, "line %zu, column %zu: {{/%s}} closes another section than the one that begins in line %zu, column %zu",
		    now.line, now.column, name, then.line, then.column);
}

static int open_section(struct reader *r, const struct tag *tag, struct failure *f)
{
	if (r->depth == TEMPLATE_DEEP)
		return wrong_place(r, tag->at, f, "too many sections within each other");
	r->open[r->depth++] = (struct open_section){r->t->pieces, tag->at};
	add_piece(r, (struct piece){.kind = tag->sigil == '#' ? SECTION : INVERTED, .text = tag->wanted, .column = tag->column});
	return 0;
}

static int take_tag(struct reader *r, const struct tag *tag, struct failure *f)
{
	switch (tag->sigil) {
	case '!':
		return 0;
	case '/':
		return close_section(r, tag, f);
	case '#':
	case '^':
		return open_section(r, tag, f);
	default:
		add_piece(r, (struct piece){.kind = tag->sigil ? RAW : VALUE, .column = tag->column});
		return 0;
	}
}

static int read_pieces(struct reader *r, struct failure *f)
{
	const char *from = r->begin, *look = from, *at;
	struct tag tag;

	while ((at = memmem(look, (size_t)(r->end - look), "{{", 2))) {
		const char *to = at;

		if (at > from && at[-1] == '\\') {
			if (read_literal(r, from, at - 1, f) < 0)
				return -1;
			from = at;
			look = at + 2;
			continue;
		}
		if (read_tag(r, at, &tag, f) < 0)
			return -1;
		look = tag.end;
		is_alone(r, &tag, &to, &look);
		if (read_literal(r, from, to, f) < 0 || take_tag(r, &tag, f) < 0)
			return -1;
		from = look;
	}
	return read_literal(r, from, r->end, f);
}

/* What stands in front of the first line end, as far as it is no column, is the beginning of a field. */
static int check_first_line(const struct reader *r, struct failure *f)
{
	struct slice rest = {r->begin, (size_t)(r->end - r->begin)}, line;

	if (!slice_line(&rest, &line) || !line.len || slice_begins(line, "{{"))
		return 0;
	for (size_t i = 0; i < line.len && line.p[i] > ' ' && line.p[i] < 127; i++)
		if (i && line.p[i] == ':')
			return 0;
	return wrong_place(r, r->begin, f, "no field of a header stands there, as \"Subject: ...\"");
}

/* Whether values are escaped is settled before the first row: so a type stands in the template, in each mail, and no column says it. */
static int check_types(const struct reader *r, struct failure *f)
{
	const struct template *t = r->t;
	size_t open = 0; /* up to which piece a section goes on */

	for (size_t i = 0; i < t->header; i++) {
		const struct piece *p = &t->piece[i];
		const char *type = p->kind == LITERAL ? template_type_of(p->text, i + 1 == t->header) : NULL;

		if (type && (i < open || type == p->text.p + p->text.len))
			return wrong_place(r, type, f, "a Content-Type is written out, since values are escaped in HTML alone; for both, take two templates");
		if ((p->kind == SECTION || p->kind == INVERTED) && p->end > open)
			open = p->end;
	}
	return 0;
}

int template_read(struct template **out, struct arena *in, const struct template_text *text, const struct slice *column, size_t columns,
		  struct failure *f)
{
	struct template *t = arena_zeroed(in, 1, sizeof *t);
	const char *begin = text->text.p ? text->text.p : "", *wrong;
	bool mail = text->kind == TEMPLATE_MAIL;
	struct reader r = {.t = t, .in = in, .begin = begin, .end = begin + text->text.len, .parted = !mail};

	*t = (struct template){.kind = text->kind, .field = text->field, .column = column, .columns = columns};
	t->html = text->kind == TEMPLATE_HTML || (mail && template_is_html(text->text));
	wrong = template_foreign(text->text);
	if (wrong)
		return wrong_place(&r, wrong, f, "octets that are not UTF-8; --charset says what they are, as in --charset latin1");
	if ((mail && check_first_line(&r, f) < 0) || read_pieces(&r, f) < 0)
		return -1;
	wrong = mail || text->kind == TEMPLATE_FIELD ? template_word_beside(text->text, text->field) : NULL;
	if (wrong)
		return wrong_place(&r, wrong, f, "a column beside an encoded word; write all of it in UTF-8");
	if (r.depth)
		return wrong_place(&r, r.open[r.depth - 1].at, f, "the section that begins there is not closed");
	if (!r.parted)
		t->header = t->pieces;
	*out = t;
	return mail ? check_types(&r, f) : 0;
}

bool template_uses(const struct template *t, size_t column)
{
	for (size_t i = 0; i < t->pieces; i++)
		if (t->piece[i].kind != LITERAL && t->piece[i].column == column)
			return true;
	return false;
}
