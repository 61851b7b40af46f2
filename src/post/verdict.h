/*
 * post/verdict - what became of a mail as a whole: the only place that adds up its recipients
 *
 * A mail has one status: that of the failure that decides. A failure that neither the spool nor a bounce takes care of outweighs
 * WAITS and BOUNCED, and a final failure outweighs a temporary one; of several that weigh the same the first decides.
 * Use: struct tally t = tally_of(&envelope); return tally_exit(&t);
 *
 * Owns: nothing; decides and retry are the envelope's. Bounds: none. Errors: none. Threads: any.
 * Source: sysexits.h; mysend-compat(7), DECISIONS.
 */
#ifndef POST_VERDICT_H
#define POST_VERDICT_H

#include "mail/envelope.h"

struct tally {
	size_t accepted;
	size_t waits;	/* the spool keeps the mail for them */
	size_t refused; /* finally, BOUNCED included */
	size_t unsure;
	size_t pending; /* not sent, or the relay said "later", and the mail does not wait here */
	const struct failure *decides; /* the failure that the status comes from; NULL: nothing failed */
	const struct failure *retry;   /* the first failure after which the sender may try again, since mysend does not; or NULL */
	int status; /* EX_OK: all have it. For WAITS: EX_TEMPFAIL, or that of a failure which only an administrator can mend */
};

/* What a recipient's verdict is called in what programs read: "accepted". NULL: PENDING and DEFERRED, which are called by what
 * becomes of the mail. */
const char *verdict_word(enum verdict v);

struct tally tally_of(const struct envelope *e);
/* The status for the caller: EX_OK also where the mail waits in the spool, which is taken care of. */
int tally_exit(const struct tally *t);
/* Of mail that is about to wait: the failure that will decide once its recipients are WAITS. NULL: nobody can wait. */
const struct failure *tally_waits_for(const struct envelope *e);
/* Of those who are refused and have not been told of, the first failure; NULL: none. */
const struct failure *tally_refusal(const struct envelope *e);

/* Lists the first recipient of each failure among those for which is_told returns true, at most `most`; *more: how many recipients
 * are not listed. */
size_t tally_failures(const struct envelope *e, bool (*is_told)(const void *ctx, const struct recipient *r), const void *ctx,
		      const struct recipient **told, size_t most, size_t *more);

#endif
