#include "wire/token.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/system_log.h"
#include "conf/known.h"
#include "conf/token_note.h"
#include "conf/whoami.h"
#include "wire/facts.h"
#include "wire/token_request.h"

/* LOCK_MS: the other process may ask its provider twice. JUST_NOW: seconds. */
enum { LOCK_MS = 70 * 1000, JUST_NOW = 60 };

/* A token is looked for: by whom, and where. */
struct fetch {
	const struct account *account;
	const struct tracer *tracer;
	struct search *search;
	struct oauth oauth;
	struct arena arena;
	struct credential secret;
	struct credential unkept; /* a login that could not be written, and is newer than the one in the file */
	struct token_file file;
	bool has_file; /* there is a file to read and to write */
	bool searched;
	struct token_facts facts; /* of the exchange, if there was one */
};

/* The failure is the provider's, though it has not been asked. */
static int at_provider(const struct fetch *t, int exit, struct failure *f)
{
	f->stage = AT_TOKEN;
	f->exit = exit;
	snprintf(f->relay, sizeof f->relay, "%s", t->oauth.host);
	return -1;
}

static void warn(const char *what, const struct failure *f)
{
	log_warning("%s: %s%s%s", what, f->text, *f->hint ? "; hint: " : "", f->hint);
}

static bool is_fresh(const struct known_facts *k, time_t now)
{
	const struct token_state s = {.access = "-", .obtained = k->obtained, .expires = k->expires};

	return token_state_is_fresh(&s, now);
}

static int found(struct fetch *t, const char *text, time_t obtained, time_t expires, bool fetched, struct failure *f)
{
	t->search->facts = (struct known_facts){.obtained = obtained, .expires = expires, .fetched = fetched};
	if (known_keep(t->search, slice_of(text)) < 0)
		return fail(f, AT_CONFIG, EX_CONFIG, "no locked memory for the token");
	log_debug("account %s: the token %s, good for %lld s", t->account->name, fetched ? "was fetched" : "is the one in its file", (long long)(expires - clock_wall()));
	return 0;
}

/* 1: the token in the file will do, and was taken. Without a file that can be read, the state is empty. */
static int look_into_file(struct fetch *t, struct token_state *s, struct failure *f)
{
	*s = (struct token_state){.access = "", .refresh = ""};
	if (!t->has_file)
		return 0;
	if (token_file_read(&t->file, s, f) < 0)
		return -1;
	if (!*s->access || !token_state_is_fresh(s, clock_wall()) || (t->search->refused && strcmp(s->access, t->search->refused) == 0))
		return 0;
	return found(t, s->access, s->obtained, s->expires, false, f) < 0 ? -1 : 1;
}

/* There is nobody's login to renew. */
static int no_login(const struct fetch *t, const struct token_state *s, struct failure *f)
{
	const char *account = t->account->name;
	struct arena scratch = {.block = NULL};
	char again[120];

	login_words(again, sizeof again, account);
	if (s->found == TOKEN_FOREIGN)
		fail(f, AT_TOKEN, EX_NOPERM, "the login in %s is of another configuration (another %s)", t->file.path, s->differs ? s->differs : "version of mysend");
	else if (s->found == TOKEN_DAMAGED)
		fail(f, AT_TOKEN, EX_NOPERM, "%s is damaged", t->file.path);
	else
		fail(f, AT_TOKEN, EX_NOPERM, "nobody has logged in for the account %s yet", account);
	at_provider(t, EX_NOPERM, f);
	failure_hint(f, HINT_OAUTH_NO_LOGIN, whoami_user(&scratch), again);
	arena_free(&scratch);
	return -1;
}

static int renew(struct fetch *t, const struct token_request *r, struct token_state *s, struct token_answer *got, struct failure *f)
{
	struct token_state again;
	struct failure why, unused;
	const char *login;
	int rc;

	known_look(&t->unkept, t->account, KNOWN_LOGIN);
	login = t->unkept.text ? t->unkept.text : s->refresh;
	if (!*login)
		return no_login(t, s, f);
	rc = token_request_refresh(r, login, got, &why);
	/* Whoever has put another login there meanwhile, without the lock: a backup, or another host. */
	if (rc < 0 && strcmp(got->error, "invalid_grant") == 0 && token_file_read(&t->file, &again, &unused) == 0) {
		if (*again.refresh && strcmp(again.refresh, login) != 0) {
			token_answer_free(got);
			credential_release(&t->unkept);
			rc = token_request_refresh(r, again.refresh, got, &why);
		}
		token_state_free(&again);
	}
	if (rc < 0)
		*f = why;
	return rc;
}

