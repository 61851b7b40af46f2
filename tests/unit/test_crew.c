/* The rules of post/crew_rules row by row, and post/crew over sessions that do as a row says. */
#include "unit.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "base/ending.h"
#include "conf/credential.h"
#include "post/crew.h"
#include "post/crew_rules.h"
#include "wire/smtp.h"

/* --- the rules ------------------------------------------------------------------------------- */

static struct failure failure_of(enum stage stage, int exit, int code, const char *enhanced, const char *text)
{
	struct failure f = {.stage = stage, .exit = exit, .code = code};

	snprintf(f.enhanced, sizeof f.enhanced, "%s", enhanced);
	snprintf(f.text, sizeof f.text, "%s", text);
	return f;
}

static void test_who_is_kept_out_sits_down_asks_again_or_is_the_end(void **state)
{
	static const struct {
		enum stage stage;
		int exit, code;
		const char *enhanced, *text;
		unsigned others;
		bool before;
		enum crew_refusal wanted;
	} rows[] = {
		{AT_GREETING, EX_TEMPFAIL, 421, "4.3.2", "too many connections", 3, true, CREW_SIT_DOWN},
		{AT_GREETING, EX_TEMPFAIL, 421, "", "busy", 1, true, CREW_SIT_DOWN},
		{AT_GREETING, EX_UNAVAILABLE, 554, "", "go away", 1, true, CREW_SIT_DOWN},
		{AT_CONNECT, EX_TEMPFAIL, 0, "", "refused", 2, true, CREW_SIT_DOWN},
		{AT_LOGIN, EX_TEMPFAIL, 432, "4.3.2", "concurrent connections limit exceeded", 2, true, CREW_SIT_DOWN},
		{AT_LOGIN, EX_NOPERM, 550, "", "Too many sessions of this user", 2, true, CREW_SIT_DOWN},
		{AT_GREETING, EX_TEMPFAIL, 421, "4.3.2", "too many connections", 0, true, CREW_NOBODY},
		{AT_CONNECT, EX_TEMPFAIL, 0, "", "refused", 0, false, CREW_NOBODY},
		{AT_LOGIN, EX_TEMPFAIL, 454, "4.7.0", "later", 0, true, CREW_NOBODY},
		{AT_LOGIN, EX_NOPERM, 535, "5.7.8", "wrong", 0, false, CREW_NOBODY},
		{AT_LOGIN, EX_NOPERM, 535, "5.7.8", "wrong", 2, false, CREW_NOBODY},
		{AT_LOGIN, EX_NOPERM, 535, "5.7.8", "wrong", 0, true, CREW_ASK_AGAIN},
		{AT_LOGIN, EX_NOPERM, 535, "5.7.8", "wrong", 3, true, CREW_ASK_AGAIN},
		{AT_TOKEN, EX_NOPERM, 0, "", "invalid_client", 0, false, CREW_NOBODY},
		{AT_TOKEN, EX_NOPERM, 0, "", "invalid_client", 2, true, CREW_ASK_AGAIN}, /* the secret may be a new one */
		{AT_TOKEN, EX_TEMPFAIL, 0, "", "no answer", 2, true, CREW_SIT_DOWN},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f = failure_of(rows[i].stage, rows[i].exit, rows[i].code, rows[i].enhanced, rows[i].text);
		struct crew_rules r;

		crew_rules_begin(&r, 16, 5, 0);
		assert_int_equal(crew_rules_refused(&r, &f, rows[i].others, rows[i].before, 1000), rows[i].wanted);
		if (rows[i].wanted == CREW_ASK_AGAIN) /* once */
			assert_int_equal(crew_rules_refused(&r, &f, rows[i].others, rows[i].before, 1000), rows[i].others ? CREW_SIT_DOWN : CREW_NOBODY);
		if (rows[i].wanted == CREW_ASK_AGAIN && rows[i].stage == AT_LOGIN) { /* never for a token of oauth: who was refused has asked for another */
			crew_rules_begin(&r, 16, 5, 0);
			f.token = i % 2 ? TOKEN_OF_CLIENT : TOKEN_OF_LOGIN;
			assert_int_equal(crew_rules_refused(&r, &f, rows[i].others, rows[i].before, 1000), rows[i].others ? CREW_SIT_DOWN : CREW_NOBODY);
		}
		assert_int_equal(r.limit, rows[i].wanted != CREW_NOBODY ? rows[i].others : 0);
	}
}

static void test_relay_that_was_there_before_is_asked_again_while_patience_lasts(void **state)
{
	static const struct {
		enum stage stage;
		int exit, code;
		bool before;
		enum crew_refusal wanted;
	} rows[] = {
		{AT_RESOLVE, EX_TEMPFAIL, 0, false, CREW_PROBE},   {AT_RESOLVE, EX_TEMPFAIL, 0, true, CREW_PROBE},
		{AT_RESOLVE, EX_NOHOST, 0, false, CREW_NOBODY},	   {AT_RESOLVE, EX_NOHOST, 0, true, CREW_PROBE},
		{AT_CONNECT, EX_NOPERM, 0, false, CREW_NOBODY},	   {AT_CONNECT, EX_NOPERM, 0, true, CREW_PROBE},
		{AT_GREETING, EX_PROTOCOL, 0, false, CREW_NOBODY}, {AT_GREETING, EX_PROTOCOL, 0, true, CREW_PROBE},
		{AT_GREETING, EX_UNAVAILABLE, 554, true, CREW_NOBODY}, {AT_TLS, EX_UNAVAILABLE, 0, true, CREW_NOBODY},
		{AT_CONFIG, EX_CONFIG, 0, true, CREW_NOBODY},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f = failure_of(rows[i].stage, rows[i].exit, rows[i].code, "", "no");
		struct crew_rules r;

		crew_rules_begin(&r, 16, 5, 600);
		assert_int_equal(crew_rules_refused(&r, &f, 0, rows[i].before, 1000), rows[i].wanted);
	}
}

