/*
 * post/claim - locks a mail of the spool for this run, makes a job of it, and gives it back
 *
 * Mail is passed over that another runner has locked, has sent or has tried meanwhile. Where a runner died after it had recorded
 * verdicts and before the bounce or the unlink, that is finished first (post/resume).
 * Use: claim_take(&claims, candidate) or NULL; the job goes out; outcome_note(&outcome, &c->job, &c->entry); claim_release(c).
 *
 * Owns: a claim its entry's lock and its job, until claim_release. Bounds: claims.patience for a lock.
 * Errors: a mail that cannot be taken is a warning, and stays; a file that is no mail is moved to failed/, and counted.
 * Threads: one at a time. Source: CONTRIBUTING.md, "Spool".
 */
#ifndef POST_CLAIM_H
#define POST_CLAIM_H

#include "post/outcome.h"
#include "post/select.h"

struct claim {
	struct job job; /* for the recipients that are not settled */
	struct entry entry;
	struct candidate *of;
};

struct claims { /* what is the same for each mail of a run */
	struct spool *spool;
	const struct filter *which;
	struct outcome *outcome;
	struct arena *in; /* the arena of the run */
	unsigned patience; /* milliseconds that a lock is waited for */
	bool cramped;	   /* the disk is full: mail to several recipients waits, since no verdicts could be recorded */
	bool orphaned;	   /* the mails' account cannot be loaded: they only age, and a bounce returns their header only */
};

struct claim *claim_take(struct claims *all, struct candidate *c);
struct claim *claim_of(struct job *j);
void claim_release(struct claim *c);

#endif
