/*
 * intake/feed_key - the key of a mail: by it a batch knows the mail again when the same command is run once more
 *
 * The key is the Message-ID, if the message has one that can stand in a line of a ledger. Else it is the digest of the octets that
 * travel: line ends, and what a mailbox file puts around a message, make no difference to it. The key of a mail from a BSMTP file has a
 * digest of the envelope behind it, because BSMTP files often hold the same message several times, to other recipients each time.
 *
 * Use: feed_key_of(&key, &message, arena, envelope ? &said : NULL, f); feed_key_put_id(&message, arena, key, run); both before
 * intake_take, which completes the header.
 * Owns: nothing; the key is in the arena. Bounds: FEED_KEY octets, printable ASCII without blanks.
 * Errors: -1 and *f where the message cannot be read again. Threads: whoever holds the message. Source: RFC 5322 3.6.4.
 */
#ifndef INTAKE_FEED_KEY_H
#define INTAKE_FEED_KEY_H

#include "intake/request.h"
#include "mail/message.h"

enum { FEED_KEY = 320 };

/* said: the request that holds the envelope; NULL: the recipients are those that the message names. */
MUST_CHECK int feed_key_of(const char **key, const struct message *m, struct arena *in, const struct request *said, struct failure *f);
/* Gives a message that has no Message-ID one that is made of its key and of `run` ("ab12@example.org"). Every run with that `run`
 * gives it the same, so that a recipient who gets the mail twice can tell. */
void feed_key_put_id(struct message *m, struct arena *in, const char *key, const char *run);

#endif
