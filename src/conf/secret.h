/*
 * conf/secret - the password of an account, from wherever the user keeps it
 *
 * Use: secret_find(&password, account, f) as often as needed; secret_wipe() when no login is to come.
 * The first that is set decides: password, password_file, password_command,
 * $CREDENTIALS_DIRECTORY/mysend.password, netrc. Once found it is kept, so that a command runs once.
 * It is known by the account's address: secret_wipe() before the arena with the accounts goes.
 *
 * Owns: the text, in conf/vault, until secret_wipe. Nothing here ever prints it.
 * Bounds: 64 KiB a file or output; a command has 60 seconds.
 * Errors: AT_CONFIG EX_CONFIG naming the file or command. None at all is none: *out is NULL. Threads: one at a time.
 * BUGS: after secret_wipe a password that stood in a configuration file is gone for this run.
 */
#ifndef CONF_SECRET_H
#define CONF_SECRET_H

#include "conf/settings.h"

MUST_CHECK int secret_find(const char **out, const struct account *a, struct failure *f);
void secret_wipe(void);
void secret_end(void); /* the same, and $MYSEND_PASSWORD: no account is built any more in this process */

#endif
