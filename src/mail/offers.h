/*
 * mail/offers - the extensions of SMTP that a relay may offer and mysend can do without, as a set
 *
 * Use: unsigned set; offers_parse(slice_of("chunking, dsn"), &set); if (set & OFFER_DSN) ...; offers_print(text, set).
 * STARTTLS and AUTH are none of them: to do without those is less safe, and has settings of its own.
 *
 * Owns: nothing. Bounds: OFFERS_TEXT holds every set. Errors: -1 for a word that is none of them.
 * Threads: any. Source: RFC 2920, 3030, 6152, 1870, 6531, 3461.
 */
#ifndef MAIL_OFFERS_H
#define MAIL_OFFERS_H

#include "base/bytes.h"

enum {
	OFFER_PIPELINING = 1, OFFER_CHUNKING = 2, OFFER_8BITMIME = 4, OFFER_SIZE = 8, OFFER_SMTPUTF8 = 16, OFFER_DSN = 32
};

enum { OFFERS_TEXT = 64 };

/* Reads words with blanks or commas between them; case does not count. */
MUST_CHECK int offers_parse(struct slice list, unsigned *set);
/* Prints the words with commas between them; "" for none. */
const char *offers_print(char to[static OFFERS_TEXT], unsigned set);

#endif
