/*
 * post/link - the session with an account's relay, kept for the mails that follow
 *
 * A mail for another account ends the session and opens another. So does a relay that has said goodbye or closed the connection.
 * Use: struct link l = {.tracer = w, .one_login = true}; link_reach(&l, account, f) before each mail; link_leave(&l, ok).
 *
 * Owns: the session; link_leave ends it. Bounds: one session at a time.
 * Errors: those of session_open. one_login: link_reach also wipes all passwords, behind the first login.
 * Threads: one. Source: CONTRIBUTING.md, "Transport".
 */
#ifndef POST_LINK_H
#define POST_LINK_H

#include "wire/session.h"

struct link {
	const struct tracer *tracer;
	unsigned account; /* the id of the account whose session it is */
	struct session *session;       /* own; or NULL */
	bool one_login;	      /* no login is to come after the first: the password is wiped then */
	bool password_gone;   /* the password, which stood in the configuration, was wiped after the login */
	bool no_fallback;     /* no fallback is tried, since other sessions are open */
	const struct account *relay_of; /* the account, or its fallback, whose relay the session is with */
	unsigned sessions;	  /* how many were opened so far */
	unsigned forgone; /* offers (mail/offers) of the relay that did not hold, and cost a session */
};

MUST_CHECK int link_reach(struct link *l, const struct account *a, struct failure *f);
/* The session has ended, and no other can be opened: the password was wiped after the login. */
bool link_is_spent(struct link *l);
void link_leave(struct link *l, bool politely);
/* Warns where the relay does not offer 8BITMIME, and the mail has octets above 127 that cannot be encoded. */
void link_warn(const struct link *l, const struct mail *m);

#endif
