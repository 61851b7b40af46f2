/*
 * mail/complete - what a message lacks before it may travel (RFC 5322 3.6; mysend-compat(7), DECISIONS, HEADER AND SENDER)
 *
 * Use: fill struct completion from the account and the caller's wishes, then complete_message(&mail, &message, &c, f), with
 * the mail's envelope filled in.
 * Adds From, Date, Message-ID, To, MIME fields where they are missing or say nothing (and Resent- twins when the message
 * is resent), takes out Bcc, Resent-Bcc, Return-Path and Content-Length, encodes names and texts in UTF-8 (mail/ascii), and a body of 8 bits
 * or overlong lines without MIME fields (mail/compose); everything else passes byte for byte.
 * Afterwards the mail has all but its envelope anew, and nothing changes it any more; the message stays as it was read.
 *
 * Owns: nothing; all in the arena of mail.in. Bounds: the header may grow to 2 MiB.
 * Errors: EX_DATAERR for a wish with a control octet or too large a header, EX_USAGE where there is no address for
 * From, what .names fails with; then the mail is left alone.
 * Threads: whoever holds the mail. Source: RFC 5322 3.6, 3.6.6; RFC 2045; RFC 2047; RFC 6532.
 */
#ifndef MAIL_COMPLETE_H
#define MAIL_COMPLETE_H

#include <time.h>

#include "mail/header_recipients.h"
#include "mail/mail.h"
#include "mail/message.h"

enum put { PUT_MISSING, PUT_ALWAYS, PUT_NEVER }; /* the values auto, on, off; PUT_ALWAYS for To: one To with all recipients, in place of To, Cc and Bcc */

struct completion {
	enum put from, date, message_id, to;
	bool keep_bcc;		  /* remove_bcc_headers off */
	const char *forced_from;  /* "" or the only address allowed in From, whatever .from says */
	const char *from_address; /* for a From that is missing; it has a domain */
	const char *from_name;	  /* -F, $NAME or GECOS as mysend-compat(7), HEADER AND SENDER has it, or ""; UTF-8, no controls */
	const struct naming *names; /* what replaces local names in the header; NULL: they stay */
	const char *message_host; /* the part of Message-ID after the @ */
	const char *chosen_id;	  /* what a mail that gets a Message-ID gets, "<a@b>"; NULL: a new one */
	const char *charset;	  /* the charset of an 8-bit body that is not UTF-8; "binary": the body is no text */
	const char *known;	  /* the charset of any 8-bit body, even if it could be UTF-8; or "" or NULL */
	time_t now;
	const char *date_text;	  /* what stamp_date says of now; NULL: it is asked */
};

MUST_CHECK int complete_message(struct mail *m, const struct message *from, const struct completion *c, struct failure *f);

#endif
