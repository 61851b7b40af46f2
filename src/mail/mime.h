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

#endif
