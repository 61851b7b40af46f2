#include <sysexits.h>
#include <unistd.h>

#include "base/ending.h"
#include "cli/background.h"
#include "cli/modes.h"
#include "cli/service.h"
#include "cli/smtpd_answer.h"
#include "cli/trace.h"
#include "conf/whoami.h"
#include "intake/intake.h"
#include "intake/receiver.h"
#include "post/result.h"
#include "post/submit.h"

enum { SMTPD_ERRORS = 100, SMTPD_PATIENCE = 300 /* seconds, RFC 5321 4.5.3.2.7 */ };

/* A dialogue with a client on standard input (-bs). */
struct smtpd {
	struct receiver in;
	const struct options *options;
	struct intake intake;
	struct link link;
	struct peer peer;
	unsigned errors; /* commands since the last message that led to no mail */
	unsigned full;	 /* recipients since the last message that were one too many */
};

/* A client with so many wrong commands between two messages is no mail program; their texts take memory, too. A client of a service
 * may also not go on for ever with commands that are right but send no mail; a program that runs us for itself may. */
static bool is_too_much(struct smtpd *s, enum receiver_answer kind)
{
	switch (kind) {
	case RECEIVER_REFUSED:
		return ++s->errors > SMTPD_ERRORS;
	case RECEIVER_NO_MAIL:
		return s->peer.known && ++s->errors > SMTPD_ERRORS;
	case RECEIVER_FULL:
		return s->peer.known && ++s->full > RECEIVER_RECIPIENTS;
	case RECEIVER_FINE:
		break;
	}
	return false;
}

static int end_useless(struct smtpd *s, struct failure *f)
{
	receiver_end(&s->in);
	return dialogue_say(&s->in.io, 421, "4.7.0 too many commands that lead to nothing", f);
}

static int smtpd_say(void *ctx, enum receiver_answer kind, int code, const char *lines, struct failure *f)
{
	struct smtpd *s = ctx;

	if (!is_too_much(s, kind))
		return dialogue_say(&s->in.io, code, lines, f);
	return end_useless(s, f);
}

/* rc: 0, or -1 where there was no memory for the answer. */
static int answer_with(struct smtpd *s, enum receiver_answer kind, struct smtpd_answer *a, int rc, struct failure *f)
{
	rc = rc == 0 ? smtpd_say(s, kind, a->code, a->lines.p, f) : fail(f, AT_INPUT, EX_OSERR, "no memory for an answer");
	smtpd_answer_free(a);
	return rc;
}

static int answer_failure(struct smtpd *s, enum receiver_answer kind, const struct failure *why, struct failure *f)
{
	struct smtpd_answer a;
	int rc = smtpd_answer_failure(&a, why);

	/* Reports the failure to the administrator of the service, also where it is a mistake of the client's. */
	service_tell(&s->peer, s->in.job, why);
	return answer_with(s, kind, &a, rc, f);
}

static int answer_verdicts(struct smtpd *s, struct failure *f)
{
	const struct failure *why = smtpd_answer_why(&s->in.job->mail.envelope);
	struct smtpd_answer a;
	int rc = smtpd_answer_verdicts(&a, s->in.job);

	if (why)
		service_tell(&s->peer, s->in.job, why);
	return answer_with(s, RECEIVER_FINE, &a, rc, f);
}

static int smtpd_refuse(void *ctx, const struct failure *why, struct failure *f)
{
	return answer_failure(ctx, RECEIVER_REFUSED, why, f);
}

static int smtpd_admit(void *ctx, const char *sender, struct failure *why)
{
	struct smtpd *s = ctx;
	struct job *j = s->in.job;

	if (intake_account(&s->intake, j, &s->in.said, *sender ? sender : NULL, NULL, why) < 0)
		return -1;
	return service_check_sender(&s->peer, j, sender, why);
}

/* With a null sender the account is chosen by the From field, and so is known only now; then its service_from is checked. */
static int admit_message(struct smtpd *s, struct failure *why)
{
	struct job *j = s->in.job;

	if (!s->peer.known)
		return 0;
	if (intake_account(&s->intake, j, &s->in.said, identity_for_choice(j, &s->in.said), NULL, why) < 0)
		return -1;
	return service_check_message(&s->peer, j, s->in.said.sender, s->in.extended, why);
}

/* We are told to end, and the message in hand was answered. The client is told 421 (RFC 5321 3.8). */
static int end_if_told(struct smtpd *s, const struct ending *held, struct failure *f)
{
	if (!ending_asked()) {
		ending_release(held);
		return 0;
	}
	receiver_end(&s->in);
	return smtpd_say(s, RECEIVER_FINE, 421, "4.3.2 " ENDING_TOLD, f);
}

/* A message that was refused counts like a command that led to no mail, for a client of a service. */
static int count_refused(struct smtpd *s, struct failure *f)
{
	if (!is_too_much(s, RECEIVER_NO_MAIL))
		return 0;
	return end_useless(s, f);
}

