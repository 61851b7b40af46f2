/*
 * mail/looker - the process that hostile files are shown to: mysend executed anew, which has libmagic and nothing else
 *
 * Use: main asks looker_is_asked(argc, argv) before anything else, and ends with what looker_run() says. mail/filetype starts
 * such a process with LOOKER_NAME and LOOKER_WORD as its arguments and one end of a pair of sockets as descriptor 0.
 * The looker closes all other descriptors, loads libmagic's database, enters base/jail, and says with one answer what
 * became of that: LOOKER_JAILED, LOOKER_LIMITED (the system refuses the filter; with the reason), LOOKER_ROOT (it has no filter,
 * and cannot stop being root) or LOOKER_FAILED (with
 * the reason). Then for each look: a struct looker_ask and so many octets in; an answer out, LOOKER_TOLD or LOOKER_FAILED.
 * An answer is an octet that says which, one with the length of the text, and the text.
 * It serves until descriptor 0 is closed at the other end, or something came that is no such question.
 *
 * LOOKER_WORD can be no recipient and no option. It counts only as the one argument, and where standard input is a socket
 * of this host, so that nobody who passes arguments on can have it instead of mail being sent: what such a looker reads is no
 * question, and it ends with EX_USAGE.
 *
 * Configured --without-libmagic there is none, and nobody is asked.
 *
 * Owns: the database, until it ends. Bounds: FILETYPE_LOOK octets a look, FILETYPE_SECONDS of computing in all, LOOKER_TEXT.
 * Errors: LOOKER_FAILED; or it is simply gone. Threads: one. Source: libmagic(3).
 */
#ifndef MAIL_LOOKER_H
#define MAIL_LOOKER_H

#include <stdbool.h>
#include <stdint.h>

enum { LOOKER_TEXT = 255 };
enum { LOOKER_JAILED = 'J', LOOKER_LIMITED = 'L', LOOKER_ROOT = 'R', LOOKER_FAILED = 'F', LOOKER_TOLD = 'T' };

#define LOOKER_NAME "mysend"
#define LOOKER_WORD "\001look"

struct looker_ask {
	char kind[4];  /* "look" */
	uint32_t octets;
};

#ifdef WITHOUT_LIBMAGIC
static inline bool looker_is_asked(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return false;
}
static inline int looker_run(void)
{
	return -1;
}
#else
bool looker_is_asked(int argc, char **argv);
int looker_run(void);
#endif

#endif
