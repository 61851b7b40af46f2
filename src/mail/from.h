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

#endif
