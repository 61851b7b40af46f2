/*
 * wire/token - the access token of an account: out of memory, out of its file, or from the provider
 *
 * Use: token_take(&c, account, tracer, f); use(c.text); credential_release(&c), for each login. The relay refuses it:
 * if (token_refused(account, handle)) log in once more, with what token_take then gives. The relay takes it: token_proved(account, handle).
 * All threads share one token: one looks for it, the others wait, and share it or what went wrong.
 *
 * Owns: nothing; the text is in conf/vault, as passwords are. Bounds: one exchange at a time for an account, on this host (flock); 30 s a
 * request, of which a login may take two, and 70 s for what another process asks for.
 * Errors: AT_CONFIG EX_CONFIG; AT_TOKEN: EX_TEMPFAIL (no answer, 429, 5yz), EX_NOPERM (the provider refuses; there is no login yet),
 * EX_PROTOCOL (what answers gives no tokens), EX_UNAVAILABLE (its certificate does not hold).
 * A state that cannot be written is a warning: the token is used all the same. Threads: any.
 * Source: RFC 6749 4.4, 6; RFC 6750; CONTRIBUTING.md, "Tokens".
 */
#ifndef WIRE_TOKEN_H
#define WIRE_TOKEN_H

#include <sysexits.h>

#include "conf/credential.h"
#include "conf/oauth.h"
#include "wire/transcript.h"

struct token_answer;

#ifndef WITHOUT_OAUTH

MUST_CHECK int token_take(struct credential *out, const struct account *a, const struct tracer *w, struct failure *f);
/* The relay refuses this token: it is not taken again. True: another is worth one try, since this one was not fetched just now. */
bool token_refused(const struct account *a, unsigned handle);
void token_proved(const struct account *a, unsigned handle); /* a relay has taken it */
/* The client's secret, for the provider; without text none is needed. */
MUST_CHECK int token_secret(struct credential *out, const struct account *a, struct failure *f);
/* What mysend --login has got is what token_take gives next in this process, as fetched just now. */
MUST_CHECK int token_lend(const struct account *a, const struct token_answer *got, struct failure *f);
/* It becomes the account's state, in the place of whatever was there. */
MUST_CHECK int token_keep(const struct account *a, const struct oauth *o, const struct token_answer *got, struct failure *f);

#else /* conf/oauth refuses every account of tokens before one of these is called */

static inline int token_take(struct credential *out, const struct account *a, const struct tracer *w, struct failure *f)
{
	(void)a;
	(void)w;
	*out = (struct credential){NULL, 0};
	return fail(f, AT_CONFIG, EX_CONFIG, "mysend was built without tokens");
}
static inline bool token_refused(const struct account *a, unsigned handle)
{
	(void)a;
	(void)handle;
	return false;
}
static inline void token_proved(const struct account *a, unsigned handle)
{
	(void)a;
	(void)handle;
}
static inline int token_secret(struct credential *out, const struct account *a, struct failure *f)
{
	return token_take(out, a, NULL, f);
}

#endif
#endif
