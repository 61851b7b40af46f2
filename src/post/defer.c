#include "post/defer.h"

#include <sysexits.h>

#include "wire/meaning.h"

enum { MINUTE = 60 };

/* A relay that lets nobody in, or wants a login first, finds fault with the configuration and not with the mail. */
static bool on_the_way_in(const struct failure *f)
{
	return (f->stage >= AT_RESOLVE && f->stage <= AT_LOGIN) || meaning_of(f) == MEANS_LOGIN;
}

bool defer_waits(const struct recipient *r)
{
	const struct failure *why = r->why;

	switch (r->verdict) {
	case DEFERRED:
	case UNSURE:
		return true;
	case PENDING:
	case REFUSED:
		return why && (on_the_way_in(why) || (r->verdict == PENDING && stage_is_remote(why->stage) &&
						       (failure_is_temporary(why) || why->exit == EX_PROTOCOL)));
	case ACCEPTED:
	case TOLD:
	case WAITS:
		break;
	}
	return false;
}

bool defer_needs_admin(const struct failure *why)
{
	return !failure_is_temporary(why) && why->exit != EX_PROTOCOL && (why->stage >= AT_GREETING || why->stage == AT_CONFIG);
}

int defer_status(const struct failure *why)
{
	return defer_needs_admin(why) ? why->exit : EX_TEMPFAIL;
}

time_t defer_pause(unsigned attempts, unsigned chance)
{
	static const unsigned minutes[] = {1, 2, 5, 10, 20, 40, 60};
	size_t last = sizeof minutes / sizeof *minutes - 1, at = attempts ? attempts - 1 : 0;
	time_t whole = (time_t)minutes[at < last ? at : last] * MINUTE;

	/* So that mail which failed together is not tried together for ever. */
	return whole - whole / 10 + (time_t)(chance % 1000) * (whole / 5) / 1000;
}