static void test_one_more_session_is_tried_after_a_minute_then_two_up_to_fifteen(void **state)
{
	static const int minutes[] = {1, 2, 4, 8, 15, 15};
	struct failure f = failure_of(AT_GREETING, EX_TEMPFAIL, 421, "", "too many");
	struct crew_rules r;
	int64_t now = 5000;

	(void)state;
	crew_rules_begin(&r, 16, 5, 0);
	assert_false(crew_rules_is_full(&r, 64, now));
	for (size_t i = 0; i < ROWS(minutes); i++) {
		assert_int_equal(crew_rules_refused(&r, &f, 3, true, now), CREW_SIT_DOWN);
		assert_int_equal(crew_rules_refused(&r, &f, 3, true, now + 10), CREW_SIT_DOWN); /* at the same time: that is one refusal */
		assert_false(crew_rules_is_full(&r, 2, now));
		assert_true(crew_rules_is_full(&r, 3, now) && crew_rules_is_full(&r, 3, now + minutes[i] * 60000 - 1));
		now += minutes[i] * 60000;
		assert_false(crew_rules_is_full(&r, 3, now));
		assert_true(crew_rules_is_full(&r, 4, now)); /* one at a time */
	}
	crew_rules_let_in(&r, 4, now);
	assert_true(crew_rules_is_full(&r, 4, now + 59999) && !crew_rules_is_full(&r, 4, now + 60000));
}

static void test_window_is_one_after_a_lost_line_until_a_hundred_have_passed(void **state)
{
	static const unsigned windows[] = {1, 2, 4, 8, 16};
	struct failure f = failure_of(AT_END, EX_TEMPFAIL, 0, "", "lost");
	struct crew_rules r;

	(void)state;
	crew_rules_begin(&r, 16, 5, 0);
	assert_int_equal(crew_rules_window(&r), 16);
	crew_rules_lost(&r, &f, true, 1000);
	for (size_t i = 0; i < ROWS(windows); i++)
		for (unsigned n = 0; n < 100; n++) {
			assert_int_equal(crew_rules_window(&r), windows[i]);
			crew_rules_passed(&r);
		}
	crew_rules_lost(&r, &f, true, 1000);
	assert_int_equal(crew_rules_window(&r), 1);
	crew_rules_begin(&r, 1, 5, 0); /* the account's own */
	crew_rules_lost(&r, &f, true, 1000);
	for (unsigned n = 0; n < 100; n++)
		crew_rules_passed(&r);
	assert_int_equal(crew_rules_window(&r), 1);
	assert_int_equal(r.window, 0);
}

static void test_number_of_mails_is_learnt_when_a_421_came_twice_behind_it(void **state)
{
	static const struct {
		unsigned goodbye[4], wanted;
	} rows[] = {{{10, 10}, 10}, {{10}, 0}, {{10, 9, 10}, 0}, {{3, 10, 10}, 10}, {{10, 10, 8, 8}, 8}};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct crew_rules r;

		crew_rules_begin(&r, 16, 5, 0);
		for (size_t k = 0; k < 4 && rows[i].goodbye[k]; k++)
			crew_rules_goodbye(&r, rows[i].goodbye[k]);
		assert_int_equal(r.mails, rows[i].wanted);
	}
}

