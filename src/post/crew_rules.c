#include "post/crew_rules.h"

#include <limits.h>
#include <string.h>
#include <sysexits.h>

#include "base/bytes.h"
#include "post/defer.h"
#include "post/limits.h"

enum {
	FRUITLESS_SESSIONS = 2, /* after so many lost sessions in a row with no mail answered none is opened any more */
	FIRST_PAUSE_MS = 60 * 1000, LAST_PAUSE_MS = 15 * 60 * 1000, /* how long a relay that takes no more sessions is left alone */
	FIRST_PROBE_MS = 5 * 1000, LAST_PROBE_MS = 5 * 60 * 1000, /* between two attempts to reach a relay that lets nobody in */
	ASKED_MS = 10 * 60 * 1000, /* a secret is not looked for again sooner, since a command's token lasts for longer */
	ALIKE_MAILS = 3, /* after so many mails in a row with the same temporary failure the relay is thought to be sent too much */
	SLOWED_MS = 60 * 1000, /* for so long a relay that takes nothing is given the same mail again, where the order has no patience */
	NARROW_MAILS = 100, /* how many mails have to pass before the window is as before */
};

void crew_rules_begin(struct crew_rules *r, unsigned window, unsigned others, unsigned patience)
{
	*r = (struct crew_rules){.usual = window, .others = others, .patience = (int64_t)patience * 1000, .pause = FIRST_PAUSE_MS, .probe = FIRST_PROBE_MS};
}

unsigned crew_rules_window(const struct crew_rules *r)
{
	return r->window ? r->window : r->usual;
}

static void is_back(struct crew_rules *r)
{
	r->absent = false;
	r->probe = FIRST_PROBE_MS;
	r->probe_at = 0;
	r->fruitless = 0;
}

bool crew_rules_passed(struct crew_rules *r)
{
	bool absent = r->absent;

	if (absent)
		is_back(r);
	if (r->window && ++r->passed >= NARROW_MAILS) {
		r->passed = 0;
		r->window *= 2;
		if (r->window >= r->usual)
			r->window = 0;
	}
	return absent;
}

/* Once the pause is over, one session more than the limit may be opened. */
bool crew_rules_is_full(const struct crew_rules *r, unsigned sessions, int64_t now)
{
	return r->limit && (sessions > r->limit || (sessions == r->limit && now < r->retry_at));
}

/* The relay says that there are too many sessions or mails at a time: nothing is wrong with the login. */
static bool is_busy(const struct failure *f)
{
	return failure_is_temporary(f) || f->code == 421 || f->code == 432 || strcmp(f->enhanced, "4.3.2") == 0 ||
	       slice_mentions(slice_of(f->text), "too many") || slice_mentions(slice_of(f->text), "concurrent");
}

/* It may be otherwise soon. A name that was known before and a port at which a relay has spoken are so again, as a rule; where they
 * never were, and in all else that only a person can mend, patience is for nothing. */
static bool may_pass(const struct failure *f, bool before)
{
	if (f->stage == AT_RESOLVE || f->stage == AT_CONNECT || (f->stage == AT_GREETING && f->exit == EX_PROTOCOL))
		return before || !defer_needs_admin(f);
	return !defer_needs_admin(f) && (before || f->stage >= AT_GREETING || failure_is_temporary(f));
}

/* The relay lets nobody in, or nobody through. False: patience is over, or the failure is one that does not pass. */
static bool may_probe(struct crew_rules *r, const struct failure *f, bool before, int64_t now)
{
	if (!r->patience || limits_of(f) == LIMIT_STOP || !may_pass(f, before))
		return false;
	if (!r->absent)
		r->since = now;
	r->absent = true;
	r->limit = 0; /* how many sessions it took before is of no account now */
	r->retry_at = 0;
	r->pause = FIRST_PAUSE_MS;
	if (now - r->since >= r->patience)
		return false;
	if (now < r->probe_at) /* several sessions at the same time count as one */
		return true;
	r->probe_at = now + r->probe;
	if (r->probe_at > r->since + r->patience)
		r->probe_at = r->since + r->patience; /* once more at the end */
	r->probe = r->probe * 2 < LAST_PROBE_MS ? r->probe * 2 : LAST_PROBE_MS;
	return true;
}

