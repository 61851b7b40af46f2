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
	struct source *form7; /* header and body in a row, as any relay takes them; NULL: it is not complete yet */
	struct source *form8; /* the same for relays with 8BITMIME, where it could be encoded in two ways; or NULL */
	bool eightbit;	      /* form7 has octets above 127: they could not be encoded */
	size_t longest;	      /* line of its body, where that has over 998 octets all the same; else 0 */
	const char *message_id; /* what the field says, or ""; NULL: nobody has looked */
};

/* All but its envelope. */
void mail_of(struct mail *m, struct arena *in, struct source *octets, bool eightbit);
/* The form of it that a relay gets which takes 8 bits (RFC 6152), or does not. */
struct source *mail_form(const struct mail *m, bool eightbit);
/* Of its header, or "": where it has to be looked for, within MAIL_HEAD octets. */
const char *mail_message_id(const struct mail *m, struct arena *in);

enum { MAIL_HEAD = 64 * 1024 };

#endif
