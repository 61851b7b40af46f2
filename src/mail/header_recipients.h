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
	bool recipients; /* the block has a Resent-To, Resent-Cc or Resent-Bcc */
};

struct resent header_resent(const struct header *h);
/* Lists the addresses of To, Cc and Bcc; where the first Resent- block has a Resent-To, Resent-Cc or Resent-Bcc, those of the block
 * instead. */
MUST_CHECK int header_recipients(struct mailboxes *out, struct arena *in, const struct header *h,
				    struct failure *f);
/* The name is From, Sender, Reply-To, To, Cc, Bcc, or one of these with Resent-. */
bool header_holds_addresses(struct slice name);
/* Bcc and Resent-Bcc go: who is in them is to be seen by nobody (mail/complete, unless remove_bcc_headers is off). */
void header_remove_blind(struct header *h);
/* Whether there is a To, Cc or Bcc, or one with Resent-. */
bool header_names_recipients(const struct header *h);
size_t header_remove_recipients(struct header *h);

struct naming { /* tells what a local name stands for */
	void *ctx;
	/* Sets *text to what replaces the address, several addresses with ",\r\n " between them; where *text stays NULL, the
	 * address stays. recipient: the field is a To, Cc or Bcc. in: lives until the field is written. */
	int (*text)(void *ctx, struct arena *in, const struct mailbox *box, bool recipient, const char **text,
		    struct failure *f);
};

/* Asks the naming for each address in From, Sender, Reply-To, To, Cc, Bcc, and those with Resent-. A field that cannot be read
 * stays. -1: the naming failed; the field's name is put in front of the failure. */
MUST_CHECK int header_rename(struct header *h, const struct naming *n, struct failure *f);

#endif
