/*
 * post/unconfigured - mail that came before anybody had set a relay: its local names are looked up when there is one
 *
 * Such mail waits for NAME@HOST (intake/recipients): no alias, root_to or maildomain could say more. Before its first try by a real account
 * it goes into the queue anew, for who gets it now, and a sender at this host becomes from. Use:
 * if (unconfigured_requeue(&spool, &entry, arena, account, id, f) > 0) take the entry of that id instead.
 *
 * Owns: nothing. Bounds: none. Errors: AT_SPOOL; what cannot be looked up stays as it is. A crash between the two steps can let
 * it arrive twice. Threads: one (conf/whoami). Source: CONTRIBUTING.md, "Spool".
 */
#ifndef POST_UNCONFIGURED_H
#define POST_UNCONFIGURED_H

#include "conf/settings.h"
#include "spool/spool.h"

/* 1: the mail is queued anew, and *id is its new name; 0: there is nothing to look up, or nothing changes. */
MUST_CHECK int unconfigured_requeue(struct spool *s, struct entry *e, struct arena *in, const struct account *a, const char **id,
				    struct failure *f);

#endif
