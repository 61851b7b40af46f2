#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "cli/keeper.h"
#include "cli/modes.h"
#include "post/outcome.h"

static bool begins(const char *id, const char *with)
{
	return *with && strncmp(id, with, strlen(with)) == 0;
}

/* The only one whose name begins so. */
static const char *find_one(struct keeper *k, const struct spool_names *names, const char *with, struct failure *f)
{
	const char *found = NULL;

	for (size_t i = 0; i < names->count; i++) {
		if (!begins(names->name[i], with))
			continue;
		if (found) {
			fail(f, AT_USAGE, EX_USAGE, "more than one mail in %s begins with %s", k->spool.path, with);
			return NULL;
		}
		found = names->name[i];
	}
	if (!found)
		fail(f, AT_USAGE, EX_DATAERR, "there is no mail %s in the queue", with);
	return found;
}

static int change(struct keeper *k, struct entry *e, enum mode how, struct failure *f)
{
	if (how == MODE_REMOVE)
		return spool_finish(&k->spool, e, false, f);
	if (how == MODE_RELEASE && e->held)
		outcome_idle(e, clock_wall(), 0);
	e->held = how == MODE_HOLD;
	e->next = how == MODE_RELEASE ? clock_wall() : e->next;
	return spool_record(&k->spool, e, f);
}

static int change_one(struct keeper *k, const struct wish *w, struct failure *f)
{
	struct arena in = {.block = NULL};
	struct spool_names names = {.count = 0};
	struct entry e = {.fd = -1};
	const char *id;
	int ok = k->there ? spool_list(&k->spool, false, &in, &names, f) : 0, got = SPOOL_GONE;

	id = ok < 0 ? NULL : find_one(k, &names, w->queue_id, f);
	if (id)
		got = spool_take(&k->spool, &in, id, &e, f);
	if (!id || got < 0)
		ok = -1;
	else if (got != SPOOL_TAKEN)
		ok = fail(f, AT_SPOOL, EX_TEMPFAIL, "%s is being tried just now", id);
	else
		ok = change(k, &e, w->mode, f);
	spool_release(&e);
	arena_free(&in);
	return ok;
}

static int act(struct keeper *k, const struct wish *w, struct failure *f)
{
	switch (w->mode) {
	case MODE_MAILQ:
		return keeper_list(k, f);
	case MODE_HOLD:
	case MODE_RELEASE:
	case MODE_REMOVE:
		return change_one(k, w, f);
	default:
		return keeper_run(k, f);
	}
}

int mode_queue(const struct wish *w, struct arena *run, struct failure *f)
{
	struct keeper k;
	int ok;

	if (w->mode == MODE_NOTHING)
		return EX_OK;
	if (w->mode == MODE_CHECK)
		return keeper_check(w, run);
	if (w->interval)
		return keeper_stay(w);
	ok = keeper_open(&k, w, run, f);
	if (ok == 0)
		ok = act(&k, w, f);
	keeper_close(&k);
	return ok < 0 ? -1 : EX_OK;
}
