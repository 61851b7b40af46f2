#include "post/crew_rules.h"

#include <string.h>

#include "base/bytes.h"
#include "post/defer.h"

enum {
	FRUITLESS_SESSIONS = 2, /* after so many lost sessions in a row with no mail answered none is opened any more */
	FIRST_PAUSE_MS = 60 * 1000, LAST_PAUSE_MS = 15 * 60 * 1000, /* how long a relay that takes no more sessions is left alone */
	NARROW_MAILS = 100, /* how many mails have to pass before the window is as before */
};

void crew_rules_begin(struct crew_rules *r, unsigned window, unsigned others)
{
	*r = (struct crew_rules){.usual = window, .others = others, .pause = FIRST_PAUSE_MS};
}

unsigned crew_rules_window(const struct crew_rules *r)
{
	return r->window ? r->window : r->usual;
}

void crew_rules_passed(struct crew_rules *r)
{
	if (!r->window || ++r->passed < NARROW_MAILS)
		return;
	r->passed = 0;
	r->window *= 2;
	if (r->window >= r->usual)
		r->window = 0;
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

enum crew_refusal crew_rules_refused(struct crew_rules *r, const struct failure *f, unsigned sessions, bool before, int64_t now)
{
	bool wrong = f->stage == AT_LOGIN && !is_busy(f);

	if (wrong && before && !r->asked_again) {
		r->asked_again = true;
		return CREW_ASK_AGAIN;
	}
	/* Other sessions that are in go on, whatever the relay says of this one: some say "wrong password" and mean "too many". */
	if (!sessions || (wrong && !before))
		return CREW_NOBODY;
	r->limit = sessions;
	if (now < r->retry_at) /* several sessions that were refused at the same time count as one */
		return CREW_SIT_DOWN;
	r->retry_at = now + r->pause;
	r->pause = r->pause * 2 < LAST_PAUSE_MS ? r->pause * 2 : LAST_PAUSE_MS;
	return CREW_SIT_DOWN;
}

void crew_rules_let_in(struct crew_rules *r, unsigned sessions, int64_t now)
{
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
void crew_rules_lost(struct crew_rules *r, const struct failure *f, bool answered)
{
	r->fruitless = answered ? 0 : r->fruitless + 1;
	if (defer_fate(f, PENDING) == FATE_WAIT && r->others > 1)
		r->others = 1;
	r->closed |= !r->others || r->fruitless >= FRUITLESS_SESSIONS;
	r->others -= r->others > 0;
	r->window = 1;
	r->passed = 0;
}
