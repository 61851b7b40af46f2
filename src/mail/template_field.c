#include "mail/template_inside.h"

#include <string.h>
#include <sysexits.h>

#include "mail/address.h"
#include "mail/from.h"
#include "mail/header_recipients.h"
#include "mail/words.h"

enum { SHOWN = 60 };

struct writer {
	const struct marked *m;
	struct buf *out;
	size_t start, column; /* where in out the body begins, and at which column of its line */
	bool any;	      /* there was a member, so that a comma is due */
	struct failure *f;
};

/* What stands between two commas of a list. Values are no syntax: they are stepped over as a whole. */
struct member {
	size_t from, to;
	size_t open, close; /* of its < and >; SIZE_MAX: it has none */
	char end;	    /* , ; or : behind it, or 0 */
};

struct scan {
	const struct marked *m;
	size_t at, to;
	size_t next; /* the mark that comes */
	unsigned comments;
	bool quoted, literal; /* within quotes, within [] */
};

static int bad_field(const struct writer *w, const char *why, struct slice what)
{
	char shown[SHOWN];

	slice_printable(shown, sizeof shown, slice_trim(what));
	return fail(w->f, AT_INPUT, EX_DATAERR, "%s: \"%s\"", why, shown);
}

static int put_text(const struct writer *w, struct slice text)
{
	return buf_slice(w->out, text) == 0 ? 0 : fail(w->f, AT_INPUT, EX_DATAERR, "it grows too long with its values");
}

static struct slice span(const struct marked *m, size_t from, size_t to)
{
	return (struct slice){m->text.p ? m->text.p + from : "", to - from};
}

static size_t column_of(const struct writer *w)
{
	size_t n = 0;

	while (w->start + n < w->out->len && w->out->p[w->out->len - n - 1] != '\n')
		n++;
	return n + (w->start + n == w->out->len ? w->column : 0);
}

static size_t first_mark(const struct marked *m, size_t from)
{
	size_t i = 0;

	while (i < m->marks && m->mark[i].from < from)
		i++;
	return i;
}

static size_t marks_in(const struct marked *m, size_t from, size_t to)
{
	size_t first = first_mark(m, from), i = first;

	while (i < m->marks && m->mark[i].from <= to)
		i++;
	return i - first;
}

static bool values_are_blank(const struct marked *m, size_t from, size_t to)
{
	for (size_t i = first_mark(m, from); i < m->marks && m->mark[i].from <= to; i++)
		if (slice_trim(span(m, m->mark[i].from, m->mark[i].to)).len)
			return false;
	return true;
}

/* The template says nothing there of its own. */
static bool literals_are_blank(const struct marked *m, size_t from, size_t to)
{
	size_t next = first_mark(m, from);

	for (size_t i = from; i < to; i++) {
		for (; next < m->marks && m->mark[next].from == i; next++)
			i = m->mark[next].to;
		if (i < to && !octet_is_space(m->text.p[i]))
			return false;
	}
	return true;
}

static struct scan scan_from(const struct marked *m, size_t from, size_t to)
{
	return (struct scan){.m = m, .at = from, .to = to, .next = first_mark(m, from)};
}

/* The next octet of the template that is syntax, outside quotes and comments; 0: there is none. */
static char scan_next(struct scan *s)
{
	const char *p = s->m->text.p;

	for (;; s->at++) {
		char c;

		for (; s->next < s->m->marks && s->m->mark[s->next].from == s->at; s->next++)
			s->at = s->m->mark[s->next].to;
		if (s->at >= s->to)
			return 0;
		c = p[s->at];
		if (c == '\\' && (s->quoted || s->comments) && !marks_in(s->m, s->at + 1, s->at + 1))
			s->at++;
		else if (s->quoted)
			s->quoted = c != '"';
		else if (s->comments)
			s->comments = c == '(' ? s->comments + 1 : c == ')' ? s->comments - 1 : s->comments;
		else if (s->literal)
			s->literal = c != ']';
		else if (c == '"')
			s->quoted = true;
		else if (c == '(')
			s->comments = 1;
		else if (c == '[')
			s->literal = true;
		else if (c && strchr("<>,;:", c))
			return c;
	}
}

