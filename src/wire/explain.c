/* Why libcurl did not open a session, in the words of whoever knows: the relay, libcurl, or what was heard on the way. Hints for which
 * the words of an answer are enough are post/hint's; here are those that need the account, the connection or the certificate. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "wire/certificate.h"
#include "wire/inside.h"

enum { LINE = 300, SUBMISSION = 587, SUBMISSIONS = 465 };

/* The session ends where the relay offered STARTTLS and libcurl did not see it: otherwise all would go in clear text. */
static int check_offer(const struct session *s, const struct account *a, struct failure *f)
{
	char line[LINE];

	if (curl_setup_use_ssl(a) == CURLUSESSL_NONE || !transcript_tls_missed(&s->transcript))
		return 0;
	curl_setup_line(line, sizeof line, a, true, SUBMISSIONS);
	fail(f, AT_TLS, EX_UNAVAILABLE, "the relay offers STARTTLS, but libcurl %s does not see it",
	     libcurl_version()->version);
	return failure_hint(f, HINT_STARTTLS_UNSEEN, line);
}

/* Checks what TLS the connection has, not what libcurl was asked for. */
static int check_tls(const struct session *s, const struct account *a, struct failure *f)
{
	if (check_offer(s, a, f) < 0)
		return -1;
	if (s->transcript.encrypted || (curl_setup_use_ssl(a) != CURLUSESSL_ALL && !curl_setup_tls_from_start(a)))
		return 0;
	return fail(f, AT_TLS, EX_CONFIG, "libcurl %s has not encrypted the session", libcurl_version()->version);
}

static bool takes(const char *ours, struct slice mechanism)
{
	for (const char *at = ours ? strstr(ours, "AUTH=") : NULL; at; at = strstr(at, "AUTH=")) {
		at += 5;
		if (strcspn(at, ";") == mechanism.len && memcmp(at, mechanism.p, mechanism.len) == 0)
			return true;
	}
	return false;
}

/* "AUTH=PLAIN;AUTH=LOGIN" as "PLAIN LOGIN" */
static const char *list_of(char to[static LINE], const char *ours)
{
	size_t used = 0;

	for (; *ours && used + 1 < LINE; ours++)
		if (strncmp(ours, "AUTH=", 5) == 0)
			ours += 4;
		else
			to[used++] = *ours == ';' ? ' ' : *ours;
	to[used] = '\0';
	return to;
}

/* The relay and we have no mechanism in common: what is to change depends on which ones these are. */
static int no_mechanism(const struct session *s, const struct account *a, struct failure *f)
{
	const struct transcript *t = &s->transcript;
	bool password = caps_auth(&t->caps, SLICE("PLAIN")) || caps_auth(&t->caps, SLICE("LOGIN"));
	bool bearer = caps_auth(&t->caps, SLICE("OAUTHBEARER")), xoauth2 = caps_auth(&t->caps, SLICE("XOAUTH2"));
	char line[LINE], word[40];

	fail(f, AT_LOGIN, EX_NOPERM, "no way to log in that both sides know: the relay offers AUTH %s, and we %s", t->caps.auth,
	     list_of(line, s->login.ours ? s->login.ours : ""));
	if (s->login.in_clear && !s->login.token && password && !takes(s->login.ours, SLICE("PLAIN")) && (setting_is(a, SET_auth, "auto") || setting_is(a, SET_auth, "on")))
		return failure_hint(f, HINT_AUTH_IN_CLEAR);
	snprintf(word, sizeof word, "%s", xoauth2 ? "xoauth2" : "oauthbearer");
	if (s->login.token > TOKEN_OF_COMMAND && !bearer && !xoauth2)
		return failure_hint(f, HINT_AUTH_NO_TOKENS);
	if (s->login.token > TOKEN_OF_COMMAND && !setting_is(a, SET_auth, "auto"))
		return failure_hint(f, HINT_AUTH_LEAVE_OUT);
	if (!s->login.token && !password && (bearer || xoauth2))
		return failure_hint(f, HINT_AUTH_TOKENS, word);
	if (!setting_is(a, SET_auth, "auto") && password)
		return failure_hint(f, HINT_AUTH_LEAVE_OUT);
	if (curl_setup_could(slice_of(t->caps.auth), word, sizeof word))
		return failure_hint(f, HINT_AUTH_NAMED, word);
	return failure_hint(f, HINT_AUTH_OFFERED, t->caps.auth);
}

