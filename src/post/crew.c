#include "post/crew.h"

#include <stdio.h>


#include "base/clock.h"
#include "base/ending.h"
#include "base/log.h"
#include "conf/credential.h"
#include "post/crew_inside.h"
#include "post/hint.h"
#include "post/limits.h"

enum { STACK = 1024 * 1024 };

/* Ends the member's session; the lock is released while it talks to the relay. */
static void leave(struct member *m, bool politely)
{
	struct crew *c = m->crew;

	if (!m->link->session)
		return;
	pthread_mutex_unlock(&c->lock);
	link_leave(m->link, politely);
	pthread_mutex_lock(&c->lock);
	c->without |= m->link->forgone;
	c->open--;
	m->given = m->mails = 0;
	m->through = false;
	crew_tell_news(c); /* a member may wait until one more session may be opened */
}

static void note_failure(struct crew *c, const struct failure *why)
{
	if (!c->failed)
		c->why = *why;
	c->failed = true;
}

static void tell_tracer(const struct crew *c, const struct failure *f)
{
	struct failure shown = *f;
	char words[FAILURE_WORDS];

	if (!c->order->tracer)
		return;
	hint_add(&shown);
	log_warning("account %s: %s%s%s", c->order->account->name, failure_words(words, f, WORDS_WHERE | WORDS_CODE, NULL), *shown.hint ? "; hint: " : "", shown.hint);
}

static void lets_nobody_in(struct crew *c, const struct failure *f)
{
	char words[FAILURE_WORDS], all[FAILURE_WORDS + 64];

	snprintf(all, sizeof all, "the relay lets nobody in: %s", failure_words(words, f, WORDS_WHERE | WORDS_CODE, NULL));
	if (c->client->kept_out)
		c->client->kept_out(c->client->ctx, f, c->sum->sessions > 0);
	crew_awaits(c, all, c->rules.probe_at);
	log_debug("%s", all);
}

/* This member gets no session. The mail that it had in hand has its turn later. */
static void kept_out(struct member *m, const struct account *by, const struct failure *f)
{
	struct crew *c = m->crew;
	unsigned others = c->open + c->opening;

	crew_give_back(c, m->first); /* where nobody gets in, turned_away() takes it again at once, with all others */
	m->first = NULL;
	if (crew_is_over(c))
		return;
	/* Other sessions were open or being opened when this one was begun: what the relay tells a session alone is not known. */
	if (!others && m->link->no_fallback)
		others = 1;
	switch (crew_rules_refused(&c->rules, f, others, c->sum->sessions > 0, clock_steady())) {
	case CREW_SIT_DOWN:
		log_debug("%u sessions for now, the relay lets no more in: %s", others, f->text);
		return;
	case CREW_ASK_AGAIN:
		credential_drop(by);
		return;
	case CREW_PROBE:
		lets_nobody_in(c, f);
		return;
	case CREW_NOBODY:
		break;
	}
	c->client->turned_away(c->client->ctx, f);
	tell_tracer(c, f);
	crew_end(c, f);
}

static void *work(void *ctx);

/* Starts the member's thread. A piece of a message stands on a thread's stack, and is as large as a whole stack of some C libraries
 * (musl: 128 KiB). */
static int start_member(struct member *m)
{
	pthread_attr_t how;
	size_t stack = 0;
	int rc;

	if (pthread_attr_init(&how) != 0)
		return -1;
	if (pthread_attr_getstacksize(&how, &stack) == 0 && stack < STACK)
		(void)!pthread_attr_setstacksize(&how, STACK);
	rc = pthread_create(&m->thread, &how, work, m) == 0 ? 0 : -1;
	pthread_attr_destroy(&how);
	return rc;
}

/* Starts the other members' threads, once the relay has let the first session in. */
static void begin_others(struct crew *c)
{
	for (unsigned i = 1; i < c->order->sessions; i++) {
		struct member *m = &c->member[i];

		*m = (struct member){.crew = c, .link = &m->own};
		if (start_member(m) < 0) {
			log_debug("%u sessions, for no more threads can be had", i);
			break;
		}
		c->members++;
		c->working++;
	}
}

