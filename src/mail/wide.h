/*
 * mail/wide - texts in UTF-16 and UTF-32, which mail cannot carry, become UTF-8 on their way in
 *
 * RFC 2046 4.1.1: a line end is two octets of mail, and NUL is none. Which text is such a one says the byte order mark that it
 * begins with, else the charset that the caller says, else libmagic, where there is a NUL among its first octets.
 * Use: wide_read(&m, arena, fd, how, types, charset, f). Behind a header the body is looked at
 * alone, and facts.wide is set where it was such a text; wide_source(&m, arena, &source, charset, path, f) for the text of a file,
 * which keeps its mark.
 *
 * Owns: nothing; the text of a file is in a file without a name, which the message holds. Bounds: WIDE_LOOK octets are looked at.
 * Errors: those of mail/message; AT_INPUT EX_DATAERR for octets that are not of that charset, or one that the C library
 * does not know. Threads: one. Source: RFC 2781, RFC 2046 4.1.1.
 */
#ifndef MAIL_WIDE_H
#define MAIL_WIDE_H

#include "mail/filetype.h"
#include "mail/message.h"

enum { WIDE_LOOK = 64 * 1024 };

/* -1: the text came in UTF-16 or UTF-32 and nothing told so; that shows in the NULs that were dropped, one or three at a time. */
MUST_CHECK int wide_check(struct message *m, struct failure *f);
/* The failure for such a text, with its hint. */
int wide_refuse(struct failure *f);
/* said: the charset that the caller says, or NULL. */
MUST_CHECK int wide_read(struct message *m, struct arena *in, int fd, unsigned how, struct filetypes *types, const char *said, struct failure *f);
/* Replaces *text, which is in that charset, by a source in UTF-8. */
MUST_CHECK int wide_source(struct message *holder, struct arena *in, struct source **text, const char *charset, const char *path, struct failure *f);

#endif
