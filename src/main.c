#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/ending.h"
#include "base/environment.h"
#include "base/file.h"
#include "cli/json_result.h"
#include "cli/modes.h"
#include "conf/whoami.h"
#include "mail/looker.h"
#include "post/result.h"

static int mode_token(const struct options *o, struct arena *run, struct failure *f)
{
#ifdef WITHOUT_OAUTH
	(void)run;
	return fail(f, AT_USAGE, EX_CONFIG, "there is no %s: mysend was built without OAuth2 (--without-oauth)", o->mode == MODE_LOGIN ? "--login" : "--logout");
#else
	return o->mode == MODE_LOGIN ? mode_login(o, run, f) : mode_logout(o, run, f);
#endif
}

static int mode_run(const struct options *o, struct arena *run, struct failure *f)
{
	switch (o->mode) {
	case MODE_SEND:
		return mode_send(o, run, f);
	case MODE_SMTP:
		return mode_smtp(o, run, f);
	case MODE_BSMTP:
		return mode_bsmtp(o, run, f);
	case MODE_VERIFY:
		return mode_verify(o, run, f);
	case MODE_NEWALIASES:
		return mode_aliases(o, run, f);
	case MODE_MAILQ:
	case MODE_QUEUE:
	case MODE_NOTHING:
	case MODE_HOLD:
	case MODE_RELEASE:
	case MODE_REMOVE:
	case MODE_CHECK:
		return mode_queue(o, run, f);
	case MODE_PROBE:
		return mode_probe(o, run, f);
	case MODE_REPORT:
		return mode_report(o, run, f);
	case MODE_BATCH:
		return mode_batch(o, run, f);
	case MODE_CONFIGURE:
		return mode_configure(o, run, f);
	case MODE_LOGIN:
	case MODE_LOGOUT:
		return mode_token(o, run, f);
	case MODE_SHOW_CONFIG:
	case MODE_LIST_SETTINGS:
	case MODE_COMPLETE:
	case MODE_HELP:
	case MODE_VERSION:
		break;
	}
	return mode_show(o, run, f);
}

/* libcurl 8.9.0 and 8.9.1 give SIGPIPE back its deadly meaning while they work, whoever had it ignored. */
static void block_pipe_signal(void)
{
	sigset_t pipe;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe, NULL);
}

int main(int argc, char **argv)
{
	struct arena run = {0};
	struct failure f;
	struct options options;
	bool input;
	int status = -1;

	environment_clean();
	if (looker_is_asked(argc, argv))
		return looker_run();
	whoami_give_home(&run);
	input = file_standard_open();
	block_pipe_signal();
	signal(SIGXFSZ, SIG_IGN); /* a limit on files is an error to be told, not a death */
	if (options_read(&options, &run, argc, argv, &f) == 0) {
		options.no_input = !input;
		status = mode_run(&options, &run, &f);
	}
	if (status < 0) {
		status = f.exit;
		if (json_result_is_asked(&options))
			json_result_failure(&f);
		else if (!options.quiet)
			result_failure(&f);
	}
	/* The rest of standard input is read, so that whoever writes it gets no EPIPE; not where a signal ends us. */
	if (status != EX_OK && !ending_asked() && (options.mode == MODE_SEND || options.mode == MODE_BSMTP) && !isatty(STDIN_FILENO))
		file_drain(STDIN_FILENO);
	arena_free(&run);
	return status;
}
