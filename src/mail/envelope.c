#include "mail/envelope.h"

#include <stdint.h>
#include <string.h>

#include "mail/address.h"

/* FNV-1a over what address_same compares, begun with where the table lies, so that nobody who writes
 * addresses can aim them all at one slot. */
static size_t hash(const struct envelope *e, const char *address)
{
	const char *domain = address_domain(address);
	uint64_t h = 0xcbf29ce484222325u ^ (uint64_t)(uintptr_t)e->slot;

	for (const char *p = address; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (*domain && p >= domain && c >= 'A' && c <= 'Z')
			c = (unsigned char)(c - 'A' + 'a');
		h = (h ^ c) * 0x100000001b3u;
		h ^= h >> 29;
	}
	return (size_t)(h ^ h >> 32);
}

/* The slot that holds the address, or the free one where it would go. */
static size_t slot_find(const struct envelope *e, const char *address)
{
	size_t at = hash(e, address) & (e->slots - 1);

	while (e->slot[at] && !address_same(e->recipient[e->slot[at] - 1].address, address))
		at = (at + 1) & (e->slots - 1);
	return at;
}

static void slots_grow(struct envelope *e, struct arena *in)
{
	if (e->recipients * 2 < e->slots)
		return;
	do
		e->slots = e->slots ? e->slots * 4 : 16;
	while (e->recipients * 2 >= e->slots);
	e->slot = arena_zeroed(in, e->slots, sizeof *e->slot);
	for (size_t i = 0; i < e->recipients; i++)
		e->slot[slot_find(e, e->recipient[i].address)] = i + 1;
}

struct recipient *envelope_add(struct envelope *e, struct arena *in, const char *address)
{
	struct recipient *r;
	size_t at;

	slots_grow(e, in);
	at = slot_find(e, address);
	if (e->slot[at])
		return NULL;
	e->recipient = arena_grow(in, e->recipient, e->recipients, &e->room, sizeof *e->recipient);
	r = &e->recipient[e->recipients++];
	*r = (struct recipient){.address = address, .verdict = PENDING};
	e->slot[at] = e->recipients;
	e->beyond_ascii |= !address_is_ascii(address);
	return r;
}

struct recipient *envelope_add_like(struct envelope *e, struct arena *in, const char *address, const struct recipient *like)
{
	struct recipient *r = envelope_add(e, in, address);

	if (r) {
		r->notify = like->notify;
		r->orcpt = like->orcpt;
	}
	return r;
}

void envelope_keep(struct envelope *e, bool (*stays)(void *ctx, const struct recipient *r), void *ctx)
{
	size_t kept = 0;

	e->beyond_ascii = false;
	for (size_t i = 0; i < e->recipients; i++) {
		if (!stays(ctx, &e->recipient[i]))
			continue;
		e->recipient[kept] = e->recipient[i];
		e->beyond_ascii |= !address_is_ascii(e->recipient[kept++].address);
	}
	if (kept == e->recipients)
		return;
	e->recipients = kept;
	e->slots = 0; /* the next envelope_add makes the table anew */
	e->slot = NULL;
}

struct envelope envelope_without_recipients(const struct envelope *e)
{
	struct envelope copy = *e;

	copy.recipient = NULL;
	copy.slot = NULL;
	copy.recipients = copy.room = copy.slots = 0;
	copy.beyond_ascii = false;
	return copy;
}

size_t envelope_count(const struct envelope *e, enum verdict v)
{
	size_t n = 0;

	for (size_t i = 0; i < e->recipients; i++)
		n += e->recipient[i].verdict == v;
	return n;
}

void envelope_blame(struct envelope *e, struct arena *in, const struct failure *why)
{
	const struct failure *copy = envelope_count(e, PENDING) ? arena_failure(in, why) : NULL;

	for (size_t i = 0; i < e->recipients; i++)
		if (e->recipient[i].verdict == PENDING)
			e->recipient[i].why = copy;
}

void envelope_refuse(struct envelope *e, struct arena *in, const struct failure *why)
{
	envelope_blame(e, in, why);
	for (size_t i = 0; i < e->recipients; i++)
		if (e->recipient[i].verdict == PENDING)
			e->recipient[i].verdict = REFUSED;
}

enum progress envelope_progress(const struct envelope *e)
{
	size_t untouched = envelope_count(e, PENDING), left = untouched + envelope_count(e, UNSURE);

	for (size_t i = 0; i < e->recipients; i++)
		left += e->recipient[i].why && e->recipient[i].why->code == 421;
	return untouched == e->recipients ? UNTOUCHED : left ? LEFT_OPEN : ANSWERED;
}

bool envelope_needs_utf8(const struct envelope *e)
{
	/* beyond_ascii is noted when a recipient is added: this is asked for every transaction, and there may be thousands of
	 * recipients. */
	return e->smtputf8 || e->beyond_ascii || !address_is_ascii(e->sender);
}
