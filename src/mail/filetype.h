/*
 * mail/filetype - what a file or a text is, by its first octets: media type and charset, by libmagic
 *
 * The parser of hostile files is libmagic's: it sees at most FILETYPE_LOOK octets, with its limits set low, in a child that may
 * neither open nor run anything and has little time and memory. What that does not survive is octet-stream.
 * Use: struct filetypes *t = filetypes_open(arena); filetype_of(t, arena, head) ...; filetypes_close(t). The database is
 * loaded at the first look, once.
 *
 * Owns: the database, until filetypes_close. Bounds: FILETYPE_LOOK, FILETYPE_SECONDS.
 * Errors: none: without libmagic's database all is application/octet-stream, and one warning is said.
 * Threads: one. Source: libmagic(3); RFC 2046.
 */
#ifndef MAIL_FILETYPE_H
#define MAIL_FILETYPE_H

#include "base/arena.h"
#include "base/bytes.h"

enum { FILETYPE_LOOK = 1024 * 1024, FILETYPE_SECONDS = 5 };

struct filetypes;

struct filetype {
	const char *type;    /* "image/png" */
	const char *charset; /* "utf-8", "us-ascii", "binary", "unknown-8bit", ... */
};

/* TYPE/SUBTYPE in the letters that those have, and no longer than they are (RFC 6838 4.2). */
bool filetype_is_type(const char *text);
struct filetypes *filetypes_open(struct arena *in);
void filetypes_close(struct filetypes *t);
struct filetype filetype_of(struct filetypes *t, struct arena *in, struct slice head);

#endif
