/*
 * conf/token_state - an account's access and refresh token, as the text of the file that keeps them
 *
 * Lines "Name: value", as the spool's states have them. They say for which token URL, client, scope and user the tokens are, too: what
 * is not of the configuration at hand is not given out.
 * Use: struct token_state s; private_read(&text, fd); token_state_parse(&s, &text, &purpose); s.access ...; token_state_free(&s).
 *
 * Owns: of a state that was parsed, the text, wiped by token_state_free; of any other, nothing. Units: seconds since 1970, by our
 * wall clock. Bounds: TOKEN_STATE_OCTETS a file. Errors: none of parsing: what it found is in `found`. Printing: AT_CONFIG EX_UNAVAILABLE
 * for a token that no line can hold. Threads: a value of whoever holds it. Source: RFC 6749 A.12, A.17 (octets of a token).
 */
#ifndef CONF_TOKEN_STATE_H
#define CONF_TOKEN_STATE_H

#include <time.h>

#include "conf/private.h"

enum { TOKEN_STATE_OCTETS = 256 * 1024 };

/* What tokens are for; compared, octet by octet. */
struct token_purpose {
	const char *token_url, *client_id, *scope, *user;
};

enum token_found {
	TOKEN_NONE,    /* no file */
	TOKEN_OURS,    /* of this configuration */
	TOKEN_FOREIGN, /* of another configuration, or a later version of mysend */
	TOKEN_DAMAGED, /* not whole, or with more in it */
	TOKEN_OTHER,   /* none of our files */
};

struct token_state {
	const char *access, *refresh; /* "": none; always, but for TOKEN_OURS */
	time_t obtained, expires;     /* of the access token */
	time_t logged_in;	      /* when --login was; 0: by no login */
	enum token_found found;
	const char *differs; /* TOKEN_FOREIGN: the setting that is another one; NULL: the version is */
	bool keeps_login;    /* there is a refresh token, for whatever configuration */
	struct private text; /* in which access and refresh stand */
};

/* Takes the text over: *text is empty afterwards. */
void token_state_parse(struct token_state *s, struct private *text, const struct token_purpose *of);
/* The text is `to`'s, which the caller frees; on failure, too. */
MUST_CHECK int token_state_print(struct private *to, const struct token_state *s, const struct token_purpose *of, struct failure *f);
/* More is left of the access token than ten minutes or, if that is less, a quarter of its life. A clock that was set back to before it
 * was obtained makes it stale. */
bool token_state_is_fresh(const struct token_state *s, time_t now);
void token_state_free(struct token_state *s);

#endif
