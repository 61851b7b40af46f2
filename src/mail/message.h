/*
 * mail/message - header and body, as they come in
 *
 * What comes in is changed once, at the door, to what later floors rely on: line ends are CRLF (a bare CR ends a line, too), NULs
 * are dropped, the last line ends, the mbox line is dropped, the header is split off, and the body is known by its length and
 * its facts. Up to MESSAGE_IN_MEMORY octets stay in memory, more go to an unlinked file. mail/wide reads a descriptor so.
 * Use: message_begin(&m, arena, how); message_add(&m, piece, len, f) for each piece; message_end(&m, f); ... message_close(&m), at any
 * time; a message that is all zero is closed.
 *
 * Owns: the descriptors it was given to keep, the unlinked file's among them, and while it is read what has come; message_close gives all back.
 * The rest is the arena's.
 * Bounds: the header has at most MESSAGE_IN_MEMORY octets; the body what the disk takes.
 * Errors: AT_INPUT; EX_DATAERR for the text, EX_NOINPUT for a closed descriptor, EX_IOERR for one that
 * fails, EX_OSERR (EX_TEMPFAIL if full) for the file. Threads: whoever holds it.
 * Source: RFC 5322 2; mysend-compat(7), MESSAGE.
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include "mail/header.h"
#include "mail/source.h"

enum { MESSAGE_IN_MEMORY = 1024 * 1024 };

struct reading;

struct facts {
	bool eightbit;	 /* octets above 127 in the body */
	bool utf8;	 /* the body is strict UTF-8 (true for ASCII too) */
	bool no_header;	 /* the input had no header block */
	bool parted;	 /* an empty line stood after the header */
	bool empty;	 /* there was no input at all */
	bool wide;	 /* the body was UTF-16 or UTF-32, and is UTF-8 now: mail/wide */
	uint64_t nuls;	 /* how many NULs were dropped */
	uint64_t nul_runs; /* how many runs of NULs there were */
	size_t longest;	 /* the longest line of the body without CRLF, if it has over 998 octets (RFC 5322 2.1.1); else 0 */
};

struct kept_fd {
	int fd; /* own */
	struct kept_fd *next;
};

struct message {
	struct header header;
	struct source *body;
	struct source *body8; /* the same body with texts in 8 bits, where mail/compose had the choice; or NULL */
	const char *type8;    /* the Content-Type of body8 */
	struct facts facts;
	struct slice mbox; /* the lines that a mailbox had put in front, which are no part of the message */
	struct kept_fd *kept; /* the unlinked file, and the files that its parts are read from */
	struct reading *reading; /* between message_begin and message_end */
};

enum {
	MESSAGE_DOT_ENDS = 1, /* a line "." ends the message */
	MESSAGE_IS_TEXT = 2,  /* the whole input is text: no header is looked for */
	MESSAGE_MAY_BE_TEXT = 4 /* a header that is too large is text */
};

/* how: a set of these, or 0. */
void message_begin(struct message *m, struct arena *in, unsigned how);
MUST_CHECK int message_add(struct message *m, char *piece, size_t len, struct failure *f); /* piece is changed */
bool message_has_ended(const struct message *m); /* the message was ended by a dot */
MUST_CHECK int message_end(struct message *m, struct failure *f);
/* message_close will close the descriptor fd; the second function takes over all descriptors of another message. */
void message_keep_fd(struct message *m, struct arena *in, int fd);
void message_keep_all(struct message *m, struct message *other);
/* What was read as a header is text after all: it is put back in front of the body. */
void message_unsplit(struct message *m, struct arena *in);
/* Header and body as one source, as they are sent. NULL and *f if the header is too large. */
struct source *message_wire(const struct message *m, struct arena *in, struct failure *f);
/* Reads a text to learn its facts; the text is rewound before and after. */
MUST_CHECK int message_facts(struct source *text, struct facts *facts, struct failure *f);
bool message_is_eightbit(const struct message *m); /* header or body have octets above 127 */
void message_close(struct message *m);

#endif
