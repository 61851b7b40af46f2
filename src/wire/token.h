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

#include <sysexits.h>
#include <time.h>

#include "conf/credential.h"
#include "conf/oauth.h"
#include "wire/transcript.h"

struct token_answer;

/* What is known of an account's token and login by the file alone. */
struct token_outlook {
	bool token;	       /* a token that is fit to be used is in the file */
	int64_t token_seconds; /* that it lasts */
	bool login;	       /* there is a login (a refresh token) */
	int64_t login_seconds; /* until it ends where it is not used, 0: it has; or TOKEN_LOGIN_UNKNOWN */
	time_t logged_in;      /* when --login was; 0: not known */
	time_t obtained;       /* when a token was last obtained; 0: not known */
	time_t tried;	       /* when an exchange last failed, and none has gone well since; 0: none is known */
	bool refused;	       /* only a person can mend it: */
	char why[400];	       /* in words */
	char file[512];	       /* where they are kept; cut */
};

enum { TOKEN_LOGIN_UNKNOWN = -1, TOKEN_LOGIN_NEAR = 14 * 24 * 3600 }; /* seconds: a login that ends so soon is near its end */

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
/* Neither asks the provider nor makes a folder or a file. */
MUST_CHECK int token_outlook(const struct account *a, struct token_outlook *out, struct failure *f);

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
static inline int token_outlook(const struct account *a, struct token_outlook *out, struct failure *f)
{
	(void)a;
	*out = (struct token_outlook){.login_seconds = TOKEN_LOGIN_UNKNOWN};
	return fail(f, AT_CONFIG, EX_CONFIG, "mysend was built without tokens");
}

#endif
#endif
