/*
 * base/percent - octets as they stand in a URL's query or a form
 *
 * Use: percent_add(&buf, slice) writes a value; percent_read(to, sizeof to, slice) reads one back.
 * Owns: nothing. Bounds: the buf's limit; room, with the NUL behind the text.
 * Errors: -1 at the limit. percent_read: false for what is no such value, or does not fit. Threads: any.
 * Source: RFC 3986 2.1, 2.3; application/x-www-form-urlencoded (RFC 6749 B).
 */
#ifndef BASE_PERCENT_H
#define BASE_PERCENT_H

#include "base/bytes.h"

/* All but unreserved characters become %XX. */
MUST_CHECK int percent_add(struct buf *out, struct slice value);
/* %XX, and + for a blank. A NUL in it makes it none. */
MUST_CHECK bool percent_read(char *to, size_t room, struct slice from);

#endif
