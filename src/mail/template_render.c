#include "mail/template_inside.h"

#include <string.h>
#include <sysexits.h>

#include "base/percent.h"

enum { SHOWN = 60 };

static int too_long(struct failure *f)
{
	return fail(f, AT_INPUT, EX_DATAERR, "it grows too long with its values");
}

static bool is_true(const struct piece *p, const struct slice *cell)
{
	struct slice value = slice_trim(cell[p->column]);
	bool is = p->text.p ? value.len == p->text.len && (!value.len || memcmp(value.p, p->text.p, value.len) == 0) : value.len > 0;

	return is == (p->kind == SECTION);
}

static int add_escaped(struct buf *out, struct slice value)
{
	static const char special[] = "&<>\"'";
	static const char *const name[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

	while (value.len) {
		size_t n = 0;

		while (n < value.len && (!value.p[n] || !strchr(special, value.p[n])))
			n++;
		if (buf_add(out, value.p, n) < 0 || (n < value.len && buf_text(out, name[strchr(special, value.p[n]) - special]) < 0))
			return -1;
		n += n < value.len;
		value = (struct slice){value.p + n, value.len - n};
	}
	return 0;
}

/* A value where a line end would begin another field, or name another file. */
static int add_marked(struct marked *m, size_t column, struct slice value, struct failure *f)
{
	char name[SHOWN], shown[SHOWN];
	size_t from = m->text.len;
	int rc;

	if (slice_has_control(value)) {
		slice_printable(name, sizeof name, m->t->column[column]);
		slice_printable(shown, sizeof shown, value);
		return fail(f, AT_INPUT, EX_DATAERR, "%s: a line end or control character, which cannot stand in %s: %s", name,
			    m->t->kind == TEMPLATE_LINE ? "the name of a file" : m->t->kind == TEMPLATE_URL ? "a URL" : "a header", shown);
	}
	rc = m->t->kind == TEMPLATE_URL ? percent_add(&m->text, value) : buf_slice(&m->text, value);
	m->mark = arena_grow(m->scratch, m->mark, m->marks, &m->room, sizeof *m->mark);
	m->mark[m->marks++] = (struct mark){from, m->text.len, column};
	return rc < 0 ? too_long(f) : 0;
}

/* The pieces that the row has, with the place of each value. */
static int expand(struct marked *m, size_t pieces, const struct slice *cell, struct failure *f)
{
	for (size_t i = 0; i < pieces; i++) {
		const struct piece *p = &m->t->piece[i];

		if (p->kind == LITERAL) {
			if (buf_slice(&m->text, p->text) < 0)
				return too_long(f);
		} else if (p->kind == VALUE || p->kind == RAW) {
			if (add_marked(m, p->column, cell[p->column], f) < 0)
				return -1;
		} else if (!is_true(p, cell)) {
			i = p->end - 1;
		}
	}
	return 0;
}

static bool has_mark(const struct marked *m, size_t from, size_t to)
{
	for (size_t i = 0; i < m->marks; i++)
		if (m->mark[i].from < to && m->mark[i].to >= from && (m->mark[i].from >= from || m->mark[i].to > from))
			return true;
	return false;
}

/* Where the field that begins at `from` ends: at a line end that no blank follows. */
static size_t field_end(struct slice text, size_t from)
{
	while (from < text.len && (text.p[from] != '\n' || (from + 1 < text.len && octet_is_blank(text.p[from + 1]))))
		from++;
	return from;
}

static size_t name_len(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.p[n] > ' ' && line.p[n] < 127 && line.p[n] != ':')
		n++;
	return n < line.len && line.p[n] == ':' ? n : 0;
}

