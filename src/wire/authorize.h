/*
 * wire/authorize - the address that a person's browser opens to log in, and what proves that the answer is to this login
 *
 * Use: struct authorize z; authorize_begin(&z, f); url = authorize_url(arena, &oauth, &z, "http://127.0.0.1:4711", "me@example.org"); the answer that comes back
 * has z.state; the code in it is worth nothing without z.verifier, which goes to the provider alone. authorize_wipe(&z).
 *
 * Owns: nothing; the URL is in the arena, and holds no secret. Bounds: the settings'.
 * Errors: authorize_begin: AT_USAGE EX_OSERR, the system gives no random octets. Threads: any.
 * Source: RFC 6749 4.1.1, RFC 7636 4.1 to 4.3 (S256), RFC 8252 8.1.
 */
#ifndef WIRE_AUTHORIZE_H
#define WIRE_AUTHORIZE_H

#include "conf/oauth.h"

enum { AUTHORIZE_STATE = 23, AUTHORIZE_VERIFIER = 44 }; /* 16 and 32 octets in base64url, and a NUL */

struct authorize {
	char state[AUTHORIZE_STATE], verifier[AUTHORIZE_VERIFIER], challenge[AUTHORIZE_VERIFIER];
};

MUST_CHECK int authorize_begin(struct authorize *z, struct failure *f);
/* BASE64URL(SHA256(verifier)) */
void authorize_challenge(char to[static AUTHORIZE_VERIFIER], const char *verifier);
/* user: whom the page may suggest, or "". */
const char *authorize_url(struct arena *in, const struct oauth *o, const struct authorize *z, const char *redirect_uri, const char *user);
void authorize_wipe(struct authorize *z);

#endif
