/*
 * post/throttle - how fast mail goes to a relay that has asked for less
 *
 * Nothing is held back until a relay refuses a mail because there were too many; but where it is said to be `wary`, a few mails go at
 * first, more for each that is taken, and only after a second all that there are.
 * After the refusal all pause, a quarter of a second; after that one mail goes alone, and if it is
 * refused, too, all pause twice as long, up to five minutes. Once it is taken the others follow, spaced, at first as far apart as the
 * pause was long, and then twice as fast every 200 ms, until the next refusal. What was taken between the refusals of two such series,
 * by the time from the one to the other, is what the relay bears, whether it lets a burst through after a rest or counts by the
 * minute. The rate begins below that, and grows: by half as much after each series that has shown the same, in the end slowly, and the
 * longer the faster. Refusals of mails that were under way at the first one of a series count as that one.
 *
 * Use: if (throttle_wait(&t, now) == 0) { throttle_send(&t, now); ... } then throttle_taken(&t, sent, now), or
 * throttle_refused(&t, sent, now, chance).
 * Pure: the clock is the caller's. A struct throttle of zeros, or with `wary` set, is one that has heard of no refusal.
 *
 * Owns: nothing. Units: milliseconds of any clock that does not go back; mails. Bounds: a pause of 5 minutes and a quarter of it.
 * Errors: none. Threads: one at a time. Source: additive increase, multiplicative decrease as in RFC 5681 3.1; the constants are those
 * that kept 0.8 to 1.0 of what the relay bears in tests/unit/test_throttle.c.
 * BUGS: less than that is reached where nothing finer can be seen. Mail goes at whole milliseconds, and a relay without any store refuses
 * what comes before its turn: at 300/s mails are 4 ms apart at the least (0.74 of it is reached), at 900/s 2 ms (0.49). A relay that counts
 * by units of 10 or 60 s shows when one is used up, and neither when it began nor how many it takes: the time between two refusals has
 * a part of a unit in it, and where a unit takes four mails, three are all that fits below it (0.78); otherwise 0.81 to 0.84 of what it
 * bears. To know more takes more refusals, and each costs the rest of a unit.
 */
#ifndef POST_THROTTLE_H
#define POST_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

struct throttle {
	double rate;	 /* mails in a millisecond; 0: not held back */
	double credit;	 /* mails that may go at once, also while none was refused */
	int64_t counted; /* until when `credit` was counted */
	int64_t begin;	 /* of the last series of refusals, or of all mail */
	int64_t last;	 /* refusal */
	int64_t end;	 /* of the pause */
	int64_t pause;	 /* how long it is */
	int64_t probe;	 /* when the mail that goes alone went; 0: it has not gone yet */
	int64_t open;	 /* since when mails are taken again; 0: none was yet */
	int64_t grown;	 /* until when the rate has grown */
	uint64_t taken;	 /* mails that the relay took since `begin` */
	int64_t since;	 /* of the mails before that: the first of them was taken then, and so many were: */
	uint64_t before;
	uint16_t wary;	 /* few mails go at first: where nothing else holds them back */
	uint16_t unused; /* the last mail had not to wait: the line is slower than the rate */
	uint32_t seeking; /* how little is known of what the relay bears */
};

bool throttle_is_sound(const struct throttle *t); /* as these functions leave one; one that was read may be otherwise */
int64_t throttle_wait(const struct throttle *t, int64_t now); /* how long the next mail has to wait; 0: it may go */
void throttle_send(struct throttle *t, int64_t now);	      /* a mail goes */
void throttle_taken(struct throttle *t, int64_t sent, int64_t now); /* the relay took one that went at `sent` */
/* The relay refused one that went at `sent`, because there were too many. chance: a random number, so that processes which were
 * refused together do not go on together. */
void throttle_refused(struct throttle *t, int64_t sent, int64_t now, unsigned chance);

/* The mail that went at `sent` has not gone at all. True: *t has changed. */
bool throttle_dropped(struct throttle *t, int64_t sent);

#endif