static int check_login(const struct session *s, const struct account *a, struct failure *f)
{
	const struct transcript *t = &s->transcript;
	char line[LINE];

	if (!t->login || t->authenticated)
		return 0;
	if (*t->caps.auth)
		return no_mechanism(s, a, f);
	fail(f, AT_LOGIN, EX_NOPERM, "the relay offers no login (AUTH), but the account has one");
	if (!t->encrypted)
		return failure_hint(f, HINT_AUTH_TLS);
	if (a->port == SUBMISSION || a->port == SUBMISSIONS)
		return failure_hint(f, HINT_AUTH_NONE, a->host);
	curl_setup_line(line, sizeof line, a, false, SUBMISSION);
	return failure_hint(f, HINT_AUTH_PORT, line);
}

int explain_opened(const struct session *s, const struct account *a, struct failure *f)
{
	return check_tls(s, a, f) < 0 ? -1 : check_login(s, a, f);
}

/* "a word": the value of a field of a JSON object that has texts only, as far as it can be read. */
static bool json_value(const char *object, const char *name, char *to, size_t room)
{
	char quoted[40];
	const char *at;

	snprintf(quoted, sizeof quoted, "\"%s\"", name);
	for (at = strstr(object, quoted); at; at = strstr(at, quoted)) {
		at += strlen(quoted);
		at += strspn(at, " ");
		if (*at++ != ':')
			continue;
		at += strspn(at, " ");
		if (*at != '"' || !strchr(at + 1, '"'))
			return false;
		at++;
		slice_printable(to, room, (struct slice){at, strcspn(at, "\"")});
		return *to;
	}
	return false;
}

/* The relay refuses the token itself, so that another one may do; not the mailbox by a rule of its tenant's (535 5.7.139), and nothing else
 * about us. */
static bool refuses_token(const struct failure *f)
{
	bool ends = strcmp(f->enhanced, "5.5.127") == 0; /* Exchange: it ends soon */

	return f->stage == AT_LOGIN && (f->code == 535 || ends) && strcmp(f->enhanced, "5.7.139") != 0;
}

static int hint_of_scope(const struct session *s, const struct account *a, struct failure *f)
{
	char scope[160], again[120];

	if (!json_value(s->transcript.why_token, "scope", scope, sizeof scope))
		return -1;
	login_words(again, sizeof again, a->name);
	if (s->login.token == TOKEN_OF_CLIENT)
		return failure_hint(f, HINT_SCOPE_CLIENT, scope, s->user);
	if (s->login.token == TOKEN_OF_LOGIN)
		return failure_hint(f, HINT_SCOPE_LOGIN, scope, s->user, again);
	return failure_hint(f, HINT_TOKEN_SCOPE, scope);
}

static bool is_refused(const struct transcript *t)
{
	return t->refusal.code && t->refused_at == AT_LOGIN;
}

/* The login with a token was refused: behind 334 and a reason in JSON (RFC 7628 3.2.2; XOAUTH2's says a status of HTTP), or at once. What
 * comes after the reason, if anything, is the answer. */
static int explain_token(const struct session *s, const struct account *a, struct failure *f)
{
	const struct transcript *t = &s->transcript;
	char status[40] = "";

	if (is_refused(t)) {
		reply_failure(&t->refusal, AT_LOGIN, EX_NOPERM, f);
		f->refuses_token = refuses_token(f);
	} else {
		(void)json_value(t->why_token, "status", status, sizeof status);
		if (*status == '5')
			return fail(f, AT_LOGIN, EX_TEMPFAIL, "the relay cannot check the login just now: 334 %s", t->why_token);
		fail(f, AT_LOGIN, EX_NOPERM, "the relay does not take the login: 334 %s", *t->why_token ? t->why_token : t->reply.text);
		f->refuses_token = true;
	}
	return f->refuses_token ? hint_of_scope(s, a, f) : -1;
}

