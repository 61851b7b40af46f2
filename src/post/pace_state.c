#include "post/pace_inside.h"

enum {
	/* Mails reserved at a time: so many, but no more than such a part of the smallest limit; of a large one a small part. */
	RESERVED = 16, RESERVED_PART = 32, RESERVED_OF_MANY = 256, RESERVED_MOST = 1000,
	CROWDED_MS = 1000,			/* how long to wait where all leases are taken */
	NEAR = 4096,
	CLOCKS_APART_MS = 2, /* the clocks have moved apart by more than this: it is noted, for after a restart it cannot be known */
};

struct under_way {
	uint64_t mails, recipients;
	uint32_t free; /* a lease that is free, or PACE_LEASES */
};

static int put_head(const struct pace_store *s, const struct pace_head *h)
{
	return s->put(s->ctx, 0, h, sizeof *h);
}

static int put_lease(const struct pace_store *s, uint32_t i, const struct pace_lease *lease)
{
	return s->put(s->ctx, pace_lease_place(i), lease, sizeof *lease);
}

/* The head first and a lease then, by one write where they are near each other. In the beginning of a file it stands in one page, which
 * the kernel copies without looking for a signal; and should half of it be written, that is the head's half, as with two. */
static int put_head_and_lease(const struct pace_store *s, const struct pace_head *h, uint32_t i, const struct pace_lease *lease)
{
	char octets[NEAR];
	size_t place = pace_lease_place(i), end = place + sizeof *lease;

	if (end > sizeof octets)
		return put_head(s, h) < 0 ? -1 : put_lease(s, i, lease);
	memcpy(octets, s->image, place);
	memcpy(octets, h, sizeof *h);
	memcpy(octets + place, lease, sizeof *lease);
	return s->put(s->ctx, 0, octets, end);
}

static struct under_way count_leases(const struct pace_store *s, const struct pace_head *h)
{
	struct under_way sum = {.free = h->top};

	for (uint32_t i = h->top; i-- > 0;) {
		struct pace_lease lease = pace_lease_at(s->image, i);

		sum.mails += lease.serial != 0;
		sum.recipients += lease.serial ? lease.recipients : 0;
		sum.free = lease.serial ? sum.free : i;
	}
	return sum;
}

/* How many mails, or recipients, all stamps before that number have. */
static uint64_t sum_before(const struct pace_store *s, const struct pace_head *h, bool recipients, uint64_t number)
{
	if (!recipients)
		return number;
	return number == h->first ? h->before : pace_stamp_at(s->image, h, number - 1).recipients;
}

/* How long until no more than `allowed` mails or recipients have stamps younger than the limit's time. */
static int64_t wait_for_stamps(const struct pace_store *s, const struct pace_head *h, const struct rate_limit *l, uint64_t allowed, int64_t now)
{
	uint64_t low = h->first, high = h->count, total = l->recipients ? h->recipients : h->count;
	int64_t over;

	/* low: the first stamp with which, and with those after it, it is no more than allowed */
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (total - sum_before(s, h, l->recipients, middle) > allowed)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == h->first)
		return 0;
	over = pace_stamp_at(s->image, h, low - 1).at + l->span + 1; /* both times were cut to a millisecond */
	return over > now ? over - now : 0;
}

static int64_t wait_for_limit(const struct pace_store *s, const struct pace_head *h, const struct rate_limit *l, const struct under_way *way,
			      size_t recipients, int64_t now)
{
	uint64_t taken = l->recipients ? way->recipients : way->mails, need = l->recipients ? recipients : 1;

	if (need > l->count)
		return PACE_NEVER;
	/* Those under way get their stamps now at the earliest. */
	return taken + need > l->count ? l->span + 1 : wait_for_stamps(s, h, l, l->count - taken - need, now);
}

static int64_t wait_of(const struct pace_store *s, const struct pace_head *h, const struct rate *r, const struct under_way *way, size_t recipients,
		       int64_t now, unsigned *which)
{
	int64_t wait = throttle_wait(&h->throttle, now);

	*which = r->limits;
	for (unsigned i = 0; i < r->limits; i++) {
		int64_t one = wait_for_limit(s, h, &r->limit[i], way, recipients, now);

		if (one > wait || one == PACE_NEVER) {
			wait = one;
			*which = i;
		}
		if (one == PACE_NEVER)
			break;
	}
	return wait;
}

int64_t pace_state_look(const struct pace_store *s, const struct rate *r, size_t recipients, const struct pace_time *t, unsigned *which)
{
	struct pace_head h = pace_head_of(s->image);
	struct under_way way = count_leases(s, &h);

	return wait_of(s, &h, r, &way, recipients, pace_now(&h, t), which);
}

/* The stamp is written first and the head then, which the caller does, so that a stamp which is only half there does not count; the
 * lease, if there is one, goes last. */
static int stamp(const struct pace_store *s, struct pace_head *h, int64_t now, uint64_t recipients)
{
	struct pace_stamp new = {now, h->recipients + recipients};

	if (h->count > h->first && pace_stamp_at(s->image, h, h->count - 1).at > now)
		new.at = pace_stamp_at(s->image, h, h->count - 1).at;
	if (s->put(s->ctx, pace_stamp_place(h, h->count), &new, sizeof new) < 0)
		return -1;
	if (h->count - h->first == h->room - PACE_SPARE) {
		h->before = pace_stamp_at(s->image, h, h->first).recipients;
		h->first++;
	}
	h->count++;
	h->recipients = new.recipients;
	if (h->reserved < h->count)
		h->reserved = h->count;
	if (h->reserved_recipients < h->recipients)
		h->reserved_recipients = h->recipients;
	return 0;
}

