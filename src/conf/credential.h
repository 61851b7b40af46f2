/*
 * conf/credential - the password or token of an account, from wherever the user keeps it
 *
 * Use: credential_take(&c, account, f); use(c.text); credential_release(&c), for each login. Whoever saw it refused or knows that
 * it has expired: credential_drop(account), and the next one who asks has it found anew. credential_wipe() when no login is to come.
 * The first that is set decides: password, password_file, password_command,
 * $CREDENTIALS_DIRECTORY/mysend.password, netrc (of an account of tokens, the entry of their provider's host and the client's id). What was found is kept by the account's id, so that a command runs once, however many
 * threads ask at once; who asks meanwhile waits, and shares what went wrong.
 *
 * Owns: the text, in conf/vault, until it is dropped or wiped, and released. Nothing here ever prints it.
 * Bounds: 64 KiB a file or output; a command has 60 seconds.
 * Errors: AT_CONFIG EX_CONFIG naming the file or command. None at all is none: c.text is NULL. Threads: any; credential_end: one,
 * while no other looks into the environment.
 * BUGS: after credential_wipe a password that stood in a configuration file is gone for this run, and none is dropped before.
 */
#ifndef CONF_CREDENTIAL_H
#define CONF_CREDENTIAL_H

#include "conf/private.h"
#include "conf/settings.h"

struct credential {
	const char *text; /* NULL: there is none, or it was released */
	unsigned handle;  /* of conf/vault */
};

MUST_CHECK int credential_take(struct credential *out, const struct account *a, struct failure *f);
/* Where an account's password would be looked for: the first that is set, and the file, which is "" for what is in none. */
struct credential_place {
	const char *word, *file;
};
struct credential_place credential_place_of(const struct account *a, struct arena *in);
/* Runs the command of that setting, which has to print `what` (a password) in its first line: private_line(out). private_free(out) also
 * where it failed. */
MUST_CHECK int credential_command(struct private *out, const struct account *a, enum setting s, const char *command, const char *what, struct failure *f);
void credential_release(struct credential *c);
void credential_drop(const struct account *a);
void credential_wipe(void);
void credential_end(void); /* the same, and wipes $MYSEND_PASSWORD: no account is built any more in this process */

#endif
