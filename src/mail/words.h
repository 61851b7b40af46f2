/*
 * mail/words - text of header fields in ASCII: encoded words (RFC 2047)
 *
 * Use: words_encode(&buf, slice, column): appends the text as encoded words, parted by CRLF SP.
 * B or Q, whichever is shorter; never split inside a character; at most 75 octets a word and 76 a line.
 * words_phrase: a display name as atoms, quoted string or encoded words, whichever it needs.
 * words_text: a text without structure, as in Subject: only the words that need it are encoded, what is
 * encoded already stays, and long lines are folded.
 *
 * Owns: nothing. Units: UTF-8 in, ASCII out; column: octets already on the line.
 * Errors: -1 when the buf is full. Threads: any. Source: RFC 2047 2, 4, 5; RFC 5322 3.2.5.
 */
#ifndef MAIL_WORDS_H
#define MAIL_WORDS_H

#include "base/bytes.h"

MUST_CHECK int words_encode(struct buf *out, struct slice text, size_t column);
MUST_CHECK int words_phrase(struct buf *out, struct slice name, size_t column);
MUST_CHECK int words_text(struct buf *out, struct slice text, size_t column);

#endif
