#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/modes.h"
#include "post/report.h"

int main(int argc, char **argv)
{
	struct arena run = {0};
	struct failure f;
	struct wish wish;
	bool input = file_standard_open();
	int status = -1;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on files is an error to be told, not a death */
	if (options_read(&wish, &run, argc, argv, &f) == 0) {
		wish.no_input = !input;
		status = wish.mode == MODE_SEND ? mode_send(&wish, &run, &f) : mode_show(&wish, &run, &f);
	}
	if (status < 0) {
		status = f.exit;
		if (!wish.quiet)
			report_failure(&f);
	}
	/* Who writes the message never gets EPIPE, even if we had no use for it. */
	if (status != EX_OK && wish.mode == MODE_SEND && !isatty(STDIN_FILENO))
		file_drain(STDIN_FILENO);
	arena_free(&run);
	return status;
}