static void let_in(struct member *m)
{
	struct crew *c = m->crew;

	c->open++;
	c->sum->sessions++;
	if (c->open > c->sum->most)
		c->sum->most = c->open;
	crew_rules_let_in(&c->rules, c->open, clock_steady());
	crew_tell_news(c);
	if (m == c->member && c->members == 1)
		begin_others(c);
}

/* Opens the member's session. While other sessions are open there is no fallback: its relay would get mail that only has to wait
 * for a session. */
static bool reach(struct member *m)
{
	const struct account *to = m == m->crew->member ? m->crew->order->account : m->crew->relay;
	struct crew *c = m->crew;
	unsigned before = m->link->sessions;
	struct failure f;
	int rc;

	c->open -= m->link->session != NULL;
	c->opening++;
	m->link->no_fallback = c->open + c->opening > 1;
	m->link->forgone |= c->without;
	pthread_mutex_unlock(&c->lock);
	rc = link_reach(m->link, to, &f);
	pthread_mutex_lock(&c->lock);
	c->opening--;
	if (rc < 0) {
		kept_out(m, to, &f);
	} else if (m->link->sessions == before) {
		c->open++;
	} else {
		m->given = m->mails = 0;
		if (m == c->member)
			c->relay = m->link->relay_of;
		let_in(m);
	}
	return rc == 0;
}

static bool is_paused(const struct member *m, int rc)
{
	return rc == SMTP_ANOTHER && m->paused;
}

/* A session that ends without a fault is no reason to stop, unless two of a member end so with no mail answered. Each member counts its
 * own: what one session finds out (that the relay knows no BDAT, for example) those of the others find out at the same time. */
static bool is_fault(struct member *m, int rc)
{
	bool before = m->fruitless;

	m->fruitless = rc == SMTP_ANOTHER && !m->answered;
	if (rc == 0 || m->between || is_paused(m, rc) || (rc == SMTP_ANOTHER && !(before && m->fruitless)))
		return false;
	m->crew->rules.fruitless += m->fruitless; /* for the first of the two */
	return true;
}

static void run_session(struct member *m)
{
	struct crew *c = m->crew;
	struct failure f;
	int rc = crew_run_session(m, &f);

	if (m->between && (limits_of(&f) == LIMIT_NONE || limits_of(&f) == LIMIT_SESSION))
		crew_rules_goodbye(&c->rules, m->mails);
	if (m->through && m->first) { /* other sessions may go on with it */
		crew_give_back(c, m->first);
		m->first = NULL;
	}
	if (rc != 0 || crew_is_through(m))
		leave(m, rc == 0 || is_paused(m, rc));
	if (!is_fault(m, rc))
		return;
	tell_tracer(c, &f);
	c->sum->lost++;
	crew_rules_lost(&c->rules, &f, m->answered > 0, clock_steady());
	if (c->rules.closed)
		note_failure(c, &f);
	else if (c->rules.absent)
		lets_nobody_in(c, &f);
}

/* The feed has no mail just now. False: it will have none. */
static bool without_mail(struct member *m, int64_t when)
{
	struct crew *c = m->crew;

	if (when) {
		if (when - clock_steady() > CREW_AWAY_MS)
			leave(m, true);
		crew_wait(c, when);
		return true;
	}
	if (c->working > 1) {
		leave(m, true);
		return crew_rest(m, 0);
	}
	if (crew_is_alone(c))
		return false;
	c->last_pass = true; /* now the feed gives the mail that it has kept for a session without other mail */
	crew_tell_news(c);
	return true;
}

