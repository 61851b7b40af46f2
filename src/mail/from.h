/*
 * mail/from - the From field, and names in front of addresses (RFC 5322 3.4, 3.6.2)
 *
 * Use: from_complete(&header, &wishes, f), within complete_message(): adds the field, replaces one without content, and
 * makes it the forced address where there is one, with the name that the message gives; then there is no Sender beside it.
 *
 * Owns: nothing; all in the header's arena. Errors: EX_USAGE: there is no address to put there.
 * Threads: whoever holds the header. Source: RFC 5322 3.4, 3.6.2; mysend-compat(7), MESSAGE, HEADER AND SENDER.
 */
#ifndef MAIL_FROM_H
#define MAIL_FROM_H

#include "mail/complete.h"

MUST_CHECK int from_complete(struct header *h, const struct completion *c, struct failure *f);
/* The body of a From or Resent-From field that we add. NULL and *f if there is no address. */
const char *from_text(struct arena *in, const struct completion *c, struct failure *f);
/* The text, if it is UTF-8; else converted as if it were Latin-1. */
struct slice text_in_utf8(struct arena *in, struct slice text);
/* The name as it is meant: without quotes, backslashes and comments. */
const char *mailbox_name(struct arena *in, struct slice written);
/* "name <address>", with the name quoted or encoded as needed, and folded if it is long; in the arena. */
const char *mailbox_text(struct arena *in, const char *name, const char *address);
/* The same for a name as it stands in a field; NULL: the name is empty. Encoded words stay. */
const char *mailbox_again(struct arena *in, struct slice written, const char *address);

#endif
