/*
 * conf/token_outlook - how long an account's token and login last, and what its last exchange was refused for, by their files alone
 *
 * For who asks for the state of things: it asks no provider, and makes neither a folder nor a file.
 * Use: struct token_outlook k; if (token_outlook(account, &k, f) == 0 && k.login) use(k.login_seconds).
 *
 * Owns: nothing. Units: seconds, by our wall clock. Bounds: one read of a file and its lock's note. Errors: those of conf/token_file and
 * conf/oauth; no file is none of them. Threads: any. Source: mysend(1), --queue-check; CONTRIBUTING.md, "Tokens".
 */
#ifndef CONF_TOKEN_OUTLOOK_H
#define CONF_TOKEN_OUTLOOK_H

#include <time.h>

#include "conf/settings.h"

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

MUST_CHECK int token_outlook(const struct account *a, struct token_outlook *out, struct failure *f);

#endif
