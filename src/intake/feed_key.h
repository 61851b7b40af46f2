/*
 * intake/feed_key - the key of a mail: by it a batch knows the mail again when the same command is run once more
 *
 * The key is the Message-ID, if the message has one that can stand in a line of a ledger. Else it is a digest of the octets
 * (post/ledger_key): line ends, and what a mailbox file puts around a message, make no difference to it. The key of a mail from a BSMTP file has a
 * digest of the envelope behind it, because BSMTP files often hold the same message several times, to other recipients each time.
 *
 * Use: feed_key_of(&key, &message, arena, envelope ? &said : NULL, f) before intake_take, which completes the header; with
 * request.choose_id = feed_key_choose and request.ctx a struct feed_id, that gives mail without a Message-ID the ledger's.
 * Owns: nothing; the key is in the arena. Bounds: FEED_KEY octets, printable ASCII without blanks.
 * Errors: -1 and *f where the message cannot be read again. Threads: whoever holds the message. Source: RFC 5322 3.6.4.
 */
#ifndef INTAKE_FEED_KEY_H
#define INTAKE_FEED_KEY_H

#include "intake/request.h"
#include "post/ledger.h"

enum { FEED_KEY = 320 };

struct feed_id {
	const struct ledger *ledger; /* borrowed; NULL: Message-IDs are made as always */
	const char *key;	     /* of the mail at hand */
};

/* said: the request that holds the envelope; NULL: the recipients are those that the message names. */
MUST_CHECK int feed_key_of(const char **key, const struct message *m, struct arena *in, const struct request *said, struct failure *f);
/* Every run with that ledger gives the mail the same one, so that a recipient who gets it twice can tell. */
MUST_CHECK int feed_key_choose(void *ctx, struct job *j, const char *host, const char **id, struct failure *f);

#endif
