#include "cli/health_tokens.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "conf/oauth.h"

static const char *what_is_wrong(struct arena *in, const struct account *a, const struct health_token *t)
{
	const struct token_outlook *k = &t->known;
	char left[CLOCK_LEFT], login[120];

	login_words(login, sizeof login, a->name);
	if (t->unread)
		return arena_printf(in, "the token of account %s cannot be read: %s", a->name, t->unread);
	if (k->refused)
		return arena_printf(in, "account %s got no token: %s%s%s", a->name, k->why, oauth_is_client(a) ? "" : "; ", oauth_is_client(a) ? "" : login);
	if (oauth_is_client(a))
		return NULL;
	if (!k->login)
		return arena_printf(in, "nobody has logged in for account %s: %s", a->name, login);
	if (k->login_seconds == 0)
		return arena_printf(in, "the login of account %s was not used for so long that it has ended: %s", a->name, login);
	if (k->login_seconds > 0 && k->login_seconds < TOKEN_LOGIN_NEAR)
		return arena_printf(in, "the login of account %s ends in %s, since nothing has used it: does a timer or cron run mysend -q? else %s", a->name, clock_left(left, k->login_seconds), login);
	return NULL;
}

void health_tokens(struct health_tokens *t, struct book *b, struct arena *in)
{
	const struct account *a;
	struct failure f;

	*t = (struct health_tokens){.count = 0};
	for (const char *name = NULL; (name = book_next(b, name));) {
		struct health_token *one;

		a = NULL;
		if ((book_account(b, name, NULL, &a, &f) < 0 && !a) || !oauth_is_on(a))
			continue;
		t->token = arena_grow(in, t->token, t->count, &t->room, sizeof *t->token);
		one = &t->token[t->count++];
		*one = (struct health_token){.account = name};
		if (token_outlook(a, &one->known, &f) < 0)
			one->unread = arena_printf(in, "%s", f.text);
		one->wrong = what_is_wrong(in, a, one);
	}
}

bool health_tokens_want(const struct health_tokens *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->token[i].wrong)
			return true;
	return false;
}

/* A | would end the text for the monitoring program. */
void health_tokens_say(const struct health_tokens *t)
{
	char shown[600];

	for (size_t i = 0; i < t->count; i++) {
		if (!t->token[i].wrong)
			continue;
		slice_printable(shown, sizeof shown, slice_of(t->token[i].wrong));
		for (char *p = shown; *p; p++)
			*p = *p == '|' ? '/' : *p;
		printf("; %s", shown);
	}
}

/* A label in quotes; it has no = and its quotes are doubled. */
static void print_name(const char *what, const char *account)
{
	char shown[400];

	slice_printable(shown, sizeof shown, slice_of(account));
	printf(" '%s ", what);
	for (const char *p = shown; *p; p++)
		printf(*p == '\'' ? "''" : "%c", *p == '=' || *p == '|' ? '_' : *p);
	fputs("'=", stdout);
}

static int64_t at_least_0(int64_t seconds)
{
	return seconds < 0 ? 0 : seconds;
}

void health_tokens_data(const struct health_tokens *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct token_outlook *k = &t->token[i].known;

		if (t->token[i].unread)
			continue;
		print_name("token", t->token[i].account);
		printf("%" PRId64 "s;;;0", k->token ? at_least_0(k->token_seconds) : 0);
		if (k->login && k->login_seconds != TOKEN_LOGIN_UNKNOWN) {
			print_name("login", t->token[i].account);
			printf("%" PRId64 "s;%d:;;0", at_least_0(k->login_seconds), (int)TOKEN_LOGIN_NEAR);
		}
	}
}

void health_label(const char *value)
{
	char shown[4 * 4096];

	slice_printable(shown, sizeof shown, slice_of(value));
	for (const char *p = shown; *p; p++)
		printf(*p == '\\' || *p == '"' ? "\\%c" : "%c", *p);
}

enum metric { CAN_READ, TOKEN_LEFT, LOGIN_LEFT, IS_REFUSED, METRICS };

/* -1: this account has none. */
static int64_t value_of(const struct health_token *t, enum metric m)
{
	const struct token_outlook *k = &t->known;

	if (m == CAN_READ)
		return !t->unread;
	if (t->unread)
		return -1;
	if (m == TOKEN_LEFT)
		return k->token ? at_least_0(k->token_seconds) : 0;
	if (m == IS_REFUSED)
		return k->refused;
	if (!k->login)
		return -1;
	return k->login_seconds == TOKEN_LOGIN_UNKNOWN ? -1 : at_least_0(k->login_seconds);
}

void health_tokens_metrics(const struct health_tokens *t, const char *spool)
{
	static const struct { const char *name, *help; } rows[METRICS] = {
		[CAN_READ] = {"oauth_readable", "1 if the account's tokens could be read, else 0."},
		[TOKEN_LEFT] = {"oauth_token_expiry_seconds", "Seconds that the account's access token lasts, 0 where another one is fetched for the next mail."},
		[LOGIN_LEFT] = {"oauth_login_expiry_seconds", "Seconds until the account's login ends unless it is used; a run of the queue uses it in time."},
		[IS_REFUSED] = {"oauth_refused", "1 if the provider has refused the account a token until a person mends something, else 0."},
	};

	for (enum metric m = 0; m < METRICS; m++) {
		bool said = false;

		for (size_t i = 0; i < t->count; i++) {
			int64_t value = value_of(&t->token[i], m);

			if (value < 0)
				continue;
			if (!said)
				printf("# HELP mysend_%s %s\n# TYPE mysend_%s gauge\n", rows[m].name, rows[m].help, rows[m].name);
			said = true;
			printf("mysend_%s{account=\"", rows[m].name);
			health_label(t->token[i].account);
			fputs("\",spool=\"", stdout);
			health_label(spool);
			printf("\"} %" PRId64 "\n", value);
		}
	}
}
