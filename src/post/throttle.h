/*
 * post/throttle - how fast mail goes to a relay that has asked for less
 *
 * Nothing is held back until a relay refuses a mail because there were too many. Then all pause, a second, and twice as long each
 * time that nothing was taken since, up to five minutes. After the pause mails are spaced. Where the relay lets up to so many through in
 * a burst, its store is empty whenever it refuses, so that what it took between two refusals, by the time between them, is what it bears:
 * the rate begins below that, grows slowly, and is taken back at the next refusal.
 *
 * Use: if (throttle_wait(&t, now) == 0) { throttle_send(&t, now); ... } then throttle_taken(&t, now), or
 * throttle_refused(&t, sent, now, chance).
 * Pure: the clock is the caller's. A struct throttle of zeros is one that has heard of no refusal.
 *
 * Owns: nothing. Units: milliseconds of any clock that does not go back; mails. Bounds: a pause of 5 minutes and a quarter of it.
 * Errors: none. Threads: one at a time. Source: additive increase, multiplicative decrease as in RFC 5681 3.1; the constants are those
 * that kept 0.8 to 1.0 of what the relay bears in tests/unit/test_throttle.c.
 */
#ifndef POST_THROTTLE_H
#define POST_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

struct throttle {
	double rate;	 /* mails in a millisecond; 0: not held back */
	double credit;	 /* mails that may go at once */
	int64_t counted; /* until when `credit` was counted */
	int64_t begin;	 /* the last refusal that counted, or the first mail */
	int64_t end;	 /* of the pause */
	int64_t pause;	 /* how long it is */
	int64_t grown;	 /* until when the rate has grown */
	uint64_t taken;	 /* mails that the relay took since `begin` */
	uint32_t unused; /* the last mail had not to wait: the line is slower than the rate */
	uint32_t seeking; /* the relay has shown only that it bears more than it was sent: the rate grows fast */
};

bool throttle_is_sound(const struct throttle *t); /* as these functions leave one; one that was read may be otherwise */
int64_t throttle_wait(const struct throttle *t, int64_t now); /* how long the next mail has to wait; 0: it may go */
void throttle_send(struct throttle *t, int64_t now);	      /* a mail goes */
void throttle_taken(struct throttle *t, int64_t now);	      /* the relay took one */
/* The relay refused one that went at `sent`, because there were too many. chance: a random number, so that processes which were
 * refused together do not go on together. */
void throttle_refused(struct throttle *t, int64_t sent, int64_t now, unsigned chance);

#endif
