/*
 * cli/login - a person logs in at the provider of an account's tokens, and out again (--login, --logout)
 *
 * login.c has the order of it, login_device.c the code that is typed into any browser, login_browser.c the browser that comes back,
 * login_terminal.c what is said and typed meanwhile, login_relay.c what the relay says to the new token, logout.c the way out.
 * Use: struct login_terminal t; login_terminal_open(&t, false); login_device(&work, &got, f) or login_browser(&work, &got, f);
 * login_terminal_close(&t), which also lets a signal end us that has come in between: then all is as it was before.
 *
 * Owns: a login_terminal the modes of the terminal, until it is closed. Units: milliseconds. Bounds: LOGIN_TYPED octets are typed or
 * pasted; LOGIN_MINUTES for a browser, the provider's own time for a device.
 * Errors: AT_TOKEN: those of wire/token_request; EX_TEMPFAIL, nobody has logged in in time; AT_USAGE EX_TEMPFAIL, ended by the person.
 * Threads: one. Source: RFC 8628 3.2 to 3.5, RFC 8252 7.3, RFC 7636; mysend(1), "The login".
 */
#ifndef CLI_LOGIN_H
#define CLI_LOGIN_H

#include <poll.h>
#include <termios.h>

#include "base/ending.h"
#include "cli/options.h"
#include "conf/book.h"
#include "conf/credential.h"
#include "wire/token_request.h"

enum { LOGIN_TYPED = 16 * 1024, LOGIN_MINUTES = 5 };

enum login_event {
	LOGIN_LATE,   /* the time is over */
	LOGIN_SOCKET, /* one of the descriptors */
	LOGIN_LINE,   /* something was typed, with Enter behind it */
	LOGIN_OVER    /* Ctrl-C, Ctrl-D, a signal, or the terminal has gone */
};

struct login_terminal {
	struct termios before;
	struct ending held;
	bool changed; /* its modes are ours */
	bool draws;   /* a line can be drawn over */
	bool drawn;   /* one is there */
	bool asks;    /* what is typed counts; else it is dropped */
	bool entered; /* it ends with Enter */
	bool over;
	size_t len;
	char typed[LOGIN_TYPED];
};

void login_terminal_open(struct login_terminal *t, bool plain); /* plain: other lines come in between, nothing is drawn */
void login_terminal_close(struct login_terminal *t);
void login_terminal_say(struct login_terminal *t, const char *text); /* a line, printable already */
void login_terminal_draw(struct login_terminal *t, const char *text); /* the last line, in place of what was drawn before */
void login_terminal_wipe(struct login_terminal *t); /* what was drawn */
/* Waits so long for what is typed, and for the descriptors; room: one more than those. */
enum login_event login_terminal_wait(struct login_terminal *t, struct pollfd *fds, nfds_t count, int64_t ms);
void login_terminal_forget(struct login_terminal *t); /* what was typed */

struct login_work {
	const struct account *account;
	struct oauth oauth;
	struct token_request request;
	struct login_terminal *terminal;
	struct arena *in;
};

/* The account that is meant, which has oauth; and the client's secret, if it has one. */
MUST_CHECK int login_account(struct login_work *w, const struct options *o, struct book *book, struct failure *f);
MUST_CHECK int login_secret(struct login_work *w, struct credential *secret, struct failure *f);
/* 0: *got has the tokens; it is to be freed in any case. */
MUST_CHECK int login_device(struct login_work *w, struct token_answer *got, struct failure *f);
MUST_CHECK int login_browser(struct login_work *w, struct token_answer *got, struct failure *f);
int login_is_over(struct failure *f); /* ended by the person: -1 */

enum { LOGIN_WORD = 512 };

/* Opens a session up to the login, and ends it. word: the relay's answer, printable. */
MUST_CHECK int login_relay(const struct account *a, const struct tracer *w, char word[static LOGIN_WORD], struct failure *f);

#endif
