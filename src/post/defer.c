#include "post/defer.h"

#include <sysexits.h>

#include "post/limits.h"
#include "wire/meaning.h"

#define AT(stage) (1U << (stage))
#define IS(verdict) (1U << (verdict))

/* Sets of stages. From AT_SENDER on the relay has let us in. */
enum {
	ANYWHERE = ~0U >> 1,
	TO_RELAY = AT(AT_RESOLVE) | AT(AT_CONNECT),
	WAY_IN = AT(AT_TOKEN) | AT(AT_GREETING) | AT(AT_TLS) | AT(AT_LOGIN),
	IN_TRANSACTION = AT(AT_SENDER) | AT(AT_RECIPIENT) | AT(AT_DATA) | AT(AT_BODY) | AT(AT_END)
};
/* The kinds of an answer: "later" (4yz, silence), one that makes no sense, or a final one (5yz, a certificate). */
enum { LATER = 1, NONSENSE = 2, FOR_GOOD = 4, ANY_KIND = LATER | NONSENSE | FOR_GOOD };
enum { NOT_SENT = IS(PENDING), NOT_TAKEN = IS(PENDING) | IS(REFUSED), ANY_VERDICT = ~0U >> 1 };
enum { PASSES, ADMIN }; /* the failure may pass by itself, or only an administrator can mend the cause */

/* The first row that fits counts. */
static const struct row {
	unsigned verdicts, stages, kinds;
	int code;	    /* 0: any */
	enum meaning means; /* MEANS_NOTHING_MORE: any */
	enum fate fate;
	int mends;
	bool limit; /* only an answer that is about how much we send (post/limits) */
} rows[] = {
	{IS(ACCEPTED) | IS(BOUNCED) | IS(WAITS), ANYWHERE, ANY_KIND, 0, 0, FATE_DONE, PASSES, false},
	/* This recipient may have the mail already; but a relay that has not answered has not promised anything. */
	{IS(UNSURE), ANYWHERE, ANY_KIND, 0, 0, FATE_WAIT, PASSES, false},
	{IS(DEFERRED), ANYWHERE, ANY_KIND, 0, 0, FATE_WAIT, PASSES, false},
	/* There is no relay, or it or the provider of tokens is busy: neither the mail nor the login is to blame, and another relay may take the mail. A name that
	 * does not exist, and a connection that this host forbids, do not pass by themselves. */
	{NOT_TAKEN, TO_RELAY, FOR_GOOD, 0, 0, FATE_OTHER_RELAY, ADMIN, false},
	{NOT_TAKEN, TO_RELAY, ANY_KIND, 0, 0, FATE_OTHER_RELAY, PASSES, false},
	{NOT_TAKEN, AT(AT_TOKEN) | AT(AT_GREETING), LATER, 0, 0, FATE_OTHER_RELAY, PASSES, false},
	/* The relay takes no more of us for now: nothing is wrong with the mail, though some relays say 5yz. */
	{NOT_TAKEN, WAY_IN | IN_TRANSACTION, FOR_GOOD, 0, 0, FATE_WAIT, PASSES, true},
	/* No mail server speaks at this port, or no provider of tokens. */
	{NOT_TAKEN, AT(AT_TOKEN) | AT(AT_GREETING), NONSENSE, 0, 0, FATE_WAIT, ADMIN, false},
	/* A relay that refuses the session, or wants a login first, objects to the configuration and not to the mail. */
	{NOT_TAKEN, WAY_IN, LATER | NONSENSE, 0, 0, FATE_WAIT, PASSES, false},
	{NOT_TAKEN, WAY_IN, FOR_GOOD, 0, 0, FATE_WAIT, ADMIN, false},
	{NOT_TAKEN, IN_TRANSACTION, FOR_GOOD, 0, MEANS_LOGIN, FATE_WAIT, ADMIN, false},
	/* The login is taken, and may not open its mailbox: the code says "later", and only an administrator can open it. */
	{NOT_TAKEN, IN_TRANSACTION, LATER, 0, MEANS_CLOSED, FATE_WAIT, ADMIN, false},
	/* The session was lost before the mail was sent. After a 421 no other session is opened at once. */
	{NOT_SENT, IN_TRANSACTION, LATER, 421, 0, FATE_WAIT, PASSES, false},
	{NOT_SENT, IN_TRANSACTION, LATER | NONSENSE, 0, 0, FATE_OTHER_SESSION, PASSES, false},
	/* The password cannot be had, or the configuration cannot be used. */
	{NOT_SENT, AT(AT_CONFIG), FOR_GOOD, 0, 0, FATE_WAIT, ADMIN, false},
	/* The failure is on this host, not at the relay: the message cannot be read, there is no memory. */
	{NOT_SENT, IN_TRANSACTION, FOR_GOOD, 0, 0, FATE_GIVE_UP, ADMIN, false},
	/* The account's rate is used up for now, or its state cannot be written for now. */
	{NOT_SENT, AT(AT_SPOOL), LATER, 0, 0, FATE_WAIT, PASSES, false},
	{ANY_VERDICT, ANYWHERE, ANY_KIND, 0, 0, FATE_GIVE_UP, PASSES, false},
};

static unsigned kind_of(const struct failure *why)
{
	return failure_is_temporary(why) ? LATER : why->exit == EX_PROTOCOL ? NONSENSE : FOR_GOOD;
}

static bool fits(const struct row *r, const struct failure *why, enum verdict v)
{
	return r->verdicts & IS(v) && r->stages & AT(why->stage) && r->kinds & kind_of(why) && (!r->code || r->code == why->code) &&
	       (!r->means || r->means == meaning_of(why)) && (!r->limit || limits_of(why) != LIMIT_NONE);
}

static const struct row *row_of(const struct failure *why, enum verdict v)
{
	const struct row *r = rows;

	while (!fits(r, why, v)) /* the last row fits all */
		r++;
	return r;
}

enum fate defer_fate(const struct failure *why, enum verdict v)
{
	return row_of(why, v)->fate;
}

bool defer_waits(const struct recipient *r)
{
	enum fate fate = r->why ? defer_fate(r->why, r->verdict) : FATE_DONE;

	return fate == FATE_WAIT || fate == FATE_OTHER_RELAY || fate == FATE_OTHER_SESSION;
}

bool defer_needs_admin(const struct failure *why)
{
	return row_of(why, PENDING)->mends == ADMIN;
}

int defer_status(const struct failure *why)
{
	return defer_needs_admin(why) ? why->exit : EX_TEMPFAIL;
}

const struct account *defer_next_relay(const struct account *a, const struct failure *why)
{
	return defer_fate(why, PENDING) == FATE_OTHER_RELAY ? a->next : NULL;
}

time_t defer_pause(unsigned attempts, unsigned chance)
{
	static const unsigned minutes[] = {1, 2, 5, 10, 20, 40, 60};
	size_t last = sizeof minutes / sizeof *minutes - 1, at = attempts ? attempts - 1 : 0;
	time_t whole = (time_t)minutes[at < last ? at : last] * 60;

	return whole - whole / 10 + (time_t)(chance % 1000) * (whole / 5) / 1000;
}

bool defer_is_due(time_t next, time_t now)
{
	return next <= now || next > now + DEFER_FAR;
}