static int submit_message(struct smtpd *s, struct failure *f)
{
	struct job *j = s->in.job;
	struct ending held;
	bool taken;

	ending_hold(&held);
	submit_job(j, &s->link);
	taken = result_log(j) == EX_OK;
	if (taken)
		s->errors = s->full = 0;
	else if (!s->options->quiet)
		result_unkept(j);
	if (s->options->background && j->spooled && !ending_asked())
		background_try(s->options, &j->arena, j->spooled);
	if (answer_verdicts(s, f) < 0 || end_if_told(s, &held, f) < 0)
		return -1;
	return taken ? 0 : count_refused(s, f);
}

static int smtpd_message(void *ctx, struct failure *f)
{
	struct smtpd *s = ctx;
	struct receiver *r = &s->in;

	r->job->peer = s->peer.name;
	r->job->uid = s->peer.counted;
	r->job->dialogue = true;
	if (r->health == RECEIVER_GOOD && (admit_message(s, &r->why) < 0 || intake_take(&s->intake, r->job, &r->said, &r->why) < 0))
		r->health = RECEIVER_FAILED;
	if (r->health == RECEIVER_GOOD)
		return submit_message(s, f);
	return answer_failure(s, RECEIVER_FINE, &r->why, f) < 0 ? -1 : count_refused(s, f);
}

/* The input has ended, or the client was silent for too long. */
static int end_of_input(struct smtpd *s, struct failure *f)
{
	if (s->in.io.idle) {
		receiver_end(&s->in);
		if (smtpd_say(s, RECEIVER_FINE, 421, "4.4.2 nothing came for 5 minutes", f) < 0)
			return -1;
	} else if (receiver_is_inside(&s->in)) {
		return fail(f, AT_INPUT, EX_NOINPUT, "the input ended in the middle of a message: it was not sent");
	}
	return dialogue_flush(&s->in.io, f);
}

static int converse(struct smtpd *s, struct failure *f)
{
	int got;

	while ((got = receiver_step(&s->in, f)) == RECEIVER_WENT_ON)
		;
	if (got < 0)
		return -1;
	if (s->in.phase != RECEIVER_OVER)
		return end_of_input(s, f);
	(void)!dialogue_flush(&s->in.io, f); /* the client may have gone without waiting for the answer */
	return 0;
}

/* The configuration is wrong: the client is told so by 554, and may still say QUIT (RFC 5321 3.1). */
static int turn_away(struct smtpd *s, struct failure *f)
{
	struct dialogue *io = &s->in.io;
	struct failure why = *f, unused;
	struct slice line, verb;

	if (dialogue_say(io, 554, arena_printf(s->intake.run, "mysend: %s", why.text), &unused) < 0)
		return -1;
	while (dialogue_line(io, &line, &unused) > 0) {
		bool more = slice_cut(&line, ' ', &verb), leaves = slice_is(slice_trim(more ? verb : line), "QUIT");

		if (dialogue_say(io, leaves ? 221 : 503, leaves ? "2.0.0 Bye" : "5.5.0 the configuration is wrong", &unused) < 0 || leaves)
			break;
	}
	(void)!dialogue_flush(io, &unused);
	*f = why;
	return -1;
}

/* The account for mail whose sender chooses none. */
static const struct account *usual(struct smtpd *s)
{
	const struct account *a;
	struct failure unused;

	return book_account(&s->intake.book, s->options->request.account, NULL, &a, &unused) < 0 ? NULL : a;
}

static int greet(struct smtpd *s, struct failure *f)
{
	struct receiver *r = &s->in;
	struct failure why;

	r->usual = usual(s);
	if (s->peer.known && r->usual && service_admit(&s->peer, r->usual, s->intake.run, &why) < 0) {
		receiver_end(r);
		return answer_failure(s, RECEIVER_FINE, &why, f);
	}
	return smtpd_say(s, RECEIVER_FINE, 220, arena_printf(s->intake.run, "%s ESMTP mysend", whoami_host(s->intake.run)), f);
}

int mode_smtp(const struct options *o, struct arena *run, struct failure *f)
{
	struct smtpd s = {.options = o, .in = {.asked = &o->request}};
	struct trace trace;
	int rc;

	s.in.client = (struct receiver_client){.ctx = &s, .answer = smtpd_say, .refuse = smtpd_refuse, .admit = smtpd_admit, .message = smtpd_message};
	if (o->service && service_open(&s.peer, STDIN_FILENO, run, f) < 0)
		return -1;
	s.in.largest = s.peer.known ? SERVICE_OCTETS : 0;
	s.link.tracer = trace_open(&trace, o);
	s.intake.run = run;
	rc = receiver_open(&s.in, STDIN_FILENO, STDOUT_FILENO, f);
	/* A service has one process for each connection, which a client that goes silent would keep: it has a time limit. A program
	 * that runs us for itself may take any time between two mails, as a list server does that keeps its pipe open. */
	s.in.io.patience = o->service ? SMTPD_PATIENCE : 0;
	if (rc == 0 && intake_open(&s.intake, &o->request, o->config, o->called, run, f) < 0)
		rc = turn_away(&s, f);
	if (rc == 0)
		rc = greet(&s, f);
	if (rc == 0)
		rc = converse(&s, f);
	intake_close(&s.intake);
	link_leave(&s.link, rc == 0);
	trace_close(&trace);
	receiver_close(&s.in);
	if (rc < 0 && s.peer.known)
		(void)!failure_in(f, "connection of %s", s.peer.name);
	return rc < 0 ? -1 : EX_OK;
}
