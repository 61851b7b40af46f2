#include "cli/login.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "wire/authorize.h"
#include "wire/redirect.h"
#include "wire/token_answer.h"
#include "wire/token_fault.h"

static const char PROMPT[] = "> ";

struct browser {
	struct login_work *work;
	struct redirect port;
	struct authorize proof;
	const char *uri; /* to which the browser is sent back */
	int64_t until;	 /* clock_steady */
	bool told;	 /* that an answer to another login came: any user of this host can send one, and without end */
};

static void show(const struct browser *b)
{
	struct login_terminal *t = b->work->terminal;
	const char *url = authorize_url(b->work->in, &b->work->oauth, &b->proof, b->uri, b->work->account->user);
	char *shown = arena_zeroed(b->work->in, 1, strlen(url) + 1);

	slice_printable(shown, strlen(url) + 1, slice_of(url));
	login_terminal_say(t, "Open this address in a browser, on this host or on any other:");
	login_terminal_say(t, arena_printf(b->work->in, "    %s", shown));
	login_terminal_say(t, arena_printf(b->work->in, "If the browser then cannot load a page at %s, copy that page's address and paste it here:", b->work->oauth.redirect));
	login_terminal_draw(t, PROMPT);
}

/* What came that is not the answer; the person may go on. */
static void tell_other(struct browser *b, enum redirect_kind kind, bool pasted)
{
	struct login_terminal *t = b->work->terminal;

	if (!pasted && b->told)
		return;
	b->told |= !pasted;
	if (kind == REDIRECT_OTHER)
		login_terminal_say(t, pasted ? "That is the address of another login than this one (its state is another): open the address above anew."
					     : "The browser has brought the answer to another login than this one: it is ignored.");
	else
		login_terminal_say(t, "That is not the address of the page: it has code= and state= in it. Paste it whole.");
	login_terminal_draw(t, PROMPT);
}

static int late(const struct browser *b, struct failure *f)
{
	char login[128];

	fail(f, AT_TOKEN, EX_TEMPFAIL, "nobody has logged in within %d minutes", LOGIN_MINUTES);
	snprintf(f->relay, sizeof f->relay, "%s", b->work->oauth.host);
	login_words(login, sizeof login, b->work->account->name);
	return failure_hint(f, HINT_LOGIN_AGAIN, login);
}

/* Until the browser comes back, or its address is pasted, whichever is first. */
static int wait_for_answer(struct browser *b, struct redirect_answer *answer, struct failure *f)
{
	struct login_terminal *t = b->work->terminal;
	struct pollfd fds[REDIRECT_FDS + 1];
	bool pasted;

	do {
		nfds_t count = redirect_watch(&b->port, fds);

		*answer = (struct redirect_answer){.kind = REDIRECT_NOTHING};
		pasted = false;
		switch (login_terminal_wait(t, fds, count, b->until - clock_steady())) {
		case LOGIN_OVER:
			return login_is_over(f);
		case LOGIN_LATE:
			return late(b, f);
		case LOGIN_LINE:
			pasted = true;
			redirect_read_pasted(answer, (struct slice){t->typed, t->len}, b->proof.state);
			login_terminal_forget(t);
			break;
		case LOGIN_SOCKET:
			redirect_serve(&b->port, fds, answer);
			break;
		}
		if (answer->kind == REDIRECT_OTHER || (pasted && answer->kind == REDIRECT_NOTHING))
			tell_other(b, answer->kind, pasted);
	} while (answer->kind == REDIRECT_NOTHING || answer->kind == REDIRECT_OTHER);
	return 0;
}

static int exchange(const struct browser *b, const struct redirect_answer *answer, struct token_answer *got, struct failure *f)
{
	struct login_work *w = b->work;
	struct token_answer refused = {.error = answer->error, .description = answer->description,
					.number = token_answer_number(answer->description)};

	if (answer->kind == REDIRECT_REFUSED) {
		token_fault(&refused, GRANT_CODE, w->account, &w->oauth, f);
		snprintf(f->relay, sizeof f->relay, "%s", w->oauth.host);
		return -1;
	}
	return token_request_code(&w->request, answer->code, b->uri, b->proof.verifier, got, f);
}

int login_browser(struct login_work *w, struct token_answer *got, struct failure *f)
{
	struct browser b = {.work = w, .until = clock_steady() + LOGIN_MINUTES * 60 * 1000};
	struct redirect_answer answer = {.kind = REDIRECT_NOTHING};
	int rc = -1;

	*got = (struct token_answer){.access = ""};
	if (authorize_begin(&b.proof, f) == 0 && redirect_open(&b.port, b.proof.state, f) == 0) {
		b.uri = arena_printf(w->in, "http://%s:%u", w->oauth.redirect, b.port.port);
		w->terminal->asks = true;
		show(&b);
		rc = wait_for_answer(&b, &answer, f);
		w->terminal->asks = false;
		redirect_close(&b.port);
	}
	login_terminal_wipe(w->terminal);
	if (rc == 0)
		rc = exchange(&b, &answer, got, f);
	redirect_answer_wipe(&answer);
	authorize_wipe(&b.proof);
	return rc;
}
