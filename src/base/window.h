/*
 * base/window - a file of any size, read piece by piece through a window of memory that looks ahead; it counts lines
 *
 * Use: window_open(&w, fd, f), then window_look(&w, WINDOW_AHEAD, &ahead, f) and window_take(&w, n) in turn; window_close(&w).
 *
 * Owns: its memory, not the descriptor. The descriptor is read by offset (pread), and its own offset stays. The octets that
 * window_look shows are good until the next window_look; octets that were taken may be changed.
 * Bounds: WINDOW_ROOM octets of memory; the file has the size that it had at window_open, and what is appended later is not read.
 * Errors: AT_INPUT: EX_IOERR where reading fails or the file has become shorter, EX_OSERR without memory. Threads: one.
 */
#ifndef BASE_WINDOW_H
#define BASE_WINDOW_H

#include "base/bytes.h"

enum { WINDOW_ROOM = 128 * 1024, WINDOW_AHEAD = 32 * 1024 };

struct window {
	int fd;		   /* borrowed */
	char *room;	   /* own */
	size_t begin, end; /* of the octets in it that were not taken */
	uint64_t at;	   /* the offset of these in the file */
	uint64_t line;	   /* the number of the line that they begin in, from 1 */
	uint64_t size;	   /* of the file */
};

MUST_CHECK int window_open(struct window *w, int fd, struct failure *f);
/* Shows the octets that come next: at least `want` (which is at most WINDOW_AHEAD), fewer only at the end of the file. */
MUST_CHECK int window_look(struct window *w, size_t want, struct slice *ahead, struct failure *f);
/* The window shows all octets that are left. */
bool window_is_last(const struct window *w);
/* Takes so many octets, which are not shown again, and returns them. */
char *window_take(struct window *w, size_t len);
/* Begins anew with the file, which counts as having that size. */
void window_again(struct window *w, uint64_t size);
void window_close(struct window *w);

#endif
