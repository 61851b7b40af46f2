/*
 * wire/token_request - the requests for tokens, one exchange with the provider each
 *
 * Use: struct token_request r = {.secret = "", .tracer = NULL}; with account and oauth beside these; then struct token_answer got;
 * token_request_client(&r, &got, f); use(got.access); token_answer_free(&got), also where it failed.
 * With oauth_assertion_command its output is the client's proof, and no secret is needed (RFC 7523). What is said and heard is shown
 * to the tracer, without what is secret in it.
 *
 * Owns: nothing; the answer is the caller's. What was secret is wiped. Bounds: those of wire/http and wire/token_answer.
 * Errors: AT_TOKEN with a hint, f->relay is the provider's host: EX_TEMPFAIL what may go well later, EX_NOPERM what it refuses,
 * EX_PROTOCOL what cannot be read; AT_CONFIG EX_CONFIG: oauth_assertion_command, or what this libcurl cannot. Threads: any.
 * Source: RFC 6749 4.1.3, 4.4.2, 6; RFC 7636 4.5; RFC 8628 3.1, 3.4; RFC 7009 2.1; RFC 7523 2.1, 2.2.
 */
#ifndef WIRE_TOKEN_REQUEST_H
#define WIRE_TOKEN_REQUEST_H

#include "conf/oauth.h"
#include "wire/token_answer.h"
#include "wire/transcript.h"

struct token_request {
	const struct account *account;
	const struct oauth *oauth;
	const char *secret;	     /* the client's; "": it has none */
	const struct tracer *tracer; /* or NULL */
};

/* 0: out has what was asked for; -1: *f says why not. */
MUST_CHECK int token_request_client(const struct token_request *r, struct token_answer *out, struct failure *f);
/* out->refresh may be "": then the old refresh token stays. */
MUST_CHECK int token_request_refresh(const struct token_request *r, const char *refresh, struct token_answer *out, struct failure *f);
MUST_CHECK int token_request_code(const struct token_request *r, const char *code, const char *redirect_uri, const char *verifier,
				  struct token_answer *out, struct failure *f);
/* Begins a login by device: out has device_code, user_code, verification_uri, lasts and interval. challenge: S256's, or "". */
MUST_CHECK int token_request_device(const struct token_request *r, const char *challenge, struct token_answer *out, struct failure *f);
/* 0 too while the person is not done: then out->access is "", and out->error "authorization_pending" or "slow_down".
 * verifier: the challenge's, or "". */
MUST_CHECK int token_request_device_poll(const struct token_request *r, const char *device_code, const char *verifier,
					 struct token_answer *out, struct failure *f);
/* 0 also where the token was none any more. */
MUST_CHECK int token_request_revoke(const struct token_request *r, const char *token, struct token_answer *out, struct failure *f);

#endif
