/*
 * base/json - texts as JSON has them
 *
 * Use: json_text(&buf, slice) appends the text in its quotes. Octets that are no UTF-8 become U+FFFD;
 * what nobody sees (slice_is_invisible) is escaped.
 * Owns: nothing. Errors: -1 when the buf is full. Threads: any. Source: RFC 8259 7.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/bytes.h"

MUST_CHECK int json_text(struct buf *out, struct slice text);

#endif
