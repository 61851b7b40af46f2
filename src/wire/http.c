#include "wire/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "base/loopback.h"
#include "wire/curl_setup.h"
#include "wire/memory.h"

enum { GRACE_MS = 500 }; /* libcurl's own limit, where it works, comes first */

/* An exchange while it lasts. */
struct exchange {
	CURL *easy;
	struct http_answer *answer;
	const struct tracer *tracer;
	long patience; /* milliseconds for all of it */
	struct limit limit;
	size_t header; /* octets of header that have come */
	bool too_long;
	bool said; /* the form, or a part of it, is on its way */
	enum http_end end;
	char host[sizeof((struct failure *)0)->relay];
	bool direct; /* over http to this host: nothing of it is to go to a proxy */
	char words[CURL_ERROR_SIZE];
};

int http_form_start(struct private *form, struct failure *f)
{
	private_start(form, HTTP_FORM);
	return buf_reserve(&form->buf, HTTP_FORM) < 0 ? fail(f, AT_TOKEN, EX_OSERR, "no memory for a request") : 0;
}

int http_form_add(struct private *form, const char *name, const char *value, struct failure *f)
{
	char *escaped;
	int rc;

	if (!*value)
		return 0;
	if (libcurl_start(f) < 0)
		return -1;
	escaped = libcurl.easy_escape(NULL, value, 0);
	if (!escaped)
		return fail(f, AT_TOKEN, EX_OSERR, "no memory for a request");
	rc = buf_printf(&form->buf, "%s%s=", form->buf.len ? "&" : "", name);
	rc = rc < 0 ? -1 : buf_text(&form->buf, escaped);
	libcurl.free(escaped); /* wire/memory wipes it */
	return rc < 0 ? fail(f, AT_TOKEN, EX_PROTOCOL, "a request of more than %d octets", HTTP_FORM) : 0;
}

void http_answer_free(struct http_answer *answer)
{
	private_free(&answer->body);
}

static size_t on_body(char *p, size_t size, size_t count, void *ctx)
{
	struct exchange *e = ctx;

	e->too_long |= buf_add(&e->answer->body.buf, p, size * count) < 0;
	return e->too_long ? 0 : size * count;
}

/* The value of a field of that name, or false. */
static bool is_field(struct slice line, const char *name, struct slice *value)
{
	size_t n = strlen(name);

	if (!slice_begins(line, name) || line.len <= n || line.p[n] != ':')
		return false;
	*value = slice_trim((struct slice){line.p + n + 1, line.len - n - 1});
	return true;
}

static size_t on_header(char *p, size_t size, size_t count, void *ctx)
{
	struct exchange *e = ctx;
	struct http_answer *a = e->answer;
	struct slice line = {p, size * count}, value;
	char date[40];
	time_t when;

	e->header += line.len;
	e->too_long |= e->header > HTTP_BODY;
	if (is_field(line, "Date", &value) && value.len && value.len < sizeof date) {
		memcpy(date, value.p, value.len);
		date[value.len] = '\0';
		when = libcurl.getdate(date, NULL);
		a->dated = when > 0;
		a->skew = a->dated ? (int64_t)when - (int64_t)time(NULL) : 0;
	}
	return e->too_long ? 0 : line.len;
}

/* libcurl calls it about once a second, whatever it waits for. */
static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct exchange *e = ctx;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (e->tracer && e->tracer->pace)
		e->tracer->pace(e->tracer->ctx, e->host, 0, 0);
	if (clock_steady() > e->limit.until)
		e->limit.passed = true;
	if (e->said && e->end == HTTP_MUST_HEAR)
		return e->limit.passed;
	return e->limit.passed || curl_setup_must_end(e->easy);
}

static int on_debug(CURL *h, curl_infotype type, char *p, size_t len, void *ctx)
{
	struct exchange *e = ctx;

	(void)p;
	(void)len;
	e->said |= type == CURLINFO_DATA_OUT;
	limit_look(&e->limit, h);
	return 0;
}

static bool is_loopback(const char *host)
{
	return loopback_is(*host == '[' ? (struct slice){host + 1, strcspn(host + 1, "]")} : slice_of(host));
}

/* Notes the URL's host, and whether it may be asked without TLS. */
static int look_at_url(struct exchange *e, const char *url, struct failure *f)
{
	char *host = NULL, *scheme = NULL;
	CURLU *u = libcurl.url();
	bool good = u && libcurl.url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK && libcurl.url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		    libcurl.url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK;

	if (good) {
		snprintf(e->host, sizeof e->host, "%s", host);
		e->direct = strcmp(scheme, "http") == 0 && is_loopback(host);
	}
	libcurl.free(host);
	libcurl.free(scheme);
	libcurl.url_cleanup(u);
	return good ? 0 : fail(f, AT_CONFIG, EX_CONFIG, "libcurl %s cannot read the URL %s", libcurl_version()->version, url);
}

