#include "mail/filetype.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/reexec.h"
#include "base/clock.h"
#include "base/log.h"
#include "mail/looker.h"

struct filetypes {
	const char *called; /* borrowed */
	char *environment[3]; /* of the looker: where its libraries and the database are, and nothing else */
	pid_t looker;	    /* own, 0: there is none */
	int fd;		    /* own; open while there is a looker */
	unsigned looks;	    /* how many looks this process has answered */
	bool ready;	    /* the process has said that it is ready */
	bool hopeless, told_limits; /* the user was warned that there is no libmagic; that the process has less than all limits */
};

struct answer {
	int kind; /* LOOKER_...; 0: the process has died, or was too slow */
	char text[LOOKER_TEXT + 1];
};

static void give_up(struct filetypes *t, const char *why)
{
	if (!t->hopeless)
		log_warning("libmagic: %s: what a file or a text is cannot be told", why);
	t->hopeless = true;
}

struct filetypes *filetypes_open(struct arena *in, const char *called)
{
	static const char *const names[] = {"LD_LIBRARY_PATH", "MAGIC"};
	struct filetypes *t = arena_zeroed(in, 1, sizeof *t);
	size_t used = 0;

	t->called = called;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (getenv(names[i]))
			t->environment[used++] = arena_printf(in, "%s=%s", names[i], getenv(names[i]));
	return t;
}

void filetypes_close(struct filetypes *t)
{
	if (!t || !t->looker)
		return;
	close(t->fd);
	kill(t->looker, SIGKILL); /* it may be in the middle of a look */
	while (waitpid(t->looker, NULL, 0) < 0 && errno == EINTR)
		;
	t->looker = 0;
}

/* Runs in the child, which becomes the looker. */
static void become(const struct filetypes *t, int end)
{
	char name[] = LOOKER_NAME, word[] = LOOKER_WORD, *const argv[] = {name, word, NULL};

	if (dup2(end, STDIN_FILENO) == STDIN_FILENO)
		reexec_self(t->called, argv, t->environment);
	_exit(EX_OSERR);
}

void filetypes_start(struct filetypes *t)
{
	int ends[2];

	if (t->looker || t->hopeless)
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) {
		give_up(t, strerror(errno));
		return;
	}
	for (int i = 0; i < 2; i++)
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	signal(SIGCHLD, SIG_DFL); /* we may have inherited that SIGCHLD is ignored */
	t->looker = fork();
	if (t->looker == 0)
		become(t, ends[1]);
	if (t->looker < 0) {
		give_up(t, strerror(errno));
		close(ends[0]);
		t->looker = 0;
	} else {
		t->fd = ends[0];
		t->looks = 0;
		t->ready = false;
	}
	close(ends[1]);
}

/* Waits until the descriptor can be read or written; false: that took too long. */
static bool wait_for(int fd, short events, int64_t until)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t left = until - clock_steady();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n > 0 || n == 0 || errno != EINTR)
			return n > 0;
	}
}

static bool write_all(int fd, const void *from, size_t len, int64_t until)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = send(fd, (const char *)from + done, len - done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			done += (size_t)n;
		else if ((errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) || !wait_for(fd, POLLOUT, until))
			return false;
	}
	return true;
}

static bool get(int fd, void *to, size_t len, int64_t until)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = wait_for(fd, POLLIN, until) ? recv(fd, (char *)to + got, len - got, MSG_DONTWAIT) : 0;

		if (n > 0)
			got += (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
			return false;
	}
	return true;
}

static void hear(const struct filetypes *t, struct answer *answer, int64_t until)
{
	unsigned char head[2] = {0, 0};

	*answer = (struct answer){0, ""};
	if (get(t->fd, head, sizeof head, until) && get(t->fd, answer->text, head[1], until))
		answer->kind = head[0];
	answer->text[answer->kind ? head[1] : 0] = '\0';
}

/* Waits until the process has said that it is ready. */
static bool is_ready(struct filetypes *t, int64_t until)
{
	struct answer answer;

	filetypes_start(t);
	if (t->hopeless || t->ready)
		return !t->hopeless;
	hear(t, &answer, until);
	t->ready = answer.kind == LOOKER_JAILED || answer.kind == LOOKER_LIMITED || answer.kind == LOOKER_ROOT;
	if (!t->ready)
		give_up(t, answer.kind == LOOKER_FAILED ? answer.text : "its process could not be started");
	if (t->ready && answer.kind != LOOKER_JAILED && !t->told_limits) {
		log_warning("libmagic looks into files under limits alone: the system refuses %s: %s",
			    answer.kind == LOOKER_ROOT ? "another user than root" : "a filter of its calls", answer.text);
		t->told_limits = true;
	}
	return t->ready;
}

/* Asks the process. One that has answered looks before may have used up its time with them: then a new process is asked once
 * more. */
static void ask(struct filetypes *t, struct slice head, struct answer *answer)
{
	const struct looker_ask ask = {{'l', 'o', 'o', 'k'}, (uint32_t)head.len};
	unsigned looks;

	*answer = (struct answer){0, ""};
	do {
		int64_t until = clock_steady() + FILETYPE_SECONDS * 1000;

		if (!is_ready(t, until))
			break;
		looks = t->looks++;
		if (write_all(t->fd, &ask, sizeof ask, until) && write_all(t->fd, head.p, head.len, until))
			hear(t, answer, until);
		if (!answer->kind)
			filetypes_close(t);
	} while (!answer->kind && looks);
}

/* The type's top level is one of the registry (RFC 6838 4.2): mail programs know no other. */
static bool is_known_tree(struct slice type)
{
	static const char *const trees[] = {"application/", "audio/", "font/", "image/", "message/", "model/", "multipart/", "text/", "video/"};

	for (size_t i = 0; i < sizeof trees / sizeof *trees; i++)
		if (slice_begins(type, trees[i]))
			return true;
	return false;
}

static bool is_charset(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+")];
}

struct filetype filetype_of(struct filetypes *t, struct arena *in, struct slice head, const char *what)
{
	static const char set[] = "; charset=";
	struct filetype found = {"application/octet-stream", "binary"};
	struct answer answer;
	char *charset;

	if (!head.len)
		return found;
	if (head.len > FILETYPE_LOOK)
		head.len = FILETYPE_LOOK;
	ask(t, head, &answer);
	if (answer.kind != LOOKER_TOLD) {
		if (!t->hopeless)
			log_warning("libmagic gave no answer%s%s: what %s is cannot be told", *answer.text ? ": " : "", answer.text, what);
		return found;
	}
	charset = strstr(answer.text, set);
	if (charset)
		*charset = '\0';
	if (!filetype_is_type(answer.text) || !is_known_tree(slice_of(answer.text)))
		return found;
	found.type = arena_printf(in, "%s", answer.text);
	if (charset && is_charset(charset + sizeof set - 1))
		found.charset = arena_printf(in, "%s", charset + sizeof set - 1);
	return found;
}
