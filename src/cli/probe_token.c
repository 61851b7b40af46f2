#include <stdlib.h>

#include "base/clock.h"
#include "cli/probe.h"
#include "conf/oauth.h"
#include "conf/token_outlook.h"

enum { APART = 5 * 60 }; /* clocks that are farther apart than so many seconds */

static const char *apart(struct arena *in, const struct token_facts *t)
{
	if (!t->dated || (t->skew > -2 && t->skew < 2))
		return "";
	return arena_printf(in, "; their clock is %lld s %s", llabs((long long)t->skew), t->skew > 0 ? "ahead" : "behind");
}

void probe_token(struct probe *p, const struct account *a, const struct token_facts *t)
{
	struct token_outlook known = {.login_seconds = TOKEN_LOGIN_UNKNOWN};
	char left[CLOCK_LEFT], login[CLOCK_LEFT], words[120];
	struct failure unused;
	const char *text = t->fetched ? arena_printf(p->in, "fetched now from %s", t->host) : "from its file";
	bool ends;

	if (token_outlook(a, &known, &unused) < 0)
		known = (struct token_outlook){.login_seconds = TOKEN_LOGIN_UNKNOWN};
	ends = known.login && known.login_seconds >= 0;
	text = arena_printf(p->in, "%s, %s left%s", text, clock_left(left, t->lasts), apart(p->in, t));
	if (ends)
		text = arena_printf(p->in, "%s; the login lasts %s", text, clock_left(login, known.login_seconds));
	login_words(words, sizeof words, a->name);
	if (t->dated && (t->skew > APART || t->skew < -APART))
		probe_warn(p, PROBE_TOKEN, text, HINT_PROBE_CLOCK, NULL);
	else if (ends && known.login_seconds < TOKEN_LOGIN_NEAR)
		probe_warn(p, PROBE_TOKEN, text, HINT_LOGIN_ENDING, (const char *const[]){words, NULL});
	else
		probe_add(p, PROBE_TOKEN, PROBE_OK, t->ms, text);
}
