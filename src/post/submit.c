#include "post/submit.h"

#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "base/ending.h"
#include "post/enqueue.h"
#include "post/pace.h"
#include "wire/smtp.h"

enum { PATIENCE_MS = 10 * 1000 }; /* so long a mail that could be queued waits for its rate */

struct hand {
	struct job *job;
	bool given;
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

static int hand_over(struct job *j, struct link *l, bool verify, struct failure *f)
{
	const struct account *a = j->account;
	struct smtp_limits limits = {.window = a->window, .recipients = a->max_recipients, .timeout = a->timeout, .verify = verify};
	struct hand hand = {.job = j};
	struct smtp_client client = {.ctx = &hand, .next = submit_next, .done = submit_mail_done};
	int rc;

	if (link_reach(l, a, f) < 0)
		return -1;
	j->encrypted = session_is_encrypted(l->session);
	j->authenticated = session_is_authenticated(l->session);
	if (!verify)
		link_warn(l, &j->mail);
	rc = smtp_run(l->session, &limits, &client, f);
	if (rc != 0)
		link_leave(l, false);
	return rc;
}

/* Tries the mail in as many sessions as it takes: each but the last has ended without a fault (SMTP_ANOTHER), which cannot go on
 * for ever, since something is done in each. Recipients that were not tried get the failure of the last session. */
static void try(struct job *j, struct link *l, bool verify)
{
	struct failure f;
	int rc;

	do
		rc = hand_over(j, l, verify, &f);
	while (rc == SMTP_ANOTHER && !ending_asked() && !link_is_spent(l));
	if (rc == SMTP_ANOTHER)
		f.exit = EX_TEMPFAIL; /* a later session may do what this one could not */
	if (rc != 0)
		envelope_blame(&j->mail.envelope, &j->arena, &f);
}

/* Waits until the account's rate lets the mail go. -1: that takes too long, or it never does; then its recipients have their
 * failure. */
static int wait_for_rate(struct job *j, struct pace *p, struct grant *g)
{
	int64_t patience = setting_is(j->account, SET_queue, "off") ? (int64_t)j->account->timeout * 1000 : PATIENCE_MS, until = clock_steady() + patience, wait;
	struct envelope *e = &j->mail.envelope;
	struct failure f;

	while ((wait = pace_take(p, envelope_count(e, PENDING), g, &f)) > 0) {
		int64_t nap = wait < ENDING_LOOK_MS ? wait : ENDING_LOOK_MS;

		if (clock_steady() + wait > until || ending_asked()) {
			pace_late(p, &f);
			break;
		}
		nanosleep(&(struct timespec){0, (long)(nap * 1000000)}, NULL);
	}
	if (wait == 0)
		return 0;
	if (wait == PACE_NEVER)
		envelope_refuse(e, &j->arena, &f);
	else
		envelope_blame(e, &j->arena, &f);
	return -1;
}

/* Nothing of the mail was said to the relay. */
static bool is_unsaid(const struct envelope *e)
{
	return envelope_progress(e) == UNTOUCHED && e->recipient[0].why && e->recipient[0].why->stage < AT_SENDER;
}

static void try_at_rate(struct job *j, struct link *l)
{
	struct failure f;
	struct grant g;
	struct pace *p;

	if (pace_open_account(&p, j->account, &f) < 0) {
		envelope_blame(&j->mail.envelope, &j->arena, &f);
		return;
	}
	if (!p || wait_for_rate(j, p, &g) == 0) {
		try(j, l, false);
		if (p && is_unsaid(&j->mail.envelope))
			pace_drop(p, &g);
		else if (p)
			pace_done(p, &g);
	}
	pace_close(p);
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
	try(j, l, true);
}
