/*
 * conf/token_note - what is known of exchanges that have failed: when one was tried last, and that the provider refused it
 *
 * It stands in the account's NAME.lock, which is locked while tokens are exchanged. It has been overtaken once a token was obtained
 * since, and need not be removed: who looks compares the times.
 * Use: token_note_write(&file, clock_wall(), &failure), under token_file_lock; token_note_read(&n, &file), with or without.
 *
 * Owns: nothing. Units: seconds since 1970, by our wall clock. Bounds: TOKEN_NOTE_OCTETS. Errors: none: what cannot be read or written
 * is not known. Threads: as the file's. Source: mysend(1), --queue-check; CONTRIBUTING.md, "Tokens".
 */
#ifndef CONF_TOKEN_NOTE_H
#define CONF_TOKEN_NOTE_H

#include "conf/token_file.h"

enum { TOKEN_NOTE_OCTETS = 1024, TOKEN_NOTE_WORDS = 400 };

struct token_note {
	time_t tried;	/* the last exchange that has failed; 0: none is known */
	time_t refused; /* the last one that failed so that only a person can mend it; 0 */
	char words[TOKEN_NOTE_WORDS]; /* of that */
};

void token_note_read(struct token_note *out, const struct token_file *t);
void token_note_write(const struct token_file *t, time_t now, const struct failure *f);

#endif
