/*
 * mail/template - a text with the names of columns in it, and what it is with the values of a row
 *
 *	{{col}}			the value
 *	{{{col}}}, {{&col}}	the value, in HTML as it stands
 *	{{#col}}...{{/col}}	what is between them, where the value is not blank
 *	{{^col}}...{{/col}}	where it is
 *	{{#col=value}}...	where it is that, letter by letter, blanks around it aside; {{^col=value}}: where it is not
 *	{{! ... }}		nothing
 *	\{{			two braces
 * A line on which nothing stands but the beginning or the end of a section, or a comment, is none.
 *
 * A value is written as its place wants it. In a body: as it stands; in HTML, with & < > " and ' escaped. In a field of addresses: in
 * front of < as a name, quoted or encoded as need be; inside <> as one address; alone as a list of them. Within <> in
 * List-Unsubscribe and its kind, as part of a URL, %HH where need be, or as all of it. In any other field as text (RFC 2047). A value can begin no field and no member of a list: of a header only what the template has is syntax, and a
 * control character or a line end in a value makes the row bad. Cc, Bcc and Reply-To without an address are left out.
 *
 * Use: struct template *t; struct template_text text = {TEMPLATE_MAIL, NULL, SLICE("Subject: Hello {{name}}\n")}; template_read(&t, arena, &text, column, columns, f)
 * once; then for each row, with as many cells as there are columns, template_render(t, scratch, cell, &out, f), which appends to out.
 *
 * Own, and no library: of those for templates Debian 12 has none for C (libkainjow-mustache and libctemplate are of C++, libmustache of D,
 * the others of scripting languages), and none of them tells of a name that is not there, compares a value, or knows what a value
 * is in a header.
 *
 * Owns: nothing; all in the arena; text and columns must stay. Bounds: TEMPLATE_DEEP sections within each other; a header has
 * TEMPLATE_HEADER octets at most; a body what out takes.
 * Errors: AT_INPUT EX_DATAERR. template_read's name line and column of the text, and for a column that is not there those that are;
 * template_render's say what is wrong with the row: its caller knows which. Threads: a template is never changed, scratch and out
 * are the caller's. Source: RFC 5322 3.2.5, 3.4; RFC 2047 5; RFC 3986 2; mustache(5), as far as it goes.
 */
#ifndef MAIL_TEMPLATE_H
#define MAIL_TEMPLATE_H

#include "base/arena.h"
#include "base/bytes.h"

enum { TEMPLATE_DEEP = 32, TEMPLATE_HEADER = 1024 * 1024 };

enum template_kind {
	TEMPLATE_MAIL,	/* a header, an empty line, and a body: HTML if Content-Type says so, else text */
	TEMPLATE_FIELD, /* the body of one field; empty: it is left out */
	TEMPLATE_TEXT, TEMPLATE_HTML,
	TEMPLATE_LINE, /* the name of a file: one line; where a column is all of it, it is not to be empty; behind a text no value has a ".." */
	TEMPLATE_URL   /* one line; of a value, what is not to be syntax as %HH (RFC 3986 2.1) */
};

struct template_text {
	enum template_kind kind;
	const char *field; /* of a TEMPLATE_FIELD: its name */
	struct slice text; /* UTF-8 */
};

struct template;

MUST_CHECK int template_read(struct template **out, struct arena *in, const struct template_text *text, const struct slice *column,
			     size_t columns, struct failure *f);
MUST_CHECK int template_render(const struct template *t, struct arena *scratch, const struct slice *cell, struct buf *out, struct failure *f);
/* It names that column, in a condition or for its value. */
bool template_uses(const struct template *t, size_t column);

#endif