/* Nobody may look at the standard error of cron or of a daemon: it goes to syslog as well, unless a setting says off. */
static void shout(const struct account *a, const char *what, const struct failure *f)
{
	char text[2000], shown[2000];

	warn(what, f);
	if (a->origin[SET_syslog].rank != RANK_DEFAULT && setting_is(a, SET_syslog, "off"))
		return;
	snprintf(text, sizeof text, "account %s: %s: %s%s%s", a->name, what, f->text, *f->hint ? "; hint: " : "", f->hint);
	slice_printable(shown, sizeof shown, slice_of(text));
	system_log("mysend", LOG_MAIL | LOG_ERR, shown);
}

/* What cannot be written is told, and the token is used. */
static void keep(struct fetch *t, const struct token_answer *got, const struct token_state *old, time_t now)
{
	bool client = oauth_is_client(t->account); /* who needs no refresh token, though some give one all the same (RFC 6749 4.4.3) */
	const char *refresh = client ? "" : *got->refresh || !t->unkept.text ? got->refresh : t->unkept.text; /* "": the one in the file stays */
	const struct token_state new = {.access = got->access, .refresh = refresh, .obtained = now, .expires = now + (time_t)got->lasts, .logged_in = old->logged_in};
	const struct known_facts none = {.obtained = now};
	struct failure f;

	if (!t->has_file)
		return;
	if (token_file_write(&t->file, &new, &f) == 0) {
		known_drop(t->account, KNOWN_LOGIN);
	} else if (*refresh) {
		shout(t->account, "the new login could not be kept, and the next run may need another one", &f);
		(void)!known_put(t->account, KNOWN_LOGIN, slice_of(refresh), &none, &f);
	} else {
		warn("the token is not kept, and each run fetches another", &f);
	}
}

static int exchange(struct fetch *t, struct token_state *s, struct failure *f)
{
	const struct token_request r = {t->account, &t->oauth, t->secret.text ? t->secret.text : "", t->tracer};
	struct token_answer got = {.access = "", .refresh = "", .error = ""};
	int64_t began = clock_steady();
	time_t now;
	int rc;

	rc = oauth_is_client(t->account) ? token_request_client(&r, &got, f) : renew(t, &r, s, &got, f);
	if (rc == 0) {
		now = clock_wall();
		t->facts = (struct token_facts){.ms = clock_steady() - began, .dated = got.dated, .skew = got.skew};
		keep(t, &got, s, now);
		rc = found(t, got.access, now, now + (time_t)got.lasts, true, f);
	}
	token_answer_free(&got);
	credential_release(&t->unkept);
	return rc;
}

/* A client needs no file: what is wrong with it is told. A login is in it. */
static int without_file(struct fetch *t, const struct failure *why, struct failure *f)
{
	if (!oauth_is_client(t->account)) {
		*f = *why;
		return f->exit == EX_TEMPFAIL ? at_provider(t, EX_TEMPFAIL, f) : -1;
	}
	warn("the token is not kept, and each run fetches another", why);
	if (t->has_file)
		token_file_close(&t->file);
	t->has_file = false;
	return 0;
}

/* Behind the lock another process may have fetched one. */
static int fetch_locked(struct fetch *t, struct failure *f)
{
	struct token_state s = {.access = "", .refresh = ""};
	struct failure why;
	int rc = 0;

	/* As long as another process asks the provider, or does not get an answer, there is no use in asking it, too. */
	if (t->has_file && token_file_lock(&t->file, LOCK_MS, &why) < 0) {
		if (why.exit == EX_TEMPFAIL) {
			*f = why;
			return at_provider(t, EX_TEMPFAIL, f);
		}
		rc = without_file(t, &why, f);
	}
	if (rc == 0 && (rc = look_into_file(t, &s, &why)) < 0)
		rc = without_file(t, &why, f);
	if (rc == 0) {
		rc = exchange(t, &s, f);
		if (rc < 0 && t->has_file && f->stage == AT_TOKEN && f->hint_id != HINT_OAUTH_NO_LOGIN)
			token_note_write(&t->file, clock_wall(), f);
	}
	token_state_free(&s);
	return rc < 0 ? -1 : 0;
}

static int look(struct fetch *t, struct failure *f)
{
	struct token_state s = {.access = "", .refresh = ""};
	struct failure why;
	int rc;

	t->has_file = token_file_open(&t->file, t->account, &t->oauth, &why) == 0;
	rc = t->has_file ? look_into_file(t, &s, &why) : -1;
	token_state_free(&s);
	if (rc < 0)
		rc = without_file(t, &why, f);
	/* The secret is looked for without the lock: a command may wait for a person. */
	if (rc == 0 && token_secret(&t->secret, t->account, f) < 0)
		rc = -1;
	if (rc == 0)
		rc = fetch_locked(t, f);
	if (t->has_file)
		token_file_close(&t->file);
	credential_release(&t->secret);
	return rc < 0 ? -1 : 0;
}

