#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/ending.h"
#include "post/crew_inside.h"

enum { APART_MS = 1500 }; /* a time that moves by more is told again */

bool crew_is_over(const struct crew *c)
{
	return c->over || ending_asked() || (c->client->over && c->client->over(c->client->ctx));
}

void crew_end(struct crew *c, const struct failure *why)
{
	if (!c->failed)
		c->why = *why;
	c->failed = c->over = true;
	pthread_cond_broadcast(&c->changed);
}

static bool is_under_way(const struct crew *c)
{
	bool any = false;

	for (unsigned i = 0; i < c->members && !any; i++)
		any = c->member[i].in_hand;
	return any;
}

static void tell(struct crew *c)
{
	const struct crew_client *client = c->client;
	bool waits = *c->awaits && !is_under_way(c);

	if (client->waits && (waits ? !c->told || c->differs : c->told))
		client->waits(client->ctx, waits ? c->awaits : NULL, waits ? c->awaits_until : 0);
	c->told = waits;
	c->differs = false;
}

void crew_awaits(struct crew *c, const char *words, int64_t until)
{
	int64_t later = until - c->awaits_until;

	words = words ? words : "";
	if (!*words && !*c->awaits)
		return;
	c->differs |= later > APART_MS || later < -APART_MS || strcmp(c->awaits, words) != 0;
	c->awaits_until = until;
	snprintf(c->awaits, sizeof c->awaits, "%s", words);
	if (!*words)
		tell(c);
}

void crew_tick(struct crew *c)
{
	int64_t now = clock_steady();

	if (c->ticked && now - c->ticked < ENDING_LOOK_MS)
		return;
	c->ticked = now;
	c->sum->open = c->open;
	if (*c->awaits && c->awaits_until && now >= c->awaits_until)
		*c->awaits = '\0';
	tell(c);
	if (c->client->tick)
		c->client->tick(c->client->ctx);
}

/* Waits for half a second, or until something has changed. */
static void wait_a_while(struct crew *c, int64_t until)
{
	struct timespec t;
	int64_t left;

	crew_tick(c);
	left = until ? until - clock_steady() : ENDING_LOOK_MS;
	left = left < 0 ? 0 : left < ENDING_LOOK_MS ? left : ENDING_LOOK_MS;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += left * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&c->changed, &c->lock, &t);
}

bool crew_rest(struct member *m, int64_t until)
{
	struct crew *c = m->crew;
	unsigned news = c->news;
	bool more;

	c->working--;
	pthread_cond_broadcast(&c->changed);
	while (!crew_is_over(c) && c->news == news && c->working && (!until || clock_steady() < until))
		wait_a_while(c, until);
	more = !crew_is_over(c) && (c->working || c->news != news);
	c->working++; /* also a member that ends now: work() takes it off */
	return more;
}

void crew_wait(struct crew *c, int64_t until)
{
	unsigned news = c->news;

	while (!crew_is_over(c) && c->news == news && clock_steady() < until)
		wait_a_while(c, until);
}
