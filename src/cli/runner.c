#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/ending.h"
#include "base/log.h"
#include "base/notify.h"
#include "cli/keeper.h"
#include "cli/watch.h"
#include "conf/secret.h"
#include "post/queue.h"

/* A configuration that is not the run's. */
struct other {
	const char *config; /* NULL: the usual files */
	struct intake intake;
	struct failure why; /* it cannot be read */
	bool read;
	struct other *next;
};

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct other *other_of(struct keeper *k, const char *config)
{
	struct arena *run = k->intake.run;
	struct other *o = k->others;

	while (o && !same(o->config, config))
		o = o->next;
	if (o)
		return o;
	o = arena_zeroed(run, 1, sizeof *o);
	o->config = config ? arena_printf(run, "%s", config) : NULL;
	o->intake.run = run;
	o->read = accounts_load_again(&o->intake.all, run, o->config, &o->why) == 0;
	o->next = k->others;
	return k->others = o;
}

/* By what its sender meant: another file might lead to another relay. Where there are no usual files, this one has taken their place. */
static struct intake *intake_of(struct keeper *k, const char *config, struct failure *f)
{
	struct other *o;

	if (same(config, k->intake.all.named))
		return &k->intake;
	o = other_of(k, config);
	if (!o->read) {
		*f = o->why;
		return NULL;
	}
	return config || o->intake.all.user.sections || o->intake.all.system.sections ? &o->intake : &k->intake;
}

static int account_in(struct keeper *k, struct intake *n, const char *name, struct failure *f)
{
	const struct request *own = &k->options->request;
	struct request r = {.option = own->option, .options = own->options, .may_lack_relay = own->may_lack_relay};
	struct aliases *unused;

	/* Where there are no files, the environment is the only account there is. */
	r.account = !n->all.user.sections && !n->all.system.sections && strcmp(name, "default") == 0 ? NULL : name;
	return intake_account(n, &k->scratch, &r, NULL, &unused, f);
}

static const struct account *account_of(void *ctx, const char *name, const char *config, struct failure *f)
{
	struct keeper *k = ctx;
	struct intake *n = intake_of(k, config, f);
	struct failure ignored;

	if (!n)
		return NULL;
	if (account_in(k, n, name, f) == 0)
		return k->scratch.account;
	/* Mail of old does not say by which file it was taken. */
	return !config && n != &k->intake && account_in(k, &k->intake, name, &ignored) == 0 ? k->scratch.account : NULL;
}

int keeper_run(struct keeper *k, struct failure *f)
{
	const struct options *o = k->options;
	struct watch watch;
	struct queue_order order = {
		.ctx = k,
		.account = account_of,
		.watcher = watch_open(&watch, o),
		.all = o->queue.all,
		.id = o->queue.id,
		.recipient = o->queue.recipient,
		.sender = o->queue.sender,
		.keeps = k->own,
	};
	struct queue_sum sum = {0};
	struct ending held;
	int ok;

	ending_hold(&held);
	ok = k->there ? queue_run(&k->spool, &order, &sum, f) : 0;
	watch_close(&watch);
	if (ok == 0 && sum.cut && !o->queue.interval)
		ok = fail(f, AT_SPOOL, EX_TEMPFAIL, "the run was told to end: %zu %s for the next one", sum.cut, sum.cut == 1 ? "mail waits" : "mails wait");
	if (!ending_asked()) /* else the process ends anyway, by our status */
		ending_release(&held);
	return ok;
}

/* The configuration is read anew each time, and so is each password: of the next run's accounts none is this run's. */
static void run_once(const struct options *o)
{
	struct arena once = {.block = NULL};
	struct failure f;
	struct keeper k;

	if (keeper_open(&k, o, &once, &f) < 0 || keeper_run(&k, &f) < 0)
		log_warning("%s", f.text);
	keeper_close(&k);
	secret_wipe();
	arena_free(&once);
}

/* Each of them ends a run behind the answers in hand; SIGHUP then, or in the pause, begins the next one. */
int keeper_stay(const struct options *o)
{
	const struct timespec pause = {.tv_sec = (time_t)o->queue.interval};
	sigset_t awaited;
	int got;

	sigemptyset(&awaited);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGINT);
	sigaddset(&awaited, SIGHUP);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	notify("READY=1");
	do {
		run_once(o);
		got = sigtimedwait(&awaited, NULL, &pause);
		if (got == SIGHUP) {
			notify_reloading();
			notify("READY=1");
		}
	} while (got < 0 || got == SIGHUP);
	notify("STOPPING=1");
	return EX_OK;
}
