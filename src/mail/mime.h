/*
 * mail/mime - what a message says of its body, and what it must say (RFC 2045)
 *
 * A message that has MIME fields is never touched. One without them gets them when its body is not plain ASCII,
 * and becomes quoted-printable when a line of it is longer than 998 octets (COMPAT.md 5).
 *
 * Owns: nothing; all in the arena. Errors: those of reading the body once.
 * Threads: whoever holds the message. Source: RFC 2045 3-6; RFC 5322 2.1.1; RFC 6152.
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include "mail/message.h"

bool mime_is_said(const struct header *h); /* MIME-Version or any Content- field */
/* The charset that the Content-Type names, or "". */
const char *mime_charset(struct arena *in, const struct header *h);
/* charset: of an 8-bit body that is not UTF-8; "binary": it is no text. */
MUST_CHECK int mime_complete(struct message *m, struct arena *in, const char *charset, struct failure *f);

#endif
