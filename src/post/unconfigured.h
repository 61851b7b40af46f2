/*
 * post/unconfigured - mail that was queued while no relay was set: its local names are looked up once there is a relay
 *
 * Such mail waits for NAME@HOST (intake/recipients), since no alias, root_to or maildomain was known. Before its first try by an
 * account with a relay it is queued anew, for the recipients that the names stand for now; a sender at this host becomes `from`.
 * Its account is the one that its sender chooses now (unconfigured_is_open; post/select), which is not always called default.
 * Use: if (unconfigured_requeue(&spool, &entry, arena, account, id, f) > 0) take the entry of that id instead.
 *
 * Owns: nothing. Bounds: none. Errors: AT_SPOOL; a name that cannot be looked up stays. A crash between the two steps can let the
 * mail arrive twice. Threads: one (conf/whoami). Source: CONTRIBUTING.md, "Spool".
 */
#ifndef POST_UNCONFIGURED_H
#define POST_UNCONFIGURED_H

#include "conf/settings.h"
#include "spool/spool.h"

/* The mail came before there was an account, and so has the name default: its sender has chosen none yet. */
bool unconfigured_is_open(const struct entry *e);
/* 1: the mail is queued anew, and *id is its new name; 0: there is nothing to look up, or nothing changes. */
MUST_CHECK int unconfigured_requeue(struct spool *s, struct entry *e, struct arena *in, const struct account *a, const char **id,
				    struct failure *f);

#endif