static void test_what_an_answer_means_for_all_sessions(void **state)
{
	static const struct {
		enum stage stage;
		int exit, code;
		const char *enhanced, *text;
		unsigned sessions;
		enum crew_answer wanted;
	} rows[] = {
		{AT_END, EX_TEMPFAIL, 454, "", "Throttling failure: Maximum sending rate exceeded", 4, CREW_TOO_FAST},
		{AT_SENDER, EX_TEMPFAIL, 450, "4.7.1", "Error: too much mail from 192.0.2.1", 1, CREW_TOO_FAST},
		{AT_RECIPIENT, EX_TEMPFAIL, 451, "4.7.1", "Ratelimit \"user\" exceeded", 1, CREW_TOO_FAST},
		{AT_SENDER, EX_TEMPFAIL, 421, "4.4.2", "Message submission rate for this client has exceeded the configured limit", 1, CREW_TOO_FAST},
		{AT_END, EX_UNAVAILABLE, 550, "5.7.1", "[STF] Sending too fast", 1, CREW_TOO_FAST},
		{AT_SENDER, EX_TEMPFAIL, 452, "4.3.2", "too many connections", 4, CREW_TOO_MANY},
		{AT_SENDER, EX_TEMPFAIL, 432, "4.3.2", "Concurrent connections limit exceeded", 2, CREW_TOO_MANY},
		{AT_SENDER, EX_TEMPFAIL, 452, "4.3.2", "too many connections", 1, CREW_TOO_FAST}, /* no other session is ours */
		{AT_SENDER, EX_TEMPFAIL, 452, "4.4.5", "Maximum number of messages per session exceeded", 1, CREW_THROUGH},
		{AT_END, EX_UNAVAILABLE, 550, "5.4.5", "Daily user sending limit exceeded", 1, CREW_FINAL},
		{AT_END, EX_TEMPFAIL, 454, "", "Throttling failure: Daily message quota exceeded", 1, CREW_FINAL},
		{AT_END, EX_UNAVAILABLE, 554, "", "spam", 1, CREW_FINAL},
		{AT_END, EX_TEMPFAIL, 451, "4.3.0", "later", 1, CREW_FINAL},
		{AT_RECIPIENT, EX_TEMPFAIL, 450, "4.2.0", "greylisted", 1, CREW_FINAL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f = failure_of(rows[i].stage, rows[i].exit, rows[i].code, rows[i].enhanced, rows[i].text);
		struct crew_rules r;

		crew_rules_begin(&r, 16, 5, 600);
		if (crew_rules_answered(&r, &f, rows[i].sessions, 1000) != rows[i].wanted)
			print_error("%d %s\n", rows[i].code, rows[i].text);
		assert_int_equal(crew_rules_answered(&r, &f, rows[i].sessions, 1000), rows[i].wanted);
		assert_int_equal(r.limit, rows[i].wanted == CREW_TOO_MANY ? rows[i].sessions - 1 : 0);
		assert_int_equal(crew_rules_is_full(&r, rows[i].sessions, 60999), rows[i].wanted == CREW_TOO_MANY);
	}
}

static void test_three_of_a_kind_in_a_row_are_too_much_in_a_run_that_has_patience(void **state)
{
	/* a, b: temporary failures of the mail as a whole; r: of a recipient; x: a refusal; +: taken. In capitals where all pause. */
	static const struct { const char *mails; unsigned patience; } rows[] = {
		{"aaAAA", 9}, {"aa+aaA", 9}, {"aabbBaaA", 9}, {"arara", 0}, {"rrrrr", 9}, {"xxxxx", 9}, {"aaxAA", 9}, {"aaaaa", 0}, {"araA", 9},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct crew_rules r;

		crew_rules_begin(&r, 16, 5, rows[i].patience);
		for (const char *p = rows[i].mails; *p; p++) {
			char kind = *p >= 'a' || *p == '+' ? *p : (char)(*p + 'a' - 'A');
			struct failure f = kind == 'a' ? failure_of(AT_END, EX_TEMPFAIL, 451, "4.3.0", p) : kind == 'b' ? failure_of(AT_SENDER, EX_TEMPFAIL, 452, "4.3.0", p) :
					   kind == 'r' ? failure_of(AT_RECIPIENT, EX_TEMPFAIL, 451, "4.3.0", p) : failure_of(AT_END, EX_UNAVAILABLE, 554, "", p);
			enum crew_answer is = crew_rules_answered(&r, kind == '+' ? NULL : &f, 1, 1000);

			if (rows[i].patience || kind == *p)
				assert_int_equal(is, kind == *p ? CREW_FINAL : CREW_TOO_FAST);
			else
				assert_int_equal(is, CREW_FINAL);
		}
	}
}

static void test_relay_that_takes_nothing_for_so_long_is_not_given_the_same_again(void **state)
{
	struct failure f = failure_of(AT_END, EX_TEMPFAIL, 454, "", "slow down");

	(void)state;
	for (unsigned patience = 0; patience <= 600; patience += 600) {
		int64_t most = patience ? 600000 : 60000;
		struct crew_rules r;

		crew_rules_begin(&r, 16, 5, patience);
		assert_false(crew_rules_is_fed_up(&r, most * 9));
		for (int64_t now = 1000; now < most; now += 7000) {
			assert_int_equal(crew_rules_answered(&r, &f, 1, now), CREW_TOO_FAST);
			assert_false(crew_rules_is_fed_up(&r, now));
		}
		assert_true(!crew_rules_is_fed_up(&r, 999 + most) && crew_rules_is_fed_up(&r, 1000 + most));
		assert_int_equal(crew_rules_answered(&r, NULL, 1, 1000 + most), CREW_FINAL);
		assert_false(crew_rules_is_fed_up(&r, 1000 + most));
	}
}

static void test_lost_sessions_are_replaced_so_often(void **state)
{
	static const struct {
		unsigned others;
		int code;
		const char *answered; /* y or n, of each lost session */
		unsigned wanted;      /* which of them is the last */
	} rows[] = {{5, 0, "yyyyyyy", 6}, {5, 0, "nn", 2}, {5, 0, "nynyyyy", 6}, {5, 421, "yyyy", 2}, {0, 0, "y", 1}, {1, 0, "yy", 2}};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f = failure_of(AT_SENDER, EX_TEMPFAIL, rows[i].code, "", "lost");
		struct crew_rules r;
		unsigned n = 0;

		crew_rules_begin(&r, 16, rows[i].others, 0);
		while (!r.closed && rows[i].answered[n])
			crew_rules_lost(&r, &f, rows[i].answered[n++] == 'y', 1000);
		assert_true(r.closed);
		assert_int_equal(n, rows[i].wanted);
	}
}

/* --- a crew ---------------------------------------------------------------------------------- */

enum end { NO_END, GOODBYE, TOO_FAST_GOODBYE, HANGS_UP, IN_DOUBT, ANOTHER };

/* What the nth attempt to open a session comes to. The last but one of a row without an end is repeated. */
struct plan {
	enum stage refused; /* or 0 */
	int code;
	enum end end; /* after so many mails: */
	unsigned after;
	unsigned attempts; /* it takes no second mail until there have been so many attempts */
	const struct failure *says; /* to `times` mails after `after` of them */
	unsigned times;
};

struct session {
	const struct plan *plan;
	unsigned answered, said;
};

enum { MAILS = 2000, PLANS = 12 };

static struct {
	const struct plan *plan;
	unsigned plans;
	_Atomic unsigned attempts, refusals, asked_again;
	int64_t at[PLANS]; /* when */
	_Atomic int64_t now;
} relay;

struct fed {
	struct job job;
	struct recipient to;
	bool doubt, given;
	unsigned sent, tries;
};

