/*
 * mail/header_recipients - the recipients and the sender that the header names; blind ones go (mysend-compat(7), RECIPIENTS)
 *
 * Use: header_recipients(&list, arena, &header, f) for -t; header_rename(&header, &naming, f) puts what local
 * names stand for in their place, so that none leaves without a domain; header_remove_blind(&header) takes Bcc out.
 *
 * Owns: nothing; all in the arena. Bounds: what is put into a header has at most 4 MiB. Errors: EX_DATAERR naming the field and what it holds.
 * Threads: whoever holds the message. Source: RFC 5322 3.6.3, 3.6.6.
 */
#ifndef MAIL_HEADER_RECIPIENTS_H
#define MAIL_HEADER_RECIPIENTS_H

#include "mail/address.h"
#include "mail/header.h"

#define UNDISCLOSED "undisclosed-recipients:;" /* a To for mail that says of nobody that he gets it: an empty group (RFC 5322 3.4) */

/* The first Resent- block: fields begin to end - 1; empty: begin == end. */
struct resent {
	size_t begin, end;
	bool recipients; /* it has a Resent-To, Resent-Cc or Resent-Bcc */
};

struct resent header_resent(const struct header *h);
/* To, Cc and Bcc; or those of the first Resent- block, when it has a Resent-To, Resent-Cc or Resent-Bcc. */
MUST_CHECK int header_recipients(struct mailboxes *out, struct arena *in, const struct header *h,
				    struct failure *f);
/* Is it From, Sender, Reply-To, To, Cc, Bcc, or a Resent- twin of one? */
bool header_holds_addresses(struct slice name);
/* Bcc and Resent-Bcc go: who is in them is to be seen by nobody (mail/complete, unless remove_bcc_headers is off). */
void header_remove_blind(struct header *h);
/* Of To, Cc, Bcc and their Resent- twins: whether one is there; how many were removed. */
bool header_names_recipients(const struct header *h);
size_t header_remove_recipients(struct header *h);

struct naming { /* who knows what a local name stands for */
	void *ctx;
	/* *text: what is to stand there instead, several addresses with ",\r\n " between them; left alone: it stays.
	 * recipient: the field is a To, Cc or Bcc. in: until the field is written. */
	int (*text)(void *ctx, struct arena *in, const struct mailbox *box, bool recipient, const char **text,
		    struct failure *f);
};

/* Asks for each address in From, Sender, Reply-To, To, Cc, Bcc and their Resent- twins. A field that cannot be read
 * stays as it is. -1: the naming failed; the field is named in front. */
MUST_CHECK int header_rename(struct header *h, const struct naming *n, struct failure *f);

#endif
