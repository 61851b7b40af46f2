/*
 * mail/decode - what the octets of a part stand for (RFC 2045 6.7, 6.8)
 *
 * Use: struct slice said = decode_part(arena, MIME_QUOTED, slice). What cannot be quoted-printable stays as it is, what is no letter of
 * base64 is passed over, as RFC 2045 has it. Plain octets are given back as they are.
 *
 * Owns: nothing; in the arena. Bounds: never longer than what was given. Errors: none. Threads: any.
 * Source: RFC 2045 6.7, 6.8.
 */
#ifndef MAIL_DECODE_H
#define MAIL_DECODE_H

#include "mail/mime.h"

struct slice decode_part(struct arena *in, enum mime_encoding encoding, struct slice octets);

#endif
