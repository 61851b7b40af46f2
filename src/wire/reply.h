/*
 * wire/reply - an answer of the relay, put together from its lines (RFC 5321 4.2)
 *
 * Use: struct reply r = {0}; reply_line() once per line without its line end, until it returns 1. A line that does not look
 * like one of a reply at all (blank, or a program's own words) is a stray: passed over, and counted.
 * Owns: nothing; a value.
 * Bounds: 512 octets of text and 100 lines count; more lines are a failure, and so is a sixth stray. Text is made printable here,
 * at the door, and may then be shown anywhere.
 * Errors: -1 and *f EX_PROTOCOL (the caller sets the stage). Threads: any.
 * Source: RFC 5321 4.2, 4.5.3.1.5; RFC 2034 (enhanced codes).
 */
#ifndef WIRE_REPLY_H
#define WIRE_REPLY_H

#include "base/bytes.h"

enum { REPLY_LINES = 100, REPLY_STRAYS = 5 };

struct reply {
	int code;	   /* 200..599 */
	char enhanced[12]; /* "" or "5.1.1", RFC 3463 */
	char text[512];	   /* its lines joined by a space, without the codes */
	unsigned lines;
	unsigned strays;
	char stray[80]; /* the first stray line that is not blank, or "" */
};

MUST_CHECK int reply_line(struct reply *r, struct slice line, struct failure *f); /* 0 more, 1 whole, -1 */
bool reply_ends(struct slice line); /* the line looks like the last one of a reply */
size_t reply_enhanced_length(struct slice s, char class); /* of "5.1.1" at the start of s, where that is its class; else 0 */
/* Stray lines came, and no answer: -1 with the words of the strays. */
int reply_is_none(const struct reply *r, int exit, const char *why, struct failure *f);
bool reply_is_positive(const struct reply *r); /* 2yz */
/* The reply as a failure: always -1, with the relay's words; 4yz is EX_TEMPFAIL. */
int reply_failure(const struct reply *r, enum stage at, int exit_if_final, struct failure *f);

#endif
