/*
 * mail/normalize - line ends and facts of a message on its way in, piece by piece
 *
 * Use: struct normalizer s = {0}; for each piece: normalize_add(&s, piece, len, &out), until it says that the message has
 * ended; normalize_end(&s, &out). Then facts_add(&known, octets) over the normalized body, facts_end(&known).
 * LF, CRLF, CR CR LF and a bare CR become CRLF, NUL goes, the last line is ended; where pieces are cut makes no
 * difference. A run of more than NORMALIZE_RUN CRs is as many line ends even before an LF.
 *
 * Owns: nothing. Bounds: a piece of n octets adds at most normalize_room(n) to out; linear.
 * Errors: normalize_add, normalize_end: -1 when the buf is full. Threads: whoever holds it. Source: mysend-compat(7), MESSAGE.
 */
#ifndef MAIL_NORMALIZE_H
#define MAIL_NORMALIZE_H

#include <stdint.h>

#include "base/bytes.h"
#include "mail/header.h"

enum { NORMALIZE_RUN = 512, NORMALIZE_LINE = HEADER_LINE_MAX };

struct normalizer {
	bool dot_ends; /* set by the caller: a line "." ends the message */
	bool ended;    /* that line has come */
	bool dot;      /* a dot at the beginning of a line is held back */
	bool midline;  /* the current line is not empty */
	size_t crs;    /* CRs that are held back: the next octet tells what they are */
	uint64_t nuls; /* NULs that were dropped */
	uint64_t nul_runs; /* runs of NULs */
	bool after_nul;
};

size_t normalize_room(size_t len);
/* Adds a piece, and changes it (NULs are taken out in place). */
MUST_CHECK int normalize_add(struct normalizer *s, char *piece, size_t len, struct buf *out);
MUST_CHECK int normalize_end(struct normalizer *s, struct buf *out);

struct knowledge {
	bool eightbit;	   /* there was an octet above 127 */
	bool not_utf8;
	unsigned awaited;  /* how many octets the current character still needs */
	unsigned char low, high; /* the range of the next of them */
	size_t line;	   /* octets on the current line, its CR counted */
	size_t longest;	   /* the longest line with more than NORMALIZE_LINE octets, CRLF not counted; else 0 */
};

void facts_add(struct knowledge *k, struct slice text);
void facts_end(struct knowledge *k);

#endif