static struct member next_member(const struct marked *m, size_t from, size_t to)
{
	struct scan s = scan_from(m, from, to);
	struct member member = {.from = from, .open = SIZE_MAX, .close = SIZE_MAX};
	char c;

	while ((c = scan_next(&s))) {
		bool inside = member.open != SIZE_MAX && member.close == SIZE_MAX;

		if (c == '<' && member.open == SIZE_MAX)
			member.open = s.at;
		else if (c == '>' && inside)
			member.close = s.at;
		else if (!inside && strchr(",;:", c))
			break;
		s.at++;
	}
	member.to = s.at < to ? s.at : to;
	member.end = c;
	return member;
}

/* What a name says that the template and the row have written together: the template's quotes and backslashes are syntax, the row's
 * are not; blanks of the template's around a value that is empty are one. */
static int say_name(const struct writer *w, size_t from, size_t to, struct buf *said)
{
	const struct marked *m = w->m;
	size_t next = first_mark(m, from);

	for (size_t i = from; i < to; i++) {
		char c;

		for (; next < m->marks && m->mark[next].from == i; next++) {
			if (buf_slice(said, span(m, i, m->mark[next].to)) < 0)
				return -1;
			i = m->mark[next].to;
		}
		if (i >= to)
			break;
		c = m->text.p[i];
		if (c == '"')
			continue;
		if (c == '\\' && i + 1 < to && !marks_in(m, i + 1, i + 1))
			c = m->text.p[++i];
		if (octet_is_space(c) ? said->len && !octet_is_space(said->p[said->len - 1]) && buf_text(said, " ") < 0 : buf_add(said, &c, 1) < 0)
			return -1;
	}
	return 0;
}

/* "=?", with which an encoded word begins (RFC 2047 2): in what the template says there, or with an octet of a value. */
static bool has_word(const struct marked *m, size_t from, size_t to, bool of_value)
{
	size_t next = first_mark(m, from);

	for (size_t i = from; i + 1 < to; i++) {
		bool value;

		while (next < m->marks && m->mark[next].to <= i)
			next++;
		value = next < m->marks && m->mark[next].from <= i + 1 && m->mark[next].to > m->mark[next].from;
		if (m->text.p[i] == '=' && m->text.p[i + 1] == '?' && value == of_value)
			return true;
	}
	return false;
}

/* In UTF-8, in scratch; NULL: it cannot be written. */
static const char *name_of(const struct writer *w, size_t from, size_t to)
{
	const char *name = NULL;
	struct slice said;
	struct buf all;

	if (has_word(w->m, from, to, false)) {
		bad_field(w, "a column beside an encoded word; write all of it in UTF-8", span(w->m, from, to));
		return NULL;
	}
	buf_start(&all, TEMPLATE_HEADER);
	if (say_name(w, from, to, &all) == 0) {
		said = slice_trim(buf_slice_of(&all));
		name = arena_text(w->m->scratch, said.p ? said.p : "", said.len);
	} else {
		bad_field(w, "too long a name", span(w->m, from, to));
	}
	buf_free(&all);
	return name;
}

static int write_comma(struct writer *w)
{
	bool any = w->any;

	w->any = true;
	return any ? put_text(w, SLICE(",\r\n ")) : 0;
}

static int write_literal(struct writer *w, struct slice text)
{
	text = slice_trim(text);
	return text.len && (write_comma(w) < 0 || put_text(w, text) < 0) ? -1 : 0;
}

/* One address without a name, and nothing that could end it. */
static const char *address_of(const struct writer *w, struct slice text)
{
	const char *address = "";

	if (text.len && memchr(text.p, '<', text.len)) {
		bad_field(w, "one address is to stand there, without a name", text);
		return NULL;
	}
	if (address_one(&address, w->m->scratch, text, w->f) < 0) {
		w->f->stage = AT_INPUT;
		return NULL;
	}
	return address;
}