static void sit_down(struct crew_rules *r, unsigned sessions, int64_t now)
{
	r->limit = sessions;
	if (now < r->retry_at) /* several sessions that were refused at the same time count as one */
		return;
	r->retry_at = now + r->pause;
	r->pause = r->pause * 2 < LAST_PAUSE_MS ? r->pause * 2 : LAST_PAUSE_MS;
}

enum crew_refusal crew_rules_refused(struct crew_rules *r, const struct failure *f, unsigned sessions, bool before, int64_t now)
{
	bool wrong = (f->stage == AT_TOKEN || f->stage == AT_LOGIN) && !is_busy(f);
	bool ours = f->token == TOKEN_OF_CLIENT || f->token == TOKEN_OF_LOGIN; /* session_open has asked for another */

	if (wrong && before && !ours && (!r->asked_again || now - r->asked_at > ASKED_MS)) {
		r->asked_again = true;
		r->asked_at = now;
		return CREW_ASK_AGAIN;
	}
	/* Other sessions that are in go on, whatever the relay says of this one: some say "wrong password" and mean "too many". */
	if (!sessions || (wrong && !before))
		return may_probe(r, f, before, now) ? CREW_PROBE : CREW_NOBODY;
	sit_down(r, sessions, now);
	return CREW_SIT_DOWN;
}

/* A temporary failure of the mail as a whole, so that a relay which checks each recipient for itself is not meant. */
static bool is_alike(struct crew_rules *r, const struct failure *why)
{
	if (!failure_is_temporary(why) || !why->code || why->stage < AT_SENDER || why->stage == AT_RECIPIENT)
		return false;
	if (!r->alike || r->code != why->code || strcmp(r->enhanced, why->enhanced) != 0)
		r->alike = 0;
	r->code = why->code;
	memcpy(r->enhanced, why->enhanced, sizeof r->enhanced);
	return ++r->alike >= ALIKE_MAILS && r->patience;
}

enum crew_answer crew_rules_answered(struct crew_rules *r, const struct failure *why, unsigned sessions, int64_t now)
{
	enum limit limit = why ? limits_of(why) : LIMIT_NONE;

	if (!why) {
		r->alike = 0;
		r->slowed = false;
		return CREW_FINAL;
	}
	if (limit == LIMIT_SESSION)
		return CREW_THROUGH;
	if (limit == LIMIT_SIT_DOWN && sessions > 1) {
		sit_down(r, sessions - 1, now);
		return CREW_TOO_MANY;
	}
	if (limit != LIMIT_SLOW && limit != LIMIT_SIT_DOWN && (limit == LIMIT_STOP || !is_alike(r, why)))
		return CREW_FINAL;
	if (!r->slowed)
		r->slowed_at = now;
	r->slowed = true;
	return CREW_TOO_FAST;
}

bool crew_rules_is_fed_up(const struct crew_rules *r, int64_t now)
{
	return r->slowed && now - r->slowed_at >= (r->patience ? r->patience : SLOWED_MS);
}

void crew_rules_let_in(struct crew_rules *r, unsigned sessions, int64_t now)
{
	if (r->absent && !r->fruitless)
		is_back(r);
	if (!r->limit || sessions <= r->limit)
		return;
	r->limit = sessions;
	r->pause = FIRST_PAUSE_MS;
	r->retry_at = now + r->pause;
}

/* A 421 that came twice after the same number of mails is a rule of the relay: a mail that is written after them in that session is
 * written in vain. */
void crew_rules_goodbye(struct crew_rules *r, unsigned mails)
{
	if (r->goodbye == mails)
		r->mails = mails;
	r->goodbye = mails;
}

/* A mail at which the relay ends the session must not keep other mails from their turn, so that another session is opened. A relay
 * that ends session after session, or says 421 (RFC 5321 3.8), is left alone. */
void crew_rules_lost(struct crew_rules *r, const struct failure *f, bool answered, int64_t now)
{
	bool endless = r->others == UINT_MAX;

	r->fruitless = answered ? 0 : r->fruitless + 1;
	if (!endless && defer_fate(f, PENDING) == FATE_WAIT && r->others > 1)
		r->others = 1;
	r->closed |= !r->others || (r->fruitless >= FRUITLESS_SESSIONS && !may_probe(r, f, true, now));
	r->others -= r->others > 0 && !endless;
	r->window = 1;
	r->passed = 0;
}
