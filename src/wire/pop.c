#include "wire/pop.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "wire/curl_setup.h"

struct visit {
	CURL *easy;
	bool secret; /* the password must not go in clear text */
	bool from_start;
	bool asked;   /* CAPA was said, at least */
	bool began;   /* STLS was said: its answer is the last thing in clear text */
	bool agreed;  /* and the answer to STLS has come */
	bool offered; /* STLS was offered */
	bool stopped;
	struct limit limit;
	struct failure why;
};

static int on_debug(CURL *h, curl_infotype type, char *p, size_t len, void *ctx)
{
	struct visit *v = ctx;

	limit_look(&v->limit, h);
	if (type == CURLINFO_HEADER_OUT) {
		v->asked = true;
		v->began |= slice_begins((struct slice){p, len}, "STLS");
	}
	return 0;
}

static size_t stop(struct visit *v, const char *words)
{
	fail(&v->why, AT_TLS, EX_CONFIG, "libcurl %s %s", libcurl_version()->version, words);
	v->stopped = true;
	return 0;
}

/* A line in clear text. libcurl must not see from it how to log in (greeting of APOP, USER, SASL: RFC 1939 7, 2449 6.3), or
 * a fault in it, or in how it was built, publishes the password; and it reads the line behind this call, from the same memory.
 * Without CAPA it would guess that USER is known. */
static size_t hear_in_clear(struct visit *v, char *p, size_t len)
{
	struct slice line = {p, len};

	if (v->from_start || v->agreed)
		return stop(v, "went on without TLS");
	while (line.len && (line.p[line.len - 1] == '\n' || line.p[line.len - 1] == '\r'))
		line.len--;
	v->agreed = v->began;
	v->offered |= slice_is(line, "STLS");
	if (v->asked && (slice_begins(line, "-ERR") || (slice_is(line, ".") && !v->offered))) {
		fail(&v->why, AT_TLS, EX_UNAVAILABLE, "the server %s TLS, and the password is not sent in clear text", v->began ? "refuses" : "does not offer");
		failure_hint(&v->why, HINT_POP_TLS);
		v->stopped = true;
		return 0;
	}
	if (slice_begins(line, "USER") || slice_begins(line, "SASL"))
		memset(p, 'X', line.len);
	else if (slice_begins(line, "+OK"))
		memset(p + 3, ' ', line.len - 3);
	return len;
}

static size_t on_header(char *p, size_t size, size_t count, void *ctx)
{
	struct visit *v = ctx;

	return v->secret && !curl_setup_is_encrypted(v->easy) ? hear_in_clear(v, p, size * count) : size * count;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return curl_setup_must_end(ctx);
}

static int set_up(struct visit *v, const struct account *a, struct failure *f)
{
	struct setopt s = {0};
	CURL *h = v->easy;

	setopt_took(&s, curl_easy_setopt(h, CURLOPT_URL, a->pop_before_smtp), SET_pop_before_smtp);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, "NOOP"), SET_pop_before_smtp);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_NOBODY, 1L), SET_pop_before_smtp);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_XFERINFODATA, h), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_DEBUGFUNCTION, on_debug), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_DEBUGDATA, v), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_HEADERDATA, v), SETTINGS);
	setopt_took(&s, curl_easy_setopt(h, CURLOPT_VERBOSE, 1L), SETTINGS); /* without it there is no debug function */
	return setopt_done(&s, f) < 0 ? -1 : curl_setup_pop_login(h, a, f);
}

int pop_visit(const struct account *a, struct failure *f)
{
	char words[CURL_ERROR_SIZE] = "";
	struct visit v = {.from_start = slice_begins(slice_of(a->pop_before_smtp), "pop3s:")};
	bool off = setting_is(a, SET_tls, "off");
	CURLcode code;
	CURL *h;
	int rc = -1;

	/* TLS may be left out for a relay at a socket of this host, but not here: the mailbox is on another host, and gets a
	 * password. */
	v.secret = v.from_start || !off;
	if (curl_setup_new(&h, a, off ? CURLUSESSL_NONE : CURLUSESSL_ALL, v.from_start, words, f) < 0)
		return -1;
	v.easy = h;
	limit_start(&v.limit, a);
	if (set_up(&v, a, f) == 0) {
		code = libcurl.easy_perform(h);
		v.limit.until = INT64_MAX;
		if (v.stopped) {
			*f = v.why;
			rc = -1;
		} else if (v.limit.passed) {
			rc = fail(f, AT_LOGIN, EX_TEMPFAIL, "the server did not answer within the time allowed");
		} else {
			rc = code == CURLE_OK ? 0 : curl_setup_failure(h, code, AT_LOGIN, words, f);
		}
		if (rc < 0)
			failure_in(f, "pop_before_smtp");
	}
	if (rc < 0)
		snprintf(f->relay, sizeof f->relay, "%s", a->pop_before_smtp);
	libcurl.easy_cleanup(h);
	return rc;
}
