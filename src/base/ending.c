#include "base/ending.h"

#include <stddef.h>
#include <unistd.h>

static const int ends[] = {SIGTERM, SIGINT, SIGHUP};

void ending_hold(struct ending *held)
{
	struct sigaction is;
	sigset_t these;

	sigemptyset(&these);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (sigaction(ends[i], NULL, &is) < 0 || is.sa_handler != SIG_IGN)
			sigaddset(&these, ends[i]);
	pthread_sigmask(SIG_BLOCK, &these, &held->before);
}

void ending_release(const struct ending *held)
{
	pthread_sigmask(SIG_SETMASK, &held->before, NULL);
}

bool ending_asked(void)
{
	sigset_t w;

	sigemptyset(&w);
	sigpending(&w);
	return sigismember(&w, SIGTERM) == 1 || sigismember(&w, SIGINT) == 1 || sigismember(&w, SIGHUP) == 1;
}

bool ending_is_abort(void)
{
	sigset_t w;

	sigemptyset(&w);
	sigpending(&w);
	return sigismember(&w, SIGINT) == 1 && sigismember(&w, SIGTERM) != 1 && sigismember(&w, SIGHUP) != 1;
}

/* Those that are not ignored, without the one that is kept pending: SIGHUP, or the last that is left. */
static int held_signals(sigset_t *these)
{
	static const int keep[] = {SIGHUP, SIGTERM, SIGINT};
	struct sigaction is;
	int kept = 0;

	sigemptyset(these);
	for (size_t i = 0; i < sizeof keep / sizeof *keep; i++) {
		if (sigaction(keep[i], NULL, &is) == 0 && is.sa_handler == SIG_IGN)
			continue;
		if (kept)
			sigaddset(these, keep[i]);
		else
			kept = keep[i];
	}
	return kept;
}

static void *watch(void *ctx)
{
	sigset_t others, all;
	int kept = held_signals(&others), got;

	(void)ctx;
	if (!kept)
		return NULL;
	all = others;
	sigaddset(&all, kept);
	if (sigwait(&all, &got) != 0)
		return NULL;
	kill(getpid(), kept); /* blocked in all threads: it stays pending */
	pthread_sigmask(SIG_UNBLOCK, &others, NULL);
	for (;;)
		pause();
}

void ending_watch(struct ending_watch *w)
{
	w->there = pthread_create(&w->thread, NULL, watch, NULL) == 0;
}

void ending_unwatch(struct ending_watch *w)
{
	if (!w->there)
		return;
	pthread_cancel(w->thread);
	pthread_join(w->thread, NULL);
	w->there = false;
}
