/*
 * post/bounce - tells the sender of a mail of the spool that it was given up (RFC 3461 6, 3464)
 *
 * Use: bounce_make(&spool, &entry, account, &made, f), before the mail leaves the queue: a mail from the null sender goes into
 * the same queue, under a name derived from the other's, so that making it twice is the same file.
 * None is made for a mail from the null sender, nor where nobody who failed wants one (NOTIFY).
 *
 * Owns: nothing. Bounds: BOUNCE_TOLD recipients are told of; a message of more than BOUNCE_WHOLE octets comes back
 * with its header only, as with RET=HDRS. Errors: those of spool_accept. Threads: one.
 * Source: RFC 3461 6, RFC 3462, RFC 3464 2, RFC 3834 5.
 */
#ifndef POST_BOUNCE_H
#define POST_BOUNCE_H

#include "conf/settings.h"
#include "spool/spool.h"

enum { BOUNCE_TOLD = 1000, BOUNCE_WHOLE = 100 * 1024 };

MUST_CHECK int bounce_make(struct spool *s, const struct entry *e, const struct account *a, bool *made, struct failure *f);

#endif
