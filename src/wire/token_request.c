#include "wire/token_request.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "conf/credential.h"
#include "wire/http.h"
#include "wire/libjansson.h"
#include "wire/mask.h"
#include "wire/token_fault.h"

/* PIECE: octets of a secret that an answer does not have by chance. Shorter ones may be words, as "secret" in "the-secret-of-host7". */
enum { SHOWN = 1500, PIECE = 12 };

/* A request while it is put together: the form, how it is shown, and what of it no answer may repeat. */
struct asking {
	const struct token_request *r;
	enum token_grant grant;
	const char *url;
	struct private form;
	struct mask mask;
	char shown[SHOWN];
	size_t used;
	bool failed;
	struct failure *f;
};

static void show(struct asking *q, const char *name, const char *value)
{
	char printable[400];

	slice_printable(printable, sizeof printable, slice_of(value));
	if (q->used < sizeof q->shown)
		q->used += (size_t)snprintf(q->shown + q->used, sizeof q->shown - q->used, " %s%s%s", name, *name ? "=" : "", printable);
}

static struct asking begin(const struct token_request *r, enum token_grant grant, const char *url, struct failure *f)
{
	struct asking q = {.r = r, .grant = grant, .url = url, .f = f};

	q.used = (size_t)snprintf(q.shown, sizeof q.shown, "POST");
	show(&q, "", url);
	mask_start(&q.mask);
	q.mask.least = PIECE;
	q.failed = http_form_start(&q.form, f) < 0;
	return q;
}

static void add(struct asking *q, const char *name, const char *value)
{
	q->failed = q->failed || http_form_add(&q->form, name, value, q->f) < 0;
	if (*value)
		show(q, name, value);
}

static void hide(struct asking *q, const char *text)
{
	for (size_t at = 0, len = strlen(text); at < len; at += MASK_TEXT_MOST)
		mask_password(&q->mask, "", text + at);
}

/* An answer may repeat it as it is, or as it stands in the form. */
static void add_secret(struct asking *q, const char *name, const char *value)
{
	const char *escaped;

	q->failed = q->failed || http_form_add(&q->form, name, value, q->f) < 0;
	if (!*value)
		return;
	show(q, name, "****");
	hide(q, value);
	escaped = q->failed ? NULL : strrchr(q->form.buf.p, '=');
	if (escaped && strcmp(escaped + 1, value) != 0)
		hide(q, escaped + 1);
}

/* Some providers repeat in an error what they were shown, and it would go to the log, the spool, and into a bounce. */
static void mask(struct asking *q, char *text, size_t room)
{
	char line[MASK_ANSWER];
	size_t len = strlen(text);

	len = len < sizeof line ? len : sizeof line;
	memcpy(line, text, len);
	len = mask_line(&q->mask, line, len, true);
	snprintf(text, room, "%.*s", (int)len, line);
	explicit_bzero(line, sizeof line);
}

/* What oauth_assertion_command prints: the JWT that stands in the place of a secret. */
static void add_assertion(struct asking *q, const char *name)
{
	const struct account *a = q->r->account;
	struct private p;
	struct slice line;

	if (q->failed)
		return;
	q->failed = credential_command(&p, a, SET_oauth_assertion_command, a->oauth_assertion_command, "signed statement", q->f) < 0;
	if (!q->failed) {
		line = private_line(&p);
		p.buf.p[(size_t)(line.p - p.buf.p) + line.len] = '\0';
		add_secret(q, name, line.p);
	}
	private_free(&p);
}

