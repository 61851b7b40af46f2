/*
 * base/loopback - whether an address that is written out is this host's own
 *
 * Use: if (loopback_is(slice_of("127.0.0.1"))) what is said there never leaves this host.
 * Owns: nothing. Bounds: none. Errors: none; what is no address, as "localhost", is not one of this host's. Threads: any.
 * Source: RFC 1122 3.2.1.3 (127.0.0.0/8), RFC 4291 2.5.3 (::1).
 */
#ifndef BASE_LOOPBACK_H
#define BASE_LOOPBACK_H

#include "base/bytes.h"

bool loopback_is(struct slice address); /* of IPv6 without brackets */

#endif
