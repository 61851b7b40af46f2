/*
 * post/bounce - tells the sender of a mail that some of its recipients were given up, or have to wait (RFC 3461 6, 3464)
 *
 * Use: bounce_make(&spool, &entry, message, account, &made, f) tells of the recipients that are REFUSED: a mail from the
 * null sender goes into the same queue, to be sent by the account, be it the entry's or not. Its name is derived from the entry's and its attempts, so that making it
 * twice after a crash is the same file. None is made for a mail from the null sender, nor where nobody who failed
 * wants one (NOTIFY). bounce_note then notes it in the entry.
 *
 * Owns: nothing. Bounds: BOUNCE_TOLD recipients are told of at a time; a message of more than BOUNCE_WHOLE octets comes back
 * with its header only, as with RET=HDRS. Errors: those of spool_accept, and of reading the message. Threads: one.
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
