/*
 * conf/token_file - the file in which an account's tokens are kept: where it is, who may write it, how it is locked and replaced
 *
 * In token_file.c: the file; in token_name.c: NAME; in token_shared.c: who has none of their own. A folder of ours, 0700, has for each
 * account a file NAME, 0600, and NAME.lock, which is locked around reading, exchange and writing. With oauth login an account without
 * a file uses the login of another one of the same user, client, scope and provider: msmtp's "account default : NAME" is one mailbox.
 * The file is replaced by rename only, so that who reads it without the lock sees the old one or the new one, whole. What a killed
 * writer has left stands beside it as NAME.HEX.new: whole and newer, it is put into the file's place when the lock is taken next (a
 * refresh token that is good once is then not lost), else it is deleted.
 *
 * Use: token_file_open(&t, account, &oauth, f); token_file_read(&t, &s, f); token_file_lock(&t, ms, f); token_file_read again; exchange;
 * token_file_write(&t, &s, f); token_file_close(&t).
 * Owns: two descriptors; account and oauth are the caller's. Units: milliseconds. Bounds: TOKEN_FILE_PATH octets a path.
 * Errors: AT_CONFIG. EX_TEMPFAIL: the disk is full or does not work, or the lock is somebody else's, or we are told to end; else
 * EX_CONFIG: refused, or there is no place. Threads: one each; two threads lock each other out as two processes do.
 * BUGS: where no file can be made, the folder is locked in place of NAME.lock; where nothing can be locked (ENOLCK) two processes may
 * fetch at once.
 */
#ifndef CONF_TOKEN_FILE_H
#define CONF_TOKEN_FILE_H

#include "conf/oauth.h"
#include "conf/token_state.h"

enum { TOKEN_FILE_PATH = 4096, TOKEN_FILE_NAME = 200 };

/* Behind the name of an account's file: its lock, and a new one that is being written. */
#define TOKEN_FILE_LOCK ".lock"
#define TOKEN_FILE_NEW ".new"

struct token_file {
	int folder, lock;
	char name[TOKEN_FILE_NAME];
	char path[TOKEN_FILE_PATH]; /* of the file */
	struct token_purpose purpose; /* of the account and its oauth settings */
	bool replaces; /* of --login: what is of another configuration is replaced, even with its refresh token */
};

/* Makes the folder, where it is missing. */
MUST_CHECK int token_file_open(struct token_file *t, const struct account *a, const struct oauth *o, struct failure *f);
/* The same, but makes nothing. 1: there is no folder. */
MUST_CHECK int token_file_look(struct token_file *t, const struct account *a, const struct oauth *o, struct failure *f);
/* In *out what was found, to be freed; where there is no file, too. */
MUST_CHECK int token_file_read(const struct token_file *t, struct token_state *out, struct failure *f);
MUST_CHECK int token_file_lock(struct token_file *t, unsigned ms, struct failure *f);
/* Returns when it is on the disk. Without a refresh token in *s the one in the file stays. Refuses to replace another configuration's
 * refresh token. */
MUST_CHECK int token_file_write(const struct token_file *t, const struct token_state *s, struct failure *f);
MUST_CHECK int token_file_remove(const struct token_file *t, struct failure *f); /* fine where there is none */
void token_file_close(struct token_file *t); /* and gives the lock back */

/* For token_file.c: where the account has no file of its own, and another account's has a login for the very same, it is that one. */
void token_file_share(struct token_file *t, bool (*has_login)(const struct token_file *other));
/* The name of an account's file: another one for each account, on file systems without case, too. */
void token_file_name(char to[static TOKEN_FILE_NAME], const char *account);

#endif
