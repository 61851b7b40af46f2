/*
 * post/ledger_read - the lines of a ledger, one after the other, in little memory
 *
 * Use: struct ledger_reader r; ledger_read_begin(&r, fd, &run); while ((rc = ledger_read_next(&r, &line, f)) > 0) ...
 * What a crash can have left is passed over: a last line without its end, and a line with NULs in it, which a file system leaves
 * where octets had not reached the disk. Such a line was never synced, so that nothing was promised by it. Lines that begin with #
 * are people's. Anything else that is no line is an error: to pass it over could send a mail twice.
 *
 * Owns: nothing; the descriptor is the caller's. Bounds: one piece of 64 KB.
 * Errors: -1 and *f (AT_INPUT; EX_DATAERR, EX_CONFIG for another version, EX_IOERR). Threads: whoever holds it.
 * Source: mysend-ledger(5).
 */
#ifndef POST_LEDGER_READ_H
#define POST_LEDGER_READ_H

#include "post/ledger_line.h"

enum { LEDGER_PIECE = 64 * 1024 };

struct ledger_reader {
	int fd;
	struct arena *in;
	struct ledger_head head; /* of the last head that was read; a later one takes the place of the first */
	bool has_head;
	unsigned long line;  /* the number of the last line that was read */
	uint64_t offset;     /* where it begins */
	uint64_t whole;      /* where the last whole line ends: what is behind was not written to its end */
	unsigned long holes; /* lines that were passed over for their NULs */
	bool in_hole;	     /* a line with NULs goes on where the piece ended */
	size_t used, len;    /* of the piece: what has been read of it, what it holds */
	char piece[LEDGER_PIECE];
};

void ledger_read_begin(struct ledger_reader *r, int fd, struct arena *in);
/* 1: a line, good until the next call; 0: there are no more. The file is read by offset: the descriptor may be used elsewhere. */
MUST_CHECK int ledger_read_next(struct ledger_reader *r, struct ledger_line *out, struct failure *f);
/* The line that begins at that offset. False: there is none, or none any more. */
bool ledger_read_at(int fd, uint64_t offset, char room[LEDGER_LINE], struct ledger_line *out);

#endif