static struct feed {
	struct fed mail[MAILS];
	size_t mails;
	unsigned nobody, in_hand;
	_Atomic unsigned inside; /* callbacks at a time */
	_Atomic unsigned synced;
	unsigned waited, ticks, ahead;
	_Atomic unsigned back; /* so many mails came back */
	size_t sent, most; /* after so many it is over; 0: never */
} feed;

int64_t clock_steady(void)
{
	return relay.now;
}

int64_t clock_boot(void)
{
	return clock_steady();
}

int64_t clock_wall_ms(void)
{
	return clock_steady();
}

time_t clock_wall(void)
{
	return 0;
}

/* Whoever waits has time pass: a little at once, so that the others, which have threads of their own, come to their turns. */
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *until)
{
	const struct timespec pause = {0, 1000 * 1000};

	(void)cond;
	(void)until;
	pthread_mutex_unlock(lock);
	relay.now += 20;
	nanosleep(&pause, NULL);
	pthread_mutex_lock(lock);
	return 0;
}

bool ending_asked(void)
{
	return false;
}

void credential_drop(const struct account *a)
{
	assert_string_equal(a->name, "a");
	relay.asked_again++;
}

bool session_is_encrypted(const struct session *s)
{
	return s->plan != NULL;
}

bool session_is_authenticated(const struct session *s)
{
	return s->plan == NULL;
}

void session_before_wait(struct session *s, void (*call)(void *ctx), void *ctx)
{
	(void)s;
	if (call)
		call(ctx);
}

void link_warn(const struct link *l, const struct mail *m)
{
	(void)l;
	assert_non_null(m->in);
}

bool link_is_spent(struct link *l)
{
	(void)l;
	return false;
}

void link_leave(struct link *l, bool politely)
{
	(void)politely;
	free(l->session);
	l->session = NULL;
}

int link_reach(struct link *l, const struct account *a, struct failure *f)
{
	const struct plan *p;
	unsigned nth;

	if (l->session)
		return 0;
	nth = relay.attempts++;
	if (nth < PLANS)
		relay.at[nth] = relay.now;
	p = &relay.plan[nth < relay.plans ? nth : relay.plans - 1];
	if (p->refused) {
		*f = failure_of(p->refused, p->code < 500 ? EX_TEMPFAIL : EX_NOPERM, p->code, "", "not you");
		relay.refusals++;
		return -1;
	}
	l->session = calloc(1, sizeof *l->session);
	assert_non_null(l->session);
	l->session->plan = p;
	l->relay_of = a;
	l->sessions++;
	return 0;
}

/* Until so many sessions were asked for, and the crew knows which were refused: were all mail gone by then but the one that such a session had
 * in hand, nobody would be in. Those that begin at once have two seconds in which no time passes for the crew, so that on a busy machine none
 * of them is taken for one that comes a minute later; only then does the clock run. */
static void hold(const struct plan *p)
{
	const struct timespec pause = {0, 1000 * 1000};

	for (unsigned i = 0; p->attempts && (relay.attempts < p->attempts || feed.back < relay.refusals) && i < 30000; i++) {
		relay.now += i < 2000 ? 0 : 1000;
		nanosleep(&pause, NULL);
	}
}

/* All of those in hand, when the session ends. */
static int end(enum end how, struct mail **hand, void **ticket, size_t n, const struct smtp_client *client, struct failure *f)
{
	static const struct failure left = {.stage = AT_SENDER, .exit = EX_TEMPFAIL, .code = 421, .text = "enough"};
	static const struct failure fast = {.stage = AT_SENDER, .exit = EX_TEMPFAIL, .code = 421, .text = "slow down"};
	static const struct failure lost = {.stage = AT_END, .exit = EX_TEMPFAIL, .text = "lost"};
	const struct failure *why = how == GOODBYE ? &left : how == TOO_FAST_GOODBYE ? &fast : &lost;

	*f = *why;
	for (size_t i = 0; i < n; i++) {
		struct recipient *to = hand[i]->envelope.recipient;

		to->verdict = how == IN_DOUBT ? UNSURE : why->code == 421 && i == 0 ? DEFERRED : PENDING;
		to->why = how == ANOTHER ? NULL : why;
		client->end(client->ctx, hand[i], ticket[i], how != ANOTHER, to->verdict == DEFERRED ? why : NULL);
		client->done(client->ctx, hand[i]);
	}
	return how == ANOTHER ? SMTP_ANOTHER : -1;
}

/* The next mail, and leave to begin it. While nothing is in hand, time passes at once. */
static struct mail *take(const struct smtp_client *client, void **ticket, bool idle)
{
	struct mail *m;
	int64_t when;

	while (!(m = client->next(client->ctx, &when)) && when && idle)
		relay.now = relay.now > when ? relay.now : when;
	while (m && !client->begin(client->ctx, m, 1, ticket, &when)) {
		assert_true(when > 0);
		relay.now = when;
	}
	return m;
}

int smtp_run(struct session *s, const struct smtp_limits *limits, const struct smtp_client *client, struct failure *f)
{
	struct mail *hand[64], *m;
	const struct failure *why;
	void *ticket[64];
	size_t n = 0;

	for (;;) {
		while (n < limits->window && n < ROWS(hand) && (m = take(client, &ticket[n], !n)))
			hand[n++] = m;
		if (!n)
			return 0;
		hold(s->plan);
		if (s->plan->end && s->answered == s->plan->after)
			return end(s->plan->end, hand, ticket, n, client, f);
		why = s->answered >= s->plan->after && s->said < s->plan->times ? s->plan->says : NULL;
		hand[0]->envelope.recipient->verdict = why ? DEFERRED : ACCEPTED;
		hand[0]->envelope.recipient->why = why;
		client->end(client->ctx, hand[0], ticket[0], true, why);
		client->done(client->ctx, hand[0]);
		s->answered += !why;
		s->said += why != NULL;
		memmove(hand, hand + 1, --n * sizeof *hand);
		memmove(ticket, ticket + 1, n * sizeof *ticket);
	}
}