static bool has_https(void)
{
	const char *const *protocol = libcurl_version()->protocols;

	while (*protocol && strcmp(*protocol, "https") != 0)
		protocol++;
	return *protocol;
}

/* The option of libcurl from 7.85 on, or the one before it, which its newer headers call deprecated. */
static CURLcode only(CURL *h, bool https)
{
	CURLcode code = CURLE_UNKNOWN_OPTION;
#if LIBCURL_VERSION_NUM >= 0x075500
	code = curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, https ? "https" : "http");
#endif
	return code == CURLE_UNKNOWN_OPTION ? curl_easy_setopt(h, (CURLoption)(CURLOPTTYPE_LONG + 181), (long)(https ? CURLPROTO_HTTPS : CURLPROTO_HTTP)) : code;
}

static void set_answer(struct exchange *e, struct setopt *s)
{
	CURL *h = e->easy;

	setopt_took(s, curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_WRITEDATA, e), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_HEADERDATA, e), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_XFERINFODATA, e), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_DEBUGFUNCTION, on_debug), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_DEBUGDATA, e), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_VERBOSE, 1L), SETTINGS); /* without it there is no debug function */
	setopt_took(s, curl_easy_setopt(h, CURLOPT_ERRORBUFFER, e->words), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_PRIVATE, e->host), SETTINGS);
	setopt_took(s, curl_easy_setopt(h, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)HTTP_BODY), SETTINGS);
}

static int set_up(struct exchange *e, const struct account *a, const char *url, const struct private *form, struct curl_slist *fields, struct failure *f)
{
	struct setopt s = {0};
	CURL *h = e->easy;

	setopt_took(&s, curl_easy_setopt(h, CURLOPT_URL, url), SETTINGS);
	setopt_took(&s, only(h, !e->direct), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_HTTPHEADER, fields), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE, (long)form->buf.len), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_POSTFIELDS, form->buf.p), SETTINGS); /* borrowed: libcurl makes no copy of it */
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_FORBID_REUSE, 1L), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, e->patience), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, e->patience), SETTINGS);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A look-up that gets no answer goes on in a thread of libcurl's, which is not waited for. */
	(void)curl_easy_setopt(h, CURLOPT_QUICK_EXIT, 1L);
#endif
	set_answer(e, &s);
	curl_setup_network(h, a, e->direct, &s);
	if (!e->direct) {
		setopt_took(&s, curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L), SETTINGS);
		setopt_took(&s, curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L), SETTINGS);
		setopt_took(&s, curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2), SETTINGS);
		if (curl_setup_trust(h, a, &s, f) < 0)
			return -1;
	}
	return setopt_done(&s, f);
}

/* Whose answer is too long: a page of a server that has trouble, or something else than what was looked for. */
static int too_long(const struct http_answer *answer, struct failure *f)
{
	int later = answer->status == 429 || answer->status >= 500;

	fail(f, AT_TOKEN, later ? EX_TEMPFAIL : EX_PROTOCOL, "%d, and an answer of more than %d octets", answer->status, HTTP_BODY);
	return later ? -1 : failure_hint(f, HINT_OAUTH_URL);
}

static bool says(const struct failure *f, const char *words)
{
	return slice_mentions(slice_of(f->text), words);
}

/* The certificate does not hold. OpenSSL's words come first, then GnuTLS's. */
static int explain_certificate(const struct account *a, struct failure *f)
{
	time_t now = time(NULL);
	struct tm broken;
	char date[24] = "";

	if (gmtime_r(&now, &broken))
		(void)!strftime(date, sizeof date, "%Y-%m-%d", &broken);
	if (says(f, "has expired") || says(f, "expiration date has passed") || says(f, "not yet valid") || says(f, "not yet activated"))
		return failure_hint(f, HINT_OAUTH_CERTIFICATE_DATE, date);
	if (says(f, "subject name") || says(f, "does not match"))
		return failure_hint(f, HINT_OAUTH_CERTIFICATE_NAME);
	if (curl_setup_trusts_nobody(a))
		return failure_hint(f, HINT_TRUST_PACKAGE);
	if (*a->tls_trust_file || *a->tls_trust_dir)
		return failure_hint(f, HINT_OAUTH_CERTIFICATE_TRUST);
	return failure_hint(f, HINT_OAUTH_CERTIFICATE);
}

