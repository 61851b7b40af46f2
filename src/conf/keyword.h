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
	enum setting setting; /* SETTINGS: no setting */
	struct slice value;   /* "on" where the keyword stood alone and may */
	const char *why;      /* a warning: the keyword means nothing here, or the value another; NULL: none is needed */
};

MUST_CHECK int keyword_read(struct keyword *out, struct slice word, struct slice value, struct failure *f);

#endif