static const char *day(char to[static 40], const char *word, time_t when)
{
	struct tm broken;
	char date[24];

	if (when && gmtime_r(&when, &broken) && strftime(date, sizeof date, "%Y-%m-%d", &broken))
		snprintf(to, 40, "%s%s", word, date);
	else
		*to = '\0';
	return to;
}

static bool says(const struct failure *f, const char *words)
{
	return slice_mentions(slice_of(f->text), words);
}

/* The certificate does not hold. OpenSSL's words come first, then GnuTLS's. */
static int explain_certificate(const struct session *s, const struct account *a, struct failure *f)
{
	bool ended = says(f, "has expired") || says(f, "expiration date has passed") || says(f, "certificate expired");
	bool early = says(f, "not yet valid") || says(f, "not yet activated") || says(f, "activation time");
	bool name = says(f, "subject name") || says(f, "does not match");
	struct certificate c = {0};
	char when[40], now[40];
	const char *date;

	*f->hint = '\0';
	if (ended || early || name)
		(void)certificate_look(a, s->ehlo, &c);
	day(now, "", time(NULL));
	date = ended ? day(when, " on ", c.until) : day(when, " only from ", c.from);
	if (ended)
		return failure_hint(f, HINT_CERTIFICATE_ENDED, date, now);
	if (early)
		return failure_hint(f, HINT_CERTIFICATE_EARLY, date, now);
	if (name && *c.names)
		return failure_hint(f, HINT_CERTIFICATE_NAMES, c.names);
	if (name)
		return failure_hint(f, HINT_CERTIFICATE_NAME);
	if (says(f, "revoked"))
		return failure_hint(f, HINT_CERTIFICATE_REVOKED);
	if (curl_setup_trusts_nobody(a))
		return failure_hint(f, HINT_TRUST_PACKAGE);
	return failure_hint(f, HINT_CERTIFICATE);
}

/* What speaks at that port is no TLS. */
static int explain_no_tls(const struct account *a, struct failure *f)
{
	char line[LINE];

	*f->hint = '\0';
	if (!curl_setup_tls_from_start(a))
		return failure_hint(f, HINT_TLS_BETWEEN);
	curl_setup_line(line, sizeof line, a, false, a->port);
	return failure_hint(f, HINT_TLS_PORT, line);
}

static int explain_no_starttls(const struct account *a, struct failure *f)
{
	char line[LINE];

	*f->hint = '\0';
	if (curl_setup_is_local(a))
		return failure_hint(f, HINT_NO_STARTTLS_LOCAL);
	curl_setup_line(line, sizeof line, a, true, SUBMISSIONS);
	return failure_hint(f, HINT_NO_STARTTLS, line);
}

/* The port takes no connection: which one a provider might take instead. */
static int explain_silence(const struct account *a, struct failure *f)
{
	char line[LINE], port[12];
	bool from_start = a->port != SUBMISSIONS && a->port != 25;

	snprintf(port, sizeof port, "%u", a->port);
	curl_setup_line(line, sizeof line, a, from_start, from_start ? SUBMISSIONS : SUBMISSION);
	return failure_hint(f, HINT_CONNECT_TIMEOUT, port, line);
}

/* Whose name is looked up here first. A proxy's URL may have a password in it, and is not shown. */
static const char *looked_up(const struct account *a)
{
	return *a->proxy ? "the proxy" : *a->proxy_host ? a->proxy_host : a->host;
}

static int explain_no_answer(struct session *s, const struct account *a, struct failure *f)
{
	const struct transcript *t = &s->transcript;
	double resolved = 0;
	long local = 0;
	char line[LINE];

	if (t->said != SAID_NOTHING || t->reply.lines)
		return -1;
	curl_easy_getinfo(s->easy, CURLINFO_NAMELOOKUP_TIME, &resolved);
	curl_easy_getinfo(s->easy, CURLINFO_LOCAL_PORT, &local);
	if (resolved <= 0 && !*a->socket) {
		fail(f, AT_RESOLVE, EX_TEMPFAIL, "no name server has told the address of %s within the time allowed", looked_up(a));
		return failure_hint(f, HINT_NAME_SERVERS);
	}
	if (local <= 0 && !*a->socket) {
		f->stage = AT_CONNECT;
		return *a->proxy || *a->proxy_host ? failure_hint(f, HINT_PROXY) : explain_silence(a, f);
	}
	if (*a->socket || *a->proxy || *a->proxy_host)
		return -1;
	curl_setup_line(line, sizeof line, a, !curl_setup_tls_from_start(a), a->port);
	/* At these ports it is no relay that is busy, but the other kind of TLS: waiting mends nothing (RFC 8314 3.3, RFC 6409 3.1). */
	if (curl_setup_tls_from_start(a) ? a->port == SUBMISSION || a->port == 25 : a->port == SUBMISSIONS)
		f->exit = EX_UNAVAILABLE;
	if (curl_setup_tls_from_start(a)) {
		f->stage = AT_TLS;
		return failure_hint(f, HINT_TLS_SILENT, line);
	}
	f->stage = AT_GREETING;
	return failure_hint(f, HINT_GREETING_TLS, line);
}

