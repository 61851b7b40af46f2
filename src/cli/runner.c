#include <signal.h>
#include <sysexits.h>
#include <time.h>

#include "base/ending.h"
#include "base/log.h"
#include "base/notify.h"
#include "cli/spooluser.h"
#include "cli/trace.h"
#include "conf/credential.h"
#include "post/queue.h"
#include "post/renew.h"

static const struct account *account_of(void *ctx, const char *name, const char *config, struct failure *f)
{
	struct spooluser *k = ctx;
	const struct account *a;

	return book_find(&k->book, name, config, &a, f) == 0 ? a : NULL;
}

static const char *choice_of(void *ctx, const char *sender)
{
	struct spooluser *k = ctx;

	return book_choice(&k->book, sender);
}

int runner_run(struct spooluser *k, struct failure *f)
{
	const struct options *o = k->options;
	struct trace trace;
	struct queue_order order = {
		.ctx = k,
		.account = account_of,
		.tracer = trace_open(&trace, o),
		.which = {.all = o->queue.all, .id = o->queue.id, .recipient = o->queue.recipient, .sender = o->queue.sender,
			  .choice = choice_of, .ctx = k},
		.fallback = k->own,
	};
	struct queue_sum sum = {0};
	struct ending held;
	int rc;

	ending_hold(&held);
	rc = k->there ? queue_run(&k->spool, &order, &sum, f) : 0;
	if (!o->queue.id && !o->queue.recipient && !o->queue.sender)
		renew_logins(&k->book, order.tracer);
	trace_close(&trace);
	if (rc == 0 && sum.cut && !o->queue.interval)
		rc = fail(f, AT_SPOOL, EX_TEMPFAIL, "the run was told to end: %zu %s for the next one", sum.cut, sum.cut == 1 ? "mail waits" : "mails wait");
	if (!ending_asked()) /* otherwise the process is about to end with our status */
		ending_release(&held);
	return rc;
}

/* Each run reads the configuration and the passwords anew, since both may have changed. */
static void run_once(const struct options *o)
{
	struct arena once = {.block = NULL};
	struct failure f;
	struct spooluser k;

	if (spooluser_open(&k, o, &once, &f) < 0 || runner_run(&k, &f) < 0)
		log_warning("%s", f.text);
	spooluser_close(&k);
	credential_wipe();
	arena_free(&once);
}

/* Each of the signals ends a run once mails under way have their answers. After SIGHUP, also in the pause, the next run begins at
 * once. */
int runner_stay(const struct options *o)
{
	const struct timespec pause = {.tv_sec = (time_t)o->queue.interval};
	sigset_t awaited;
	int got;

	sigemptyset(&awaited);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGINT);
	sigaddset(&awaited, SIGHUP);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	notify_state("READY=1");
	do {
		run_once(o);
		got = sigtimedwait(&awaited, NULL, &pause);
		if (got == SIGHUP) {
			notify_reloading();
			notify_state("READY=1");
		}
	} while (got < 0 || got == SIGHUP);
	notify_state("STOPPING=1");
	return EX_OK;
}