static int search(struct search *s, void *ctx, struct failure *f)
{
	struct fetch *t = ctx;
	int rc = -1;

	t->search = s;
	t->searched = true;
	if (oauth_of(t->account, &t->arena, &t->oauth, f) == 0) {
		rc = look(t, f);
		snprintf(t->facts.host, sizeof t->facts.host, "%s", t->oauth.host);
	}
	arena_free(&t->arena);
	return rc;
}

/* For --probe. */
static void tell_facts(const struct fetch *t, unsigned handle)
{
	struct token_facts *to = t->tracer && t->tracer->facts ? &t->tracer->facts->token : NULL;
	struct known_facts k;

	if (!to || !known_facts_of(t->account, KNOWN_TOKEN, handle, &k))
		return;
	*to = t->facts;
	to->taken = true;
	to->fetched = t->searched && k.fetched;
	to->lasts = k.expires - clock_wall();
	if (!to->fetched)
		to->ms = -1;
}

int token_take(struct credential *out, const struct account *a, const struct tracer *w, struct failure *f)
{
	enum { TIMES = 3 };
	struct fetch t = {.account = a, .tracer = w};
	struct known_facts facts;

	for (unsigned i = 0; i < TIMES; i++) {
		if (known_take(out, a, KNOWN_TOKEN, search, &t, f) < 0)
			return -1;
		/* One that another thread has found, or that was found an hour ago. */
		if (t.searched || !known_facts_of(a, KNOWN_TOKEN, out->handle, &facts) || is_fresh(&facts, clock_wall()) || i + 1 == TIMES)
			break;
		known_drop_text(a, KNOWN_TOKEN, out->handle);
		credential_release(out);
	}
	if (!out->text)
		return fail(f, AT_CONFIG, EX_SOFTWARE, "the token was wiped after the last login");
	tell_facts(&t, out->handle);
	return 0;
}

bool token_refused(const struct account *a, unsigned handle)
{
	time_t now = clock_wall();
	struct known_facts k;

	if (!known_facts_of(a, KNOWN_TOKEN, handle, &k))
		return true; /* another thread has dropped it, or has a newer one */
	if ((k.fetched && !k.proved) || (k.obtained <= now && now - k.obtained < JUST_NOW)) {
		known_drop_text(a, KNOWN_TOKEN, handle); /* who is asked later takes it out of the file, when it is old enough to be fetched anew */
		return false;
	}
	known_refuse(a, KNOWN_TOKEN, handle);
	return true;
}

void token_proved(const struct account *a, unsigned handle)
{
	known_prove(a, KNOWN_TOKEN, handle);
}

int token_secret(struct credential *out, const struct account *a, struct failure *f)
{
	struct arena scratch = {.block = NULL};
	struct oauth o;
	int rc = 0;

	*out = (struct credential){NULL, 0};
	if (*a->oauth_assertion_command)
		return 0;
	if (credential_take(out, a, f) < 0)
		return -1;
	if (out->text || !oauth_is_client(a))
		return 0;
	rc = oauth_of(a, &scratch, &o, f);
	if (rc == 0) {
		fail(f, AT_CONFIG, EX_CONFIG, "there is no secret for the client %s", a->oauth_client_id);
		rc = failure_hint(f, HINT_CLIENT_SECRET, o.host, a->netrc);
	}
	arena_free(&scratch);
	return rc;
}

int token_lend(const struct account *a, const struct token_answer *got, struct failure *f)
{
	time_t now = clock_wall();
	const struct known_facts facts = {.obtained = now, .expires = now + (time_t)got->lasts, .fetched = true};

	return known_put(a, KNOWN_TOKEN, slice_of(got->access), &facts, f);
}

int token_keep(const struct account *a, const struct oauth *o, const struct token_answer *got, struct failure *f)
{
	time_t now = clock_wall();
	const struct token_state s = {.access = got->access, .refresh = got->refresh, .obtained = now, .expires = now + (time_t)got->lasts, .logged_in = now};
	struct token_file file;
	int rc;

	if (token_file_open(&file, a, o, f) < 0)
		return -1;
	file.replaces = true;
	rc = token_file_lock(&file, LOCK_MS, f) < 0 || token_file_write(&file, &s, f) < 0 ? -1 : 0;
	token_file_close(&file);
	known_drop(a, KNOWN_LOGIN);
	return rc;
}
