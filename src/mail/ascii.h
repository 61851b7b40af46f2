/*
 * mail/ascii - fields that came in raw UTF-8, as relays and readers of every kind take them (RFC 2047)
 *
 * Use: ascii_fields(&header), once what its addresses stand for is put in. Names, names of groups and comments in address
 * fields, the phrases of Keywords, and words in Subject, Comments, Content-Description, Organization, Thread-Topic and X-...
 * become encoded words, as far as they are not ASCII; all else in the field stays, and so does a name with a comment within.
 * A field stays as it came if an address in it is not ASCII or cannot be read, if it is no UTF-8, or if the message says that
 * it is written in something else. A message whose header is signed stays whole.
 *
 * Owns: nothing; all in the header's arena. Bounds: a field grows to 16 times its length at most. Errors: none.
 * Threads: whoever holds the header. Source: RFC 2047 5, RFC 5322 3.4, RFC 6532 1.
 */
#ifndef MAIL_ASCII_H
#define MAIL_ASCII_H

#include "mail/header.h"

void ascii_fields(struct header *h);
/* The same for one field that came in another charset; utf8 is its body in UTF-8. A field that is not in the list stays as it
 * came. */
void ascii_field(struct header *h, struct field *field, struct slice utf8);

#endif
