#include "cli/json_result.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/ending.h"
#include "base/file.h"
#include "base/log.h"
#include "post/result.h"
#include "post/result_json.h"

static const int ends[] = {SIGTERM, SIGINT, SIGHUP};

bool json_result_is_asked(const struct options *o)
{
	return o->json && (o->mode == MODE_SEND || o->mode == MODE_SMTP || o->mode == MODE_BSMTP);
}

/* What a signal handler may call is little (signal-safety(7)): the object is a constant. */
static void end_early(int signal)
{
	(void)signal;
	(void)!write(STDOUT_FILENO, result_json_ended, strlen(result_json_ended));
	_exit(RESULT_JSON_ENDED);
}

/* What our caller has us ignore (nohup) stays ignored. */
static void handle(void (*how)(int))
{
	struct sigaction is, wanted = {.sa_handler = how};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		sigaddset(&wanted.sa_mask, ends[i]);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (sigaction(ends[i], NULL, &is) == 0 && is.sa_handler != SIG_IGN)
			sigaction(ends[i], &wanted, NULL);
}

void json_result_guard(void)
{
	handle(end_early);
}

void json_result_print(const struct job *j, const struct tally *t, int status)
{
	struct ending held;
	struct buf out;

	ending_hold(&held);
	buf_start(&out, RESULT_JSON_MAX);
	errno = ENOMEM;
	if (result_json(&out, j, t, status) < 0 || file_write(STDOUT_FILENO, out.p, out.len) < 0) {
		log_warning("the result cannot be written to standard output: %s", strerror(errno));
		if (t->decides)
			result_failure(t->decides);
	}
	buf_free(&out);
	handle(SIG_DFL);
	ending_release(&held);
}

void json_result_failure(const struct failure *f)
{
	json_result_print(&(struct job){.account = NULL}, &(struct tally){.decides = f, .status = f->exit}, f->exit);
}
