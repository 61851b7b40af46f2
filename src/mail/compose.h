/*
 * mail/compose - a message out of a text, HTML, and files (RFC 2045, 2046)
 *
 * Use: fill a composition, then compose_message(&message, arena, &c, f): the message gets a body of parts and the MIME fields that
 * go with it. text and html are one multipart/alternative, html and what it shows one multipart/related, all of it with the
 * attachments a multipart/mixed; what there is only one of stands by itself. keep: the message's own body, with its MIME
 * fields, is the first part.
 * Texts are 7bit where they can be. Else the message has two forms (mail/message): in one they are 8bit, for relays with
 * 8BITMIME; in the other, which any relay takes and which waits on disk, quoted-printable or base64, whichever is shorter.
 * Lines over 998 octets are encoded in both. Files are base64, so that they arrive octet by octet.
 *
 * Owns: nothing; all in the arena. Bounds: none: everything is a source.
 * Errors: those of reading a text once. Threads: whoever holds the message.
 * Source: RFC 2045 6, RFC 2046 5.1, RFC 2183, RFC 2387, RFC 2392.
 */
#ifndef MAIL_COMPOSE_H
#define MAIL_COMPOSE_H

#include "mail/message.h"

struct part {
	const char *type;    /* "text/html" */
	const char *charset; /* "": no charset is named, since it is no text */
	const char *more;    /* further parameters of the type, as mail/params writes them; or NULL */
	struct facts facts;  /* the facts of a text */
	const char *name;    /* the file's name, or NULL */
	const char *disposition, *id; /* "attachment", "inline"; Content-ID without its <>; or NULL */
	struct source *content; /* NULL: the message has no such part */
	struct source *base64;	/* of a file: its content, encoded already, in place of content; or NULL */
};

struct composition {
	struct part text, html;
	struct part *shown, *attached; /* files that the HTML shows; attachments */
	size_t shows, attachments;
	bool keep;
};

/* A part for a text; with the charset "binary", for octets that are no text. */
struct part compose_text(const char *type, const char *charset, struct source *content, const struct facts *facts);
MUST_CHECK int compose_message(struct message *m, struct arena *in, const struct composition *c, struct failure *f);

#endif
