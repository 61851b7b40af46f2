/*
 * wire/token - the access token of an account: out of memory, out of its file, or from the provider
 *
 * Use: token_take(&c, account, tracer, f); use(c.text); credential_release(&c), for each login. The relay refuses it:
 * if (token_refused(account, handle)) log in once more, with what token_take then gives. The relay takes it: token_proved(account, handle).
 * All threads share one token: one looks for it, the others wait, and share it or what went wrong.
 *
 * Owns: nothing; the text is in conf/vault, as passwords are. Bounds: one exchange at a time for an account, on this host (flock); 30 s for
 * the exchange, and as long for that of another process.
 * Errors: AT_CONFIG EX_CONFIG; AT_TOKEN: EX_TEMPFAIL (no answer, 429, 5yz), EX_NOPERM (the provider refuses; there is no login yet).
 * A state that cannot be written is a warning: the token is used all the same. Threads: any.
 * Source: RFC 6749 4.4, 6; RFC 6750; CONTRIBUTING.md, "Tokens".
 */
#ifndef WIRE_TOKEN_H
#define WIRE_TOKEN_H

#include <time.h>

#include "conf/credential.h"
#include "conf/oauth.h"
#include "wire/transcript.h"

struct token_answer;

MUST_CHECK int token_take(struct credential *out, const struct account *a, const struct tracer *w, struct failure *f);
/* The relay refuses this token: it is dropped, from memory and from its file. True: another is worth one try, since this one was not
 * fetched just now. */
bool token_refused(const struct account *a, unsigned handle);
void token_proved(const struct account *a, unsigned handle); /* a relay has taken it */
/* What mysend --login has got: it becomes the account's state. */
MUST_CHECK int token_keep(const struct account *a, const struct oauth *o, const struct token_answer *got, struct failure *f);

/* What is known of an account's token and login by the file alone. */
struct token_outlook {
	bool there;	       /* a token, fit to be used, is in the file */
	int64_t token_seconds; /* that it lasts */
	bool login;	       /* there is a login (a refresh token) */
	int64_t login_seconds; /* until it ends where it is not used; -1: not known */
	time_t logged_in;      /* when --login was; 0: not known */
	char file[300];	       /* where they are kept; cut */
};
/* Neither asks the provider nor makes a folder or file. */
MUST_CHECK int token_outlook(const struct account *a, struct token_outlook *out, struct failure *f);

#endif