static bool may_vanish(struct slice name)
{
	static const char *const names[] = {"Cc", "Bcc", "Reply-To"};

	if (slice_begins(name, "Resent-"))
		name = (struct slice){name.p + 7, name.len - 7};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

static int write_field(const struct marked *m, size_t from, size_t to, struct buf *out, struct failure *f)
{
	struct slice line = {m->text.p + from, to - from};
	size_t name = name_len(line), before = out->len, body;
	char shown[SHOWN];

	if (!name || has_mark(m, from, from + name + 1)) {
		slice_printable(shown, sizeof shown, line);
		return fail(f, AT_INPUT, EX_DATAERR, "a line of the header begins with no name of a field that the template has: %s", shown);
	}
	if (!has_mark(m, from, to + 1))
		return buf_slice(out, line) < 0 || buf_text(out, "\r\n") < 0 ? too_long(f) : 0;
	if (buf_add(out, line.p, name) < 0 || buf_text(out, ": ") < 0)
		return too_long(f);
	body = out->len;
	if (template_field_write(m, from + name + 1, to, (struct slice){line.p, name}, out, f) < 0)
		return failure_in(f, "%.*s", (int)name, line.p);
	if (out->len == body && may_vanish((struct slice){line.p, name})) {
		out->len = before;
		return 0;
	}
	return buf_text(out, "\r\n") < 0 ? too_long(f) : 0;
}

static int write_header(const struct marked *m, struct buf *out, struct failure *f)
{
	struct slice text = buf_slice_of(&m->text);

	for (size_t from = 0, end; from < text.len; from = end + 1) {
		size_t to = end = field_end(text, from);

		if (to > from && text.p[to - 1] == '\r')
			to--;
		/* A section that is not there leaves an empty line. */
		if (slice_trim((struct slice){text.p + from, to - from}).len && write_field(m, from, to, out, f) < 0)
			return -1;
	}
	return buf_text(out, "\r\n") < 0 ? too_long(f) : 0;
}

static int write_body(const struct template *t, const struct slice *cell, struct buf *out, struct failure *f)
{
	for (size_t i = t->header; i < t->pieces; i++) {
		const struct piece *p = &t->piece[i];
		int rc = 0;

		if (p->kind == LITERAL)
			rc = buf_slice(out, p->text);
		else if (p->kind == VALUE && t->html)
			rc = add_escaped(out, cell[p->column]);
		else if (p->kind == VALUE || p->kind == RAW)
			rc = buf_slice(out, cell[p->column]);
		else if (!is_true(p, cell))
			i = p->end - 1;
		if (rc < 0)
			return too_long(f);
	}
	return 0;
}

static bool is_line(enum template_kind kind)
{
	return kind == TEMPLATE_LINE || kind == TEMPLATE_URL;
}

static int bad_line(const struct marked *m, const struct mark *of, const char *why, struct failure *f)
{
	char name[SHOWN];

	slice_printable(name, sizeof name, m->t->column[of->column]);
	return fail(f, AT_INPUT, EX_DATAERR, "%s %s", name, why);
}

/* A value with an octet between the two; NULL: there is none. */
static const struct mark *mark_within(const struct marked *m, size_t from, size_t to)
{
	for (size_t i = 0; i < m->marks; i++)
		if (m->mark[i].from < to && m->mark[i].to > from && m->mark[i].to > m->mark[i].from)
			return &m->mark[i];
	return NULL;
}

/* Where the template names a folder, a value names a file in it: no ".." is of a value. A value that stands first may be any path. */
static int check_path(const struct marked *m, struct failure *f)
{
	struct slice text = buf_slice_of(&m->text);
	const struct mark *of;

	if (mark_within(m, 0, 1))
		return 0;
	for (size_t from = 0, to; from < text.len; from = to + 1) {
		for (to = from; to < text.len && text.p[to] != '/';)
			to++;
		of = to - from == 2 && memcmp(text.p + from, "..", 2) == 0 ? mark_within(m, from, to) : NULL;
		if (of)
			return bad_line(m, of, "leads out of the folder with its \"..\"", f);
	}
	return 0;
}

/* Where a column is to name a file, and names none, the file is missing; a section says that there may be none. */
static int check_line(const struct marked *m, struct failure *f)
{
	if (!m->marks)
		return 0;
	return slice_trim(buf_slice_of(&m->text)).len ? check_path(m, f) : bad_line(m, m->mark, "is empty, and is to name a file", f);
}

/* What is a header, the body of a field, or a line. */
static int write_marked(const struct template *t, struct arena *scratch, const struct slice *cell, struct buf *out, struct failure *f)
{
	struct marked m = {.t = t, .scratch = scratch};
	struct slice text;
	int rc;

	buf_start(&m.text, TEMPLATE_HEADER);
	rc = expand(&m, t->kind == TEMPLATE_MAIL ? t->header : t->pieces, cell, f);
	text = buf_slice_of(&m.text);
	if (rc == 0 && t->kind == TEMPLATE_MAIL)
		rc = write_header(&m, out, f);
	else if (rc == 0 && (is_line(t->kind) || !m.marks))
		rc = t->kind == TEMPLATE_LINE && check_line(&m, f) < 0 ? -1 : buf_slice(out, text) < 0 ? too_long(f) : 0;
	else if (rc == 0)
		rc = template_field_write(&m, 0, text.len, slice_of(t->field), out, f);
	buf_free(&m.text);
	return rc;
}

int template_render(const struct template *t, struct arena *scratch, const struct slice *cell, struct buf *out, struct failure *f)
{
	if (t->kind != TEMPLATE_TEXT && t->kind != TEMPLATE_HTML && write_marked(t, scratch, cell, out, f) < 0)
		return -1;
	return t->kind == TEMPLATE_FIELD || is_line(t->kind) ? 0 : write_body(t, cell, out, f);
}
