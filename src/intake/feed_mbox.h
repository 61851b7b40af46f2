/*
 * intake/feed_mbox - a mailbox file (mboxo, mboxrd, mboxcl2) to one message after the other
 *
 * mail/mbox says which line begins a message. The empty line before such a line, or at the end of the file, belongs to no message.
 * A Content-Length is believed if it leads exactly to such a line, or to the end of the file; then the text is taken as it stands
 * (mboxcl2). Else a line ">From " of the text loses the ">" that the program which wrote the mailbox put there (mboxrd).
 *
 * Use: feed_mbox_open(&b, fd, MBOX_RD, f); while ((rc = feed_mbox_next(&b, &message, arena, f)) != 0) ...; feed_mbox_close(&b).
 * Owns: what it reads with, not the descriptor. Bounds: memory as base/window and mail/message have it, whatever the size of the file.
 * Errors: -1 and *f: from feed_mbox_open: EX_DATAERR, the file is no mailbox. From feed_mbox_next: this message cannot be taken
 * (EX_DATAERR, EX_OSERR, EX_TEMPFAIL), and the next call returns the message after it; or the file cannot be read (EX_IOERR), and the
 * next call returns 0. The members number and line say which message failed. Threads: one.
 */
#ifndef INTAKE_FEED_MBOX_H
#define INTAKE_FEED_MBOX_H

#include "base/window.h"
#include "mail/mbox.h"
#include "mail/message.h"

struct feed_mbox {
	struct window in;
	enum mbox_variant variant;
	bool over;	       /* nothing more is read */
	bool midline;	       /* the rest of a line comes next */
	bool in_text;	       /* the header is over */
	bool parted;	       /* the line before was an empty one */
	bool counted;	       /* the header has a Content-Length: */
	uint64_t length;       /* the number in it; later, how many of these octets are still to come */
	uint64_t number, line; /* of the current message: its number in the file, from 1, and the line in which it begins */
};

MUST_CHECK int feed_mbox_open(struct feed_mbox *b, int fd, enum mbox_variant variant, struct failure *f);
/* Begins anew. The file counts as having that size: what was appended since it was known may be half a message. */
MUST_CHECK int feed_mbox_again(struct feed_mbox *b, uint64_t size, struct failure *f);
/* Reads the next message. 1: done, the caller closes it; 0: there is no other. */
MUST_CHECK int feed_mbox_next(struct feed_mbox *b, struct message *m, struct arena *in, struct failure *f);
/* Counts the messages of the file, by reading all of it. */
MUST_CHECK int feed_mbox_count(const struct feed_mbox *b, uint64_t *count, struct failure *f);
void feed_mbox_close(struct feed_mbox *b);

#endif
