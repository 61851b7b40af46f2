#include "cli/login.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/file.h"
#include "cli/modes.h"
#include "cli/trace.h"
#include "conf/token_file.h"

enum { LOCK_MS = 60 * 1000 }; /* another process may be fetching a token */

/* Where a person can end a login that the provider has no URL for. */
static const char *by_hand(const struct login_work *w)
{
	switch (w->oauth.maker) {
	case OAUTH_MICROSOFT:
		return "https://myaccount.microsoft.com, Sign out everywhere, ends it";
	case OAUTH_GOOGLE:
		return "https://myaccount.google.com/connections ends it";
	case OAUTH_OWN:
		break;
	}
	return "The provider's own pages may end it";
}

static int nothing(const struct login_work *w, struct failure *f)
{
	printf("Account %s has no login: nothing is kept of it.\n", w->account->name);
	return file_end_output(f);
}

static int give_one_back(const struct login_work *w, const char *token, struct failure *f)
{
	struct token_answer got;
	int rc = token_request_revoke(&w->request, token, &got, f);

	token_answer_free(&got);
	return rc;
}

/* The refresh token decides: with it the provider ends the access tokens that came of it (RFC 7009 2.1). The one that is there is given
 * back all the same, for some do not end it; others take no access tokens back, which is no failure then. */
static int give_back(const struct login_work *w, const struct token_state *s, struct failure *f)
{
	struct failure unused;

	if (!*s->refresh)
		return *s->access ? give_one_back(w, s->access, f) : 0;
	if (give_one_back(w, s->refresh, f) < 0)
		return -1;
	if (*s->access)
		(void)!give_one_back(w, s->access, &unused);
	return 0;
}

/* The provider first: who is killed in between has a file of a login that is over, which the next mail says, and not a login that nobody
 * knows of. The file goes whatever the provider says. */
static int leave(struct login_work *w, const struct token_file *file, const struct token_state *s, struct failure *f)
{
	bool tokens = *s->refresh || *s->access;
	char words[FAILURE_WORDS];
	struct credential secret = {.text = NULL};
	struct failure why;
	int rc = 0;

	if (*w->oauth.revoke_url && tokens)
		rc = login_secret(w, &secret, &why) < 0 ? -1 : give_back(w, s, &why);
	credential_release(&secret);
	if (token_file_remove(file, f) < 0)
		return -1;
	printf("%s is removed.\n", file->path);
	if (rc < 0)
		printf("The login was not given back, and may still be good: %s. %s.\n", failure_words(words, &why, WORDS_WHERE | WORDS_CODE, NULL), by_hand(w));
	else if (s->found == TOKEN_FOREIGN)
		printf("It was of another configuration (%s): its provider was not told.\n", s->differs ? s->differs : "a later version of mysend");
	else if (*w->oauth.revoke_url && tokens)
		printf("%s has ended the login.\n", w->oauth.host);
	else if (*s->refresh)
		printf("%s has no URL to be told at, and the login is good until it ends. %s.\n", w->oauth.host, by_hand(w));
	return file_end_output(f);
}

/* No other process renews the login meanwhile. */
static int leave_locked(struct login_work *w, struct token_file *file, struct failure *f)
{
	struct token_state s;
	int rc;

	if (token_file_lock(file, LOCK_MS, f) < 0 || token_file_read(file, &s, f) < 0)
		return -1;
	if (s.found == TOKEN_NONE)
		rc = nothing(w, f);
	else
		rc = leave(w, file, &s, f);
	token_state_free(&s);
	return rc;
}

/* --logout */
int mode_logout(const struct options *o, struct arena *run, struct failure *f)
{
	struct login_work w = {.in = run};
	struct ending held;
	struct token_file file;
	struct trace trace;
	struct book book;
	int rc;

	if (login_account(&w, o, &book, f) < 0)
		return -1;
	ending_hold(&held);
	rc = token_file_look(&file, w.account, &w.oauth, f);
	if (rc == 0) {
		w.request.tracer = trace_open(&trace, o);
		rc = leave_locked(&w, &file, f);
		trace_close(&trace);
		token_file_close(&file);
	} else if (rc == 1) {
		rc = nothing(&w, f);
	}
	credential_wipe();
	ending_release(&held);
	return rc < 0 ? -1 : EX_OK;
}