/* A refusal at which libcurl ended the session, or after which the relay closed the connection. */
static int explain_refusal(const struct transcript *t, const char *ehlo, struct failure *f)
{
	static const int finally[] = {[AT_GREETING] = EX_UNAVAILABLE, [AT_TLS] = EX_UNAVAILABLE, [AT_LOGIN] = EX_NOPERM};
	bool unknown = t->refusal.code == 500 || t->refusal.code == 502;

	reply_failure(&t->refusal, t->refused_at, finally[t->refused_at], f);
	if ((t->said != SAID_EHLO && t->said != SAID_HELO) || t->refusal.code < 500)
		return -1;
	if (unknown && !says(f, "helo") && !says(f, "host") && !says(f, "domain"))
		return failure_hint(f, HINT_NO_EHLO);
	if (!says(f, "block") && !says(f, "black") && !says(f, "spam") && !says(f, "reputation"))
		return failure_hint(f, HINT_EHLO_NAME, ehlo);
	return -1;
}

/* The token was said, and it, or the login with it, was refused; the connection may have ended behind the reason. */
static bool is_of_token(const struct session *s)
{
	const struct transcript *t = &s->transcript;

	return s->login.token && t->said == SAID_AUTH && (*t->why_token || transcript_is_refused(t) || is_refused(t));
}

int explain_open(struct session *s, const struct account *a, CURLcode code, struct failure *f)
{
	enum stage at = transcript_stage(&s->transcript);
	const struct transcript *t = &s->transcript;

	if (s->stopped) {
		*f = s->heard;
		return -1;
	}
	if (is_of_token(s))
		return explain_token(s, a, f);
	if (s->limit.passed) {
		fail(f, at, EX_TEMPFAIL, "the relay did not answer within the time allowed");
		return explain_no_answer(s, a, f);
	}
	if (t->refusal.code && (!t->whole || t->reply.code >= 300))
		return explain_refusal(t, s->ehlo, f);
	if (code == CURLE_USE_SSL_FAILED && check_offer(s, a, f) < 0)
		return -1;
	if (!t->reply.lines && *t->reply.stray) {
		reply_is_none(&t->reply, EX_PROTOCOL, "the relay gave no answer", f);
		f->stage = at;
		return -1;
	}
	curl_setup_failure(s->easy, code, at, s->words, f);
	if (code == CURLE_LOGIN_DENIED && t->said == SAID_AUTH)
		return fail(f, AT_LOGIN, EX_NOPERM, "the relay does not take the login: %d %s", t->reply.code, t->reply.text);
	if (code == CURLE_LOGIN_DENIED)
		return no_mechanism(s, a, f);
	if (code == CURLE_OPERATION_TIMEDOUT || (code == CURLE_COULDNT_CONNECT && says(f, "timed out")))
		return explain_no_answer(s, a, f);
	if (code == CURLE_USE_SSL_FAILED)
		return explain_no_starttls(a, f);
	if (f->hint_id == HINT_CERTIFICATE)
		return explain_certificate(s, a, f);
	if (f->hint_id == HINT_TRUST_FILE && !*a->tls_trust_file && !*a->tls_trust_dir) {
		*f->hint = '\0';
		return failure_hint(f, HINT_TRUST_PACKAGE);
	}
	return f->hint_id == HINT_TLS_BETWEEN ? explain_no_tls(a, f) : -1;
}
