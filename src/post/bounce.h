/*
 * post/bounce - tells the sender of a mail that some recipients were given up, or have to wait (RFC 3461 6, 3464)
 *
 * A bounce is mail from the null sender, queued like any other; the account given sends it. Its name is made of the entry's name and
 * attempts, so that a bounce made twice, after a crash, is the same file. None is made for mail from the null sender, nor where NOTIFY
 * asks for none. bounce_note then records in the entry what was told.
 * Use: bounce_make(&spool, &entry, message, account, &made, f) tells of the recipients that are REFUSED.
 *
 * Owns: nothing. Bounds: BOUNCE_TOLD recipients in one bounce; of a message larger than BOUNCE_WHOLE octets only the header is
 * returned, as with RET=HDRS. Errors: those of spool_accept, and of reading the message. Threads: one.
 * Source: RFC 3461 6, RFC 3462, RFC 3464 2, RFC 3834 5, RFC 6533 3.
 */
#ifndef POST_BOUNCE_H
#define POST_BOUNCE_H

#include "conf/settings.h"
#include "spool/spool.h"

enum { BOUNCE_TOLD = 10000, BOUNCE_WHOLE = 100 * 1024 };

/* A warning about the recipients that are still to be tried: the mail takes longer. */
MUST_CHECK int bounce_warn(struct spool *s, const struct entry *e, struct source *message, const struct account *a,
			   bool *made, struct failure *f);
MUST_CHECK int bounce_make(struct spool *s, const struct entry *e, struct source *message, const struct account *a,
			   bool *made, struct failure *f);
void bounce_note(struct entry *e); /* REFUSED recipients become BOUNCED, except for those beyond BOUNCE_TOLD */

#endif
