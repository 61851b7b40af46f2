/*
 * mail/header - the fields of a message, in order, as they came (RFC 5322 2.2)
 *
 * Use: struct header h = {.in = arena}; header_parse(&h, &text); header_find(&h, "To", NULL); ...
 * Parsing keeps every byte: a field that nobody touches leaves as it arrived, folding included; only
 * a line of more than 998 octets is folded on its way out, at a blank if it has one (RFC 5322 2.1.1).
 *
 * Owns: nothing; slices point into the text given or the arena. Names compare without case.
 * Bounds: a name with its colon has at most HEADER_NAME_MAX octets, else the line is no field.
 * Units: lines end in CRLF. Errors: header_print: -1 when the buf is full.
 * Threads: whoever holds the message. Source: RFC 5322 2.2, 3.6, 4.5 (blanks before the colon).
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "base/arena.h"
#include "base/bytes.h"

/* HEADER_LINE, HEADER_LINE_MAX: octets that a line should have, and may have, without its line end (RFC 5322 2.1.1). */
enum { HEADER_NAME_MAX = 900, HEADER_LINE = 78, HEADER_LINE_MAX = 998 };

struct field {
	struct slice raw;  /* the whole field, without its last line end */
	struct slice name; /* in raw, without blanks before the colon */
	struct slice body; /* in raw, after the colon, still folded */
};

struct header {
	struct arena *in;
	struct field *field;
	size_t fields, room;
};

/* Reads the fields at the beginning of *text, and the empty line after them; *text is then the body. A line that is no field begins
 * the body, too (mysend-compat(7), MESSAGE). False: the text ended before the header did. */
bool header_parse(struct header *h, struct slice *text);
/* The first field of that name after `after` (NULL: from the top), or NULL. */
struct field *header_find(const struct header *h, const char *name, const struct field *after);
/* Replaces the first field of that name and drops the others of it, or appends one. Folds in the body stay, longer lines are folded
 * at blanks, and no line end in the body can begin another field. */
void header_put(struct header *h, const char *name, const char *body);
/* Appends a field, even if there is one of that name. */
void header_append(struct header *h, const char *name, const char *body);
/* Inserts a field in front of `before`; pointers to fields are invalid afterwards. */
void header_insert(struct header *h, const struct field *before, const char *name, const char *body);
void header_set_body(struct header *h, struct field *field, struct slice body); /* replaces the body; name and blanks stay */
size_t header_remove(struct header *h, const char *name); /* returns how many fields were removed */
size_t header_remove_those(struct header *h, bool (*those)(struct slice name));
/* A message has at most one of each (RFC 5322 3.6). */
enum { HEADER_ONCE = 11 };
extern const char *const header_once[HEADER_ONCE];
bool header_is_once(struct slice name);
/* The body has nothing but blanks, or <>. */
bool header_is_silent(const struct field *field);
/* The first field of that name that is not silent, or NULL. */
struct field *header_find_said(const struct header *h, const char *name);
/* Removes the silent fields of that name. */
void header_drop_silent(struct header *h, const char *name);
/* The body on one line, without folds and without blanks at its ends; in the arena. */
const char *header_unfold(const struct header *h, const struct field *field);
/* The body of Message-ID, so; or "". */
const char *header_message_id(const struct header *h);
MUST_CHECK int header_print(const struct header *h, struct buf *out); /* wire form, with the empty line */

#endif
