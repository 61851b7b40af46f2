/*
 * mail/mime - what a message says of its body (RFC 2045)
 *
 * Owns: nothing; all in the arena. Errors: none.
 * Threads: whoever holds the message. Source: RFC 2045 3-6.
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include "mail/message.h"

/* The name is MIME-Version or that of a Content- field of a standard (not Content-Length of mailboxes, nor a line of a report that
 * looks so). */
bool mime_is_field(struct slice name);
bool mime_is_said(const struct header *h);
/* The charset that the Content-Type names, or "". */
const char *mime_charset(struct arena *in, const struct header *h);
/* A parameter of the Content-Type, or "". */
const char *mime_parameter(struct arena *in, const struct header *h, const char *name);
/* The media type ("text/plain") in small letters, without blanks and parameters; "" where Content-Type is missing or empty, "?"
 * where it holds no type. */
const char *mime_type(struct arena *in, const struct header *h);

/* The message was signed by a host that it has passed (RFC 6376 3.5, RFC 8617 4.1): any change would break the signature. */
bool mime_is_signed(const struct header *h);

enum mime_encoding {
	MIME_PLAIN, /* 7bit, 8bit, binary, or none said: the octets are not encoded */
	MIME_QUOTED, MIME_BASE64,
	MIME_UNKNOWN /* any other encoding */
};
enum mime_encoding mime_encoding(struct arena *in, const struct header *h);

#endif
