/*
 * intake/dialogue - lines from a client and replies to it: SMTP's outermost layer, on two descriptors
 *
 * Replies are held back until the client has nothing more to read out of what it sent (RFC 2920 3.2), or until
 * dialogue_flush.
 * Use: dialogue_open(&d, 0, 1, f); while (dialogue_line(&d, &line, f) > 0) ... dialogue_say(&d, 250, "2.0.0 Ok", f); ...
 * dialogue_close(&d).
 *
 * Owns: its buffers; dialogue_close gives them back. A line is good until the next call.
 * Bounds: DIALOGUE_LINE octets a line; a longer one is read to its end and told as such.
 * Errors: -1 and *f AT_INPUT EX_IOERR where reading or writing fails. Threads: one.
 * Source: RFC 5321 2.3.8, 4.5.3.1.4, 4.5.3.2.7; RFC 2920 3.2.
 */
#ifndef INTAKE_DIALOGUE_H
#define INTAKE_DIALOGUE_H

#include "base/bytes.h"

enum { DIALOGUE_LINE = 4096, DIALOGUE_END = 0, DIALOGUE_GOT = 1, DIALOGUE_TOO_LONG = 2, DIALOGUE_LATER = 3 };

struct dialogue {
	int in, out; /* out -1: nobody hears the replies */
	char *room;  /* own */
	size_t begin, end;
	int patience; /* seconds that the client may say nothing, or 0: for ever; whoever opened it may set it */
	bool nowait;  /* what has not come yet is DIALOGUE_LATER; whoever opened it may set it */
	bool long_line; /* the line at hand has too many octets */
	bool idle;    /* it has said nothing for so long: that is why the end has come */
	struct buf replies;
};

MUST_CHECK int dialogue_open(struct dialogue *d, int in, int out, struct failure *f);
void dialogue_close(struct dialogue *d);
/* Without its LF, and a CR before it. DIALOGUE_END: nothing more; a line without an end is none. */
MUST_CHECK int dialogue_line(struct dialogue *d, struct slice *line, struct failure *f);
/* What has come, waiting for at least an octet; DIALOGUE_END at the end. dialogue_take says how much was used. */
MUST_CHECK int dialogue_some(struct dialogue *d, char **p, size_t *len, struct failure *f);
void dialogue_take(struct dialogue *d, size_t used);
/* Lines parted by LF, each behind the code: "250", "PIPELINING\nHELP". */
MUST_CHECK int dialogue_say(struct dialogue *d, int code, const char *lines, struct failure *f);
MUST_CHECK int dialogue_flush(struct dialogue *d, struct failure *f);

#endif