/* The relay has counted by now what a dead owner has sent. Returns how many leases became stamps, or -1. */
static int settle(const struct pace_store *s, struct pace_head *h, int64_t now)
{
	int settled = 0;

	for (uint32_t i = 0; i < h->top; i++) {
		struct pace_lease lease = pace_lease_at(s->image, i);

		if (!lease.serial || (lease.end > now && !s->is_gone(s->ctx, &lease.owner)))
			continue;
		if (stamp(s, h, now, lease.recipients) < 0 || put_head_and_lease(s, h, i, &(struct pace_lease){0}) < 0)
			return -1;
		settled++;
	}
	return settled;
}

static int note_offset(const struct pace_store *s, struct pace_head *h, const struct pace_time *t)
{
	int64_t offset = t->wall - t->boot, apart = offset - h->offset;

	if (apart >= -CLOCKS_APART_MS && apart <= CLOCKS_APART_MS)
		return 0;
	h->offset = offset;
	return put_head(s, h);
}

/* True: more was reserved, and that has to be on the disk before the mail goes. */
static bool reserve(struct pace_head *h, const struct rate *r, const struct under_way *way, size_t recipients)
{
	uint64_t mails = h->count + way->mails + 1, all = h->recipients + way->recipients + recipients, least = RATE_MOST, more;

	if (h->reserved >= mails && h->reserved_recipients >= all)
		return false;
	for (unsigned i = 0; i < r->limits; i++)
		if (r->limit[i].count < least)
			least = r->limit[i].count;
	more = least / RESERVED_PART < RESERVED ? least / RESERVED_PART : RESERVED;
	if (more < least / RESERVED_OF_MANY)
		more = least / RESERVED_OF_MANY < RESERVED_MOST ? least / RESERVED_OF_MANY : RESERVED_MOST;
	h->reserved = mails + more;
	h->reserved_recipients = all + more;
	return true;
}

int64_t pace_state_take(const struct pace_store *s, const struct rate *r, size_t recipients, const struct pace_owner *me, int64_t lease,
			const struct pace_time *t, struct grant *g)
{
	struct pace_head h = pace_head_of(s->image);
	struct under_way way = count_leases(s, &h);
	int64_t now = pace_now(&h, t), wait;
	unsigned unused;
	bool more;
	int settled;

	recipients += !recipients; /* each stamp has some */
	if (note_offset(s, &h, t) < 0)
		return PACE_FAILED;
	wait = wait_of(s, &h, r, &way, recipients, now, &unused);
	if (wait > 0 || way.free == PACE_LEASES) {
		settled = settle(s, &h, now);
		if (settled < 0)
			return PACE_FAILED;
		if (settled > 0)
			way = count_leases(s, &h);
		wait = wait_of(s, &h, r, &way, recipients, now, &unused);
	}
	if (wait || way.free == PACE_LEASES)
		return wait ? wait : CROWDED_MS;
	more = reserve(&h, r, &way, recipients);
	*g = (struct grant){++h.serial, recipients, now, way.free};
	h.top = way.free == h.top ? h.top + 1 : h.top;
	throttle_send(&h.throttle, now);
	if (more && (put_head(s, &h) < 0 || s->sync(s->ctx) < 0))
		return PACE_FAILED;
	return put_head_and_lease(s, &h, g->lease, &(struct pace_lease){g->serial, recipients, now + lease, *me}) < 0 ? PACE_FAILED : 0;
}

/* The lease is still that grant's. */
static bool is_leased(const struct pace_store *s, const struct grant *g)
{
	return g->lease < PACE_LEASES && pace_lease_at(s->image, g->lease).serial == g->serial;
}

/* A lease that was over has become a stamp already, and gets another: the relay may have counted the mail after that. */
static int answered(const struct pace_store *s, struct pace_head *h, const struct grant *g, const struct pace_time *t)
{
	if (stamp(s, h, pace_now(h, t), g->recipients) < 0)
		return -1;
	return is_leased(s, g) ? put_head_and_lease(s, h, g->lease, &(struct pace_lease){0}) : put_head(s, h);
}

int pace_state_done(const struct pace_store *s, const struct grant *g, const struct pace_time *t)
{
	struct pace_head h = pace_head_of(s->image);

	throttle_taken(&h.throttle, g->at, pace_now(&h, t));
	return answered(s, &h, g, t);
}

int pace_state_slower(const struct pace_store *s, const struct grant *g, const struct pace_time *t, unsigned chance)
{
	struct pace_head h = pace_head_of(s->image);

	throttle_refused(&h.throttle, g->at, pace_now(&h, t), chance);
	return answered(s, &h, g, t);
}

int pace_state_drop(const struct pace_store *s, const struct grant *g)
{
	struct pace_head h = pace_head_of(s->image);

	if (throttle_dropped(&h.throttle, g->at) && put_head(s, &h) < 0)
		return -1;
	return is_leased(s, g) ? put_lease(s, g->lease, &(struct pace_lease){0}) : 0;
}

/* First the stamps reach the disk, then the head that vouches for them. */
int pace_state_trim(const struct pace_store *s)
{
	struct pace_head h = pace_head_of(s->image);
	struct under_way way = count_leases(s, &h);

	if (h.reserved == h.count + way.mails && h.reserved_recipients == h.recipients + way.recipients)
		return 0;
	h.reserved = h.count + way.mails;
	h.reserved_recipients = h.recipients + way.recipients;
	return s->sync(s->ctx) < 0 ? -1 : put_head(s, &h);
}
