/*
 * wire/mask - keeps what was said during a login out of what the relay says
 *
 * Some relays repeat the login in their refusal ("535 bad: AUTH PLAIN AHUAcA=="), and the relay's words go far: to
 * the log, the spool, the screen, into a bounce. Each answer passes here before it is shown or kept: a word that
 * holds one of the texts, or a piece of `least` octets of one, becomes "****", in any case of letters, also where the
 * text was cut off or goes on in the answer's next line.
 *
 * Use: mask_start(&m); mask_password(&m, user, password); mask_said(&m, said) for each line of ours during AUTH;
 * n = mask_line(&m, line, n, first) for each line heard; mask_settle(&m) after the login; mask_free(&m).
 * Owns: copies of the texts, until mask_settle wipes them. From then on it has a number of 32 bits and a length for
 * each, and another for its first three quarters: a text is found as long as that much of it stands in one answer, on one
 * line or on more; of what is broken over lines only the line that completes it is masked. Shorter pieces, ends, and what is
 * turned round or coded otherwise are shown. More sums would find more, and tell more: with one for each half, or for
 * each window, who reads the memory has the password in small parts.
 * Bounds: TEXT_MOST octets of a text count, and TEXTS texts. With more, all words of the answers are masked until settled.
 * Errors: none. Threads: the session's. Source: RFC 4954 4 (AUTH), RFC 4616, 5802 (what is in it).
 * BUGS: a text shorter than LEAST is found only as a word of its own; five octets before a line's end may be the
 * beginning of a text.
 */
#ifndef WIRE_MASK_H
#define WIRE_MASK_H

#include <stdint.h>

#include "base/bytes.h"

enum { MASK_LEAST = 6, MASK_TEXT_MOST = 4096, MASK_TEXTS = 32, MASK_ANSWER = 1024 };

struct mask {
	struct buf texts; /* one after the other, in small letters */
	size_t least;	  /* MASK_LEAST, or what the user sets it to: more where the words of an answer may well have a piece in common with a secret */
	struct {
		size_t at, len;
		uint32_t sum;
		size_t begin; /* how many octets of the text's beginning are found without the rest */
		uint32_t begin_sum;
	} text[MASK_TEXTS];
	size_t count;
	bool settled, all;
	char before[MASK_ANSWER]; /* the end of the lines before, of the same answer */
	size_t before_len;
};

void mask_start(struct mask *m);
void mask_password(struct mask *m, const char *user, const char *password);
void mask_said(struct mask *m, struct slice line); /* a line of ours, from AUTH to the last answer to a challenge */
/* Masks p where it stands and returns its new length; first: an answer begins. p has MASK_ANSWER octets of room. */
size_t mask_line(struct mask *m, char p[static MASK_ANSWER], size_t len, bool first);
void mask_wipe(const struct mask *m, char *p, size_t len); /* each text in p, which is memory, becomes stars */
void mask_settle(struct mask *m);
void mask_free(struct mask *m);

#endif
