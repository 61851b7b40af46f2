#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/intake.h"
#include "cli/modes.h"
#include "cli/watch.h"
#include "conf/whoami.h"
#include "post/queue.h"

struct keeper { /* of the queue: who knows the accounts */
	struct intake intake;
	const struct wish *wish;
	struct job scratch;
	struct spool spool;
	bool there; /* there is a spool */
};

static const struct account *account_of(void *ctx, const char *name, const char *sender, struct failure *f)
{
	struct keeper *k = ctx;
	struct wish wish = *k->wish;
	struct aliases *unused;

	wish.account = name;
	return intake_account(&k->intake, &k->scratch, &wish, sender, &unused, f) < 0 ? NULL : k->scratch.account;
}

/* Whose spool it is follows from the account that would send. */
static int open_spool(struct keeper *k, const struct wish *w, struct arena *run, struct failure *f)
{
	const struct choice choice = {w->account, NULL, w->option, w->options};
	struct account *a;
	int ok;

	*k = (struct keeper){.wish = w, .spool = {"", -1, -1, -1}};
	if (intake_open(&k->intake, w, run, f) < 0)
		return -1;
	/* A relay is not needed to look. */
	if (accounts_choose(&k->intake.all, run, &choice, &a, f) < 0 && !a)
		return -1;
	if (!*whoami_spool(run, a))
		return 0;
	ok = spool_open(&k->spool, whoami_spool(run, a), false, f);
	k->there = ok == 0;
	return ok < 0 ? -1 : 0;
}

static void close_spool(struct keeper *k)
{
	spool_close(&k->spool);
	arena_free(&k->scratch.arena);
}

static const char *state_of(enum verdict v)
{
	return v == ACCEPTED ? "accepted" : v == REFUSED || v == TOLD ? "refused" : v == UNSURE ? "unsure" : "waits";
}

static void show_entry(const struct entry *e, bool busy)
{
	char arrived[40], next[40];
	struct tm tm;

	strftime(arrived, sizeof arrived, "%a %b %e %H:%M:%S", localtime_r(&e->arrived, &tm));
	strftime(next, sizeof next, "%a %b %e %H:%M:%S", localtime_r(&e->next, &tm));
	printf("%s %10" PRIu64 " %s  %s\n", e->id, e->size, arrived, *e->envelope.sender ? e->envelope.sender : "<>");
	if (busy)
		puts("\t(it is being tried)");
	else if (e->held)
		puts("\t(held)");
	else if (e->attempts)
		printf("\t(%u tries, the next at %s: %s)\n", e->attempts, next, e->last);
	for (size_t i = 0; i < e->envelope.recipients; i++)
		printf("\t%s: %s\n", e->envelope.recipient[i].address, state_of(e->envelope.recipient[i].verdict));
}

static int show_all(struct keeper *k, struct failure *f)
{
	struct arena in = {.block = NULL};
	struct spool_names names = {.count = 0};
	uint64_t octets = 0;
	size_t count = 0;

	if (k->there && spool_list(&k->spool, &in, &names, f) < 0) {
		arena_free(&in);
		return -1;
	}
	for (size_t i = 0; i < names.count; i++) {
		struct arena scratch = {.block = NULL};
		struct failure why;
		struct entry e;
		int got = spool_take(&k->spool, &scratch, names.name[i], &e, &why);

		if (got < 0)
			log_warning("%s", why.text);
		if (got == SPOOL_TAKEN || got == SPOOL_BUSY) {
			show_entry(&e, got == SPOOL_BUSY);
			octets += e.size;
			count++;
			spool_release(&e);
		}
		arena_free(&scratch);
	}
	arena_free(&in);
	if (count)
		printf("-- %" PRIu64 " KB in %zu mail%s\n", (octets + 1023) / 1024, count, count == 1 ? "" : "s");
	else
		puts("Mail queue is empty");
	return ferror(stdout) || fflush(stdout) == EOF ? fail_errno(f, AT_INPUT, EX_IOERR, "writing to standard output") : 0;
}

static int run_once(struct keeper *k, struct failure *f)
{
	const struct wish *w = k->wish;
	struct watch watch;
	struct queue_order order = {
		.ctx = k,
		.account = account_of,
		.watcher = watch_open(&watch, w),
		.all = w->queue_all,
		.id = w->queue_id,
		.recipient = w->queue_recipient,
		.sender = w->queue_sender,
	};
	struct queue_sum sum;
	int ok = k->there ? queue_run(&k->spool, &order, &sum, f) : 0;

	watch_close(&watch);
	return ok;
}

/* -q15m: in the foreground, until it is told to end; the mail in hand is finished before. */
static int stay(const struct wish *w, struct arena *run, struct failure *f)
{
	struct timespec pause = {.tv_sec = (time_t)w->interval};
	sigset_t end;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	sigprocmask(SIG_BLOCK, &end, NULL);
	do {
		struct arena once = {.block = NULL};
		struct keeper k;

		(void)run;
		if (open_spool(&k, w, &once, f) < 0 || run_once(&k, f) < 0)
			log_warning("%s", f->text);
		close_spool(&k);
		arena_free(&once);
	} while (sigtimedwait(&end, NULL, &pause) < 0);
	return EX_OK;
}

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
	int ok = k->there ? spool_list(&k->spool, &in, &names, f) : 0, got = SPOOL_GONE;

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
		return show_all(k, f);
	case MODE_HOLD:
	case MODE_RELEASE:
	case MODE_REMOVE:
		return change_one(k, w, f);
	default:
		return run_once(k, f);
	}
}

int mode_queue(const struct wish *w, struct arena *run, struct failure *f)
{
	struct keeper k;
	int ok;

	if (w->mode == MODE_NOTHING)
		return EX_OK;
	if (w->interval)
		return stay(w, run, f);
	ok = open_spool(&k, w, run, f);
	if (ok == 0)
		ok = act(&k, w, f);
	close_spool(&k);
	return ok < 0 ? -1 : EX_OK;
}
