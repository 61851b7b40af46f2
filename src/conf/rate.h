/*
 * conf/rate - how much mail may go in how much time: the value of the setting rate
 *
 * "30/min, 5000/day, 2000 recipients/day": limits with commas between them, each of which holds. A time is s, min, h or day, or so many
 * of them (5m); "per" may stand for the slash.
 * Use: struct rate r; if (rate_parse(&r, slice_of("30/min"), f) < 0) ...
 *
 * Owns: nothing. Units: milliseconds. Bounds: RATE_LIMITS limits; RATE_MOST mails or recipients; 31 days.
 * Errors: -1 and *f (AT_CONFIG EX_CONFIG), which names what is wrong with which limit. Threads: any.
 * Source: mysend.conf(5).
 */
#ifndef CONF_RATE_H
#define CONF_RATE_H

#include "conf/value.h"

enum { RATE_LIMITS = 8, RATE_MOST = 1000000, RATE_WORDS = 48 };

struct rate_limit {
	uint32_t count;
	bool recipients; /* counts recipients, and not mails */
	int64_t span;	 /* milliseconds */
};

struct rate {
	unsigned limits; /* 0: mail goes as fast as it can */
	struct rate_limit limit[RATE_LIMITS];
};

/* "" and off have no limit. */
MUST_CHECK int rate_parse(struct rate *out, struct slice v, struct failure *f);
/* The limit as the setting has it: "2000 recipients/day". */
const char *rate_words(char to[static RATE_WORDS], const struct rate_limit *l);

value_kind kind_rate;

#endif
