/*
 * post/link - the session with an account's relay, kept for the mails that follow
 *
 * Use: struct link l = {.tracer = w, .once = true}; link_reach(&l, account, f) before each mail; link_leave(&l, ok).
 * A mail for another account ends the session and begins the other; so does a relay that has said goodbye meanwhile, or gone.
 *
 * Owns: the session; link_leave ends it. Bounds: one session at a time.
 * Errors: those of session_open. once: no login is to come after the first, and passwords are wiped.
 * Threads: one. Source: CONTRIBUTING.md, "Transport".
 */
#ifndef POST_LINK_H
#define POST_LINK_H

#include "wire/session.h"

struct link {
	const struct tracer *tracer;
	unsigned account; /* the id of the one whose session it is */
	struct session *session;       /* own; or NULL */
	bool once;
	bool spent; /* and the password, which stood in the configuration, was wiped behind the first */
	bool strict;	      /* no fallback: other sessions are open */
	const struct account *in; /* the account, or its fallback, that let the session in */
	unsigned sessions;	  /* so far */
	unsigned without; /* mail/offers of that account's relay that did not hold, in sessions that were lost by it */
};

MUST_CHECK int link_reach(struct link *l, const struct account *a, struct failure *f);
/* No session is there any more, and there can be no other: the password was wiped behind the only login. */
bool link_is_spent(struct link *l);
void link_leave(struct link *l, bool politely);
/* Warns where the relay at its other end does not take the octets that it is about to get, and there is no other form of them. */
void link_warn(const struct link *l, const struct mail *m);

#endif
