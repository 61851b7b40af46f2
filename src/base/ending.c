#include "base/ending.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>
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

enum { UNWATCH = SIGUSR1 }; /* to the thread, which alone blocks it */

/* Waits for one of these, or UNWATCH, at most so many seconds (-1: for ever). 0: none came. */
static int wait_for(const sigset_t *these, int seconds)
{
	const struct timespec most = {.tv_sec = seconds};
	sigset_t all = *these;
	int got;

	sigaddset(&all, UNWATCH);
	do
		got = seconds < 0 ? sigwaitinfo(&all, NULL) : sigtimedwait(&all, NULL, &most);
	while (got < 0 && errno == EINTR);
	return got < 0 ? 0 : got;
}

/* timeout(1) and others send a signal to us and to our process group: what comes within a second is still the first one. */
static void *watch(void *ctx)
{
	sigset_t others, all, none;
	int kept = held_signals(&others), got;

	(void)ctx;
	sigemptyset(&none);
	all = others;
	if (kept)
		sigaddset(&all, kept);
	if (wait_for(&all, -1) == UNWATCH)
		return NULL;
	kill(getpid(), kept); /* blocked in all threads: it stays pending */
	got = wait_for(&none, ENDING_SECOND);
	while (got != UNWATCH && (got = wait_for(&others, 0)) != 0)
		;
	if (got == UNWATCH)
		return NULL;
	pthread_sigmask(SIG_UNBLOCK, &others, NULL);
	(void)wait_for(&none, -1);
	return NULL;
}

void ending_watch(struct ending_watch *w)
{
	sigset_t end, before;

	sigemptyset(&end);
	sigaddset(&end, UNWATCH);
	pthread_sigmask(SIG_BLOCK, &end, &before);
	w->there = pthread_create(&w->thread, NULL, watch, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* The thread is not cancelled: what the compiler keeps of its stack (AddressSanitizer) would not be put in order. */
void ending_unwatch(struct ending_watch *w)
{
	if (!w->there)
		return;
	pthread_kill(w->thread, UNWATCH);
	pthread_join(w->thread, NULL);
	w->there = false;
}
