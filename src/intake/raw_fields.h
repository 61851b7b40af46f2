/*
 * intake/raw_fields - fields that a message brings in octets above 127 which are no UTF-8
 *
 * What they say is told by the charset that the message says it is in, or that is known or found (intake/charset) for its body; then they are
 * encoded, as those in UTF-8 are (mail/ascii). Where nobody knows, and in a message that is signed, they stay as they came.
 * Use: raw_fields(&job, &charsets, f), before the message is completed; of a message that options make, draft_texts takes its place.
 *
 * Owns: nothing. Errors: AT_INPUT where the body cannot be read. Threads: one. Source: RFC 2047 5; intake/charset.
 */
#ifndef INTAKE_RAW_FIELDS_H
#define INTAKE_RAW_FIELDS_H

#include "intake/charset.h"
#include "post/job.h"

MUST_CHECK int raw_fields(struct job *j, const struct charsets *c, struct failure *f);

#endif