/* What has come is no HTTP, of 1.0 or later. */
static bool is_no_http(const struct exchange *e, CURLcode code)
{
	long sent = 0;

	curl_easy_getinfo(e->easy, CURLINFO_REQUEST_SIZE, &sent);
	return code == CURLE_WEIRD_SERVER_REPLY || (code == CURLE_UNSUPPORTED_PROTOCOL && sent > 0);
}

/* What curl_setup_failure says of a relay, of the provider. */
static int explain(struct exchange *e, const struct account *a, CURLcode code, struct failure *f)
{
	enum hint hint;

	if (e->limit.passed) {
		fail(f, AT_TOKEN, EX_TEMPFAIL, "no whole answer within %ld s", e->patience / 1000);
		return failure_hint(f, HINT_OAUTH_NETWORK, e->host);
	}
	if (e->too_long || code == CURLE_FILESIZE_EXCEEDED)
		return too_long(e->answer, f);
	if (is_no_http(e, code)) {
		fail(f, AT_TOKEN, EX_PROTOCOL, "what answers is no HTTP");
		return failure_hint(f, HINT_OAUTH_URL);
	}
	curl_setup_failure(e->easy, code, AT_TOKEN, e->words, f);
	hint = f->hint_id;
	if (f->stage == AT_CONFIG || code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_PROXY || code == CURLE_INTERFACE_FAILED || code == CURLE_ABORTED_BY_CALLBACK)
		return -1;
	*f->hint = '\0';
	f->hint_id = NO_HINT;
	f->stage = AT_TOKEN;
	if (hint == HINT_CERTIFICATE)
		return explain_certificate(a, f);
	if (hint == HINT_TRUST_FILE)
		return *a->tls_trust_file || *a->tls_trust_dir ? failure_hint(f, HINT_TRUST_FILE) : failure_hint(f, HINT_TRUST_PACKAGE);
	if (code == CURLE_SSL_CONNECT_ERROR)
		return failure_hint(f, HINT_OAUTH_TLS);
	f->exit = EX_TEMPFAIL;
	return failure_hint(f, HINT_OAUTH_NETWORK, e->host);
}

static void note_answer(struct exchange *e)
{
	long status = 0;

	curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &status);
	e->answer->status = (int)status;
}

static int post(struct exchange *e, const struct account *a, const char *url, const struct private *form, struct failure *f)
{
	struct curl_slist *fields = libcurl.slist_append(NULL, "Accept: application/json"), *more;
	CURLcode code;
	int rc = -1;

	more = fields ? libcurl.slist_append(fields, "Expect:") : NULL; /* nothing is to be waited for before the form goes */
	if (!more) {
		fail(f, AT_TOKEN, EX_OSERR, "no memory for a request");
	} else if (set_up(e, a, url, form, fields, f) == 0) {
		e->limit = (struct limit){.until = clock_steady() + e->patience + GRACE_MS};
		code = libcurl.easy_perform(e->easy);
		e->limit.until = INT64_MAX;
		note_answer(e);
		rc = code == CURLE_OK ? 0 : explain(e, a, code, f);
	}
	libcurl.slist_free_all(fields);
	return rc;
}

static int run(struct exchange *e, const struct account *a, const char *url, const struct private *form, struct failure *f)
{
	int rc = -1;

	*e->answer = (struct http_answer){0};
	private_start(&e->answer->body, HTTP_BODY);
	if (libcurl_start(f) < 0 || look_at_url(e, url, f) < 0)
		return -1;
	if (!e->direct && !has_https()) {
		fail(f, AT_CONFIG, EX_CONFIG, "oauth: libcurl %s is built without https", libcurl_version()->version);
		return failure_hint(f, HINT_OAUTH_LIBCURL);
	}
	if (!e->direct) /* the TLS library is given tokens to decrypt */
		memory_wipe_freed();
	e->easy = libcurl.easy_init();
	if (!e->easy || buf_reserve(&e->answer->body.buf, HTTP_BODY) < 0)
		fail(f, AT_TOKEN, EX_OSERR, "no memory for a request");
	else
		rc = post(e, a, url, form, f);
	libcurl.easy_cleanup(e->easy);
	if (rc < 0 && f->stage == AT_TOKEN)
		snprintf(f->relay, sizeof f->relay, "%s", e->host);
	return rc;
}

int http_post(const struct account *a, const char *url, const struct private *form, enum http_end end, const struct tracer *w, struct http_answer *out,
	      struct failure *f)
{
	struct exchange e = {.answer = out, .end = end, .tracer = w, .patience = HTTP_SECONDS * 1000L};

	return run(&e, a, url, form, f);
}
