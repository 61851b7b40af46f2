/*
 * conf/accounts - which files there are, and the one account that a mail goes by
 *
 * Use: accounts_load(&all, arena, config, f); accounts_choose(&all, arena, &choice, &account, f).
 * The user's file is --config, else $MYSEND_CONFIG, else $XDG_CONFIG_HOME/mysend/config (~/.config), else
 * ~/.mysendrc; beneath it lies SYSCONFDIR/mysend.conf, above it MYSEND_ variables, then options.
 *
 * Owns: nothing; all in the arena. What was read is wiped from memory; secrets are in conf/vault.
 * Bounds: CONFIG_LIMIT octets a file.
 * Errors: AT_CONFIG EX_CONFIG (of options AT_USAGE EX_USAGE): file and line; or, for files, which are not there,
 * not readable (mode, owner, us) or refused (not ours, others may write it, or read a password in it): three messages.
 * Threads: one, at the start. Source: CONTRIBUTING.md, "Config file".
 */
#ifndef CONF_ACCOUNTS_H
#define CONF_ACCOUNTS_H

#include "conf/config.h"

struct accounts {
	struct config user, system;
	const char *tried; /* every path, and what was found there */
	const char *place; /* where a new file would go */
	const char *named; /* the user's file, from the root on, where it is none of the usual ones; or NULL */
	bool lasts;	   /* that can be read again for mail that waits: a file, ours or root's, which others may not write */
	bool again;	   /* read so: nothing counts that the run itself was told */
};

struct override { /* a setting from the command line */
	enum setting setting;
	const char *value, *spelled; /* "--host" */
};

struct choice {
	const char *name;   /* -a, or NULL */
	const char *sender; /* -f or the From field's address, or NULL */
	const struct override *option;
	size_t options;
};

MUST_CHECK int accounts_load(struct accounts *out, struct arena *run, const char *config, struct failure *f);
/* Later, for a mail that was taken by it: the file that was named then, which has to be ours or root's; NULL: the usual ones. */
MUST_CHECK int accounts_load_again(struct accounts *out, struct arena *run, const char *config, struct failure *f);
/* *out is set even where all that is wrong is that it names no relay. */
MUST_CHECK int accounts_choose(const struct accounts *all, struct arena *run, const struct choice *choice,
			       struct account **out, struct failure *f);

#endif
