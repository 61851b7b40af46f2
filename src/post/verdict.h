/*
 * post/verdict - what became of a mail as a whole: the only place that adds up its recipients
 *
 * Use: struct tally t = tally_of(&envelope); return tally_exit(&t);
 * A mail has one status, and that is the status of the failure that decides. What nobody here takes care of any more outweighs
 * what does (WAITS, BOUNCED), and what is final what may be tried again; of several that weigh the same the first decides.
 * Owns: nothing; decides and retry are the envelope's. Bounds: none. Errors: none. Threads: any.
 * Source: sysexits.h; mysend-compat(7), DECISIONS.
 */
#ifndef POST_VERDICT_H
#define POST_VERDICT_H

#include "mail/envelope.h"

struct tally {
	size_t accepted;
	size_t waits;	/* the spool has it for them */
	size_t refused; /* for good, those included whom a bounce has told of it */
	size_t unsure;
	size_t pending; /* not sent, or the relay said "later": nobody here tries again */
	const struct failure *decides; /* whose status it is; NULL where nothing has failed */
	const struct failure *retry;   /* the first that who sent it may try again, since nobody here does; or NULL */
	int status; /* EX_OK: all have it. Of who waits: EX_TEMPFAIL, or the status of what only an administrator can mend */
};

struct tally tally_of(const struct envelope *e);
/* What the caller is told: mail that waits here is taken care of, and that is EX_OK. */
int tally_exit(const struct tally *t);
/* Of mail that is about to wait: the failure that will decide once its recipients are WAITS. NULL: nobody can wait. */
const struct failure *tally_waits_for(const struct envelope *e);

/* The first recipient of each failure among those that `is_told` says yes to, `most` of them; *more: recipients behind these. */
size_t tally_failures(const struct envelope *e, bool (*is_told)(const void *ctx, const struct recipient *r), const void *ctx,
		      const struct recipient **told, size_t most, size_t *more);

#endif