/* name <address>. Without values it says nothing, and is left out. */
static int write_named(struct writer *w, const struct member *member)
{
	const struct marked *m = w->m;
	size_t end = member->close;
	const char *address, *name, *text;

	if (end == SIZE_MAX)
		return bad_field(w, "a < without a >", span(m, member->from, member->to));
	if (marks_in(m, end + 1, member->to))
		return bad_field(w, "a column cannot stand behind the >", span(m, member->from, member->to));
	address = address_of(w, span(m, member->open + 1, end));
	if (!address)
		return -1;
	if (!*address && values_are_blank(m, member->from, end))
		return 0;
	if (!*address)
		return bad_field(w, "a name without an address", span(m, member->from, member->open));
	if (!marks_in(m, member->from, member->open)) {
		text = mailbox_again(m->scratch, span(m, member->from, member->open), address);
	} else {
		name = name_of(w, member->from, member->open);
		if (!name)
			return -1;
		text = *name ? mailbox_text(m->scratch, name, address) : NULL;
	}
	return write_comma(w) < 0 || put_text(w, slice_of(text ? text : address)) < 0 ? -1 : 0;
}

/* Each of the addresses in a value, written anew. */
static int write_list(struct writer *w, struct slice value)
{
	struct mailboxes list = {.count = 0};

	if (address_list(&list, w->m->scratch, value, w->f) < 0) {
		w->f->stage = AT_INPUT;
		return -1;
	}
	for (size_t i = 0; i < list.count; i++) {
		const char *text = mailbox_again(w->m->scratch, list.box[i].name, list.box[i].address);

		if (write_comma(w) < 0 || put_text(w, slice_of(text ? text : list.box[i].address)) < 0)
			return -1;
	}
	return 0;
}

static int write_alone(struct writer *w, const struct member *member)
{
	struct slice all = slice_trim(span(w->m, member->from, member->to));
	const char *address;

	if (!all.len)
		return 0;
	if (marks_in(w->m, member->from, member->to) == 1 && literals_are_blank(w->m, member->from, member->to))
		return write_list(w, all);
	address = address_of(w, all);
	if (!address)
		return -1;
	return write_comma(w) < 0 || put_text(w, slice_of(address)) < 0 ? -1 : 0;
}

static int write_group_name(struct writer *w, const struct member *member)
{
	const char *name = name_of(w, member->from, member->to);

	if (!name)
		return -1;
	if (write_comma(w) < 0)
		return -1;
	return words_phrase(w->out, slice_of(name), column_of(w)) < 0 ? bad_field(w, "too long a name", slice_of(name)) : 0;
}

static int write_member(struct writer *w, const struct member *member)
{
	if (!marks_in(w->m, member->from, member->to))
		return write_literal(w, span(w->m, member->from, member->to));
	if (member->open != SIZE_MAX)
		return write_named(w, member);
	return member->end == ':' ? write_group_name(w, member) : write_alone(w, member);
}

static int write_addresses(struct writer *w, size_t from, size_t to)
{
	bool group = false;

	for (;;) {
		struct member member = next_member(w->m, from, to);

		if (write_member(w, &member) < 0)
			return -1;
		if (member.end == ':' || (member.end == ';' && group)) {
			if (put_text(w, member.end == ':' ? SLICE(": ") : SLICE(";")) < 0)
				return -1;
			group = member.end == ':';
			w->any = !group;
		}
		if (!member.end)
			return 0;
		from = member.to + 1;
	}
}

/* On one line; encoded as a whole where a value could be taken for an encoded word, which is shown as something else. */
static int write_text(struct writer *w, size_t from, size_t to)
{
	struct slice text = slice_trim(span(w->m, from, to));
	char *flat = arena_zeroed(w->m->scratch, text.len + 1, 1);
	size_t len = 0;
	int rc;

	if (has_word(w->m, from, to, false))
		return bad_field(w, "a column beside an encoded word; write all of it in UTF-8", text);
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] != '\r' && text.p[i] != '\n')
			flat[len++] = text.p[i];
	rc = has_word(w->m, from, to, true) ? words_encode(w->out, (struct slice){flat, len}, column_of(w))
					    : words_text(w->out, (struct slice){flat, len}, column_of(w));
	return rc < 0 ? bad_field(w, "it grows too long with its values", text) : 0;
}

int template_field_write(const struct marked *m, size_t from, size_t to, struct slice name, struct buf *out, struct failure *f)
{
	struct writer w = {.m = m, .out = out, .start = out->len, .column = name.len + 2, .f = f};

	if (template_holds_urls(name))
		return template_write_urls(m, from, to, w.column, out, f);
	return header_holds_addresses(name) ? write_addresses(&w, from, to) : write_text(&w, from, to);
}
