#include "post/lifetime.h"

static time_t began(const struct entry *e)
{
	return e->since ? e->since : e->arrived;
}

static time_t age(const struct entry *e, time_t now)
{
	return now - began(e) - e->idle;
}

void lifetime_correct(struct entry *e, time_t now)
{
	if (began(e) > now)
		e->since = now;
	if (e->idle > now - began(e))
		e->idle = now - began(e);
}

void lifetime_idle(struct entry *e, time_t now, time_t beyond)
{
	time_t due = e->next ? e->next : began(e);

	if (now - due > beyond)
		e->idle += now - due - beyond;
}

bool lifetime_is_over(const struct entry *e, const struct account *a, time_t now)
{
	return age(e, now) > (time_t)a->queue_lifetime;
}

time_t lifetime_end(const struct entry *e, const struct account *a)
{
	return began(e) + e->idle + (time_t)a->queue_lifetime;
}

bool lifetime_warns(const struct entry *e, const struct account *a, time_t now)
{
	return !e->warned && age(e, now) >= (time_t)a->queue_warning;
}
