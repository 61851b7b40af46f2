/*
 * wire/http - one POST of a form to a provider of tokens, and its answer
 *
 * Use: struct private form; http_form_start(&form, f); http_form_add(&form, "grant_type", "refresh_token", f); struct http_answer got;
 * http_post(account, "https://login.example.org/token", &form, HTTP_MAY_END, tracer, &got, f); http_answer_free(&got); private_free(&form).
 * https alone, and http where the URL has a literal loopback address: then without a proxy. The certificate is always checked, by the
 * authorities of tls_trust_file and tls_trust_dir or the system's; what else the account says of TLS is about the relay. The account's
 * proxy, source_ip and ip count. No redirect is followed, nothing is kept for a next request.
 *
 * Owns: form and body, in memory that is wiped; libcurl's copies are wiped as it frees them. Units: skew: seconds.
 * Bounds: HTTP_FORM octets of a form, HTTP_BODY of an answer, as much of its header; HTTP_SECONDS for all of it, whatever comes or not.
 * Errors: AT_TOKEN, f->relay is the URL's host. EX_TEMPFAIL: no name, no answer, too long or too late a one, told to end;
 * EX_UNAVAILABLE: the certificate does not hold, or TLS cannot be agreed on. AT_CONFIG EX_CONFIG: this libcurl has no https, or cannot
 * what the account asks for. An answer of any status is none of them. Threads: any; an answer is one thread's.
 * Source: RFC 9110 9.3.3 (POST), 6.6.1 (Date); RFC 6749 appendix B (forms).
 * BUGS: libcurl's TLS library has memory of its own.
 */
#ifndef WIRE_HTTP_H
#define WIRE_HTTP_H

#include <stdint.h>

#include "conf/private.h"
#include "conf/settings.h"
#include "wire/transcript.h"

enum { HTTP_FORM = 128 * 1024, HTTP_BODY = 64 * 1024, HTTP_SECONDS = 30 };

/* When we are told to end. The answer to a refresh token that is good once has the only copy of the next one: once such a form is on its
 * way, the answer is waited for. */
enum http_end { HTTP_MAY_END, HTTP_MUST_HEAR };

struct http_answer {
	int status;	 /* 200, 400, ... */
	struct private body;
	int64_t skew;	 /* how far their Date is ahead of our clock */
	bool dated;	 /* they have said it */
};

/* All of the form's room at once, so that no copies are left as it grows. */
MUST_CHECK int http_form_start(struct private *form, struct failure *f);
/* The value is escaped; an empty one is left out. */
MUST_CHECK int http_form_add(struct private *form, const char *name, const char *value, struct failure *f);
MUST_CHECK int http_post(const struct account *a, const char *url, const struct private *form, enum http_end end, const struct tracer *w, struct http_answer *out,
			 struct failure *f);
void http_answer_free(struct http_answer *answer);

#endif
