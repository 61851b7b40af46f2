#include "cli/login.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/modes.h"
#include "cli/trace.h"
#include "conf/token_note.h"
#include "conf/vault.h"
#include "wire/token.h"

enum { WORDS = 128 };

/* What is kept of the account before somebody logs in. */
struct kept {
	bool login;	     /* a login of this configuration, which may still be good */
	const char *instead; /* "", or what else is replaced, in words */
	const char *path;
};

int login_account(struct login_work *w, const struct options *o, struct book *book, struct failure *f)
{
	if (book_open(book, w->in, o->config, o->request.option, o->request.options, f) < 0 || book_account(book, o->request.account, NULL, &w->account, f) < 0)
		return -1;
	if (oauth_is_on(w->account))
		return oauth_of(w->account, w->in, &w->oauth, f);
	fail(f, AT_CONFIG, EX_CONFIG, "account %s logs in by no token: oauth is off", w->account->name);
	return failure_hint(f, HINT_LOGIN_OAUTH);
}

int login_secret(struct login_work *w, struct credential *secret, struct failure *f)
{
	if (token_secret(secret, w->account, f) < 0)
		return -1;
	w->request.account = w->account;
	w->request.oauth = &w->oauth;
	w->request.secret = secret->text ? secret->text : "";
	return 0;
}

static int check_urls(const struct login_work *w, struct failure *f)
{
	if (*w->oauth.device_url || *w->oauth.login_url)
		return 0;
	fail(f, AT_CONFIG, EX_CONFIG, "account %s: nothing says where somebody can log in", w->account->name);
	return failure_hint(f, HINT_LOGIN_URL);
}

static int check_terminal(const struct login_work *w, struct failure *f)
{
	char login[WORDS];

	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		return 0;
	login_words(login, sizeof login, w->account->name);
	fail(f, AT_USAGE, EX_USAGE, "--login needs somebody at a terminal, and standard %s is none", isatty(STDIN_FILENO) ? "error" : "input");
	return failure_hint(f, HINT_LOGIN_TERMINAL, login);
}

/* Root may log in for everybody, but the service whose folder it is could not read what root keeps there. */
static int not_ours(const struct login_work *w, struct failure *f)
{
	char login[WORDS], who[WORDS];
	const struct passwd *owner;
	struct stat st;

	if (geteuid() != 0 || !*w->account->oauth_state || stat(w->account->oauth_state, &st) < 0 || st.st_uid == 0)
		return -1;
	owner = getpwuid(st.st_uid);
	login_words(login, sizeof login, w->account->name);
	if (owner)
		snprintf(who, sizeof who, "%s", owner->pw_name);
	else
		snprintf(who, sizeof who, "#%lu", (unsigned long)st.st_uid); /* as sudo(8) takes it */
	failure_hint(f, HINT_LOGIN_OWNER, who, login);
	return -1;
}

/* A folder that cannot be written is told before somebody takes the trouble to log in. */
static int look_at_kept(const struct login_work *w, struct kept *k, struct failure *f)
{
	struct token_note note;
	struct token_file file;
	struct token_state s;

	if (token_file_open(&file, w->account, &w->oauth, f) < 0)
		return not_ours(w, f);
	*k = (struct kept){.instead = "", .path = arena_printf(w->in, "%s", file.path)};
	if (token_file_read(&file, &s, f) < 0) {
		token_file_close(&file);
		return -1;
	}
	/* RFC 6749 5.2: with invalid_grant the provider has refused the login itself. */
	token_note_read(&note, &file);
	k->login = *s.refresh && !(note.refused > s.obtained && strstr(note.words, "invalid_grant"));
	if (s.found == TOKEN_FOREIGN && s.keeps_login)
		k->instead = arena_printf(w->in, " in place of a login that was for another %s", s.differs ? s.differs : "version of mysend");
	token_state_free(&s);
	token_file_close(&file);
	return 0;
}

/* Without a refresh token it would be over within the hour. */
static int check_lasting(const struct login_work *w, const struct token_answer *got, struct failure *f)
{
	bool asked = strstr(w->oauth.scope, "offline_access") || w->oauth.maker == OAUTH_GOOGLE;

	if (*got->refresh)
		return 0;
	fail(f, AT_TOKEN, EX_NOPERM, "a token for %u s, and no login that lasts (no refresh_token): it is not kept", got->lasts);
	snprintf(f->relay, sizeof f->relay, "%s", w->oauth.host);
	return asked ? failure_hint(f, HINT_LOGIN_CLIENT) : failure_hint(f, HINT_LOGIN_OFFLINE);
}

