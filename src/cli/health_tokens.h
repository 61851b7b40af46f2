/*
 * cli/health_tokens - --queue-check: how long tokens and logins of OAuth 2.0 last, by their files alone
 *
 * Use: health_tokens(&t, &book, run); then health_tokens_want(&t), health_tokens_say(&t), health_tokens_data(&t) in a plugin's line;
 * health_tokens_metrics(&t, "/var/spool/mysend") for Prometheus. Without an account of tokens, each of them says nothing.
 *
 * Owns: nothing; all in the arena. Units: seconds. Bounds: one entry an account. Errors: what cannot be read is said as such.
 * Threads: one. Source: mysend(1), --queue-check; the Monitoring Plugins Development Guidelines.
 */
#ifndef CLI_HEALTH_TOKENS_H
#define CLI_HEALTH_TOKENS_H

#include "conf/book.h"
#include "conf/token_outlook.h"

struct health_token {
	const char *account;
	struct token_outlook known;
	const char *unread; /* why the file cannot be read; or NULL */
	const char *wrong;  /* what a person has to look after; or NULL */
};

struct health_tokens {
	struct health_token *token;
	size_t count, room;
};

void health_tokens(struct health_tokens *t, struct book *b, struct arena *in);
bool health_tokens_want(const struct health_tokens *t);	    /* a person */
void health_tokens_say(const struct health_tokens *t);	    /* "; ..." for each that does */
void health_tokens_data(const struct health_tokens *t);	    /* " 'token NAME'=2460s ..." */
void health_tokens_metrics(const struct health_tokens *t, const char *spool);
/* What is printed between the quotes of a label's value: it is UTF-8 with \, " and line ends escaped. */
void health_label(const char *value);

#endif
