/*
 * mail/mail - an envelope and the octets that go with it (RFC 5321 2.3.1: mail object)
 *
 * complete_message makes one of a message that has been read. mail_of makes one of octets that are complete: of what has waited on
 * disk, or of none, where only addresses are asked about. From then on nothing changes it but what becomes of its recipients.
 * Use: struct mail m = {.envelope.sender = ""}; mail_of(&m, arena, octets, false); form = mail_form(&m, true).
 *
 * Owns: nothing: its octets come out of what its job holds. Units: octets. Errors: none. Threads: whoever holds it.
 * Source: RFC 5321 2.3.1, RFC 6152.
 */
#ifndef MAIL_MAIL_H
#define MAIL_MAIL_H

#include "mail/envelope.h"
#include "mail/source.h"

struct mail {
	struct arena *in; /* the job's; borrowed */
	struct envelope envelope;
	struct source *form7; /* header and body in a form that any relay takes; NULL: the mail is not complete yet */
	struct source *form8; /* another form for relays with 8BITMIME; or NULL */
	bool eightbit;	      /* form7 has octets above 127, which could not be encoded */
	size_t longest;	      /* the longest line of the body, if it has over 998 octets and could not be encoded; else 0 */
	const char *message_id; /* the body of the field, or ""; NULL: not looked for yet */
};

/* Fills in all of the mail but its envelope. */
void mail_of(struct mail *m, struct arena *in, struct source *octets, bool eightbit);
/* The form for a relay that offers 8BITMIME (RFC 6152), or does not. */
struct source *mail_form(const struct mail *m, bool eightbit);
/* The Message-ID of its header, or ""; if it is not known yet, it is looked for in the first MAIL_HEAD octets. */
const char *mail_message_id(const struct mail *m, struct arena *in);

enum { MAIL_HEAD = 64 * 1024 };

#endif