/* Who has logged in only the relay can say. */
static void tell(const struct login_work *w, const struct kept *k, const char *word, bool refused)
{
	if (*word)
		printf("Logged in as %s. The relay takes it: %s\n", w->account->user, word);
	else if (refused)
		printf("%s has given a login, which the relay does not take: it is kept, since a permission may be on its way.\n", w->oauth.host);
	else
		printf("%s has given a login; the relay could not be asked whether it takes it.\n", w->oauth.host);
	printf("Kept in %s%s; renewed with every use", k->path, k->instead);
	if (w->oauth.idle_days)
		printf(", ends after %u days without any", w->oauth.idle_days);
	puts(".");
}

/* The relay is asked before anything is replaced: a login that works is not given up for one that the relay refuses (somebody else may
 * be logged in in the browser). Where there was none, the new one is kept: what is refused may be a permission that is still to come,
 * and a relay that is not reached says nothing about the login. */
static int keep(const struct login_work *w, const struct token_answer *got, const struct kept *k, struct failure *f)
{
	char word[LOGIN_WORD], text[1024];
	struct failure why;
	bool refused;
	int rc;

	if (token_lend(w->account, got, f) < 0)
		return -1;
	login_terminal_wipe(w->terminal);
	login_terminal_draw(w->terminal, "The provider has given a login; the relay is asked whether it takes it");
	rc = login_relay(w->account, w->request.tracer, word, &why);
	if (w->terminal->over || ending_asked())
		return login_is_over(f);
	refused = rc < 0 && why.stage == AT_LOGIN && !failure_is_temporary(&why);
	if (refused && k->login) {
		snprintf(text, sizeof text, "%s has given a login that the relay refuses. The one that was there stays; mysend --logout takes it away.", w->oauth.host);
		login_terminal_say(w->terminal, text);
		*f = why;
		return -1;
	}
	if (token_keep(w->account, &w->oauth, got, f) < 0)
		return -1;
	login_terminal_wipe(w->terminal);
	tell(w, k, word, refused);
	if (file_end_output(f) < 0)
		return -1;
	if (rc < 0)
		*f = why;
	return rc;
}

static int talk(struct login_work *w, bool verbose, struct failure *f)
{
	struct token_answer got;
	struct kept kept;
	int rc;

	if (check_terminal(w, f) < 0 || look_at_kept(w, &kept, f) < 0)
		return -1;
	vault_guard(); /* a code and tokens are about to be in memory */
	login_terminal_open(w->terminal, verbose);
	login_terminal_say(w->terminal, arena_printf(w->in, "Account %s: %s at %s, through %s.", w->account->name, w->account->user,
							*w->account->socket ? w->account->socket : w->account->host, w->oauth.host));
	rc = *w->oauth.device_url ? login_device(w, &got, f) : login_browser(w, &got, f);
	if (rc == 0)
		rc = check_lasting(w, &got, f);
	if (rc == 0)
		rc = keep(w, &got, &kept, f);
	token_answer_free(&got);
	login_terminal_close(w->terminal);
	return rc;
}

/* oauth client: nobody has to log in. That a token can be had, and is taken, is tried all the same. */
static int try_client(const struct login_work *w, const struct tracer *tracer, struct failure *f)
{
	char word[LOGIN_WORD];

	if (login_relay(w->account, tracer, word, f) < 0)
		return -1;
	printf("Account %s has oauth client: nobody has to log in. %s gives it a token, and the relay takes it: %s\n", w->account->name, w->oauth.host, word);
	return file_end_output(f);
}

/* --login */
int mode_login(const struct options *o, struct arena *run, struct failure *f)
{
	struct credential secret = {.text = NULL};
	struct login_terminal terminal;
	struct login_work w = {.in = run, .terminal = &terminal};
	struct trace trace;
	struct book book;
	int rc;

	if (login_account(&w, o, &book, f) < 0)
		return -1;
	w.request.tracer = trace_open(&trace, o);
	if (oauth_is_client(w.account)) {
		rc = try_client(&w, w.request.tracer, f);
	} else {
		trace.tracer.pace = NULL; /* the dialogue draws on the terminal */
		rc = check_urls(&w, f) < 0 || login_secret(&w, &secret, f) < 0 ? -1 : talk(&w, o->verbose, f);
	}
	credential_release(&secret);
	credential_wipe();
	trace_close(&trace);
	return rc < 0 ? -1 : EX_OK;
}
