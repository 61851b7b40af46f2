/*
 * post/pace_inside - the inside of post/pace_state: what stands where in the image
 *
 * Included by pace_state.c (what may go) and pace_build.c (which makes and checks a whole image), by nobody else.
 * The head comes first, then the leases, then the ring of stamps. The stamp with the number n stands at n % room; those
 * from `first` to before `count` are valid, in the order of their times.
 *
 * Owns: nothing. Units: milliseconds. Bounds: as post/pace_state. Errors: none. Threads: as post/pace_state. Source: none.
 */
#ifndef POST_PACE_INSIDE_H
#define POST_PACE_INSIDE_H

#include <string.h>

#include "post/pace_state.h"

#define PACE_MAGIC "mysend-1"

struct pace_head {
	char magic[8];
	uint32_t room, top;		  /* stamps; leases from `top` on are free */
	uint32_t wall, unused;		  /* 1: stamps are of the wall clock, since several hosts write them */
	char boot[PACE_ID], host[PACE_ID]; /* whose clock the stamps are of */
	int64_t offset;			  /* of the wall clock from that one, when it was seen last */
	uint64_t first, count;		  /* stamps */
	uint64_t before, recipients;	  /* of all mails before `first`, and before `count` */
	uint64_t reserved, reserved_recipients; /* so many, all in all, may have gone without a trace after a power cut */
	uint64_t serial;		  /* of the last lease */
	struct throttle throttle;
};

struct pace_stamp {
	int64_t at;
	uint64_t recipients; /* of all mails up to this one */
};

struct pace_lease {
	uint64_t serial; /* 0: free */
	uint64_t recipients;
	int64_t end;
	struct pace_owner owner;
};

enum { PACE_HEAD = 512, PACE_RING = PACE_HEAD + PACE_LEASES * sizeof(struct pace_lease) };
_Static_assert(sizeof(struct pace_head) <= PACE_HEAD, "the head has its place");

static inline size_t pace_stamp_place(const struct pace_head *h, uint64_t number)
{
	return PACE_RING + (size_t)(number % h->room) * sizeof(struct pace_stamp);
}

static inline struct pace_stamp pace_stamp_at(const char *image, const struct pace_head *h, uint64_t number)
{
	struct pace_stamp stamp;

	memcpy(&stamp, image + pace_stamp_place(h, number), sizeof stamp);
	return stamp;
}

static inline size_t pace_lease_place(uint32_t i)
{
	return PACE_HEAD + i * sizeof(struct pace_lease);
}

static inline struct pace_lease pace_lease_at(const char *image, uint32_t i)
{
	struct pace_lease lease;

	memcpy(&lease, image + pace_lease_place(i), sizeof lease);
	return lease;
}

static inline struct pace_head pace_head_of(const char *image)
{
	struct pace_head head;

	memcpy(&head, image, sizeof head);
	return head;
}

static inline int64_t pace_now(const struct pace_head *h, const struct pace_time *t)
{
	return h->wall ? t->wall : t->boot;
}

#endif
