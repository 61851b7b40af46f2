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
	bool ended;    /* it did */
	bool dot;      /* held back: a dot that began a line */
	bool midline;  /* something stands on the line at hand */
	size_t crs;    /* held back: what they are is told by the next octet */
	uint64_t nuls; /* dropped */
	uint64_t nul_runs; /* so often one or more in a row */
	bool after_nul;
};

size_t normalize_room(size_t len);
/* Changes the piece on the way (NULs are taken out in place). */
MUST_CHECK int normalize_add(struct normalizer *s, char *piece, size_t len, struct buf *out);
MUST_CHECK int normalize_end(struct normalizer *s, struct buf *out);

struct knowledge {
	bool eightbit;	   /* an octet above 127 */
	bool not_utf8;
	unsigned awaited;  /* octets that the character at hand still wants */
	unsigned char low, high; /* what the next of them may be */
	size_t line;	   /* octets on the line at hand, its CR counted */
	size_t longest;	   /* of the lines with more than NORMALIZE_LINE octets, CRLF not counted; else 0 */
};

void facts_add(struct knowledge *k, struct slice text);
void facts_end(struct knowledge *k);

#endif
