/*
 * base/digests - a number for each text of very many, of which only the digests are kept
 *
 * Use: struct digests d = {0}; if (digests_reserve(&d, 1) < 0) ...; digests_put(&d, digest, 7); n = digests_find(&d, digest);
 * digests_free(&d). 100,000 take 3 MiB however long the texts are. Two texts count as the same if 128 bits of their SHA-256 are:
 * nobody knows how to make two such texts.
 *
 * Owns: its table, which is no arena's since a table that grew would leave the smaller ones behind. Bounds: memory.
 * Errors: -1 where memory is out. Threads: whoever holds it.
 */
#ifndef BASE_DIGESTS_H
#define BASE_DIGESTS_H

#include "base/sha256.h"

struct digests {
	struct digest_slot *slot;
	size_t count, room;
};

MUST_CHECK int digests_reserve(struct digests *d, size_t more); /* room for so many more */
/* The number, which must not be 0, takes the place of an earlier one. Room must have been reserved. */
void digests_put(struct digests *d, const unsigned char digest[SHA256_OCTETS], uint64_t number);
uint64_t digests_find(const struct digests *d, const unsigned char digest[SHA256_OCTETS]); /* 0: it is not there */
void digests_free(struct digests *d);

#endif
