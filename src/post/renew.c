#include "post/renew.h"

#include "base/clock.h"
#include "base/ending.h"
#include "base/log.h"
#include "conf/oauth.h"
#include "wire/token.h"

enum { HOUR = 3600, DAY = 24 * HOUR, WEEK = 7 * DAY };

bool renew_is_due(const struct token_outlook *k, time_t now)
{
	if (!k->login || k->token || now - k->obtained < WEEK)
		return false;
	return k->tried > now || now - k->tried >= (k->refused ? DAY : HOUR);
}

static void renew(const struct account *a, const struct tracer *w)
{
	struct credential token;
	struct failure f;

	if (token_take(&token, a, w, &f) == 0) {
		log_debug("account %s: its login was not used for a week, and was renewed", a->name);
		credential_release(&token);
	} else if (failure_is_temporary(&f)) {
		log_debug("account %s: its login is to be renewed: %s", a->name, f.text);
	} else {
		log_warning("the login of account %s cannot be renewed: %s%s%s", a->name, f.text, *f.hint ? "; hint: " : "", f.hint);
	}
}

void renew_logins(struct book *b, const struct tracer *w)
{
	int64_t until = clock_steady() + RENEW_SECONDS * 1000;
	struct token_outlook known;
	const struct account *a;
	struct failure unused;

	for (const char *name = NULL; (name = book_next(b, name)) && clock_steady() < until && !ending_asked();)
		if (book_account(b, name, NULL, &a, &unused) == 0 && oauth_is_on(a) && !oauth_is_client(a) && token_outlook(a, &known, &unused) == 0 &&
		    renew_is_due(&known, clock_wall()))
			renew(a, w);
}
