#include "base/digests.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT = 16, FIRST_ROOM = 64 };

struct digest_slot {
	unsigned char digest[KEPT];
	uint64_t number; /* 0: the slot is empty */
};

/* Where the digest stands, or the empty slot where it would. The address of the table goes into it, so that nobody who writes the
 * texts can fill one end of the table with them. */
static struct digest_slot *slot_of(const struct digests *d, const unsigned char *digest)
{
	uint64_t first;
	size_t at;

	memcpy(&first, digest, sizeof first);
	at = (size_t)((first ^ (uintptr_t)d->slot) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (d->room - 1);
	while (d->slot[at].number && memcmp(d->slot[at].digest, digest, KEPT) != 0)
		at = (at + 1) & (d->room - 1);
	return &d->slot[at];
}

int digests_reserve(struct digests *d, size_t more)
{
	size_t wanted = d->count + more, room = d->room ? d->room : FIRST_ROOM;
	struct digests larger = {.count = d->count};

	if (wanted < more || wanted > SIZE_MAX / 8 / sizeof *d->slot)
		return -1;
	while (wanted > room / 8 * 7)
		room *= 2;
	if (room == d->room)
		return 0;
	larger.room = room;
	larger.slot = calloc(room, sizeof *larger.slot);
	if (!larger.slot)
		return -1;
	for (size_t i = 0; i < d->room; i++)
		if (d->slot[i].number)
			*slot_of(&larger, d->slot[i].digest) = d->slot[i];
	free(d->slot);
	*d = larger;
	return 0;
}

void digests_put(struct digests *d, const unsigned char digest[SHA256_OCTETS], uint64_t number)
{
	struct digest_slot *s = slot_of(d, digest);

	d->count += s->number == 0;
	memcpy(s->digest, digest, KEPT);
	s->number = number;
}

uint64_t digests_find(const struct digests *d, const unsigned char digest[SHA256_OCTETS])
{
	return d->room ? slot_of(d, digest)->number : 0;
}

void digests_free(struct digests *d)
{
	free(d->slot);
	*d = (struct digests){0};
}
