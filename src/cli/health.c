#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/spooluser.h"

/* The statuses of a monitoring plugin. */
enum { FINE, WARNING, CRITICAL, UNKNOWN };

struct health {
	struct spool_sum sum;
	time_t age; /* the age of the oldest mail */
	size_t failed;
};

static int look(struct spooluser *k, struct health *h, struct failure *f)
{
	struct arena in = {.block = NULL};
	struct spool_names waits = {.count = 0}, failed = {.count = 0};
	int rc = 0;

	if (k->there && (spool_list(&k->spool, false, &in, &waits, f) < 0 || spool_list(&k->spool, true, &in, &failed, f) < 0 ||
			 spool_measure(&k->spool, NULL, &h->sum, f) < 0))
		rc = -1;
	if (rc == 0 && waits.count)
		h->age = clock_wall() - spool_name_time(waits.name[0]);
	h->age = h->age < 0 ? 0 : h->age;
	h->failed = failed.count;
	arena_free(&in);
	return rc;
}

static int judge(const struct health *h, const struct options *o)
{
	if (h->age >= (time_t)o->queue.critical)
		return CRITICAL;
	return h->age >= (time_t)o->queue.warning ? WARNING : FINE;
}

int health_check(const struct options *o, struct arena *run)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	struct health h = {.age = 0};
	struct failure f;
	struct spooluser k;
	int rc = spooluser_open(&k, o, run, &f), state;

	if (rc == 0)
		rc = look(&k, &h, &f);
	spooluser_close(&k);
	state = rc < 0 ? UNKNOWN : judge(&h, o);
	if (rc < 0)
		printf("MYSEND UNKNOWN - %s\n", f.text);
	else
		printf("MYSEND %s - %zu mail%s wait%s, the oldest for %lld s; %zu given up"
		       "|waiting=%zu;;;0 oldest=%llds;%u;%u;0 size=%" PRIu64 "B;;;0 failed=%zu;;;0\n",
		       words[state], h.sum.mails, h.sum.mails == 1 ? "" : "s", h.sum.mails == 1 ? "s" : "", (long long)h.age,
		       h.failed, h.sum.mails, (long long)h.age, o->queue.warning, o->queue.critical, h.sum.octets, h.failed);
	return fflush(stdout) == EOF ? UNKNOWN : state;
}
