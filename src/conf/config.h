/*
 * conf/config - one configuration file: msmtp's grammar, mysend's keywords
 *
 *	# comment		keyword value		defaults	account NAME [: PARENT[, PARENT ...]]
 *
 * A value is the rest of the line, blanks at its ends and one pair of double quotes aside. Lines before the
 * first `defaults` or `account` are those of the account `default`. eval COMMAND: the line it prints.
 *
 * Use: struct config c = {.path = p, .rank = RANK_USER}; config_parse(&c, arena, text, f).
 * Owns: nothing; all in the arena, secrets in conf/vault.
 * Bounds: CONFIG_LIMIT octets and CONFIG_ACCOUNTS accounts a file; a command of eval has 60 seconds.
 * Errors: AT_CONFIG EX_CONFIG with file and line. Keywords of msmtp that mean nothing here are warnings.
 * Threads: one, at the start. Source: CONTRIBUTING.md, "Configuration"; msmtp(1), CONFIGURATION FILES.
 */
#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include "base/bytes.h"
#include "conf/settings.h"

enum { CONFIG_LIMIT = 1024 * 1024, CONFIG_ACCOUNTS = 1000 };

/* One account of a file. */
struct section {
	struct account own;   /* its settings with those of its parents: what a child inherits */
	struct account whole; /* `own`, laid over the defaults that held when the section began */
};

struct config {
	const char *path;
	enum rank rank;
	struct section **section; /* in the file's order */
	size_t sections, room;
	bool has_secret;
	bool names_queue; /* a line of it begins with queue or spool; known also where the file has a fault, or is refused */
	bool no_commands; /* users other than us and root may write the file: a command in it is an error */
};

MUST_CHECK int config_parse(struct config *c, struct arena *run, struct slice text, struct failure *f);
const struct section *config_find(const struct config *c, const char *name); /* or NULL */

#endif
