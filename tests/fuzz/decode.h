/*
 * Readers of what mysend writes, written apart from its writers and straight from the standards: decode(encode(x)) = x.
 * Each writes at most as many octets as it reads, and returns how many.
 */
#ifndef DECODE_H
#define DECODE_H

#include "base/bytes.h"

size_t decode_base64(char *to, struct slice text);  /* RFC 2045 6.8; what is none of its letters is passed over */
size_t decode_quoted(char *to, struct slice text);  /* RFC 2045 6.7; soft line ends go, hard ones stay CRLF */
size_t decode_words(char *to, struct slice text);   /* RFC 2047 6.2; a body, unfolded already */
size_t decode_percent(char *to, struct slice text); /* RFC 2231 4; up to a semicolon */
size_t decode_unfold(char *to, struct slice text);  /* RFC 5322 2.2.3 */

#endif
