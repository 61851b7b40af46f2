#include "cli/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { QUIET_MS = 300 }; /* what is pasted comes at once, with its line ends: only behind a pause it is whole */
enum { END = 4, ERASE = 8, KILL = 21, DELETE = 127 }; /* Ctrl-D, Ctrl-H, Ctrl-U */

/* What is pasted is a secret for a while: the terminal shows none of it. It is also longer than the 4,095 octets that a terminal keeps of
 * a line. Without Ctrl-Z and Ctrl-\, for a shell would get the terminal in these modes. */
void login_terminal_open(struct login_terminal *t, bool plain)
{
	const char *kind = getenv("TERM");
	struct termios ours;

	*t = (struct login_terminal){.draws = !plain && kind && strcmp(kind, "dumb") != 0};
	ending_hold(&t->held);
	if (tcgetattr(STDIN_FILENO, &t->before) < 0)
		return;
	ours = t->before;
	ours.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	ours.c_cc[VMIN] = 1;
	ours.c_cc[VTIME] = 0;
	ours.c_cc[VSUSP] = ours.c_cc[VQUIT] = _POSIX_VDISABLE;
	t->changed = tcsetattr(STDIN_FILENO, TCSADRAIN, &ours) == 0;
}

void login_terminal_wipe(struct login_terminal *t)
{
	if (t->drawn && t->draws)
		fputs("\r\033[K", stderr);
	t->drawn = false;
}

void login_terminal_close(struct login_terminal *t)
{
	login_terminal_wipe(t);
	/* Nothing of what was pasted is left for the shell to read. */
	if (t->changed)
		(void)!tcsetattr(STDIN_FILENO, TCSAFLUSH, &t->before);
	t->changed = false;
	login_terminal_forget(t);
	if (ending_asked())
		fputc('\n', stderr);
	ending_release(&t->held);
}

void login_terminal_say(struct login_terminal *t, const char *text)
{
	login_terminal_wipe(t);
	fprintf(stderr, "%s\n", text);
}

/* Where nothing can be drawn over, the first one is a line, and the others are left out. */
void login_terminal_draw(struct login_terminal *t, const char *text)
{
	if (t->draws)
		fprintf(stderr, "%s%s", t->drawn ? "\r\033[K" : "", text);
	else if (!t->drawn)
		fprintf(stderr, "%s\n", text);
	fflush(stderr);
	t->drawn = true;
}

void login_terminal_forget(struct login_terminal *t)
{
	explicit_bzero(t->typed, sizeof t->typed);
	t->len = 0;
	t->entered = false;
}

static void take_octet(struct login_terminal *t, char c)
{
	if (c == END) {
		t->over = true;
	} else if (c == KILL) {
		login_terminal_forget(t);
	} else if (c == ERASE || c == DELETE) {
		t->len -= t->len > 0;
	} else if (c == '\n' || c == '\r') {
		t->entered = slice_trim((struct slice){t->typed, t->len}).len > 0;
		if (!t->entered)
			login_terminal_forget(t);
	} else {
		t->entered = false;
	}
	if (t->asks && !strchr((const char[]){END, KILL, ERASE, DELETE, '\0'}, c) && t->len < sizeof t->typed && (t->len || !octet_is_space(c)))
		t->typed[t->len++] = c;
}

static void take(struct login_terminal *t)
{
	bool nothing = t->len == 0;
	char piece[1024];
	ssize_t n = file_read(STDIN_FILENO, piece, sizeof piece);

	t->over = t->over || n <= 0;
	for (ssize_t i = 0; i < n && !t->over; i++)
		if (piece[i])
			take_octet(t, piece[i]);
	explicit_bzero(piece, sizeof piece);
	if (nothing && t->len)
		fputs("(what is typed is not shown) ", stderr);
}

enum login_event login_terminal_wait(struct login_terminal *t, struct pollfd *fds, nfds_t count, int64_t ms)
{
	int64_t until = clock_steady() + ms, left = ms, step;
	int got;

	while (!t->over && !ending_asked() && left > 0) {
		step = t->entered ? QUIET_MS : left < ENDING_LOOK_MS ? left : ENDING_LOOK_MS;
		fds[count] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
		got = poll(fds, count + 1, (int)step);
		if (got == 0 && t->entered)
			return LOGIN_LINE;
		if (got > 0 && fds[count].revents)
			take(t);
		for (nfds_t i = 0; got > 0 && i < count; i++)
			if (fds[i].revents)
				return LOGIN_SOCKET;
		left = until - clock_steady();
	}
	return t->over || ending_asked() ? LOGIN_OVER : LOGIN_LATE;
}

int login_is_over(struct failure *f)
{
	return fail(f, AT_USAGE, EX_TEMPFAIL, "the login was ended; all is as it was before");
}
