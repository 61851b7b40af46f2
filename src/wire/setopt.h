/*
 * wire/setopt - whether libcurl takes the options that it is given
 *
 * No answer of curl_easy_setopt is passed over: an option that this libcurl does not take is an error before anything is said.
 * Use: CURL *easy; struct setopt s = {0}; setopt_took(&s, curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L), SETTINGS); then setopt_done(&s, f).
 *
 * Owns: nothing. Errors: AT_CONFIG EX_CONFIG for what this libcurl cannot do; EX_OSERR without memory. Threads: any.
 * Source: curl_easy_setopt(3).
 */
#ifndef WIRE_SETOPT_H
#define WIRE_SETOPT_H

#include "conf/settings.h"
#include "wire/libcurl.h"

/* What libcurl said to the options set so far: the first that it did not take is kept. */
struct setopt {
	CURLcode code;
	enum setting wanted; /* the setting that wanted the option; SETTINGS: every session does */
};

void setopt_took(struct setopt *s, CURLcode code, enum setting wanted);
MUST_CHECK int setopt_done(const struct setopt *s, struct failure *f);

#endif