/* The rate does not let the mail in m->first go yet; or not at all. */
static bool held_back(struct member *m, int64_t when)
{
	int64_t now = clock_steady();

	if (m->away) {
		leave(m, true);
		when = m->away;
		m->away = 0;
	}
	/* The rate is asked again at times: its clock also runs while the host sleeps, and this one does not. */
	if (m->first && when > now + CREW_AWAY_MS)
		when = now + CREW_AWAY_MS;
	if (m->first)
		crew_wait(m->crew, when);
	return true;
}

/* No session can be opened any more without the password that is wiped: that the relay has left the one there was is found before
 * mail is taken, or that mail would count as tried. */
static bool is_spent(struct member *m)
{
	bool was_open = m->link->session, spent = link_is_spent(m->link);

	m->crew->open -= was_open && !m->link->session;
	return spent;
}

/* Nobody is let in, and it is not this member's turn to ask again. */
static bool is_shut_out(const struct member *m)
{
	const struct crew *c = m->crew;

	return c->rules.absent && !m->link->session && (c->open || c->opening || clock_steady() < c->rules.probe_at);
}

/* Takes mail from the feed, and opens a session for it. False: this member has nothing more to do. */
static bool go_on(struct member *m)
{
	struct crew *c = m->crew;
	int64_t when;

	if (is_spent(m) || (!m->link->session && c->rules.closed))
		return false;
	if (!m->link->session && crew_rules_is_full(&c->rules, c->open + c->opening, clock_steady()))
		return crew_rest(m, c->open + c->opening > c->rules.limit ? 0 : c->rules.retry_at);
	if (is_shut_out(m)) {
		crew_wait(c, c->open || c->opening ? INT64_MAX : c->rules.probe_at);
		return true;
	}
	if (c->paced && !m->link->session && (c->open || c->opening)) { /* one session is enough for mail that is so far apart */
		crew_wait(c, clock_steady() + ENDING_LOOK_MS);
		return true;
	}
	if (!m->first)
		m->first = crew_fetch(c, &when);
	if (!m->first)
		return without_mail(m, when);
	if (!crew_may_go(m, &when))
		return held_back(m, when);
	if (reach(m))
		run_session(m);
	return true;
}

static void *work(void *ctx)
{
	struct member *m = ctx;
	struct crew *c = m->crew;

	pthread_mutex_lock(&c->lock);
	while (!crew_is_over(c) && go_on(m))
		;
	if (m->first)
		crew_give_back(c, m->first);
	if (m->link == &m->own)
		leave(m, true);
	c->working--;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void prepare(struct crew *c)
{
	pthread_condattr_t by;

	pthread_condattr_init(&by);
	pthread_condattr_setclock(&by, CLOCK_MONOTONIC);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, &by);
	pthread_condattr_destroy(&by);
}

int crew_run(const struct crew_order *o, const struct crew_client *client, struct crew_sum *sum, struct failure *f)
{
	struct crew c = {.order = o, .client = client, .sum = sum};
	struct arena in = {.block = NULL};
	struct member *first;

	*sum = (struct crew_sum){0};
	prepare(&c);
	crew_rules_begin(&c.rules, o->account->window, o->others, o->patience);
	first = c.member = arena_zeroed(&in, o->sessions, sizeof *c.member);
	*first = (struct member){.crew = &c, .own.tracer = o->tracer, .link = o->link ? o->link : &first->own};
	c.open = first->link->session ? 1 : 0;
	c.members = c.working = 1;
	if (pace_open_account(&c.pace, o->account, &c.why) < 0) {
		c.failed = true;
		c.members = 1;
	} else {
		if (o->patience) /* very many mails may be there, and the first answers tell what the relay bears */
			pace_be_wary(c.pace);
		work(first);
	}
	for (unsigned i = 1; i < c.members; i++)
		pthread_join(c.member[i].thread, NULL);
	pace_close(c.pace);
	pthread_cond_destroy(&c.changed);
	pthread_mutex_destroy(&c.lock);
	arena_free(&in);
	sum->open = 0;
	sum->mails = c.rules.mails;
	sum->limit = c.rules.limit;
	if (c.failed)
		*f = c.why;
	return c.failed ? -1 : 0;
}
