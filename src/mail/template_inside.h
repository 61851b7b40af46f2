/*
 * mail/template_inside - what the files of mail/template have in common; nobody else includes it
 *
 * template.c reads a text into pieces, template_render.c goes through them with the values of a row, template_field.c writes
 * the body of a header field, template_url.c that of one with URLs;
 * template_check.c looks for what no template may have. Use: template_field_write(&m, 3, 12, name, &out, f).
 *
 * Owns: nothing. Errors: AT_INPUT EX_DATAERR. Threads: as mail/template.
 */
#ifndef MAIL_TEMPLATE_INSIDE_H
#define MAIL_TEMPLATE_INSIDE_H

#include "mail/template.h"

struct piece {
	enum piece_kind { LITERAL, VALUE, RAW, SECTION, INVERTED } kind;
	struct slice text; /* what stands there, or what the value is compared with (p is NULL: with nothing) */
	size_t column;
	size_t end; /* of a section: the piece behind it */
};

struct template {
	enum template_kind kind;
	const char *field;
	const struct slice *column;
	size_t columns;
	struct piece *piece;
	size_t pieces, room;
	size_t header; /* so many of them are the header */
	bool html;
};

/* Where in a text the value of a column stands; an empty one, too. */
struct mark {
	size_t from, to, column;
};

struct marked {
	const struct template *t;
	struct arena *scratch;
	struct buf text;
	struct mark *mark; /* in their order */
	size_t marks, room;
};

/* What m has from `from` on up to `to` is the body of a field of that name; writes it, at that column of the line, or nothing where
 * no value of it gave an address. */
MUST_CHECK int template_field_write(const struct marked *m, size_t from, size_t to, struct slice name, struct buf *out, struct failure *f);

/* A field of that name has URLs within <> (RFC 2369 2). */
bool template_holds_urls(struct slice name);
/* The body of such a field, at that column of the line: a value within <> is part of a URL, or all of it. */
MUST_CHECK int template_write_urls(const struct marked *m, size_t from, size_t to, size_t column, struct buf *out, struct failure *f);
/* The first octet that is no UTF-8, or NULL. */
const char *template_foreign(struct slice text);
/* A Content-Type in the header is one of HTML. */
bool template_is_html(struct slice text);
/* A Content-Type in a piece of a header: where its type ends, which is the piece's end where a column stands there; or NULL. last: nothing
 * of the header stands behind it. */
const char *template_type_of(struct slice piece, bool last);
/* An encoded word (RFC 2047) in a field with a value, other than of addresses, which may stand in different members; or NULL. Whichever
 * way the whole were written, one of the two would be shown as it is not meant. field: its name; NULL: the text has a header. */
const char *template_word_beside(struct slice text, const char *field);

#endif
