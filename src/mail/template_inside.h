/*
 * mail/template_inside - what the files of mail/template have in common; nobody else includes it
 *
 * template.c reads a text into pieces, template_render.c goes through them with the values of a row, template_field.c writes
 * the body of a header field. Use: template_field_write(&m, 3, 12, name, &out, f).
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

#endif
