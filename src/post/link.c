#include "post/link.h"

#include "base/log.h"
#include "conf/credential.h"
#include "post/defer.h"

/* Opens a session with the account's relay, or with that of the first fallback that lets us in. *f is the failure of the account's
 * own relay. */
static int open_any(struct link *l, const struct account *a, struct failure *f)
{
	const struct account *next;
	struct failure why;
	int rc = session_open(&l->session, a, l->tracer, f);

	why = *f;
	while (rc < 0 && !l->no_fallback && (next = defer_next_relay(a, &why))) {
		a = next;
		log_debug("trying the account %s instead: %s", a->name, why.text);
		rc = session_open(&l->session, a, l->tracer, &why);
		if (rc < 0)
			failure_hint(f, HINT_ACCOUNT_NEXT, a->name, why.text);
	}
	if (rc == 0) {
		l->relay_of = a;
		l->sessions++;
	}
	return rc;
}

/* The session has ended: the relay has said something while nothing was asked (a 421 after idle minutes, most likely), which
 * answers no later command. */
static bool is_over(struct link *l)
{
	struct reply r;

	if (!session_is_over(l->session, &r))
		return false;
	log_debug("the relay has ended the session%s%s", r.lines ? ": " : "", r.text);
	return true;
}

/* There is a session, and it is for that account's mail. */
static bool is_to(const struct link *l, const struct account *a)
{
	return l->session && l->account == a->id;
}

int link_reach(struct link *l, const struct account *a, struct failure *f)
{
	int rc;

	if (is_to(l, a) && !is_over(l))
		return 0;
	link_leave(l, true);
	rc = open_any(l, a, f);
	if (rc < 0)
		l->session = NULL;
	if (l->one_login)
		credential_end();
	l->password_gone = l->one_login && a->password;
	if (l->account && l->account != a->id)
		l->forgone = 0;
	l->account = a->id;
	if (rc == 0)
		session_forgo(l->session, l->forgone);
	return rc;
}

bool link_is_spent(struct link *l)
{
	if (!l->password_gone)
		return false;
	if (l->session && is_over(l))
		link_leave(l, true);
	return !l->session;
}

void link_leave(struct link *l, bool politely)
{
	if (l->session) {
		l->forgone |= politely ? 0 : session_caps(l->session)->forgone;
		session_close(l->session, politely);
	}
	l->session = NULL;
}

void link_warn(const struct link *l, const struct mail *m)
{
	/* RFC 6152 3 wants such a message encoded, but encoding would break a signature, or MIME parts that cannot be told for
	 * sure. */
	if (!session_caps(l->session)->eightbit && m->eightbit)
		log_warning("the message has octets above 127 and cannot be encoded, and the relay offers no 8BITMIME: it may be cut or refused");
}
