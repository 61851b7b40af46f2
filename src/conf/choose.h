/*
 * conf/choose - which account of the files it is: by name, by sender, or the default
 *
 * Use: choose_account(&account, all, arena, choice, false, f): a copy, the user's laid over the system's of that name.
 * An account of the user's that names its own relay takes nothing from the system's file.
 *
 * Owns: nothing. Bounds: none. Errors: AT_CONFIG EX_CONFIG listing the accounts there are.
 * Threads: one, at the start. Source: CONTRIBUTING.md, "Config file".
 */
#ifndef CONF_CHOOSE_H
#define CONF_CHOOSE_H

#include "conf/accounts.h"

/* lenient: where the choice is open, none is chosen, and that is no error. */
MUST_CHECK int choose_account(struct account *a, const struct accounts *all, struct arena *run,
			      const struct choice *choice, bool lenient, struct failure *f);
/* Is the address what `from` says, be it an address or a pattern? Case does not count. */
bool choose_fits(const char *from, const char *address);

#endif
