#include <stdio.h>

#include "post/pace_inside.h"

enum { SKEW_MS = 2 }; /* by so much the clocks may have moved apart since they were seen last */

static const int64_t time_most = (int64_t)1 << 50; /* 35,000 years */
static const uint64_t count_most = (uint64_t)1 << 50;

uint32_t pace_state_room(const struct rate *r)
{
	uint32_t most = 0;

	for (unsigned i = 0; i < r->limits; i++)
		if (r->limit[i].count > most)
			most = r->limit[i].count;
	return most + PACE_SPARE;
}

uint32_t pace_state_room_of(const char *image)
{
	return pace_head_of(image).room;
}

size_t pace_state_size(uint32_t room)
{
	return PACE_RING + (size_t)room * sizeof(struct pace_stamp);
}

static bool is_same_start(const struct pace_head *h, const struct pace_time *t)
{
	return *t->boot_id && strncmp(h->boot, t->boot_id, PACE_ID - 1) == 0;
}

static bool is_time(int64_t ms)
{
	return ms > -time_most && ms < time_most;
}

static int64_t as_time(int64_t ms)
{
	return ms <= -time_most ? 1 - time_most : ms >= time_most ? time_most - 1 : ms;
}

static bool head_is_sound(const struct pace_head *h, size_t size)
{
	return h->room > PACE_SPARE && h->room <= RATE_MOST + PACE_SPARE && size == pace_state_size(h->room) && h->top <= PACE_LEASES &&
	       h->wall <= 1 && memchr(h->boot, '\0', PACE_ID) && memchr(h->host, '\0', PACE_ID) && h->first <= h->count &&
	       h->count - h->first <= h->room - PACE_SPARE && h->before <= h->recipients && h->count <= h->reserved &&
	       h->reserved - h->count <= PACE_LEASES + PACE_SPARE && h->recipients <= h->reserved_recipients &&
	       h->reserved < count_most && h->reserved_recipients < count_most && is_time(h->offset) && throttle_is_sound(&h->throttle);
}

/* Each stamp is no earlier than the one before it, and has recipients. */
static bool stamps_are_sound(const char *image, const struct pace_head *h, int64_t now)
{
	struct pace_stamp last = {INT64_MIN, h->before};

	for (uint64_t n = h->first; n < h->count; n++) {
		struct pace_stamp next = pace_stamp_at(image, h, n);

		if (!is_time(next.at) || next.at < last.at || next.recipients <= last.recipients)
			return false;
		last = next;
	}
	return last.recipients == h->recipients && (h->wall || last.at <= now);
}

static bool leases_are_sound(const char *image, const struct pace_head *h)
{
	for (uint32_t i = 0; i < h->top; i++) {
		struct pace_lease lease = pace_lease_at(image, i);

		if (lease.serial && (!is_time(lease.end) || !lease.recipients || lease.recipients > count_most / PACE_LEASES))
			return false;
	}
	return true;
}

enum pace_found pace_state_check(const char *image, size_t size, const struct rate *r, const struct pace_time *t)
{
	static const char nothing[sizeof PACE_MAGIC - 1];
	struct pace_head h;

	if (size < sizeof nothing || memcmp(image, nothing, sizeof nothing) == 0)
		return PACE_BROKEN;
	if (memcmp(image, PACE_MAGIC, sizeof nothing) != 0)
		return PACE_FOREIGN;
	if (size < PACE_HEAD)
		return PACE_BROKEN;
	h = pace_head_of(image);
	if (!head_is_sound(&h, size) || !leases_are_sound(image, &h))
		return PACE_BROKEN;
	/* After a power cut stamps may be missing; that is looked at when the image is built anew. */
	if (!h.wall && !is_same_start(&h, t))
		return PACE_UNFIT;
	if (!stamps_are_sound(image, &h, pace_now(&h, t)))
		return PACE_BROKEN;
	return h.room < pace_state_room(r) ? PACE_UNFIT : PACE_SOUND;
}

struct builder {
	char *image;
	struct pace_head h;
};

static void add(struct builder *b, int64_t at, uint64_t recipients)
{
	struct pace_stamp stamp = {at, recipients};

	if (b->h.count > b->h.first && pace_stamp_at(b->image, &b->h, b->h.count - 1).at > at)
		stamp.at = pace_stamp_at(b->image, &b->h, b->h.count - 1).at;
	memcpy(b->image + pace_stamp_place(&b->h, b->h.count), &stamp, sizeof stamp);
	if (b->h.count - b->h.first == b->h.room - PACE_SPARE) {
		b->h.before = pace_stamp_at(b->image, &b->h, b->h.first).recipients;
		b->h.first++;
	}
	b->h.count++;
	b->h.recipients = recipients;
}

