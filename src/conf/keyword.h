/*
 * conf/keyword - what a keyword of a file means: a setting, what msmtp calls otherwise, or nothing here
 *
 * Use: keyword_read(&k, word, value, f); then set k.setting to k.value, or tell k.why if it is SETTINGS.
 * Owns: nothing. Errors: AT_CONFIG EX_CONFIG: unknown (with the nearest one as a hint), or a value that only
 * msmtp could obey; the caller puts file and line in front. Threads: any. Source: settings.def, msmtp(1).
 */
#ifndef CONF_KEYWORD_H
#define CONF_KEYWORD_H

#include "conf/settings.h"

struct keyword {
	enum setting setting; /* SETTINGS: none */
	struct slice value;   /* "on" where it stood alone and may */
	const char *why;      /* it means nothing here, or the value another one, for a warning; NULL: not worth one */
};

MUST_CHECK int keyword_read(struct keyword *out, struct slice word, struct slice value, struct failure *f);

#endif
