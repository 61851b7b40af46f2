#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/health.h"
#include "cli/spooluser.h"
#include "cli/modes.h"
#include "post/lifetime.h"
#include "post/result.h"

enum { PATIENCE_MS = 1000 };

static bool begins(const char *id, const char *with)
{
	return *with && strncmp(id, with, strlen(with)) == 0;
}

/* A mail that the user has named, in queue/ or in failed/. */
struct found {
	const char *id;
	bool failed;
	size_t count; /* how many names begin so */
};

/* A whole name counts as that mail's alone, although the names of its bounces begin with it, too. */
static void find_in(struct found *found, const struct spool_names *names, bool failed, const char *with)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!begins(names->name[i], with))
			continue;
		if (strcmp(names->name[i], with) == 0) {
			*found = (struct found){names->name[i], failed, 1};
			return;
		}
		*found = (struct found){names->name[i], failed, found->count + 1};
	}
}

static int find_one(struct spooluser *k, struct arena *in, const char *with, struct found *found, struct failure *f)
{
	struct spool_names waits = {.count = 0}, failed = {.count = 0};
	bool removes = k->options->mode == MODE_REMOVE;

	*found = (struct found){.id = NULL};
	if (k->there && (spool_list(&k->spool, false, in, &waits, f) < 0 ||
			 (removes && spool_list(&k->spool, true, in, &failed, f) < 0)))
		return -1;
	find_in(found, &waits, false, with);
	if (!found->id || strcmp(found->id, with) != 0)
		find_in(found, &failed, true, with);
	if (found->count > 1)
		return fail(f, AT_USAGE, EX_USAGE, "more than one mail in %s begins with %s", k->spool.path, with);
	return found->id ? 0 : fail(f, AT_USAGE, EX_DATAERR, "there is no mail %s in the queue", with);
}

static int change(struct spooluser *k, struct entry *e, bool failed, struct failure *f)
{
	enum mode how = k->options->mode;

	if (how == MODE_REMOVE)
		return failed ? spool_forget(&k->spool, e, f) : spool_finish(&k->spool, e, false, f);
	if (how == MODE_RELEASE && e->on_hold)
		lifetime_idle(e, clock_wall(), 0);
	e->on_hold = how == MODE_HOLD;
	e->next = how == MODE_RELEASE ? clock_wall() : e->next;
	return spool_record(&k->spool, e, f);
}

static int change_one(struct spooluser *k, const char *with, struct failure *f)
{
	struct arena in = {.block = NULL};
	struct entry e = {.fd = -1};
	struct found found;
	int rc = find_one(k, &in, with, &found, f), got = SPOOL_GONE;

	if (rc == 0)
		got = found.failed ? spool_take_failed(&k->spool, &in, found.id, &e, f)
				   : spool_take(&k->spool, &in, found.id, PATIENCE_MS, &e, f);
	if (got < 0)
		rc = -1;
	else if (rc == 0 && got != SPOOL_TAKEN)
		rc = fail(f, AT_SPOOL, EX_TEMPFAIL, "%s is being tried just now", found.id);
	else if (rc == 0)
		rc = change(k, &e, found.failed, f);
	spool_release(&e);
	arena_free(&in);
	return rc;
}

/* Reports each failure, and goes on with the other mails. The status is that of the first final failure, else of any. */
static int change_all(struct spooluser *k)
{
	const struct options *o = k->options;
	int status = EX_OK;

	for (size_t i = 0; i < o->request.recipients; i++) {
		struct failure f;

		if (change_one(k, o->request.recipient[i].text, &f) == 0)
			continue;
		if (!o->quiet)
			result_failure(&f);
		if (status == EX_OK || status == EX_TEMPFAIL)
			status = f.exit;
	}
	return status;
}

static int act(struct spooluser *k, const struct options *o, struct failure *f)
{
	switch (o->mode) {
	case MODE_MAILQ:
		return mailq_list(k, f);
	case MODE_HOLD:
	case MODE_RELEASE:
	case MODE_REMOVE:
		return change_all(k);
	default: /* MODE_QUEUE */
		return runner_run(k, f);
	}
}

/* A line of cron would mail the same doubt each minute. */
static bool is_looked_at(const struct options *o)
{
	return (o->mode != MODE_QUEUE && o->mode != MODE_CHECK) || o->verbose || isatty(STDERR_FILENO);
}

int mode_queue(const struct options *o, struct arena *run, struct failure *f)
{
	struct spooluser k;
	int rc;

	if (o->mode == MODE_NOTHING)
		return EX_OK;
	if (!is_looked_at(o))
		log_no_doubts();
	if (o->mode == MODE_CHECK)
		return health_check(o, run);
	if (o->queue.interval)
		return runner_stay(o);
	rc = spooluser_open(&k, o, run, f);
	if (rc == 0)
		rc = act(&k, o, f);
	if (rc == 0 && k.unread) {
		*f = *k.unread;
		rc = -1;
	}
	spooluser_close(&k);
	return rc;
}
