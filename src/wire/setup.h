/*
 * wire/setup - what libcurl said to the options that it was given
 *
 * No answer of curl_easy_setopt is passed over: an option that this libcurl does not take is an error before anything is said.
 * Use: CURL *easy; struct setup s = {0}; setup_took(&s, curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L), SETTINGS); then setup_done(&s, f).
 *
 * Owns: nothing. Errors: AT_CONFIG EX_CONFIG for what this libcurl cannot do; EX_OSERR without memory. Threads: any.
 * Source: curl_easy_setopt(3).
 */
#ifndef WIRE_SETUP_H
#define WIRE_SETUP_H

#include "conf/settings.h"
#include "wire/libcurl.h"

/* What libcurl said to the options set so far: the first that it did not take is kept. */
struct setup {
	CURLcode code;
	enum setting wanted; /* the setting that wanted the option; SETTINGS: every session does */
};

void setup_took(struct setup *s, CURLcode code, enum setting wanted);
MUST_CHECK int setup_done(const struct setup *s, struct failure *f);

#endif
