#include "post/submit.h"

#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "base/ending.h"
#include "post/enqueue.h"
#include "post/limits.h"
#include "post/pace.h"
#include "wire/smtp.h"

enum { PATIENCE_MS = 10 * 1000 }; /* so long a mail that could be queued waits for its rate */

struct hand {
	struct job *job;
	bool given;
	struct pace *pace; /* NULL: only asks (submit_verify) */
	int64_t until;	   /* so long it waits for its rate */
	bool late;	   /* the rate does not let it go, or the rest of it: */
	struct failure why;
};

static struct mail *submit_next(void *ctx, int64_t *when)
{
	struct hand *h = ctx;

	*when = 0;
	if (h->given)
		return NULL;
	h->given = true;
	return &h->job->mail;
}

/* Nothing to do: the verdicts stand in the envelope. */
static void submit_mail_done(void *ctx, struct mail *m)
{
	(void)ctx;
	(void)m;
}

/* Asks the rate for the next transaction. 0: it may go; -1: not now. *wait: so many milliseconds later it may; h->late: that is too
 * long. */
static int ask_rate(struct hand *h, size_t recipients, struct grant *g, int64_t *wait)
{
	*wait = pace_take(h->pace, recipients, g, &h->why);
	if (*wait == 0)
		return 0;
	h->late = *wait < 0 || clock_steady() + *wait > h->until;
	if (*wait > 0 && h->late) {
		pace_late(h->pace, &h->why);
		h->job->due = clock_wall() + *wait / 1000 + 1;
	}
	return -1;
}

/* The first transaction has its grant before the session is opened. */
static bool submit_begin(void *ctx, struct mail *m, size_t recipients, void **ticket, int64_t *when)
{
	struct hand *h = ctx;
	struct job *j = h->job;
	int64_t wait;

	(void)m;
	*when = 0;
	if (!j->granted && ask_rate(h, recipients, &j->grant, &wait) < 0) {
		*when = h->late ? 0 : clock_steady() + wait;
		return false;
	}
	*(struct grant *)(*ticket = arena_zeroed(&j->arena, 1, sizeof j->grant)) = j->grant;
	j->granted = false;
	return true;
}

static void submit_end(void *ctx, struct mail *m, void *ticket, bool counted, const struct failure *why)
{
	struct hand *h = ctx;

	(void)m;
	if (why && limits_of(why) == LIMIT_SLOW)
		pace_slower(h->pace, ticket);
	else if (counted)
		pace_done(h->pace, ticket);
	else
		pace_drop(h->pace, ticket);
}

static int hand_over(struct hand *h, struct link *l, struct failure *f)
{
	const struct account *a = h->job->account;
	struct smtp_limits limits = {.window = a->window, .recipients = a->max_recipients, .timeout = a->timeout, .verify = !h->pace};
	struct smtp_client client = {.ctx = h, .next = submit_next, .done = submit_mail_done, .begin = h->pace ? submit_begin : NULL,
				     .end = h->pace ? submit_end : NULL};
	int rc;

	h->given = false;
	if (link_reach(l, a, f) < 0)
		return -1;
	h->job->encrypted = session_is_encrypted(l->session);
	h->job->authenticated = session_is_authenticated(l->session);
	if (h->pace)
		link_warn(l, &h->job->mail);
	rc = smtp_run(l->session, &limits, &client, f);
	if (rc != 0)
		link_leave(l, rc == SMTP_ANOTHER && h->late);
	return rc;
}

/* Tries the mail in as many sessions as it takes: each but the last has ended without a fault (SMTP_ANOTHER), which cannot go on
 * for ever, since something is done in each. Recipients that were not tried get the failure of the last session, or the rate's. */
static void try(struct hand *h, struct link *l)
{
	struct job *j = h->job;
	struct failure f;
	int rc;

	do
		rc = hand_over(h, l, &f);
	while (rc == SMTP_ANOTHER && !h->late && !ending_asked() && !link_is_spent(l));
	if (rc == SMTP_ANOTHER)
		f.exit = EX_TEMPFAIL; /* a later session may do what this one could not */
	if (rc != 0)
		envelope_blame(&j->mail.envelope, &j->arena, rc == SMTP_ANOTHER && h->late ? &h->why : &f);
}

/* Waits until the account's rate lets the mail's first transaction go. False: that takes too long, or it never does; then its
 * recipients have their failure. */
static bool wait_for_rate(struct hand *h)
{
	struct job *j = h->job;
	struct envelope *e = &j->mail.envelope;
	size_t pending = envelope_count(e, PENDING), most = j->account->max_recipients;
	int64_t wait;

	if (pace_check(h->pace, pending, &h->why) < 0) {
		envelope_refuse(e, &j->arena, &h->why);
		return false;
	}
	while (ask_rate(h, pending < most ? pending : most, &j->grant, &wait) < 0) {
		if (!h->late && ending_asked()) {
			pace_late(h->pace, &h->why);
			h->late = true;
		}
		if (h->late) {
			envelope_blame(e, &j->arena, &h->why);
			return false;
		}
		wait = wait < ENDING_LOOK_MS ? wait : ENDING_LOOK_MS;
		nanosleep(&(struct timespec){0, (long)(wait * 1000000)}, NULL);
	}
	j->granted = true;
	return true;
}

static void try_at_rate(struct job *j, struct link *l)
{
	int64_t patience = setting_is(j->account, SET_queue, "off") ? (int64_t)j->account->timeout * 1000 : PATIENCE_MS;
	struct hand h = {.job = j, .until = clock_steady() + patience};
	struct failure f;

	if (pace_open_account(&h.pace, j->account, &f) < 0) {
		envelope_blame(&j->mail.envelope, &j->arena, &f);
		return;
	}
	if (wait_for_rate(&h))
		try(&h, l);
	if (j->granted) /* nothing of the mail was said */
		pace_drop(h.pace, &j->grant);
	j->granted = false;
	pace_close(h.pace);
}

/* No relay is set yet: the mail waits until there is one, like mail whose relay cannot be reached. */
static void wait_for_relay(struct job *j)
{
	struct failure unused;

	if (enqueue_all(j, j->account->unconfigured, &unused) < 0)
		envelope_blame(&j->mail.envelope, &j->arena, j->account->unconfigured);
}

void submit_rest(struct job *j)
{
	/* A person has interrupted us (SIGINT) before the relay has got anything of the mail: it is not sent later. */
	if (ending_is_abort() && envelope_progress(&j->mail.envelope) == UNTOUCHED)
		return;
	enqueue_rest(j);
	enqueue_bounce(j);
}

void submit_job(struct job *j, struct link *l)
{
	struct failure unused; /* the job has the failure as `unkept` */

	if (j->account->unconfigured) {
		wait_for_relay(j);
		return;
	}
	if (j->later && enqueue_all(j, NULL, &unused) == 0)
		return;
	try_at_rate(j, l);
	submit_rest(j);
}

void submit_verify(struct job *j, struct link *l)
{
	try(&(struct hand){.job = j}, l);
}