static void enter(void)
{
	assert_int_equal(feed.inside++, 0);
}

static struct job *next(void *ctx, bool alone, int64_t *when)
{
	struct fed *found = NULL;

	(void)ctx;
	enter();
	*when = 0;
	for (size_t i = 0; i < feed.mails && !found; i++)
		if (!feed.mail[i].given && (alone || !feed.mail[i].doubt))
			found = &feed.mail[i];
	if (found) {
		found->given = true;
		feed.in_hand++;
		assert_int_equal(found->to.verdict, PENDING);
		assert_null(found->to.why);
		assert_true(feed.ahead >= 1 && (feed.ahead == 1 || !alone));
	}
	feed.inside--;
	return found ? &found->job : NULL;
}

static void done(void *ctx, struct job *j, enum crew_end how)
{
	struct fed *m = (struct fed *)(void *)j;

	(void)ctx;
	enter();
	assert_true(m->given);
	feed.in_hand--;
	if (how == CREW_BACK) {
		m->given = false;
		feed.back++;
	} else if (m->to.verdict == ACCEPTED) {
		assert_int_equal(how, CREW_DONE);
		m->sent++;
		feed.sent++;
	} else {
		assert_int_equal(how, m->to.verdict == DEFERRED && m->to.why->code != 421 ? CREW_DONE : CREW_TRIED);
		m->tries++;
	}
	feed.inside--;
}

static void turned_away(void *ctx, const struct failure *why)
{
	(void)ctx;
	enter();
	assert_true(why->stage > 0);
	feed.nobody++;
	feed.inside--;
}

static void sync_all(void *ctx)
{
	(void)ctx;
	feed.synced++;
}

static bool is_over(void *ctx)
{
	(void)ctx;
	return feed.most && feed.sent >= feed.most;
}

/* As long as all wait, time passes at once. */
static void waits(void *ctx, const char *words, int64_t until)
{
	(void)ctx;
	enter();
	assert_int_equal(words != NULL, until > relay.now);
	if (words) {
		assert_true(strstr(words, "nobody in: ") || strstr(words, "the relay wants less"));
		relay.now = until;
		feed.waited++;
	}
	feed.inside--;
}

static void tick(void *ctx)
{
	(void)ctx;
	feed.ticks++;
}

static void window(void *ctx, unsigned mails)
{
	(void)ctx;
	feed.ahead = mails;
}

static int run_order(struct crew_order order, unsigned window_of_account, size_t mails, size_t doubtful, const struct plan *plan, unsigned plans, struct crew_sum *sum)
{
	const struct account a = {.name = "a", .window = window_of_account, .max_recipients = 100, .timeout = 60, .rate = ""};
	const struct crew_client client = {.next = next, .done = done, .turned_away = turned_away, .sync = sync_all,
					   .waits = waits, .tick = tick, .window = window, .over = is_over};
	struct failure f;
	int ok;

	order.account = &a;
	relay.plan = plan;
	relay.plans = plans;
	feed.mails = mails;
	for (size_t i = 0; i < mails; i++) {
		struct fed *m = &feed.mail[i];

		m->doubt = i < doubtful;
		m->to.address = "u@example.org";
		m->job.mail.in = &m->job.arena;
		m->job.mail.envelope.recipient = &m->to;
		m->job.mail.envelope.recipients = 1;
	}
	ok = crew_run(&order, &client, sum, &f);
	assert_int_equal(feed.in_hand, 0);
	for (size_t i = 0; i < mails; i++)
		arena_free(&feed.mail[i].job.arena);
	return ok;
}

static void begin(void)
{
	memset(&feed, 0, sizeof feed);
	memset(&relay, 0, sizeof relay);
	relay.now = 1000;
}

static int run(unsigned sessions, unsigned window_of_account, size_t mails, size_t doubtful, const struct plan *plan, unsigned plans, struct crew_sum *sum)
{
	begin();
	return run_order((struct crew_order){.sessions = sessions, .others = 5}, window_of_account, mails, doubtful, plan, plans, sum);
}

