/*
 * mail/recode - texts that came with MIME fields, encoded where they could not travel otherwise
 *
 * Use: recode_message(&seven, &eight, arena, f) with two copies of a message whose header is complete, each with fields of its own:
 * in seven, what mail/parts lists becomes quoted-printable or base64, whichever is shorter (what is no text: base64), for relays
 * without 8BITMIME (what is encoded already, but in lines that are too long, stays so, in shorter ones); in eight, only what has lines over 998 octets (RFC 5321 4.5.3.1.6). The fields of a part say so then;
 * all other octets stay. Where eight would be the same as seven, its body is NULL; where nothing is to be done, both stay.
 * seven's facts are those of what could not be mended: it goes as it is.
 *
 * Owns: nothing; all in the arena. Bounds: those of mail/parts; memory does not grow with the size of a leaf.
 * Errors: those of reading. Threads: whoever holds the message.
 * Source: RFC 2045 6, RFC 6152 3, RFC 1428 (unknown-8bit).
 */
#ifndef MAIL_RECODE_H
#define MAIL_RECODE_H

#include "mail/message.h"

MUST_CHECK int recode_message(struct message *seven, struct message *eight, struct arena *in, struct failure *f);

#endif
