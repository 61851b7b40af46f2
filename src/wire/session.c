#include "wire/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "conf/relay.h"
#include "conf/whoami.h"
#include "mail/offers.h"
#include "wire/facts.h"
#include "wire/inside.h"
#include "wire/memory.h"
#include "wire/pop.h"
#include "wire/token.h"

static size_t on_header(char *p, size_t size, size_t count, void *ctx)
{
	struct session *s = ctx;
	const struct transcript *t = &s->transcript;
	struct slice line = {p, size * count};

	if (s->transcript.encrypted && !curl_setup_is_encrypted(s->easy)) {
		fail(&s->heard, AT_TLS, EX_CONFIG, "libcurl %s went on without TLS", libcurl_version()->version);
		s->stopped = true;
		return 0;
	}
	if (transcript_heard(&s->transcript, line, &s->heard) < 0) {
		s->stopped = true;
		return 0;
	}
	facts_heard(s);
	if (transcript_is_offer(t)) {
		size_t text = line.len;

		/* libcurl 7.88 to 8.16 know STARTTLS and AUTH in upper case only (RFC 5321 2.4 knows no case), and read
		 * the line behind this call, from the same memory. Where one gives us a copy, tls_missed tells. */
		while (text && (p[text - 1] == '\n' || p[text - 1] == '\r'))
			text--;
		if (text > 4)
			caps_spell(p + 4, text - 4);
		/* A libcurl that is to log in must not see how before the session is encrypted, or a fault in it, or in
		 * how it was built, publishes the password. What is offered before TLS counts for nothing (RFC 3207 4.2). */
		if (text > 4 && !transcript_may_log_in(t) && slice_begins((struct slice){p + 4, text - 4}, "AUTH"))
			memset(p + 4, ' ', text - 4);
		if (t->whole)
			curl_setup_offered(s->easy, &s->login, &t->caps);
	}
	if (t->whole && line.len > 3)
		goodbye_cover(s, p);
	return line.len;
}

/* libcurl calls it about once a second while it connects. */
static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct session *s = ctx;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	session_pace(s, 0, 0);
	return curl_setup_must_end(s->easy);
}

static int on_debug(CURL *h, curl_infotype type, char *p, size_t len, void *ctx)
{
	struct session *s = ctx;

	limit_look(&s->limit, h);
	if (type == CURLINFO_TEXT)
		facts_debug(s, (struct slice){p, len});
	if (type == CURLINFO_HEADER_OUT) {
		transcript_said(&s->transcript, (struct slice){p, len});
		facts_said(s, (struct slice){p, len});
	}
	return 0;
}

static int listen_in(struct session *s, const struct account *a, struct failure *f)
{
	const struct login *login = &s->login;
	struct setopt taken = {0};
	CURL *h = s->easy;

	s->ehlo = whoami_ehlo(&s->arena, a);
	s->user = arena_printf(&s->arena, "%s", a->user);
	s->account = arena_printf(&s->arena, "%s", a->name);
	s->transcript.login = login->wanted;
	if (login->wanted) {
		mask_start(&s->mask);
		if (login->password.text)
			mask_password(&s->mask, a->user, login->password.text);
		s->transcript.mask = &s->mask;
	}
	s->transcript.clear_login = login->in_clear;
	s->transcript.demanded = curl_setup_use_ssl(a) == CURLUSESSL_ALL;
	s->transcript.encrypted = curl_setup_tls_from_start(a);
	setopt_took(&taken, curl_easy_setopt(h, CURLOPT_PRIVATE, (void *)a->host), SETTINGS);
	setopt_took(&taken, curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header), SETTINGS);
	setopt_took(&taken, curl_easy_setopt(h, CURLOPT_HEADERDATA, s), SETTINGS);
	setopt_took(&taken, curl_easy_setopt(h, CURLOPT_DEBUGFUNCTION, on_debug), SETTINGS);
	setopt_took(&taken, curl_easy_setopt(h, CURLOPT_DEBUGDATA, s), SETTINGS);
	setopt_took(&taken, curl_easy_setopt(h, CURLOPT_VERBOSE, 1L), SETTINGS); /* without it there is no debug function */
	setopt_took(&taken, curl_easy_setopt(h, CURLOPT_CONNECT_ONLY, 1L), SETTINGS);
	goodbye_prepare(s, a, &taken);
	facts_watch(s, &taken);
	setopt_took(&taken, curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L), SETTINGS);
	setopt_took(&taken, curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress), SETTINGS);
	setopt_took(&taken, curl_easy_setopt(h, CURLOPT_XFERINFODATA, s), SETTINGS);
	return setopt_done(&taken, f);
}

static void wipe_block(void *ctx, char *p, size_t len)
{
	mask_wipe(ctx, p, len);
}

/* libcurl keeps the password as long as the connection, to compare it with that of others, and the last line that it
 * sent. From here on it only passes octets on: neither is looked at again. */
static void forget_login(struct session *s)
{
	curl_setup_forget(s->easy);
	memory_visit(wipe_block, &s->mask);
	mask_settle(&s->mask);
}

