/*
 * base/listing - the names in a folder, or in several, in their order, with little memory however many there are
 *
 * It holds the `most` names that come next in order. Once these were given, it reads the folders again for the names after them. So a
 * name that is added later is given if it comes after the last one given, and a file that gets another name with the same key is
 * given once.
 *
 * Use: listing_open(&l, folder, 2, key, LISTING_MOST) with descriptors of folders; while (listing_next(l, &entry) > 0) ...;
 * listing_close(l).
 * Owns: its memory; the descriptors are borrowed. An entry is good until the next call.
 * Bounds: 256 octets a name that is held. N names take N / most readings of the folders.
 * Errors: -1 with errno. Threads: one.
 */
#ifndef BASE_LISTING_H
#define BASE_LISTING_H

#include <stdint.h>

#include "base/bytes.h"

enum { LISTING_MOST = 8192, LISTING_NAME = 256, LISTING_FOLDERS = 2 };

struct listing;

struct listing_entry {
	size_t folder; /* which of them */
	const char *name;
};

/* The part of a name by which names are ordered, and which is given once. An empty one: the name is passed over. */
typedef struct slice listing_key(const char *name);

MUST_CHECK int listing_open(struct listing **out, const int *folder, size_t folders, listing_key *key, size_t most);
/* 1: *entry is the next name; 0: there is no other. */
MUST_CHECK int listing_next(struct listing *l, struct listing_entry *entry);
/* Counts the names that there are at this moment; names with the same key are counted one by one. */
MUST_CHECK int listing_count(const struct listing *l, uint64_t *count);
/* 1: *entry is the name that has this key now; 0: no name has it. */
MUST_CHECK int listing_find(struct listing *l, struct slice key, struct listing_entry *entry);
void listing_close(struct listing *l);

#endif
