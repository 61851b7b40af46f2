/*
 * intake/dialogue - lines from a client and replies to it: SMTP's outermost layer, on two descriptors
 *
 * Replies are held back until the client has nothing more to read out of what it sent (RFC 2920 3.2), or until
 * dialogue_flush.
 * Use: dialogue_open(&d, 0, 1, f); while (dialogue_line(&d, &line, f) > 0) ... dialogue_say(&d, 250, "2.0.0 Ok", f); ...
 * dialogue_close(&d).
 *
 * Owns: its buffers; dialogue_close gives them back. A line is good until the next call.
 * Bounds: DIALOGUE_LINE octets a line; a longer one is read to its end and told as such. DIALOGUE_ANSWER octets a line of an
 * answer; a longer one is cut.
 * Errors: -1 and *f AT_INPUT EX_IOERR where reading or writing fails. Threads: one.
 * Source: RFC 5321 2.3.8, 4.5.3.1.4, 4.5.3.2.7; RFC 2920 3.2.
 */
#ifndef INTAKE_DIALOGUE_H
#define INTAKE_DIALOGUE_H

#include "base/bytes.h"

enum { DIALOGUE_LINE = 4096, DIALOGUE_ANSWER = 512, DIALOGUE_END = 0, DIALOGUE_GOT = 1, DIALOGUE_TOO_LONG = 2, DIALOGUE_LATER = 3 };

struct dialogue {
	int in, out; /* out -1: replies are not written */
	char *room;  /* own */
	size_t begin, end;
	int patience; /* seconds that the client may be silent; 0: for ever. May be set after dialogue_open */
	bool nowait;  /* returns DIALOGUE_LATER instead of waiting. May be set after dialogue_open */
	bool long_line; /* the current line has too many octets */
	bool idle;    /* the end has come since the client was silent for too long */
	struct buf replies;
};

MUST_CHECK int dialogue_open(struct dialogue *d, int in, int out, struct failure *f);
void dialogue_close(struct dialogue *d);
/* Reads a line, without its LF and a CR before that. DIALOGUE_END: there is none; a line that does not end is none. */
MUST_CHECK int dialogue_line(struct dialogue *d, struct slice *line, struct failure *f);
/* The octets that have come, at least one (it waits for that); DIALOGUE_END at the end. dialogue_consume tells how many were used. */
MUST_CHECK int dialogue_some(struct dialogue *d, char **p, size_t *len, struct failure *f);
void dialogue_consume(struct dialogue *d, size_t used);
/* Writes a reply; lines are separated by LF, and each gets the code: 250, "PIPELINING\nHELP". */
MUST_CHECK int dialogue_say(struct dialogue *d, int code, const char *lines, struct failure *f);
MUST_CHECK int dialogue_flush(struct dialogue *d, struct failure *f);

#endif
