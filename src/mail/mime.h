/*
 * mail/mime - what a message says of its body (RFC 2045)
 *
 * Owns: nothing; all in the arena. Errors: none.
 * Threads: whoever holds the message. Source: RFC 2045 3-6.
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include "mail/message.h"

/* MIME-Version, or a Content- field that there is (not the Content-Length of mailboxes, nor a line of a report). */
bool mime_is_field(struct slice name);
bool mime_is_said(const struct header *h);
/* The charset that the Content-Type names, or "". */
const char *mime_charset(struct arena *in, const struct header *h);
/* A parameter of the Content-Type, or "". */
const char *mime_parameter(struct arena *in, const struct header *h, const char *name);
/* "text/plain" in small letters, without blanks and parameters; "" where there is no Content-Type that says anything, "?" where
 * what it says is no type. */
const char *mime_type(struct arena *in, const struct header *h);

/* Its header or its text is, by who has had it before (RFC 6376 3.5, RFC 8617 4.1): what is changed spoils that. */
bool mime_is_signed(const struct header *h);

enum mime_encoding {
	MIME_PLAIN, /* 7bit, 8bit, binary, or nothing said: the octets are what they mean */
	MIME_QUOTED, MIME_BASE64,
	MIME_UNKNOWN /* anything else */
};
enum mime_encoding mime_encoding(struct arena *in, const struct header *h);

#endif
