#include <stddef.h>

#include "base/clock.h"
#include "base/ending.h"
#include "post/crew_inside.h"
#include "post/limits.h"

enum {
	LONG_MS = 100,	/* where mails go so far apart, each is taken by itself */
	TOLD_MS = 1000, /* who waits for longer is told why */
	AGAIN = 10, /* so often a mail goes again: then the words may be about it, and others have their turn; of a minute's rate this is enough */
};

/* Each mail that next_mail gives is a job's. */
struct job *crew_job_of(struct mail *m)
{
	return (struct job *)(void *)((char *)m - offsetof(struct job, mail));
}

/* The rate lets nothing go for so long. A relay would end a session that is idle for minutes, and a caller whose mail this crew's goes
 * along with waits for its end. */
static void hold(struct member *m, int64_t wait, int64_t *when)
{
	struct crew *c = m->crew;
	int64_t now = clock_steady(), until = now + wait;
	struct arena scratch = {0};
	struct failure f;

	c->paced |= wait > LONG_MS;
	m->held = true;
	if (wait > TOLD_MS)
		crew_awaits(c, pace_why(c->pace, &scratch), until);
	arena_free(&scratch);
	if (wait <= CREW_AWAY_MS && !(c->order->end && until >= c->order->end)) {
		*when = wait < ENDING_LOOK_MS ? until : now + ENDING_LOOK_MS;
		crew_tick(c);
	} else if (c->order->stays) {
		m->away = until;
	} else {
		pace_late(c->pace, &f);
		crew_end(c, &f);
	}
}

/* Asks the rate for the mail's next transaction. 0: j->grant is that; else as pace_take, and *when or m->away, or the crew ends. */
static int64_t ask_rate(struct member *m, struct job *j, size_t recipients, int64_t *when, struct failure *f)
{
	int64_t wait = pace_take(m->crew->pace, recipients, &j->grant, f);

	*when = m->away = 0;
	j->granted = wait == 0;
	if (wait > 0) {
		hold(m, wait, when);
	} else if (wait == PACE_FAILED) {
		crew_end(m->crew, f);
	} else {
		m->crew->paced &= m->held;
		m->held = false;
	}
	return wait;
}

bool crew_may_go(struct member *m, int64_t *when)
{
	struct crew *c = m->crew;
	struct job *j = m->first;
	size_t pending = envelope_count(&j->mail.envelope, PENDING), most = c->order->account->max_recipients;
	struct failure f;

	*when = 0;
	if (crew_is_over(c))
		return false;
	if (j->granted)
		return true;
	if (pace_check(c->pace, pending, &f) == 0)
		return ask_rate(m, j, pending < most ? pending : most, when, &f) == 0;
	envelope_refuse(&j->mail.envelope, &j->arena, &f);
	m->first = NULL;
	c->client->done(c->client->ctx, j, CREW_DONE);
	return false;
}

/* The first transaction of a mail has its grant by next_mail(). */
bool crew_begin_transaction(void *ctx, struct mail *mail, size_t recipients, void **ticket, int64_t *when)
{
	struct job *j = crew_job_of(mail);
	struct member *m = ctx;
	struct failure f;
	bool goes;

	pthread_mutex_lock(&m->crew->lock);
	*when = 0;
	goes = j->granted || (!m->crew->over && ask_rate(m, j, recipients, when, &f) == 0);
	if (goes)
		*(struct grant *)(*ticket = arena_zeroed(&j->arena, 1, sizeof(struct grant))) = j->grant;
	if (goes && m->crew->client->begins)
		m->crew->client->begins(m->crew->client->ctx, j);
	m->paused |= !goes && !*when;
	j->granted = false;
	pthread_mutex_unlock(&m->crew->lock);
	return goes;
}

/* What the answer to a transaction means for this session and the others. */
static void heed(struct member *m, struct job *j, enum crew_answer is, const struct failure *why)
{
	struct crew *c = m->crew;

	if (is == CREW_FINAL || !why)
		return;
	if (crew_rules_is_fed_up(&c->rules, clock_steady())) {
		if (c->order->patience && !c->over) {
			c->client->turned_away(c->client->ctx, why);
			crew_end(c, why);
		}
		return;
	}
	if (is == CREW_TOO_FAST && j->agains == AGAIN)
		return;
	j->agains += is == CREW_TOO_FAST;
	j->again = true;
	m->excused |= why->code == 421;
	if (is == CREW_THROUGH && !m->through && why->code != 421)
		crew_rules_goodbye(&c->rules, m->mails);
	m->through |= is != CREW_TOO_FAST;
}

void crew_end_transaction(void *ctx, struct mail *mail, void *ticket, bool counted, const struct failure *why)
{
	struct member *m = ctx;
	struct crew *c = m->crew;
	enum crew_answer is = CREW_FINAL;

	pthread_mutex_lock(&c->lock);
	if (why || envelope_count(&mail->envelope, ACCEPTED))
		is = crew_rules_answered(&c->rules, why, c->open, clock_steady());
	if (is == CREW_TOO_FAST)
		pace_slower(c->pace, ticket);
	else if (counted)
		pace_done(c->pace, ticket);
	else
		pace_drop(c->pace, ticket);
	heed(m, crew_job_of(mail), is, why);
	pthread_mutex_unlock(&c->lock);
}

bool crew_forget_refusals(struct envelope *v)
{
	bool any = false;

	for (size_t i = 0; i < v->recipients; i++) {
		struct recipient *to = &v->recipient[i];
		bool refused = (to->verdict == DEFERRED || to->verdict == REFUSED) && to->why && to->why->code != 421;
		enum limit limit = refused ? limits_of(to->why) : LIMIT_NONE;

		if (limit == LIMIT_STOP || !refused || (limit == LIMIT_NONE && (to->verdict == REFUSED || to->why->stage == AT_RECIPIENT)))
			continue;
		to->verdict = PENDING;
		to->why = NULL;
		any = true;
	}
	return any;
}
