/*
 * conf/choose - which account of the files it is: by name, by sender, or the default
 *
 * Use: struct chooser c; choose_open(&c, all, arena); choose_name(&c, name, sender, lenient, &chosen, f); then
 * choose_join(&account, all, chosen) copies it, the user's laid over the system's of that name. An account of the user's
 * that names its own relay takes nothing from the system's file.
 *
 * Owns: nothing; all in the arena. Bounds: none. A choice by sender is a comparison for each `from` that is an address, a
 * fnmatch(3) for each that is a pattern; what they say is made ready once, when the first sender gets as far as that.
 * Errors: AT_CONFIG EX_CONFIG listing the accounts there are. Threads: one. Source: CONTRIBUTING.md, "Configuration".
 */
#ifndef CONF_CHOOSE_H
#define CONF_CHOOSE_H

#include "conf/accounts.h"

struct sender_rule;

struct chooser {
	const struct accounts *all;
	struct arena *in;
	struct sender_rule *rule; /* one for each account that has `from`: the user's, then the system's, in the order of the files */
	size_t rules;
};

void choose_open(struct chooser *c, const struct accounts *all, struct arena *in);
/* The name (-a), else the sender, decides; both may be NULL, and *out lives as long as the files. lenient: where the choice is open, *out is NULL, and that is no error. */
MUST_CHECK int choose_name(struct chooser *c, const char *name, const char *sender, bool lenient, const char **out, struct failure *f);
/* name: as choose_name gave it; NULL: an account of defaults alone. */
void choose_join(struct account *a, const struct accounts *all, const char *name);
/* `from` has *, ? or [...] in it. A [...] that is all of the domain is an address literal and none (RFC 5321 4.1.3). */
bool choose_is_pattern(const char *from);
/* Whether the address fits `from`, which is an address or a pattern. Case does not count. */
bool choose_fits(const char *from, const char *address);

#endif
