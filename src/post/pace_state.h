/*
 * post/pace_state - what the state of a rate holds, and whether a mail may go by it
 *
 * A mail has a lease from its grant to the relay's answer, and then a stamp: the relay has counted it somewhere between the two. A mail
 * may go while the leases and the stamps that are younger than a limit's time are fewer than the limit, so that no time of that length
 * ever has more. One ring of stamps serves every limit: a rate that is changed, and two processes with different rates, go by
 * the same mails. A lease whose owner has died, or whose time is over, becomes a stamp of the moment when that is seen.
 *
 * Everything is read from an image in memory and written by put(), in an order that leaves, wherever it stops, as many mails counted as
 * went, or more. What a power cut may take is reserved, a few mails at a time, before they go, and counted after the restart.
 * Use: wait = pace_state_take(&store, &rate, 1, &owner, 60000, &now, &grant); at 0 the mail goes; then
 * rc = pace_state_done(&store, &grant, &now), or rc = pace_state_drop(&store, &grant).
 * Pure but for the functions in struct pace_store.
 *
 * Owns: nothing. Units: milliseconds. Bounds: PACE_LEASES mails on their way; a stamp for each mail of the largest limit.
 * Errors: -1, PACE_FAILED: put() or sync() failed, and errno is theirs. Threads: one at a time, over all processes.
 * Source: mysend.conf(5), rate; CONTRIBUTING.md, "Rates".
 */
#ifndef POST_PACE_STATE_H
#define POST_PACE_STATE_H

#include "conf/rate.h"
#include "post/throttle.h"

enum { PACE_LEASES = 1024, PACE_SPARE = 64, PACE_ID = 64 };
enum { PACE_NEVER = -1, PACE_FAILED = -2 };

struct pace_time {
	int64_t boot; /* of a clock that counts sleep, and begins anew at each start of the host */
	int64_t wall;
	const char *boot_id, *host; /* which start of which host; boot_id "": not known, the wall clock counts */
};

struct pace_owner {
	uint64_t space; /* where its pid means something: this start of the host, and a pid namespace */
	uint64_t start; /* when it began; 0: not known */
	int64_t pid;
};

struct pace_store {
	const char *image;
	size_t size;
	int (*put)(void *ctx, size_t at, const void *p, size_t len); /* writes into the image */
	int (*sync)(void *ctx);					     /* what was written survives a power cut */
	bool (*is_gone)(void *ctx, const struct pace_owner *who);
	void *ctx;
};

struct grant { /* one mail that may go */
	uint64_t serial, recipients;
	int64_t at;
	uint32_t lease;
};

enum pace_found {
	PACE_SOUND,
	PACE_UNFIT,  /* to be built anew from itself: the host was started again, or a limit is larger than the ring */
	PACE_BROKEN, /* no sense can be made of it: to be built anew as full */
	PACE_FOREIGN /* it is something else, or of a later version */
};
enum pace_begin { PACE_EMPTY, PACE_KEEP, PACE_FULL }; /* FULL: as if each limit had been used up just now */

uint32_t pace_state_room(const struct rate *r); /* stamps that such a rate needs */
uint32_t pace_state_room_of(const char *image); /* of a sound one */
size_t pace_state_size(uint32_t room);
enum pace_found pace_state_check(const char *image, size_t size, const struct rate *r, const struct pace_time *t);
/* Builds one in zeroed memory of pace_state_size(room) octets. PACE_KEEP: out of another, which is sound or unfit. */
void pace_state_build(char *image, uint32_t room, enum pace_begin how, const char *other, const struct rate *r, const struct pace_time *t);

/* 0: *g is granted, for so many milliseconds at the most; else how long to wait; PACE_NEVER: more recipients than a limit has. */
int64_t pace_state_take(const struct pace_store *s, const struct rate *r, size_t recipients, const struct pace_owner *me, int64_t lease,
			const struct pace_time *t, struct grant *g);
MUST_CHECK int pace_state_done(const struct pace_store *s, const struct grant *g, const struct pace_time *t);	    /* answered */
MUST_CHECK int pace_state_drop(const struct pace_store *s, const struct grant *g);				    /* never sent */
/* Answered: there were too many; all pause. */
MUST_CHECK int pace_state_slower(const struct pace_store *s, const struct grant *g, const struct pace_time *t, unsigned chance);
/* Gives back what was reserved and not used. */
MUST_CHECK int pace_state_trim(const struct pace_store *s);
/* As pace_state_take, and takes nothing; *which: the limit that is waited for; r->limits: none, the relay has asked for less. */
int64_t pace_state_look(const struct pace_store *s, const struct rate *r, size_t recipients, const struct pace_time *t, unsigned *which);

#endif
