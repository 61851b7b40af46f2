#include "base/ending.h"

#include <stddef.h>

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
