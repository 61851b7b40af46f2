/*
 * intake/charset - the charset of a text that does not say, in one order for all texts of a message
 *
 * What is said in the message; --charset; the setting charset; strict UTF-8; the charset of the locale, where the octets fit
 * it; what libmagic makes of them. What comes from elsewhere, not from who calls (the fields that a text begins with, which are
 * UTF-8 by RFC 6532, names in the password file, files), is UTF-8 if it can be, before anything else counts.
 * Use: charset_of(&charsets, body, &facts, f) for a text that keeps its octets: "binary" where none of them knows, that is no
 * text to mail. charset_text(&charsets, elsewhere, text) for one that is written in a field: in UTF-8; where nobody knows it is
 * windows-1252 or Latin-1, as libmagic calls all that is in neither.
 *
 * Owns: nothing. Bounds: CHARSET_LOOK octets of a body are looked at: those with the first that is not UTF-8.
 * Errors: NULL and *f when the text cannot be read. Threads: one, for the locale is the process's.
 * Source: RFC 1428 3 (unknown-8bit: text, but nobody knows whose); RFC 6532 3; libmagic(3); nl_langinfo(3).
 */
#ifndef INTAKE_CHARSET_H
#define INTAKE_CHARSET_H

#include "conf/settings.h"
#include "mail/filetype.h"
#include "mail/message.h"

enum { CHARSET_LOOK = 64 * 1024 };

struct charsets {
	struct arena *in;
	struct filetypes *types; /* NULL: only fields are asked about */
	const char *said, *set;	 /* the charset by --charset or the message, and by the setting; "": none */
};

/* said: as above, or NULL. */
struct charsets charsets_for(const struct account *a, struct arena *in, struct filetypes *types, const char *said);
/* The text can be in that charset; only rules that hold for every text are checked. */
bool charset_fits(const char *charset, const struct facts *facts);
/* The charset that is said or set, if it fits; "": there is none. */
const char *charset_known(const struct charsets *c, const struct facts *facts);
const char *charset_of(const struct charsets *c, struct source *text, const struct facts *facts, struct failure *f);
/* The same, where the charset is known; false: it is not known. */
bool charset_known_text(const struct charsets *c, bool elsewhere, struct slice text, struct slice *out);
struct slice charset_text(const struct charsets *c, bool elsewhere, struct slice text);

#endif
