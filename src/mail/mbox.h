/*
 * mail/mbox - the lines of a mailbox file: which one begins a message, which were quoted for that, and which fields are notes
 *
 * A line that begins with "From " begins a message if an empty line stands before it, or nothing, and if it has a date as ctime(3)
 * writes one (with a zone, perhaps) or a header follows. Whether an empty line stands before it, the caller knows. Every other line
 * is text: a paragraph that begins with "From today on", in a mailbox whose writer quotes nothing, does not begin a message.
 * Use: if (mbox_begins(text)) ...; quotes = mbox_quotes(line, MBOX_RD);
 *
 * Owns: nothing. Units: lines end in LF or CRLF. Bounds: what follows is looked at as far as it is given. Errors: none. Threads: any.
 * Source: RFC 4155, appendix A; mbox(5) of qmail and of mutt for the variants; mbox_is_note says where its names are from.
 */
#ifndef MAIL_MBOX_H
#define MAIL_MBOX_H

#include "base/bytes.h"

enum {
	MBOX_LINE = 998,       /* a line that begins a message has no more octets */
	MBOX_AHEAD = 16 * 1024 /* so much of what follows is enough to tell */
};

/* How the program that wrote the mailbox kept a line of text from looking like the beginning of a message. The file does not say how. */
enum mbox_variant {
	MBOX_RD, /* one more ">" in front of "From ", ">From ", ">>From " and so on */
	MBOX_O,	 /* ">" in front of "From " alone */
	MBOX_CL2 /* not at all: Content-Length says where the text ends */
};

/* The first line of the text begins a message; the lines after it show whether a header follows. */
bool mbox_begins(struct slice text);
/* How many octets (0 or 1) in front of the line were put there by the program that wrote the mailbox. */
size_t mbox_quotes(struct slice line, enum mbox_variant variant);
/* The line begins a header field; *name is the field's (RFC 5322 4.5: blanks may stand before the colon). */
bool mbox_field(struct slice line, struct slice *name);
/* The field is a note of a mail program about the mail in its mailbox ("Status: RO"), and no part of the mail. */
bool mbox_is_note(struct slice name);
/* Reads the number of a field Content-Length; false: the line is no such field. */
bool mbox_length(struct slice line, uint64_t *length);

#endif
