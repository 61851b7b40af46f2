/*
 * mail/message - header and body, as they come in
 *
 * message_read does once, at the door, what later floors rely on: line ends are CRLF (a bare CR ends
 * a line too), NUL is gone, the last line is ended, the mbox line is gone, the header is split off, and
 * the body is known by its length and its facts. Up to MESSAGE_IN_MEMORY octets stay in memory, more go
 * to an unlinked file. Use: message_read(&m, arena, 0, how, f), or message_begin, _add for each piece that
 * comes, _end; ... message_close(&m), at any time; one that is all zero is closed.
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
	bool parted;	 /* an empty line stood behind it */
	bool empty;	 /* there was no input at all */
	bool wide;	 /* the body was UTF-16 or UTF-32, and is UTF-8 now: mail/wide */
	uint64_t nuls;	 /* dropped */
	uint64_t nul_runs; /* so often one or more in a row */
	size_t longest;	 /* line of the body, octets without CRLF, where over 998 (RFC 5322 2.1.1); else 0 */
};

struct kept_fd {
	int fd; /* own */
	struct kept_fd *next;
};

struct message {
	struct header header;
	struct source *body;
	struct source *body8; /* the same with its texts in 8 bits, where mail/compose has the choice; or NULL */
	const char *type8;    /* and the Content-Type that goes with it */
	struct facts facts;
	struct slice mbox; /* the lines that a mailbox put in front: no part of it */
	struct kept_fd *kept; /* the unlinked file, and what else its parts come out of */
	struct reading *reading; /* between message_begin and message_end */
};

enum {
	MESSAGE_DOT_ENDS = 1, /* a line "." ends it */
	MESSAGE_IS_TEXT = 2,  /* no header is looked for */
	MESSAGE_MAY_BE_TEXT = 4 /* what is too large for a header is none */
};

/* how: of these, or 0. */
MUST_CHECK int message_read(struct message *m, struct arena *in, int fd, unsigned how, struct failure *f);
void message_begin(struct message *m, struct arena *in, unsigned how);
MUST_CHECK int message_add(struct message *m, char *piece, size_t len, struct failure *f); /* piece is changed */
bool message_has_ended(const struct message *m); /* by a dot */
MUST_CHECK int message_end(struct message *m, struct failure *f);
/* It closes that descriptor in the end; and all that the other would have closed. */
void message_keep_fd(struct message *m, struct arena *in, int fd);
void message_keep_all(struct message *m, struct message *other);
/* What looked like a header is text. */
void message_unsplit(struct message *m, struct arena *in);
/* Header and body in a row, as they will travel. NULL and *f if the header is too large. */
struct source *message_wire(const struct message *m, struct arena *in, struct failure *f);
/* What is to be known of a text; it is rewound before and after. */
MUST_CHECK int message_facts(struct source *text, struct facts *facts, struct failure *f);
bool message_is_eightbit(const struct message *m); /* its header or its body */
void message_close(struct message *m);

#endif
