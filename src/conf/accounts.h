/*
 * conf/accounts - which configuration files there are, and all accounts in them
 *
 * Use: accounts_load(&all, arena, config, f); conf/book makes an account of what was read.
 * The user's file is --config, else $MYSEND_CONFIG, else $XDG_CONFIG_HOME/mysend/config (~/.config), else
 * ~/.mysendrc; beneath it lies SYSCONFDIR/mysend.conf.
 *
 * Owns: nothing; all in the arena. What was read is wiped from memory; secrets are in conf/vault.
 * Bounds: CONFIG_LIMIT octets a file.
 * Errors: AT_CONFIG EX_CONFIG: file and line; or, for files, which are not there,
 * not readable (mode, owner, us) or refused (not ours, others may write it, or read a password in it): three messages.
 * Threads: one, at the start. Source: CONTRIBUTING.md, "Configuration".
 */
#ifndef CONF_ACCOUNTS_H
#define CONF_ACCOUNTS_H

#include "conf/config.h"

enum { CONFIG_FILES = 3 }; /* the user's two, and the system's */

struct config_file {
	const char *path, *found; /* in words: "read", "No such file or directory" */
};

struct accounts {
	struct config user, system;
	const char *tried; /* in words: every path that was tried, and what was found there */
	struct config_file file[CONFIG_FILES]; /* the same, one by one */
	size_t files;
	const char *place; /* the path that a new file should have */
	const char *config; /* the user's file, from the root on, where it is none of the usual ones; or NULL */
	bool config_lasts; /* and it can be read again for mail that waits: a file, ours or root's, which others may not write */
	bool reread;	   /* read by accounts_load_again: variables, options and credentials of this run do not count */
};

MUST_CHECK int accounts_load(struct accounts *out, struct arena *run, const char *config, struct failure *f);
/* The path that a new file of the user's should have, of root's that for all users. */
const char *accounts_place(struct arena *run);
/* For mail that waited: reads the configuration file that was named when the mail was queued, which has to be ours or root's; NULL:
 * the usual files. */
MUST_CHECK int accounts_load_again(struct accounts *out, struct arena *run, const char *config, struct failure *f);
/* The failure, with its hint, where an account names no relay. */
void accounts_no_relay(const struct accounts *all, struct arena *run, const char *account, struct failure *f);

#endif