static void test_what_becomes_of_the_mails_and_the_sessions(void **state)
{
	static const struct {
		const char *name;
		unsigned sessions, window;
		size_t mails, doubtful;
		struct plan plan[PLANS];
		unsigned plans;
		int result;
		size_t opened, lost, sent, tries;
		unsigned learnt, limit, nobody, asked_again;
	} rows[] = {
		{"all go over one", 1, 4, 9, 0, {{0}}, 1, 0, 1, 0, 9, 0, 0, 0, 0, 0},
		{"there is none", 1, 4, 0, 0, {{0}}, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		{"in doubt they go last, alone", 1, 4, 6, 2, {{0}}, 1, 0, 1, 0, 6, 0, 0, 0, 0, 0},
		{"two mails a session", 1, 4, 7, 0, {{.end = GOODBYE, .after = 2}}, 1, 0, 4, 0, 7, 0, 2, 0, 0, 0},
		{"asked to go before any mail", 1, 4, 7, 0, {{.end = GOODBYE}}, 1, -1, 2, 2, 0, 2, 0, 0, 0, 0},
		{"hung up on once", 1, 4, 6, 0, {{.end = HANGS_UP, .after = 1}, {0}}, 2, 0, 2, 1, 5, 1, 0, 0, 0, 0},
		{"lost with a window full", 1, 4, 6, 0, {{.end = IN_DOUBT, .after = 1}, {0}}, 2, 0, 2, 1, 2, 4, 0, 0, 0, 0},
		{"hung up on always", 1, 4, 9, 0, {{.end = HANGS_UP}}, 1, -1, 2, 2, 0, 2, 0, 0, 0, 0},
		{"hung up on after each", 1, 1, 20, 0, {{.end = HANGS_UP, .after = 1}}, 1, -1, 6, 6, 6, 6, 0, 0, 0, 0},
		{"another session for each", 1, 4, 5, 0, {{.end = ANOTHER, .after = 1}}, 1, 0, 5, 0, 5, 0, 0, 0, 0, 0},
		{"another session for nothing", 1, 4, 5, 0, {{.end = ANOTHER}}, 1, -1, 2, 1, 0, 0, 0, 0, 0, 0},
		{"nobody is there", 1, 4, 5, 0, {{.refused = AT_CONNECT}}, 1, -1, 0, 0, 0, 0, 0, 0, 1, 0},
		{"no login", 1, 4, 5, 0, {{AT_LOGIN, .code = 535}}, 1, -1, 0, 0, 0, 0, 0, 0, 1, 0},
		{"a new password", 1, 1, 5, 0, {{.end = HANGS_UP, .after = 2}, {AT_LOGIN, .code = 535}, {0}}, 3, 0, 2, 1, 4, 1, 0, 0, 0, 1},
		{"no new password", 1, 1, 5, 0, {{.end = HANGS_UP, .after = 2}, {AT_LOGIN, .code = 535}}, 2, -1, 1, 1, 2, 1, 0, 0, 1, 1},
		{"lets nobody in again", 1, 1, 5, 0, {{.end = HANGS_UP, .after = 2}, {AT_GREETING, .code = 421}}, 2, -1, 1, 1, 2, 1, 0, 0, 1, 0},
		{"four go over four", 4, 1, 40, 0, {{.attempts = 4}}, 1, 0, 4, 0, 40, 0, 0, 0, 0, 0},
		{"four when nobody is there", 4, 1, 40, 0, {{.refused = AT_CONNECT}}, 1, -1, 0, 0, 0, 0, 0, 0, 1, 0},
		{"of four one is let in", 4, 1, 40, 0, {{.attempts = 4}, {AT_GREETING, .code = 421}}, 2, 0, 1, 0, 40, 0, 0, 1, 0, 0},
		{"of four two are", 4, 1, 40, 0, {{.attempts = 4}, {.attempts = 4}, {AT_GREETING, .code = 421}}, 3, 0, 2, 0, 40, 0, 0, 2, 0, 0},
		{"later ones find nobody", 4, 1, 40, 0, {{.attempts = 4}, {.refused = AT_CONNECT}}, 2, 0, 1, 0, 40, 0, 0, 1, 0, 0},
		{"later ones have no login", 4, 1, 40, 0, {{.attempts = 4}, {AT_LOGIN, .code = 535}}, 2, 0, 1, 0, 40, 0, 0, 1, 0, 1},
		{"another session for nothing, for each of four", 4, 1, 40, 0, {{.attempts = 4, .end = ANOTHER}, {.attempts = 4, .end = ANOTHER}, {.attempts = 4, .end = ANOTHER}, {.attempts = 4, .end = ANOTHER}, {.attempts = 8}}, 5, 0, 8, 0, 40, 0, 0, 0, 0, 0},
		{"the first is lost, the second goes on", 2, 1, 40, 0, {{.attempts = 2, .end = HANGS_UP, .after = 1}, {.attempts = 3}, {.attempts = 3}}, 3, 0, 3, 1, 39, 1, 0, 0, 0, 0},
		{"in doubt they go last, over four", 4, 1, 40, 9, {{.attempts = 4}}, 1, 0, 0, 0, 40, 0, 0, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct crew_sum sum;
		size_t sent = 0, tries = 0;
		bool good;
		int ok = run(rows[i].sessions, rows[i].window, rows[i].mails, rows[i].doubtful, rows[i].plan, rows[i].plans, &sum);

		for (size_t k = 0; k < rows[i].mails; k++) {
			sent += feed.mail[k].sent;
			tries += feed.mail[k].tries;
			assert_true(feed.mail[k].sent + feed.mail[k].tries <= 1);
			if (feed.mail[k].sent + feed.mail[k].tries)
				assert_true(feed.mail[k].job.encrypted && !feed.mail[k].job.authenticated);
		}
		good = ok == rows[i].result && (!rows[i].opened || sum.sessions == rows[i].opened) && sum.lost == rows[i].lost && sent == rows[i].sent &&
		       tries == rows[i].tries && sum.mails == rows[i].learnt && sum.limit == rows[i].limit && feed.nobody == rows[i].nobody &&
		       relay.asked_again == rows[i].asked_again;
		if (!good)
			print_error("%s: %d, %zu opened, %zu lost, %zu sent, %zu tries, learnt %u, limit %u, nobody %u, asked again %u", rows[i].name, ok, sum.sessions,
				 sum.lost, sent, tries, sum.mails, sum.limit, feed.nobody, (unsigned)relay.asked_again);
		assert_true(good);
		if (sent)
			assert_true(feed.synced > 0);
	}
}

static void test_session_that_sits_down_tries_again_after_a_minute_then_two(void **state)
{
	static const struct plan plan[] = {{.attempts = 4}, {AT_GREETING, .code = 421}, {AT_GREETING, .code = 421}, {0}};
	struct crew_sum sum;

	(void)state;
	assert_int_equal(run(2, 1, 30, 0, plan, ROWS(plan), &sum), 0);
	assert_true(relay.at[2] - relay.at[1] >= 60000 && relay.at[3] - relay.at[2] >= 120000);
	assert_true(sum.most <= 2 && sum.lost == 0);
}

static void test_relay_that_is_gone_is_asked_again_by_one_until_patience_is_over(void **state)
{
	static const int64_t seconds[] = {5, 10, 20, 40, 80, 160, 285};
	static const struct plan gone[] = {{.end = HANGS_UP, .after = 2}, {AT_CONNECT, .code = 0}};
	static const struct plan back[] = {{.end = HANGS_UP, .after = 2}, {AT_CONNECT, .code = 0}, {AT_GREETING, .code = 421}, {AT_CONNECT, .code = 0}, {0}};
	static const struct plan silent[] = {{.end = HANGS_UP}, {.end = HANGS_UP}, {.end = HANGS_UP}, {0}};
	static const struct plan wrong[] = {{AT_GREETING, .code = 554}}, never[] = {{AT_CONNECT, .code = 0}};
	const struct crew_order order = {.sessions = 1, .others = UINT_MAX, .patience = 600};
	struct crew_sum sum;

	(void)state;
	begin();
	assert_int_equal(run_order(order, 1, 9, 0, gone, ROWS(gone), &sum), -1);
	assert_true(feed.sent == 2 && feed.nobody == 1 && relay.attempts == 2 + ROWS(seconds) && feed.waited == ROWS(seconds));
	for (size_t i = 0; i < ROWS(seconds); i++)
		assert_in_range(relay.at[i + 2] - relay.at[i + 1], seconds[i] * 1000 - (i + 1 == ROWS(seconds) ? 200 : 0), seconds[i] * 1000 + 50);
	begin();
	assert_int_equal(run_order(order, 1, 9, 0, back, ROWS(back), &sum), 0);
	assert_true(feed.sent == 8 && feed.nobody == 0 && relay.attempts == 5 && feed.waited == 3);
	begin();
	assert_int_equal(run_order(order, 1, 9, 0, silent, ROWS(silent), &sum), 0); /* lets all in, and hangs up */
	assert_true(feed.sent == 6 && feed.nobody == 0 && relay.attempts == 4 && feed.waited == 2);
	begin();
	assert_int_equal(run_order(order, 1, 9, 0, wrong, ROWS(wrong), &sum), -1);
	assert_true(feed.nobody == 1 && relay.attempts == 1);
	begin();
	assert_int_equal(run_order((struct crew_order){.sessions = 8, .others = UINT_MAX, .patience = 60}, 1, 99, 0, never, ROWS(never), &sum), -1);
	assert_true(feed.nobody == 1 && relay.attempts == 5 && feed.sent == 0 && feed.ticks > 0);
}

static void test_relay_that_is_sent_too_much_is_sent_less_and_no_mail_has_had_a_try(void **state)
{
	static const struct failure slow = {.stage = AT_END, .exit = EX_TEMPFAIL, .code = 454, .text = "slow down"};
	static const struct failure busy = {.stage = AT_END, .exit = EX_TEMPFAIL, .code = 451, .text = "later"};
	static const struct failure many = {.stage = AT_SENDER, .exit = EX_TEMPFAIL, .code = 452, .text = "too many connections"};
	static const struct failure through = {.stage = AT_SENDER, .exit = EX_TEMPFAIL, .code = 452, .text = "number of messages per session exceeded"};
	static const struct {
		const char *name;
		unsigned sessions, window, patience;
		size_t mails;
		struct plan plan[4];
		unsigned plans;
		int result;
		size_t opened, sent, tries;
		unsigned back, nobody, learnt, limit;
		int64_t ms; /* it takes at least so many */
	} rows[] = {
		{"once", 1, 1, 0, 10, {{.says = &slow, .after = 3, .times = 1}}, 1, 0, 1, 10, 0, 1, 0, 0, 0, 250},
		{"three times in a row", 1, 1, 0, 10, {{.says = &slow, .after = 3, .times = 3}}, 1, 0, 1, 10, 0, 3, 0, 0, 0, 1750},
		{"with a window full", 1, 4, 0, 10, {{.says = &slow, .after = 3, .times = 4}}, 1, 0, 1, 10, 0, 4, 0, 0, 0, 250},
		{"always, a queue", 1, 1, 0, 10, {{.says = &slow, .times = 999}}, 1, -1, 1, 0, 1, 9, 0, 0, 0, 60000},
		{"always, a batch", 1, 1, 600, 10, {{.says = &slow, .times = 999}}, 1, -1, 0, 0, 2, 10, 1, 0, 0, 600000},
		/* After ten times the words may be about that mail, which waits for the next run, and the others have their turn. */
		{"about one mail", 1, 1, 3600, 10, {{.says = &slow, .times = 99}, {.says = &slow, .times = 99}, {.says = &slow, .times = 99}, {0}}, 4, 0, 4, 9, 1, 10, 0, 0, 0, 511000},
		{"without words, a queue", 1, 1, 0, 10, {{.says = &busy, .after = 3, .times = 5}}, 1, 0, 1, 5, 5, 0, 0, 0, 0, 0},
		{"without words, a batch", 1, 1, 600, 10, {{.says = &busy, .after = 3, .times = 5}}, 1, 0, 1, 8, 2, 3, 0, 0, 0, 1750},
		{"and ends the session", 1, 4, 0, 10, {{.end = TOO_FAST_GOODBYE, .after = 3}, {.end = TOO_FAST_GOODBYE, .after = 3}, {0}}, 3, 0, 3, 10, 0, 6, 0, 0, 0, 500},
		{"before any mail", 1, 1, 0, 10, {{.end = TOO_FAST_GOODBYE}, {.end = TOO_FAST_GOODBYE}, {0}}, 3, 0, 3, 10, 0, 2, 0, 0, 0, 750},
		{"one session too many", 2, 1, 0, 40, {{.attempts = 3}, {.says = &many, .after = 1, .times = 1}, {0}}, 3, 0, 3, 40, 0, 1, 0, 0, 2, 60000},
		{"a session too many that is the only one", 1, 1, 0, 10, {{.says = &many, .after = 1, .times = 1}}, 1, 0, 1, 10, 0, 1, 0, 0, 0, 250},
		{"so many mails a session", 1, 1, 0, 10, {{.says = &through, .after = 3, .times = 9}}, 1, 0, 4, 10, 0, 2, 0, 3, 0, 0},
		{"so many mails a session, a window ahead", 1, 4, 0, 11, {{.says = &through, .after = 3, .times = 9}}, 1, 0, 4, 11, 0, 8, 0, 3, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct crew_order order = {.sessions = rows[i].sessions, .others = rows[i].patience ? UINT_MAX : 5, .stays = rows[i].patience, .patience = rows[i].patience};
		struct crew_sum sum;
		size_t tries = 0;
		int ok;
		bool good;

		begin();
		ok = run_order(order, rows[i].window, rows[i].mails, 0, rows[i].plan, rows[i].plans, &sum);
		for (size_t k = 0; k < rows[i].mails; k++) {
			tries += feed.mail[k].tries;
			assert_true(feed.mail[k].sent <= 1);
		}
		good = ok == rows[i].result && (!rows[i].opened || sum.sessions == rows[i].opened) && !sum.lost && feed.sent == rows[i].sent && tries == rows[i].tries &&
		       feed.back >= rows[i].back && feed.back <= rows[i].back + (rows[i].ms == 600000) && feed.nobody == rows[i].nobody && sum.mails == rows[i].learnt && sum.limit == rows[i].limit &&
		       relay.now - 1000 >= rows[i].ms;
		if (!good)
			print_error("%s: %d, %zu opened, %zu lost, %zu sent, %zu tries, %u back, nobody %u, learnt %u, limit %u, %lld ms\n", rows[i].name, ok, sum.sessions, sum.lost,
				    feed.sent, tries, feed.back, feed.nobody, sum.mails, sum.limit, (long long)relay.now);
		assert_true(good);
	}
}

static void test_any_number_of_lost_sessions_is_replaced_where_mail_passes(void **state)
{
	static const struct plan plan[] = {{.end = HANGS_UP, .after = 1}};
	struct crew_sum sum;

	(void)state;
	begin();
	assert_int_equal(run_order((struct crew_order){.sessions = 4, .others = UINT_MAX, .patience = 60}, 1, 400, 0, plan, ROWS(plan), &sum), 0);
	assert_true(feed.sent >= 200 && sum.lost >= 100 && feed.nobody == 0);
}

static void test_no_mail_is_begun_once_the_client_has_had_enough(void **state)
{
	static const struct plan plan[] = {{0}};
	struct crew_sum sum;

	(void)state;
	begin();
	feed.most = 7;
	assert_int_equal(run_order((struct crew_order){.sessions = 4, .others = 5}, 1, 400, 0, plan, ROWS(plan), &sum), 0);
	assert_true(feed.sent >= 7 && feed.sent <= 10);
}

/* For ThreadSanitizer: eight threads, of which some lose their sessions, and others are told to go. */
static void test_eight_sessions_hand_each_mail_out_once(void **state)
{
	static const struct plan plan[] = {{.attempts = 8}, {.end = GOODBYE, .after = 30}, {.end = HANGS_UP, .after = 7}, {.end = ANOTHER, .after = 5},
					   {.end = IN_DOUBT, .after = 9}, {AT_GREETING, .code = 421}, {.end = GOODBYE, .after = 30}, {.attempts = 8}, {0}};
	struct crew_sum sum;
	size_t sent = 0, tries = 0;

	(void)state;
	(void)!run(8, 16, MAILS, 10, plan, ROWS(plan), &sum);
	for (size_t i = 0; i < MAILS; i++) {
		assert_true(feed.mail[i].sent + feed.mail[i].tries == 1);
		sent += feed.mail[i].sent;
		tries += feed.mail[i].tries;
	}
	assert_true(sum.most > 1 && sum.lost <= 2 && tries >= sum.lost && sent + tries == MAILS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_kept_out_sits_down_asks_again_or_is_the_end),
		cmocka_unit_test(test_relay_that_was_there_before_is_asked_again_while_patience_lasts),
		cmocka_unit_test(test_one_more_session_is_tried_after_a_minute_then_two_up_to_fifteen),
		cmocka_unit_test(test_window_is_one_after_a_lost_line_until_a_hundred_have_passed),
		cmocka_unit_test(test_number_of_mails_is_learnt_when_a_421_came_twice_behind_it),
		cmocka_unit_test(test_what_an_answer_means_for_all_sessions),
		cmocka_unit_test(test_three_of_a_kind_in_a_row_are_too_much_in_a_run_that_has_patience),
		cmocka_unit_test(test_relay_that_takes_nothing_for_so_long_is_not_given_the_same_again),
		cmocka_unit_test(test_lost_sessions_are_replaced_so_often),
		cmocka_unit_test(test_what_becomes_of_the_mails_and_the_sessions),
		cmocka_unit_test(test_session_that_sits_down_tries_again_after_a_minute_then_two),
		cmocka_unit_test(test_relay_that_is_gone_is_asked_again_by_one_until_patience_is_over),
		cmocka_unit_test(test_relay_that_is_sent_too_much_is_sent_less_and_no_mail_has_had_a_try),
		cmocka_unit_test(test_any_number_of_lost_sessions_is_replaced_where_mail_passes),
		cmocka_unit_test(test_no_mail_is_begun_once_the_client_has_had_enough),
		cmocka_unit_test(test_eight_sessions_hand_each_mail_out_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
