/*
 * cli/charset - the charset of a text that does not say
 *
 * ASCII and strict UTF-8 first; then the setting charset; then what libmagic makes of its first octets; then the charset
 * of the locale, if the text is one of its texts. "binary" where none of them knows: that is no text to mail.
 * Use: charset_of(types, account, arena, body, &facts, f).
 *
 * Owns: nothing. Bounds: CHARSET_LOOK octets are looked at: those with the first that is not UTF-8.
 * Errors: NULL and *f when the text cannot be read. Threads: one, for the locale is the process's.
 * Source: RFC 1428 3 (unknown-8bit: text, but nobody knows whose); libmagic(3); nl_langinfo(3).
 */
#ifndef CLI_CHARSET_H
#define CLI_CHARSET_H

#include "conf/settings.h"
#include "mail/filetype.h"
#include "mail/message.h"

enum { CHARSET_LOOK = 64 * 1024 };

/* It can be that; only what can be told of any text is looked at. */
bool charset_fits(const char *charset, const struct facts *facts);
const char *charset_of(struct filetypes *types, const struct account *a, struct arena *in, struct source *text,
		       const struct facts *facts, struct failure *f);

#endif
