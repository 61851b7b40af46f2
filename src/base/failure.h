/*
 * base/failure - what went wrong, in one value that every floor fills and post/result prints
 *
 * Use: a function that can fail returns 0 or -1 and has a struct failure * as its last argument.
 *	if (n < 0) return fail(f, AT_INPUT, EX_DATAERR, "line %u: no colon", line);
 * A caller that knows more puts it in front: failure_in(f, "account %s", name). What to change is a row of hints.def (failure_hint).
 *
 * Owns: no memory; text is cut at its end, never allocated, so that running out of memory or of
 * descriptors can be told like anything else. *f is written only on failure.
 * Errors: none of its own. Threads: a value of whoever holds it.
 * Source: RFC 5321 4.2 (codes), RFC 3463 (enhanced codes), sysexits.h.
 */
#ifndef BASE_FAILURE_H
#define BASE_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args), nonnull(fmt)))

enum stage {
	AT_USAGE, AT_CONFIG, AT_INPUT, AT_SPOOL,		     /* on this host */
	AT_TOKEN,						     /* with the provider of tokens (OAuth 2.0), before the relay is asked */
	AT_RESOLVE, AT_CONNECT, AT_GREETING, AT_TLS, AT_LOGIN,	     /* on the way in */
	AT_SENDER, AT_RECIPIENT, AT_DATA, AT_BODY, AT_END	     /* RFC 5321 3.3 */
};

/* What to change, in one line: each is a row of hints.def. */
enum hint {
	NO_HINT,
#define HINT(id, stage, saw, text) HINT_##id,
#include "base/hints.def"
};

/* Who gives an account its token. */
enum token_of { NO_TOKEN, TOKEN_OF_COMMAND, TOKEN_OF_CLIENT, TOKEN_OF_LOGIN };

struct failure {
	enum stage stage;
	int exit;	   /* sysexits; EX_TEMPFAIL means: worth another try */
	int code;	   /* 0 or the relay's reply code */
	int client_code;   /* 0 or ours, for a client that speaks SMTP to us; then enhanced is ours, too */
	char enhanced[12]; /* "" or "5.7.8", RFC 3463 */
	char relay[272];   /* "" or HOST:PORT of the relay; AT_TOKEN: the host of the provider */
	char user[80];	   /* "" or as whom we are logged in there, or tried to be */
	enum token_of token; /* that user's secret is a token */
	bool refuses_token;  /* and the relay does not take it: another one may do */
	char account[80];    /* "" or the name of the account, where the relay has refused something */
	char ehlo[80];	   /* "" or the name that we have said in EHLO there */
	char text[512];	   /* the relay's words, or ours; one line, printable */
	enum hint hint_id; /* NO_HINT, or which row hint is */
	char hint[400];	   /* "", or that row with its arguments */
};

/* All return -1, for `return fail(...)`. */
int fail(struct failure *f, enum stage at, int exit, const char *fmt, ...) PRINTF(4, 5);
int fail_errno(struct failure *f, enum stage at, int exit, const char *fmt, ...) PRINTF(4, 5);

/* Puts words in front of the failure's text; returns -1 too. */
int failure_in(struct failure *f, const char *fmt, ...) PRINTF(2, 3);
/* failure_hint(f, HINT_CHMOD_600, path) sets the hint, unless the failure has one already; returns -1 too. The arguments are texts,
 * in the order of those in the row; for one that is missing its name is shown. */
#define failure_hint(f, ...) failure_add_hint((f), HINT_ID(__VA_ARGS__, NULL), HINT_ARGUMENTS(__VA_ARGS__, NULL))
#define HINT_ID(id, ...) (id)
#define HINT_ARGUMENTS(id, ...) ((const char *const[]){__VA_ARGS__})
int failure_add_hint(struct failure *f, enum hint id, const char *const *arguments);
const char *hint_row(enum hint id); /* as it stands in hints.def, with its arguments as {NAME} */
/* Writes the text of a row alone, cut where room ends. */
void hint_print(char *to, size_t room, enum hint id, const char *const *arguments);
bool failure_is_temporary(const struct failure *f);

/* What the system calls an error (strerror(3), for threads). Leaves errno as it is. */
void failure_errno(int error, char *to, size_t room);

/* The stage in SMTP's own words: "connect", "RCPT TO", ... */
const char *stage_words(enum stage at);
bool stage_is_remote(enum stage at);

/* A failure as one printable line, cut if need be, in the caller's room. The failure's text is always there. In front of it stand,
 * where `parts` asks for them and the failure has them: WORDS_WHERE, the stage, `whom` (or NULL) and the relay ("RCPT
 * TO:<bob@example.org> to HOST:PORT: "); WORDS_CODE, the code and the enhanced code ("550 5.1.1 "). */
enum { WORDS_WHERE = 1, WORDS_CODE = 2, FAILURE_WORDS = 2600 };
const char *failure_words(char to[static FAILURE_WORDS], const struct failure *f, unsigned parts, const char *whom);

/* The command that logs the account in with its provider: "mysend --login -a NAME". */
void login_words(char *to, size_t room, const char *account);

/* The name of a status: "EX_UNAVAILABLE". */
const char *exit_words(int status);

#endif
