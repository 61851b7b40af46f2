/*
 * intake/receiver_text - the transaction at hand of intake/receiver: its job, its text, and where that ends
 *
 * The commands (receiver.c) stand above it; nobody else includes it.
 * Use: receiver_reset(&r); receiver_begin_text(&r) behind DATA or the first BDAT, then receiver_step_text(&r, f) while
 * receiver_is_inside(&r).
 *
 * Owns: what the receiver does. Bounds: receiver_limit. Errors: as intake/receiver. Threads: one.
 * Source: RFC 5321 4.1.1.4, RFC 3030 2.
 */
#ifndef INTAKE_RECEIVER_TEXT_H
#define INTAKE_RECEIVER_TEXT_H

#include "intake/receiver.h"

#define RECEIVER_TOO_LARGE "5.3.4 the message is larger than message_size_limit" /* with 552 */

/* Ends the transaction, and makes a new job for the next. */
void receiver_reset(struct receiver *r);
MUST_CHECK int receiver_say(struct receiver *r, enum receiver_answer kind, int code, const char *lines, struct failure *f);
MUST_CHECK int receiver_refuse(struct receiver *r, int code, const char *text, struct failure *f);
/* Answers a message that comes without MAIL or recipients. */
MUST_CHECK int receiver_refuse_unready(struct receiver *r, struct failure *f);
bool receiver_is_too_large(const struct receiver *r, uint64_t octets);
/* With so many octets more the message is too long to be read to its end: one that is not kept is read up to twice its limit. */
bool receiver_is_endless(const struct receiver *r, uint64_t more);
void receiver_begin_text(struct receiver *r);
/* Takes the octets of the message that have come. */
MUST_CHECK int receiver_step_text(struct receiver *r, struct failure *f);
/* Answers a chunk that is whole. */
MUST_CHECK int receiver_end_chunk(struct receiver *r, struct failure *f);

#endif
