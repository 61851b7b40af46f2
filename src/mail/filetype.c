#include "mail/filetype.h"

#include <errno.h>
#include <magic.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/jail.h"

enum { ANSWER = 256, NAME = 127 };

struct filetypes {
	magic_t magic; /* own; NULL: not loaded yet, or not to be had */
	bool tried, warned;
};

static void warn(struct filetypes *t, const char *why)
{
	if (!t->warned)
		log_warning("libmagic: %s: what a file or a text is cannot be told", why);
	t->warned = true;
}

/* Lower than what libmagic has by itself, but for regular expressions: with less it takes programs for plain text. */
static void limit(magic_t m)
{
	static const struct { int what; size_t most; } limits[] = {
		{MAGIC_PARAM_INDIR_MAX, 20},	 {MAGIC_PARAM_NAME_MAX, 60},	   {MAGIC_PARAM_ELF_PHNUM_MAX, 128},
		{MAGIC_PARAM_ELF_SHNUM_MAX, 128}, {MAGIC_PARAM_ELF_NOTES_MAX, 16}, {MAGIC_PARAM_REGEX_MAX, 8192},
		{MAGIC_PARAM_BYTES_MAX, FILETYPE_LOOK},
	};

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		(void)!magic_setparam(m, limits[i].what, &limits[i].most);
}

static bool load(struct filetypes *t)
{
	if (t->tried)
		return t->magic != NULL;
	t->tried = true;
	/* Nothing is unpacked, and no program and no document is taken apart: what a program can be loaded to is nothing to mail,
	 * and the database knows Office's documents by their first octets, too. Of a tar only its first header is read, without
	 * which it would be of another type than file(1) says. */
	t->magic = magic_open(MAGIC_MIME | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF);
	if (t->magic && magic_load(t->magic, NULL) == 0) {
		limit(t->magic);
		return true;
	}
	warn(t, t->magic && magic_error(t->magic) ? magic_error(t->magic) : "no memory");
	if (t->magic)
		magic_close(t->magic);
	t->magic = NULL;
	return false;
}

struct filetypes *filetypes_open(struct arena *in)
{
	return arena_zeroed(in, 1, sizeof(struct filetypes));
}

void filetypes_close(struct filetypes *t)
{
	if (t && t->magic)
		magic_close(t->magic);
	if (t)
		t->magic = NULL;
}

/* The child: looks, says what it saw, and is gone. */
static void look(magic_t m, struct slice head, int out)
{
	const char *text;

	if (!jail_enter(FILETYPE_SECONDS))
		_exit(1);
	text = magic_buffer(m, head.p, head.len);
	_exit(text && file_write(out, text, strnlen(text, ANSWER - 1)) == 0 ? 0 : 1);
}

/* Its answer; false: it has none, or took too long (errno 0), or there was none to ask. */
static bool ask(struct filetypes *t, struct slice head, char answer[ANSWER])
{
	int64_t until = clock_steady() + FILETYPE_SECONDS * 1000;
	size_t len = 0;
	int ends[2], failed;
	pid_t child;

	if (pipe(ends) < 0)
		return false;
	signal(SIGCHLD, SIG_DFL);
	child = fork();
	failed = child < 0 ? errno : 0;
	if (child == 0)
		look(t->magic, head, ends[1]);
	close(ends[1]);
	while (child > 0 && len < ANSWER - 1) {
		struct pollfd p = {.fd = ends[0], .events = POLLIN};
		int64_t left = until - clock_steady();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			break;
		n = file_read(ends[0], answer + len, ANSWER - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(ends[0]);
	if (child > 0) {
		kill(child, SIGKILL); /* if it is there still */
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	answer[len] = '\0';
	errno = failed;
	return len > 0;
}

bool filetype_is_type(const char *text)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&-^_.+";
	size_t type = strspn(text, token);

	return type && type <= NAME && text[type] == '/' && text[type + 1] && strlen(text + type + 1) <= NAME &&
	       !text[type + 1 + strspn(text + type + 1, token)];
}

struct filetype filetype_of(struct filetypes *t, struct arena *in, struct slice head)
{
	static const char set[] = "; charset=";
	struct filetype found = {"application/octet-stream", "binary"};
	char answer[ANSWER] = "", *charset;

	if (!head.len) /* as file(1) has it */
		return (struct filetype){"inode/x-empty", "binary"};
	if (head.len > FILETYPE_LOOK)
		head.len = FILETYPE_LOOK;
	if (!load(t))
		return found;
	errno = 0;
	if (!ask(t, head, answer)) {
		warn(t, errno ? strerror(errno) : "it gave no answer");
		return found;
	}
	charset = strstr(answer, set);
	if (charset)
		*charset = '\0';
	if (!filetype_is_type(answer))
		return found;
	found.type = arena_printf(in, "%s", answer);
	if (charset && charset[sizeof set - 1] && !strpbrk(charset + sizeof set - 1, " \t\r\n;\"\\()"))
		found.charset = arena_printf(in, "%s", charset + sizeof set - 1);
	return found;
}