/* In the body: what all of these providers take (RFC 6749 2.3.1). */
static void add_client(struct asking *q)
{
	add(q, "client_id", q->r->oauth->client_id);
	if (*q->r->account->oauth_assertion_command) {
		add(q, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
		add_assertion(q, "client_assertion");
	} else {
		add_secret(q, "client_secret", q->r->secret);
	}
}

static void tell(const struct asking *q, char way, const char *text)
{
	const struct tracer *w = q->r->tracer;

	if (w && w->line)
		w->line(w->ctx, way, slice_of(text));
}

static void tell_answer(struct asking *q, const struct token_answer *a)
{
	char text[2 * TOKEN_WORDS + 100];

	if (*a->error)
		snprintf(text, sizeof text, "%d %s%s%s", a->status, a->error, *a->description ? " " : "", a->description);
	else if (*a->access)
		snprintf(text, sizeof text, "%d, a token for %u s%s%s", a->status, a->lasts, a->lasts_said ? "" : ", which is a guess", *a->refresh ? ", and one to renew it" : "");
	else if (*a->device_code)
		snprintf(text, sizeof text, "%d, a code for %u s", a->status, a->lasts);
	else
		snprintf(text, sizeof text, "%d", a->status);
	if (*a->error) /* the other words are ours */
		mask(q, text, sizeof text);
	tell(q, '<', text);
}

static int at_provider(const struct asking *q)
{
	if (q->f->stage == AT_TOKEN)
		snprintf(q->f->relay, sizeof q->f->relay, "%s", q->r->oauth->host);
	return -1;
}

/* An error that is an answer: not yet (RFC 8628 3.5), or gone already (RFC 7009 2.2 has 200 for that; Google has an error). */
static bool is_fine(enum token_grant grant, const char *error)
{
	if (grant == GRANT_POLL)
		return strcmp(error, "authorization_pending") == 0 || strcmp(error, "slow_down") == 0;
	return grant == GRANT_REVOKE && strcmp(error, "invalid_token") == 0;
}

static int hear(struct asking *q, enum token_wanted wanted, const struct http_answer *got, struct token_answer *out)
{
	int rc = token_answer_read(out, got->status, buf_slice_of(&got->body.buf), wanted, q->f);

	out->skew = got->skew;
	out->dated = got->dated;
	tell_answer(q, out);
	if (rc == 0 && *out->error && !is_fine(q->grant, out->error)) {
		rc = token_fault(out, q->grant, q->r->account, q->r->oauth, q->f);
		mask(q, q->f->text, sizeof q->f->text);
	}
	return rc < 0 ? at_provider(q) : 0;
}

static int ask(struct asking *q, enum token_wanted wanted, struct token_answer *out)
{
	struct http_answer got = {.status = 0};
	int rc = -1;

	*out = (struct token_answer){.access = "", .refresh = "", .error = "", .description = ""};
	private_start(&out->text, 0);
	/* What reads the answer is loaded before the request goes out: else a refresh token that is good once could be spent, and the
	 * next one not be read. */
	if (!q->failed && libjansson_start(q->f) < 0)
		q->failed = at_provider(q) < 0;
	if (!q->failed) {
		tell(q, '>', q->shown);
		rc = http_post(q->r->account, q->url, &q->form, q->grant == GRANT_REFRESH ? HTTP_MUST_HEAR : HTTP_MAY_END, q->r->tracer, &got, q->f);
	}
	private_free(&q->form);
	if (rc == 0)
		rc = hear(q, wanted, &got, out);
	mask_free(&q->mask);
	http_answer_free(&got);
	return rc;
}

int token_request_client(const struct token_request *r, struct token_answer *out, struct failure *f)
{
	bool assertion = *r->account->oauth_assertion_command;
	struct asking q = begin(r, assertion ? GRANT_ASSERTION : GRANT_CLIENT, r->oauth->token_url, f);

	if (assertion && r->oauth->maker == OAUTH_GOOGLE) {
		add(&q, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
		add_assertion(&q, "assertion");
	} else {
		add(&q, "grant_type", "client_credentials");
		add_client(&q);
		add(&q, "scope", r->oauth->scope);
	}
	return ask(&q, ANSWER_TOKEN, out);
}

int token_request_refresh(const struct token_request *r, const char *refresh, struct token_answer *out, struct failure *f)
{
	struct asking q = begin(r, GRANT_REFRESH, r->oauth->token_url, f);

	add(&q, "grant_type", "refresh_token");
	add_client(&q);
	add_secret(&q, "refresh_token", refresh);
	if (r->oauth->maker == OAUTH_MICROSOFT) /* whose refresh tokens are for all that the user has allowed */
		add(&q, "scope", r->oauth->scope);
	return ask(&q, ANSWER_TOKEN, out);
}

int token_request_code(const struct token_request *r, const char *code, const char *redirect_uri, const char *verifier,
		       struct token_answer *out, struct failure *f)
{
	struct asking q = begin(r, GRANT_CODE, r->oauth->token_url, f);

	add(&q, "grant_type", "authorization_code");
	add_client(&q);
	add_secret(&q, "code", code);
	add(&q, "redirect_uri", redirect_uri);
	add_secret(&q, "code_verifier", verifier);
	return ask(&q, ANSWER_TOKEN, out);
}

int token_request_device(const struct token_request *r, const char *challenge, struct token_answer *out, struct failure *f)
{
	struct asking q = begin(r, GRANT_DEVICE, r->oauth->device_url, f);

	add_client(&q);
	add(&q, "scope", r->oauth->scope);
	add(&q, "code_challenge", challenge);
	add(&q, "code_challenge_method", *challenge ? "S256" : "");
	return ask(&q, ANSWER_DEVICE, out);
}

int token_request_device_poll(const struct token_request *r, const char *device_code, const char *verifier,
			      struct token_answer *out, struct failure *f)
{
	struct asking q = begin(r, GRANT_POLL, r->oauth->token_url, f);

	add(&q, "grant_type", "urn:ietf:params:oauth:grant-type:device_code");
	add_client(&q);
	add_secret(&q, "device_code", device_code);
	add_secret(&q, "code_verifier", verifier);
	return ask(&q, ANSWER_TOKEN, out);
}

int token_request_revoke(const struct token_request *r, const char *token, struct token_answer *out, struct failure *f)
{
	struct asking q = begin(r, GRANT_REVOKE, r->oauth->revoke_url, f);

	add_secret(&q, "token", token);
	/* Without a hint of what it is (RFC 7009 2.1): it may be either, and who is told wrong finds none, and says 200. */
	if (r->oauth->maker != OAUTH_GOOGLE) /* who takes the token alone */
		add_client(&q);
	return ask(&q, ANSWER_REVOKED, out);
}
