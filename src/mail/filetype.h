/*
 * mail/filetype - what a file or a text is, by its first octets: media type and charset, by libmagic
 *
 * The parser of hostile files is libmagic's: it sees at most FILETYPE_LOOK octets, in a process of its own (mail/looker) that has
 * nothing of ours, may neither open nor run anything, and has little time and memory. What that does not survive is
 * octet-stream.
 * Use: struct filetypes *t = filetypes_open(arena, called); filetype_of(t, arena, head, "a.pdf") ...; filetypes_close(t).
 * The process is started at the first look and serves all of them. One that ends in the middle of a look is replaced, and asked once
 * more if it had others before. filetypes_start starts it ahead, so that it is ready by then.
 *
 * Configured --without-libmagic there is no such process, and filetype_by_octets is all that is known of a file.
 *
 * Owns: the process, until filetypes_close. Bounds: FILETYPE_LOOK, and FILETYPE_SECONDS for an answer.
 * Errors: none: what gets no answer is application/octet-stream, and a warning names it; where libmagic cannot be had at
 * all, there is one warning.
 * Threads: one. Source: libmagic(3); RFC 2046; RFC 6838 4.2.
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

/* text/plain in us-ascii or utf-8 where the octets can be nothing else, and application/octet-stream: "unknown-8bit" of it may be a
 * text in 8 bits, "binary" is none. */
struct filetype filetype_by_octets(struct slice head);
/* The text is TYPE/SUBTYPE in characters and lengths that RFC 6838 4.2 allows. */
bool filetype_is_type(const char *text);
/* called: argv[0] of main, or NULL. */
struct filetypes *filetypes_open(struct arena *in, const char *called);
void filetypes_start(struct filetypes *t);
void filetypes_close(struct filetypes *t);
/* what: the name of the file in a warning. */
struct filetype filetype_of(struct filetypes *t, struct arena *in, struct slice head, const char *what);

#endif
