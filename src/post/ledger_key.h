/*
 * post/ledger_key - by what a ledger knows a mail again
 *
 * Use: key = ledger_key_recipients(arena, &envelope); key = ledger_key_row(arena, cell, cells);
 * if (ledger_key_octets(&key, arena, source, f) < 0) ...
 * The value of a column, and a Message-ID, are keys as they are.
 *
 * Owns: nothing; keys are the arena's. Errors: those of the source. Threads: whoever holds the arena. Source: mysend-ledger(5), Keys.
 */
#ifndef POST_LEDGER_KEY_H
#define POST_LEDGER_KEY_H

#include "mail/envelope.h"
#include "mail/source.h"

/* The same in whatever order they stand, and for any case of a domain: "ann@example.org,bob@example.org". */
struct slice ledger_key_recipients(struct arena *in, const struct envelope *e);
/* A digest of all cells of a row: "row:HEX". */
struct slice ledger_key_row(struct arena *in, const struct slice *cell, size_t cells);
/* A digest of a mail's octets: "octets:HEX". The source is read to its end. */
MUST_CHECK int ledger_key_octets(struct slice *key, struct arena *in, struct source *from, struct failure *f);

#endif
