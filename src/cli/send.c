#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ending.h"
#include "base/log.h"
#include "cli/background.h"
#include "cli/dry_run.h"
#include "cli/json_result.h"
#include "cli/modes.h"
#include "cli/trace.h"
#include "conf/whoami.h"
#include "intake/intake.h"
#include "mail/wide.h"
#include "post/logline.h"
#include "post/queue.h"
#include "post/result.h"
#include "post/enqueue.h"
#include "post/submit.h"

/* Mail of the queue that goes along with a message: none is begun after ALONG_MS, what is not written by ALONG_END_MS is broken
 * off, and mail of more than ALONG_OCTETS waits for a run of its own. */
enum { ALONG_MS = 5000, ALONG_END_MS = 15000, ALONG_OCTETS = 1024 * 1024, ALONG_NAMES = 100 };

static int read_message(struct job *j, const struct options *o, struct filetypes *types, struct failure *f)
{
	const struct draft *d = &o->request.draft;
	unsigned how = !o->dots_are_text && (o->dots_end || isatty(STDIN_FILENO)) ? MESSAGE_DOT_ENDS : 0;

	/* Standard input is an attachment (--attach -), or it is closed and the parts come from files: the text is empty. */
	if (d->takes_input || (o->no_input && (d->html || d->files))) {
		message_begin(&j->message, &j->arena, 0);
		return message_end(&j->message, f);
	}
	if (o->no_input)
		return fail(f, AT_INPUT, EX_NOINPUT, "standard input is closed: there is no message");
	if (d->used && !o->request.from_header)
		how |= MESSAGE_MAY_BE_TEXT;
	return wide_read(&j->message, &j->arena, STDIN_FILENO, how, types, d->charset, f);
}

static const char *choice_of(void *ctx, const char *sender)
{
	return book_choice(ctx, sender);
}

/* The relay can be reached: some of the mail that waits for it is sent along with the message. Mail whose relay was chosen by an
 * option never waits (enqueue_is_allowed), so that there is none to send along. */
static void queue_along(struct job *j, struct link *l, struct book *b)
{
	const struct account *a = j->account;
	/* Of a long queue only a sample is looked at: to look at each mail takes longer than to send one. */
	size_t names = a->queue_along > ALONG_NAMES ? a->queue_along : ALONG_NAMES;
	struct queue_order order = {.tracer = l->tracer, .only = a, .fallback = a, .link = l, .most = a->queue_along,
				    .which = {.names = names, .largest = ALONG_OCTETS, .choice = choice_of, .ctx = b}, .until = clock_steady() + ALONG_MS, .end = clock_steady() + ALONG_END_MS};
	struct queue_sum sum;
	struct failure f;
	struct spool s;

	if (!a->queue_along || !enqueue_is_allowed(a) || spool_open(&s, whoami_spool(&j->arena, a), false, &f) != 0)
		return;
	if (queue_run(&s, &order, &sum, &f) < 0)
		log_warning("%s", f.text);
	spool_close(&s);
}

/* The log line and the result, as text or as an object; the status. */
static int tell(struct job *j, const struct options *o)
{
	struct tally t;
	int status;

	if (!o->json)
		return result_tell(j, o->quiet);
	t = tally_of(&j->mail.envelope);
	status = result_log(j);
	json_result_print(j, &t, status);
	return status;
}

/* The mail has ended before it was tried. */
static int end_untried(const struct job *j, const struct options *o, const struct failure *f)
{
	struct tally t = {.decides = f, .status = f->exit};

	if (j->account)
		logline_write(j, &t);
	if (!o->json)
		return -1;
	json_result_print(j, &t, t.status);
	return t.status;
}

static int dry_run(const struct job *j, const struct options *o, struct failure *f)
{
	if (!o->json)
		return dry_run_print(j, f) < 0 ? -1 : EX_OK;
	json_result_print(j, &(struct tally){.status = EX_OK}, EX_OK);
	return EX_OK;
}

static int submit_one(struct job *j, const struct options *o, struct book *b)
{
	struct trace trace;
	struct link link = {.tracer = trace_open(&trace, o), .one_login = true};
	struct ending held;
	int status;

	/* From here on a signal does not end us before the result was reported. */
	ending_hold(&held);
	submit_job(j, &link);
	/* A mail program's sendmail does not write into its screen that a relay is down; what a service says is seen nowhere else. */
	j->aloud = (o->verbose || isatty(STDERR_FILENO)) && (!o->as_sendmail || *j->account->socket);
	status = tell(j, o);
	if (link.session)
		queue_along(j, &link, b);
	link_leave(&link, true);
	trace_close(&trace);
	if (!o->json && !ending_asked()) /* the object has told the status that we end with */
		ending_release(&held);
	return status;
}

int mode_send(const struct options *o, struct arena *run, struct failure *f)
{
	struct job j = {.began = clock_steady(), .dialogue = o->json};
	struct intake intake;
	int status;

	if (o->json)
		json_result_guard();
	if (intake_open(&intake, &o->request, o->config, o->called, run, f) < 0 || read_message(&j, o, intake.types, f) < 0 ||
	    intake_take(&intake, &j, &o->request, f) < 0) {
		status = end_untried(&j, o, f);
	} else if (o->dry_run) {
		status = dry_run(&j, o, f);
	} else {
		intake_close(&intake); /* ends the process that looks into files: no file is looked at any more */
		status = submit_one(&j, o, &intake.book);
		if (o->background && j.spooled && !ending_asked())
			background_try(o, &j.arena, j.spooled);
	}
	intake_close(&intake);
	message_close(&j.message);
	arena_free(&j.arena);
	return status;
}
