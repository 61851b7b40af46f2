/*
 * conf/oauth - what the oauth settings of an account come to: which provider, which URLs, for which scope
 *
 * Use: if (oauth_is_on(account) && oauth_of(account, arena, &o, f) < 0) return -1;
 * oauth_check() when an account is settled: what its settings lack, or contradict, by file and line.
 * Owns: nothing; texts are in the arena or the account. Bounds: none of its own.
 * Errors: AT_CONFIG EX_CONFIG (of options AT_USAGE EX_USAGE), naming the setting. Threads: any.
 * Source: oauth.def; RFC 6749 3.1, 3.2 (TLS); RFC 8252 7.3 (loopback).
 */
#ifndef CONF_OAUTH_H
#define CONF_OAUTH_H

#include "conf/settings.h"

enum oauth_maker {
	OAUTH_OWN, /* no provider by name: the URLs are set */
#define OAUTH(maker, word, scope_client, scope_login, token, login, device, revoke, redirect, idle_days) OAUTH_##maker,
#include "conf/oauth.def"
};

struct oauth {
	enum oauth_maker maker;
	const char *client_id, *scope, *token_url, *login_url, *device_url, *revoke_url; /* "": the provider has none */
	const char *redirect; /* the name of this host that the provider sends the browser to */
	const char *host;   /* of token_url, without port and brackets: "login.microsoftonline.com" */
	unsigned idle_days; /* a login that is not used for so long ends; 0: not known */
};

bool oauth_is_on(const struct account *a);
bool oauth_is_client(const struct account *a); /* oauth client; else, where it is on, oauth login */
MUST_CHECK int oauth_check(const struct account *a, struct failure *f);
MUST_CHECK int oauth_of(const struct account *a, struct arena *in, struct oauth *out, struct failure *f);

#endif
