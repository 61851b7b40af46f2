/*
 * mail/idn - domains beyond ASCII as A-labels, for relays and fields that take only ASCII
 *
 * Use: idn_address(arena, "joe@bücher.example") is "joe@xn--bcher-kva.example". Letters are lowered where that is plain
 * (ASCII, Latin, Greek, Cyrillic); nothing else is mapped.
 *
 * Owns: nothing; texts in the arena. Bounds: labels of 63 octets. Errors: NULL: the local part is not ASCII, or a label
 * cannot be written so. Threads: any. Source: RFC 3492; RFC 5890 2.3.2.1.
 */
#ifndef MAIL_IDN_H
#define MAIL_IDN_H

#include "base/arena.h"

const char *idn_address(struct arena *in, const char *address);

#endif