static int connect_and_login(struct session *s, const struct account *a, struct failure *f)
{
	struct curl_slist *to = NULL;
	CURLcode code;
	int rc = -1;

	if (curl_setup_new(&s->easy, a, curl_setup_use_ssl(a), curl_setup_tls_from_start(a), s->words, f) < 0 || curl_setup_login(s->easy, a, s->transcript.tracer, &s->login, f) < 0)
		return -1;
	if (listen_in(s, a, f) == 0 && curl_setup_address(s->easy, &s->arena, a, s->ehlo, &to, f) == 0) {
		limit_start(&s->limit, a);
		code = libcurl.easy_perform(s->easy);
		s->limit.until = INT64_MAX;
		facts_collect(s);
		s->opened = code == CURLE_OK && curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &s->socket) == CURLE_OK;
		if (code != CURLE_OK || s->refused)
			rc = explain_open(s, a, code != CURLE_OK ? code : CURLE_LOGIN_DENIED, f);
		else
			rc = explain_opened(s, a, f);
	}
	if (rc == 0 && s->login.wanted)
		forget_login(s);
	(void)curl_easy_setopt(s->easy, CURLOPT_CONNECT_TO, NULL);
	libcurl.slist_free_all(to);
	if (rc == 0 && !s->opened)
		rc = fail(f, AT_CONNECT, EX_SOFTWARE, "libcurl has no socket for the session");
	return rc;
}

static void ignore_offers(struct session *s, const struct account *a)
{
	unsigned offers;

	(void)!offers_parse(slice_of(a->ignore_offers), &offers);
	session_forgo(s, offers);
	if (offers & OFFER_SIZE)
		s->transcript.caps.size_limit = 0;
}

/* What the relay thinks of the token. True: it was refused, and another is worth one try. */
static bool judge_token(const struct session *s, const struct account *a, int rc, const struct failure *f)
{
	if (s->login.token <= TOKEN_OF_COMMAND)
		return false;
	if (rc == 0)
		token_proved(a, s->login.password.handle);
	return rc < 0 && f->refuses_token && token_refused(a, s->login.password.handle);
}

static int open_once(struct session **out, const struct account *a, const struct tracer *w, bool *again, struct failure *f)
{
	struct session *s = calloc(1, sizeof *s);
	int rc;

	*again = false;
	if (!s)
		return fail(f, AT_CONNECT, EX_OSERR, "no memory for a session");
	account_relay(a, s->relay, sizeof s->relay);
	s->transcript.tracer = w;
	if (w && w->facts)
		facts_start(w->facts);
	buf_start(&s->in, ANSWERS_MAX);
	rc = *a->pop_before_smtp ? pop_visit(a, f) : 0;
	if (rc == 0) {
		rc = connect_and_login(s, a, f);
		*again = judge_token(s, a, rc, f);
		credential_release(&s->login.password); /* libcurl and the mask have copies, which they wipe */
		if (rc < 0 && stage_is_remote(f->stage) && f->stage != AT_TOKEN) /* that one names the provider of tokens */
			session_name(s, f);
	}
	if (rc < 0) {
		session_close(s, true);
		return -1;
	}
	s->transcript.caps.host = *a->host ? a->host : NULL;
	ignore_offers(s, a);
	*out = s;
	return 0;
}

int session_open(struct session **out, const struct account *a, const struct tracer *w, struct failure *f)
{
	struct failure why;
	bool again;
	int rc = open_once(out, a, w, &again, &why);

	if (rc < 0 && again) { /* once: a relay that refuses a token which was fetched just now will refuse the next as well */
		log_debug("account %s: the relay refuses the token; once more with another: %s", a->name, why.text);
		rc = open_once(out, a, w, &again, &why);
	}
	if (rc < 0)
		*f = why;
	return rc;
}

int session_secret(const struct account *a, struct credential *password, bool *wanted, struct failure *f)
{
	return curl_setup_secret(a, password, wanted, f);
}

bool session_is_local(const struct account *a)
{
	return curl_setup_is_local(a);
}

bool session_tls_first(const struct account *a)
{
	return curl_setup_tls_from_start(a);
}

const struct caps *session_caps(const struct session *s)
{
	return &s->transcript.caps;
}

size_t session_written(const struct session *s)
{
	return s->written;
}

struct past session_past(const struct session *s)
{
	return s->past;
}

void session_remember(struct session *s, struct past past)
{
	s->past = past;
}

void session_forgo(struct session *s, unsigned offers)
{
	caps_forgo(&s->transcript.caps, offers);
}

void session_name(const struct session *s, struct failure *f)
{
	const struct transcript *t = &s->transcript;
	bool in = f->stage == AT_LOGIN || (f->stage > AT_LOGIN && t->authenticated);

	snprintf(f->relay, sizeof f->relay, "%s", s->relay);
	snprintf(f->ehlo, sizeof f->ehlo, "%s", t->said != SAID_NOTHING ? s->ehlo : "");
	snprintf(f->user, sizeof f->user, "%s", in && s->login.wanted ? s->user : "");
	f->token = in && s->login.wanted ? s->login.token : NO_TOKEN;
	snprintf(f->account, sizeof f->account, "%s", s->account ? s->account : "");
}

const char *session_relay(const struct session *s)
{
	return s->relay;
}

bool session_is_encrypted(const struct session *s)
{
	return s->transcript.encrypted;
}

bool session_is_authenticated(const struct session *s)
{
	return s->transcript.authenticated;
}
