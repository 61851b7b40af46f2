#include "base/clock.h"
#include "base/ending.h"
#include "post/crew_inside.h"

static unsigned window_of(const struct crew *c)
{
	return c->last_pass ? 1 : crew_rules_window(&c->rules);
}

/* Mails go one at a time on the last pass, and after a lost session. A window of 1 that the account has set does not count. */
bool crew_is_alone(const struct crew *c)
{
	return c->last_pass || c->rules.window == 1;
}

void crew_tell_news(struct crew *c)
{
	c->news++;
	pthread_cond_broadcast(&c->changed);
}

/* Tells the client how many mails may be taken together, if that has changed. */
static void tell_window(struct crew *c)
{
	unsigned ahead = c->paced ? 1 : window_of(c);

	if (c->client->window && c->ahead != ahead)
		c->client->window(c->client->ctx, ahead);
	c->ahead = ahead;
}

struct job *crew_fetch(struct crew *c, int64_t *when)
{
	*when = 0;
	if (crew_is_over(c))
		return NULL;
	tell_window(c);
	c->sum->open = c->open;
	return c->client->next(c->client->ctx, crew_is_alone(c), when);
}

/* A recipient that was not tried is as one of a mail that was never given. */
void crew_give_back(struct crew *c, struct job *j)
{
	struct envelope *v = &j->mail.envelope;

	for (size_t i = 0; i < v->recipients; i++) {
		struct recipient *to = &v->recipient[i];

		if (to->verdict == PENDING || (to->verdict == DEFERRED && to->why && to->why->code == 421)) {
			to->verdict = PENDING;
			to->why = NULL;
		}
	}
	if (j->granted)
		pace_drop(c->pace, &j->grant);
	j->granted = j->again = false;
	c->client->done(c->client->ctx, j, CREW_BACK);
	crew_tell_news(c);
}

static void note_session(struct member *m, struct job *j)
{
	j->encrypted = session_is_encrypted(m->link->session);
	j->authenticated = session_is_authenticated(m->link->session);
	if (!m->crew->order->along)
		link_warn(m->link, &j->mail);
	m->given++;
	m->in_hand++;
	crew_awaits(m->crew, NULL, 0);
}

bool crew_is_through(const struct member *m)
{
	unsigned learnt = m->crew->rules.mails, set = m->crew->order->account->max_per_connection;

	return m->through || (learnt && m->given >= learnt) || (set && m->given >= set);
}

/* The next mail that may go now. NULL: there is none, or m->first has to wait. */
static struct job *next_job(struct member *m, int64_t *when)
{
	struct job *j = NULL;
	int64_t unused;

	while (!j && (m->first || (m->first = crew_fetch(m->crew, &unused)))) {
		if (crew_may_go(m, when))
			j = m->first;
		else if (m->first)
			return NULL;
		m->first = NULL; /* it goes, or has been refused */
	}
	return j;
}

static struct mail *next_mail(void *ctx, int64_t *when)
{
	struct member *m = ctx;
	struct crew *c = m->crew;
	struct job *j = NULL;
	unsigned before;

	pthread_mutex_lock(&c->lock);
	before = m->limits.window;
	m->limits.window = window_of(c);
	*when = 0;
	if (!m->through && (m->first || (!crew_is_through(m) && (before <= m->limits.window || m->in_hand < m->limits.window))))
		j = next_job(m, when);
	if (j)
		note_session(m, j);
	pthread_mutex_unlock(&c->lock);
	return j ? &j->mail : NULL;
}

/* Answers come in the order of the mails: the session was lost at the first mail without an answer, which counts as tried. The
 * mails after it, whose commands were written ahead, count as not tried. */
static void mail_done(void *ctx, struct mail *mail)
{
	const struct envelope *v = &mail->envelope;
	struct member *m = ctx;
	struct crew *c = m->crew;
	struct job *j = crew_job_of(mail);
	enum progress progress = envelope_progress(v);
	bool unsure = envelope_count(v, UNSURE) > 0, left = progress != ANSWERED, told = ending_asked();

	pthread_mutex_lock(&c->lock);
	if (j->granted) /* it came to no transaction */
		pace_drop(c->pace, &j->grant);
	j->granted = false;
	m->in_hand--;
	m->answered += !left;
	m->mails += !left;
	if (!left && crew_rules_passed(&c->rules))
		crew_tell_news(c);
	if (j->again && !left && crew_forget_refusals(&mail->envelope))
		crew_give_back(c, j);
	else if (left && !m->lost && !told && !unsure)
		m->suspect = j;
	else if (progress == UNTOUCHED || (told && envelope_count(v, PENDING) && !unsure))
		crew_give_back(c, j);
	else
		c->client->done(c->client->ctx, j, left ? CREW_TRIED : CREW_DONE);
	m->lost |= left;
	pthread_mutex_unlock(&c->lock);
}

static void mail_part(void *ctx, struct mail *mail)
{
	struct member *m = ctx;

	pthread_mutex_lock(&m->crew->lock);
	m->answered++;
	m->crew->client->part(m->crew->client->ctx, crew_job_of(mail));
	pthread_mutex_unlock(&m->crew->lock);
}

static void before_wait(void *ctx)
{
	struct member *m = ctx;

	m->crew->client->sync(m->crew->client->ctx);
}

/* A 421 to MAIL or RCPT, after other mails of the session have gone well: the relay takes no more in this session, and nothing is
 * wrong with the mail. So it is where the 421 says that too much is sent. */
static bool is_between(const struct member *m, int rc, const struct failure *f)
{
	bool early = f->stage == AT_SENDER || f->stage == AT_RECIPIENT;

	return rc < 0 && f->code == 421 && m->suspect && (m->excused || (early && m->mails));
}

static void settle_suspect(struct member *m, bool fault)
{
	struct job *j = m->suspect;

	m->suspect = NULL;
	if (!j)
		return;
	if (fault)
		m->crew->client->done(m->crew->client->ctx, j, CREW_TRIED);
	else
		crew_give_back(m->crew, j);
}

int crew_run_session(struct member *m, struct failure *f)
{
	struct crew *c = m->crew;
	const struct account *a = c->order->account;
	const struct smtp_client client = {.ctx = m, .next = next_mail, .done = mail_done, .part = c->client->part ? mail_part : NULL,
					   .begin = crew_begin_transaction, .end = crew_end_transaction};
	int rc;

	m->limits = (struct smtp_limits){.window = window_of(c), .recipients = a->max_recipients, .timeout = a->timeout, .until = c->order->end};
	m->lost = m->between = m->paused = m->excused = false;
	m->answered = 0;
	pthread_mutex_unlock(&c->lock);
	session_before_wait(m->link->session, c->client->sync ? before_wait : NULL, m);
	rc = smtp_run(m->link->session, &m->limits, &client, f);
	session_before_wait(m->link->session, NULL, NULL);
	if (c->client->sync)
		before_wait(m);
	pthread_mutex_lock(&c->lock);
	m->in_hand = 0;
	m->between = is_between(m, rc, f);
	settle_suspect(m, rc < 0 && !m->between);
	if (m->first && rc != 0) { /* the session was lost before this mail was begun; else the mail waits for the rate */
		crew_give_back(c, m->first);
		m->first = NULL;
	}
	return rc;
}
