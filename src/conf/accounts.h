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

struct accounts {
	struct config user, system;
	const char *tried; /* every path, and what was found there */
	const char *place; /* where a new file would go */
	const char *config; /* the user's file, from the root on, where it is none of the usual ones; or NULL */
	bool config_lasts; /* and it can be read again for mail that waits: a file, ours or root's, which others may not write */
	bool reread;	   /* by accounts_load_again: no variable, option or credential of this run's counts */
};

MUST_CHECK int accounts_load(struct accounts *out, struct arena *run, const char *config, struct failure *f);
/* Later, for a mail that was taken by it: the file that was named then, which has to be ours or root's; NULL: the usual ones. */
MUST_CHECK int accounts_load_again(struct accounts *out, struct arena *run, const char *config, struct failure *f);
/* What to do where an account of them names no relay. */
void accounts_no_relay(const struct accounts *all, struct arena *run, const char *account, struct failure *f);

#endif
