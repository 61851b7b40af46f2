/*
 * mail/recipients - the recipients and the sender that the header names (COMPAT.md 3)
 *
 * Use: recipients_of_header(&list, arena, &header, f) for -t; header_qualify(&header, domain) so that
 * no bare name leaves in From, Sender, Reply-To, To, Cc, Bcc or their Resent- twins.
 *
 * Owns: nothing; all in the arena. Errors: EX_DATAERR naming the field and what it holds.
 * Threads: whoever holds the message. Source: RFC 5322 3.6.3, 3.6.6.
 */
#ifndef MAIL_RECIPIENTS_H
#define MAIL_RECIPIENTS_H

#include "mail/address.h"
#include "mail/header.h"

/* The first Resent- block: fields begin to end - 1; empty: begin == end. */
struct resent {
	size_t begin, end;
	bool recipients; /* it has a Resent-To, Resent-Cc or Resent-Bcc */
};

struct resent recipients_resent(const struct header *h);
/* To, Cc and Bcc; or those of the first Resent- block, when it has a Resent-To, Resent-Cc or Resent-Bcc. */
MUST_CHECK int recipients_of_header(struct mailboxes *out, struct arena *in, const struct header *h,
				    struct failure *f);
/* Gives bare names in address fields that domain (COMPAT.md 6: "bare names in header fields"). A field that
 * cannot be read stays as it is. True if there was a bare name and the domain is "". */
bool header_qualify(struct header *h, const char *domain);

#endif