static void add_many(struct builder *b, int64_t at, uint64_t mails, uint64_t recipients)
{
	for (uint64_t i = 1; i <= mails; i++)
		add(b, at, i == mails && recipients > b->h.recipients ? recipients : b->h.recipients + 1);
}

/* What it was by the clock of the other image. */
struct shift {
	bool restarted; /* the host has been started again since: */
	int64_t up, wall, offset; /* the clock since then, the wall clock, and how far they were apart before */
	int64_t add;
};

/* After a restart a stamp is as old as the wall clock says, and at least as old as the host is up. */
static int64_t shifted(const struct shift *by, int64_t at)
{
	int64_t age = by->wall - (at + by->offset) - SKEW_MS;

	return as_time(by->restarted ? by->up - (age > by->up ? age : by->up) : at + by->add);
}

/* Takes over the newest stamps. After a power cut those from the first on that makes no sense have not reached the disk, nor has what
 * was reserved: all that went between the last sync and `since`. */
static void keep_stamps(struct builder *b, const char *other, const struct pace_head *old, const struct shift *by, int64_t since)
{
	uint64_t most = b->h.room - PACE_SPARE, from = old->count - old->first > most ? old->count - most : old->first;
	struct pace_stamp last = {INT64_MIN, from == old->first ? old->before : pace_stamp_at(other, old, from - 1).recipients};
	bool lost = last.recipients > old->recipients;

	last.recipients = lost ? 0 : last.recipients;
	b->h.first = b->h.count = from;
	b->h.before = b->h.recipients = last.recipients;
	for (uint64_t n = from; n < old->count && !lost; n++) {
		struct pace_stamp next = pace_stamp_at(other, old, n);

		lost = !is_time(next.at) || next.at < last.at || next.recipients <= last.recipients || next.recipients > old->recipients;
		if (!lost)
			add(b, shifted(by, next.at), next.recipients);
		last = next;
	}
	if (by->restarted || lost || b->h.recipients != old->recipients)
		add_many(b, since, old->reserved - b->h.count, old->reserved_recipients);
	b->h.reserved = old->reserved;
	b->h.reserved_recipients = old->reserved_recipients;
}

static void keep_leases(struct builder *b, const char *other, const struct pace_head *old, int64_t by)
{
	b->h.top = old->top;
	for (uint32_t i = 0; i < old->top; i++) {
		struct pace_lease lease = pace_lease_at(other, i);

		lease.end = as_time(lease.end + by);
		memcpy(b->image + pace_lease_place(i), &lease, sizeof lease);
	}
}

static void keep(struct builder *b, const char *other, const struct pace_time *t)
{
	struct pace_head old = pace_head_of(other);
	struct shift by = {.up = t->boot, .wall = t->wall, .offset = old.offset};
	bool same = is_same_start(&old, t);

	/* Another host writes the same file, on a shared disk: from now on the wall clock counts for all. */
	b->h.wall = old.wall || !*t->boot_id || (!same && strncmp(old.host, t->host, PACE_ID - 1) != 0);
	by.restarted = !b->h.wall && !same;
	by.add = b->h.wall && !old.wall ? old.offset : 0;
	keep_stamps(b, other, &old, &by, by.restarted ? 0 : pace_now(&b->h, t));
	if (!by.restarted)
		keep_leases(b, other, &old, by.add);
	if (!by.restarted && !by.add)
		b->h.throttle = old.throttle;
	b->h.serial = old.serial;
}

static void fill(struct builder *b, const struct rate *r, const struct pace_time *t)
{
	uint64_t recipients = 0;

	for (unsigned i = 0; i < r->limits; i++)
		if (r->limit[i].recipients && r->limit[i].count > recipients)
			recipients = r->limit[i].count;
	add_many(b, pace_now(&b->h, t), b->h.room - PACE_SPARE, recipients);
}

void pace_state_build(char *image, uint32_t room, enum pace_begin how, const char *other, const struct rate *r, const struct pace_time *t)
{
	struct builder b = {.image = image, .h = {.room = room, .wall = !*t->boot_id, .offset = t->wall - t->boot}};

	memcpy(b.h.magic, PACE_MAGIC, sizeof b.h.magic);
	snprintf(b.h.boot, sizeof b.h.boot, "%s", t->boot_id);
	snprintf(b.h.host, sizeof b.h.host, "%s", t->host);
	/* A grant by a file that was lost must not be taken for one by this. */
	b.h.serial = t->wall > 0 ? (uint64_t)t->wall << 20 : 0;
	if (how == PACE_KEEP)
		keep(&b, other, t);
	else if (how == PACE_FULL)
		fill(&b, r, t);
	if (b.h.reserved < b.h.count)
		b.h.reserved = b.h.count;
	if (b.h.reserved_recipients < b.h.recipients)
		b.h.reserved_recipients = b.h.recipients;
	memcpy(image, &b.h, sizeof b.h);
}
