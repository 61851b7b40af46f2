#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/ending.h"
#include "cli/behind.h"
#include "cli/modes.h"
#include "cli/smtpd_answer.h"
#include "cli/watch.h"
#include "intake/feed_bsmtp.h"
#include "post/result.h"
#include "post/submit.h"

/* A file of SMTP commands on standard input (-bS). */
struct bsmtp {
	const struct options *options;
	struct feed_bsmtp feed;
	struct link link;
	size_t taken, refused; /* messages */
	size_t bad_outside;    /* commands outside of any that could not be taken */
	bool queued_any;       /* something is in the queue now */
};

/* Nobody reads answers: what went wrong is told on standard error, with the message's number. */
static void tell(const struct bsmtp *b, struct smtpd_answer *a, int rc)
{
	struct slice rest = slice_of(rc == 0 ? a->lines.p : "no memory for an answer"), line;
	bool more = true;

	while (more && a->code >= 400 && !b->options->quiet) {
		more = slice_cut(&rest, '\n', &line);
		if (!more)
			line = rest;
		fprintf(stderr, "mysend: message %zu: %d %.*s\n", b->taken + b->refused, a->code, (int)line.len, line.p);
	}
	smtpd_answer_free(a);
}

static void refuse(struct bsmtp *b, const struct bsmtp_item *item)
{
	struct smtpd_answer a;
	int rc = smtpd_answer_failure(&a, &item->why);

	b->bad_outside += item->outside;
	b->refused += !item->outside;
	tell(b, &a, rc);
}

static void hand_over(struct bsmtp *b, struct job *j)
{
	struct smtpd_answer a;
	int rc;

	submit(j, &b->link);
	if (result_tell(j, true) == EX_OK) {
		b->taken++;
	} else {
		b->refused++;
		if (!b->options->quiet)
			result_unkept(j);
	}
	b->queued_any |= j->spooled != NULL;
	rc = smtpd_answer_verdicts(&a, j);
	tell(b, &a, rc);
}

static int take(struct bsmtp *b, struct bsmtp_item *item, struct failure *f)
{
	struct ending held;

	if (!item->job) {
		refuse(b, item);
		return 0;
	}
	if (b->options->dry_run) {
		b->taken++;
		return intake_print(item->job, f);
	}
	ending_hold(&held);
	hand_over(b, item->job);
	if (!ending_asked()) {
		ending_release(&held);
		return 0;
	}
	return fail(f, AT_INPUT, EX_TEMPFAIL, "mysend was told to end: %zu of %zu messages have been handed over, what follows has not been read",
		    b->taken, b->taken + b->refused);
}

static int take_all(struct bsmtp *b, struct failure *f)
{
	struct bsmtp_item item;
	int got;

	while ((got = feed_bsmtp_next(&b->feed, true, &item, f)) == FEED_GOT) {
		got = take(b, &item, f);
		receiver_free(item.job);
		if (got < 0)
			return -1;
	}
	return got;
}

static int status_of(const struct bsmtp *b)
{
	if (!b->refused && !b->bad_outside)
		return EX_OK;
	if (!b->options->quiet)
		fprintf(stderr, "mysend: %zu of %zu messages have been handed over\n", b->taken, b->taken + b->refused);
	return b->taken ? 1 : 2;
}

int mode_bsmtp(const struct options *o, struct arena *run, struct failure *f)
{
	struct bsmtp b = {.options = o};
	struct intake intake;
	struct watch watch;
	int rc;

	b.link.watcher = watch_open(&watch, o);
	rc = intake_open(&intake, &o->request, o->config, o->called, run, f);
	if (rc == 0)
		rc = feed_bsmtp_open(&b.feed, &o->request, &intake, STDIN_FILENO, f);
	if (rc == 0)
		rc = take_all(&b, f);
	if (b.queued_any && o->background)
		behind_try(o, run, NULL);
	intake_close(&intake);
	link_leave(&b.link, rc == 0);
	watch_close(&watch);
	feed_bsmtp_close(&b.feed);
	return rc < 0 ? -1 : status_of(&b);
}
