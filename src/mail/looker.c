#include "mail/looker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/reexec.h"
#include "base/file.h"
#include "base/jail.h"
#include "mail/filetype.h"
#include "mail/libmagic.h"

static bool is_local_socket(int fd)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof own;

	return getsockname(fd, (struct sockaddr *)&own, &len) == 0 && own.ss_family == AF_UNIX;
}

bool looker_is_asked(int argc, char **argv)
{
	return argc == 2 && strcmp(argv[1], LOOKER_WORD) == 0 && is_local_socket(STDIN_FILENO);
}

static int answer(int kind, const char *text)
{
	char out[2 + LOOKER_TEXT];
	size_t len = strnlen(text, LOOKER_TEXT);

	out[0] = (char)kind;
	out[1] = (char)(unsigned char)len;
	memcpy(out + 2, text, len);
	return file_write(STDIN_FILENO, out, 2 + len);
}

/* Reads len octets; false: the input has ended. */
static bool looker_read(void *to, size_t len)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = file_read(STDIN_FILENO, (char *)to + got, len - got);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

/* Sets limits below libmagic's own, except for regular expressions: with less it takes programs for plain text. */
static void limit(magic_t m)
{
	static const struct { int what; size_t most; } limits[] = {
		{MAGIC_PARAM_INDIR_MAX, 20},	 {MAGIC_PARAM_NAME_MAX, 60},	   {MAGIC_PARAM_ELF_PHNUM_MAX, 128},
		{MAGIC_PARAM_ELF_SHNUM_MAX, 128}, {MAGIC_PARAM_ELF_NOTES_MAX, 16}, {MAGIC_PARAM_REGEX_MAX, 8192},
		{MAGIC_PARAM_BYTES_MAX, FILETYPE_LOOK},
	};

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		(void)!libmagic.setparam(m, limits[i].what, &limits[i].most);
}

/* Loads the database. NULL: the reason has been answered. */
static magic_t load(void)
{
	/* Nothing is unpacked, and programs and documents are not analysed: mail needs no details of programs, and the database
	 * knows Office documents by their first octets. Of a tar file the first header is read, without which its type would differ
	 * from that of file(1). */
	struct failure why;
	magic_t m;

	if (libmagic_start(&why) < 0) {
		(void)!answer(LOOKER_FAILED, why.text);
		return NULL;
	}
	m = libmagic.open(MAGIC_MIME | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF);

	if (m && libmagic.load(m, NULL) == 0) {
		limit(m);
		return m;
	}
	(void)!answer(LOOKER_FAILED, m && libmagic.error(m) ? libmagic.error(m) : "no memory");
	return NULL;
}

static bool enter(void)
{
	int why;

	switch (jail_enter(FILETYPE_SECONDS, &why)) {
	case JAIL_FILTER:
	case JAIL_LIMITS:
		return answer(LOOKER_JAILED, "") == 0;
	case JAIL_REFUSED:
		return answer(LOOKER_LIMITED, strerror(why)) == 0;
	case JAIL_ROOT:
		return answer(LOOKER_ROOT, strerror(why)) == 0;
	case JAIL_NONE:
		break;
	}
	(void)!answer(LOOKER_FAILED, strerror(why));
	return false;
}

int looker_run(void)
{
	struct looker_ask ask;
	char *octets = malloc(FILETYPE_LOOK);
	magic_t m;

	reexec_close_from(STDIN_FILENO + 1);
	m = octets ? load() : NULL;
	if (!m || !enter())
		_exit(EX_UNAVAILABLE);
	while (looker_read(&ask, sizeof ask) && memcmp(ask.kind, "look", sizeof ask.kind) == 0 && ask.octets <= FILETYPE_LOOK && looker_read(octets, ask.octets)) {
		const char *text = libmagic.buffer(m, octets, ask.octets);

		if (answer(text ? LOOKER_TOLD : LOOKER_FAILED, text ? text : libmagic.error(m) ? libmagic.error(m) : "no memory") < 0)
			break;
	}
	_exit(EX_USAGE); /* a caller that meant to send mail must not get status 0 */
}
