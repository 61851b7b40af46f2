#include "cli/login.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "wire/authorize.h"

enum { INTERVAL = 5, SLOWER = 5, WAIT_MOST = 60, LINE = 1024 }; /* seconds: RFC 8628 3.2, 3.5 */

struct device {
	struct login_work *work;
	const struct token_answer *said; /* the provider, of the code */
	const char *verifier;
	int64_t until; /* clock_boot: it counts while a laptop sleeps */
	unsigned interval, wait;
	bool lost; /* there was no answer to the last question */
};

static void show(const struct device *d)
{
	struct login_terminal *t = d->work->terminal;
	char url[LINE], code[LINE], text[2 * LINE + 64];

	/* The provider's own `message` is not shown: it says the same, in words that nobody has checked. */
	slice_printable(url, sizeof url, slice_of(d->said->verification_uri));
	slice_printable(code, sizeof code, slice_of(d->said->user_code));
	snprintf(text, sizeof text, "Open    %s", url);
	login_terminal_say(t, text);
	snprintf(text, sizeof text, "and type the code   %s", code);
	login_terminal_say(t, text);
	slice_printable(url, sizeof url, slice_of(d->said->verification_uri_complete));
	snprintf(text, sizeof text, "or open %s", url);
	if (*url)
		login_terminal_say(t, text);
}

static void draw(const struct device *d)
{
	long long left = (d->until - clock_boot()) / 1000;
	char text[LINE];

	left = left < 0 ? 0 : left;
	snprintf(text, sizeof text, "%s%lld %s left; Ctrl-C ends it, and nothing is changed", d->lost ? "no answer for the moment; " : "",
		 left >= 120 ? left / 60 : left >= 60 ? 1 : left, left >= 120 ? "minutes" : left >= 60 ? "minute" : "seconds");
	login_terminal_draw(d->work->terminal, text);
}

static int expired(const struct device *d, struct failure *f)
{
	bool minutes = d->said->lasts >= 120;
	char login[128];

	fail(f, AT_TOKEN, EX_TEMPFAIL, "nobody has typed the code within the %u %s that it was good for", minutes ? d->said->lasts / 60 : d->said->lasts,
	     minutes ? "minutes" : "seconds");
	snprintf(f->relay, sizeof f->relay, "%s", d->work->oauth.host);
	login_words(login, sizeof login, d->work->account->name);
	return failure_hint(f, HINT_LOGIN_AGAIN, login);
}

/* Waits, and shows how long there is; -1: the person or the code is at its end. */
static int wait_on(struct device *d, struct failure *f)
{
	int64_t until = clock_steady() + (int64_t)d->wait * 1000, left;
	struct pollfd fds[1];

	while ((left = until - clock_steady()) > 0) {
		draw(d);
		if (login_terminal_wait(d->work->terminal, fds, 0, left < 1000 ? left : 1000) == LOGIN_OVER)
			return login_is_over(f);
		if (clock_boot() >= d->until)
			return expired(d, f);
	}
	return 0;
}

/* Asks once. 1: not yet. */
static int ask(struct device *d, struct token_answer *got, struct failure *f)
{
	int rc = token_request_device_poll(&d->work->request, d->said->device_code, d->verifier, got, f);

	if (rc == 0 && *got->access)
		return 0;
	d->lost = rc < 0;
	if (rc < 0 && ending_asked())
		return login_is_over(f);
	/* RFC 8628 3.5: a network that is lost ends nothing, and is asked less and less often. */
	if (rc < 0 && f->stage == AT_TOKEN && f->exit == EX_TEMPFAIL) {
		d->wait = d->wait * 2 < WAIT_MOST ? d->wait * 2 : WAIT_MOST;
		token_answer_free(got);
		return 1;
	}
	if (rc < 0)
		return -1;
	if (strcmp(got->error, "slow_down") == 0)
		d->interval += SLOWER;
	d->wait = d->interval;
	token_answer_free(got);
	return 1;
}

static int poll_on(struct device *d, struct token_answer *got, struct failure *f)
{
	int rc;

	do
		rc = wait_on(d, f) < 0 ? -1 : ask(d, got, f);
	while (rc == 1);
	return rc;
}

int login_device(struct login_work *w, struct token_answer *got, struct failure *f)
{
	bool own = w->oauth.maker == OAUTH_OWN; /* Keycloak may want PKCE here, too */
	struct token_answer said;
	struct authorize z;
	struct device d = {.work = w, .said = &said};
	int rc;

	*got = (struct token_answer){.access = ""};
	if (authorize_begin(&z, f) < 0)
		return -1;
	rc = token_request_device(&w->request, own ? z.challenge : "", &said, f);
	if (rc == 0) {
		d.verifier = own ? z.verifier : "";
		d.until = clock_boot() + (int64_t)said.lasts * 1000;
		d.interval = d.wait = said.interval ? said.interval : INTERVAL;
		show(&d);
		rc = poll_on(&d, got, f);
	}
	token_answer_free(&said);
	authorize_wipe(&z);
	return rc;
}
