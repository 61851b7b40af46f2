/*
 * mail/params - parameters of a MIME field, whatever is in them (RFC 2045 5.1, 2231)
 *
 * Use: params_add(&buf, "filename", "März.pdf") behind "attachment": each on lines of its own. What is not ASCII, or too
 * long, becomes name*= in UTF-8, continued over several lines if need be; a name for readers of old follows, in ASCII.
 *
 * Owns: nothing. Units: UTF-8 in, ASCII out. Bounds: lines of at most 78 octets; 100 continuations.
 * Errors: -1 when the buf is full. Threads: any. Source: RFC 2231 3, 4; RFC 2183 2.
 */
#ifndef MAIL_PARAMS_H
#define MAIL_PARAMS_H

#include "base/bytes.h"

MUST_CHECK int params_add(struct buf *out, const char *name, struct slice value);

#endif
