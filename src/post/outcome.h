/*
 * post/outcome - what becomes of a mail of the queue after a try: who has it, when the rest is tried again, who is told
 *
 * Use: outcome_note(&o, &job, &entry): the verdicts go into the entry, and that is recorded, or the mail finished (post/resume).
 *
 * Owns: nothing. Units: seconds. Bounds: post/lifetime. Errors: a spool that cannot be written is a warning:
 * what was not recorded is tried again. Threads: one. Source: CONTRIBUTING.md, "Spool"; RFC 5321 4.5.4.1.
 */
#ifndef POST_OUTCOME_H
#define POST_OUTCOME_H

#include "post/job.h"
#include "spool/spool.h"

struct queue_sum {
	size_t tried, gone, failed, wait;
	size_t cut; /* how many due mails were not tried, or not to their end, since we are told to end */
};

struct outcome {
	struct spool *spool;
	const struct account *with;
	struct queue_sum *sum;
};

void outcome_note(struct outcome *o, struct job *j, struct entry *e);
/* Some recipients of the mail have their answers, and others come next: their verdicts are recorded, so that they do not get the
 * mail again if we are killed now. */
void outcome_so_far(struct outcome *o, struct job *j, struct entry *e);
/* We are told to end: the mail stays due, and this was no attempt. */
void outcome_leave(struct outcome *o, struct job *j, struct entry *e);

#endif
