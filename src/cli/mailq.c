#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "cli/modes.h"

/* Every mail is handed over at once or its caller is told: nothing ever waits, so that there is nothing to do but to
 * stay, as whoever starts -q30m expects. */
static int stay(void)
{
	sigset_t end;
	int which;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	sigprocmask(SIG_BLOCK, &end, NULL);
	sigwait(&end, &which);
	return EX_OK;
}

int mode_queue(const struct wish *w, struct arena *run, struct failure *f)
{
	(void)run;
	if (w->interval)
		return stay();
	if (w->mode == MODE_MAILQ && (puts("Mail queue is empty") == EOF || fflush(stdout) == EOF))
		return fail_errno(f, AT_INPUT, EX_IOERR, "writing to standard output");
	return EX_OK;
}
