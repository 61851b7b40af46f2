/*
 * base/sha256 - the digest of octets by which they are known again
 *
 * Use: struct sha256 s; sha256_begin(&s); sha256_add(&s, slice); sha256_end(&s, digest); or, for one piece, sha256_hex(hex, slice).
 * Written here since nothing that is linked at run time offers it: libc has none, libcurl keeps its own to itself, and the kernel's
 * (AF_ALG) is not on every system. Not for secrets: its time depends on how long the octets are, and nothing is wiped.
 *
 * Owns: nothing. Bounds: 2^61 octets. Errors: none. Threads: any, a struct each. Source: FIPS 180-4, 5.1.1, 6.2.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/bytes.h"

enum { SHA256_OCTETS = 32, SHA256_HEX = 65, SHA256_BLOCK = 64 };

struct sha256 {
	uint32_t state[8];
	uint64_t octets; /* how many were added */
	unsigned char block[SHA256_BLOCK];
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, struct slice octets);
void sha256_end(struct sha256 *s, unsigned char digest[SHA256_OCTETS]);
/* Writes a digest in hexadecimal digits, and a NUL. */
void sha256_print(char to[SHA256_HEX], const unsigned char digest[SHA256_OCTETS]);
void sha256_hex(char to[SHA256_HEX], struct slice octets);

#endif
