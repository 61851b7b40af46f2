/*
 * post/resume - acts on the verdicts that stand in an entry: tells the sender of refusals, takes a mail out that nobody is left of
 *
 * A runner records the verdicts, then acts on them; one that is killed in between has done so in part, or not at all. So whoever
 * takes the mail next calls this first (post/claim), and after a try the runner itself does (post/outcome). It may be done twice: a
 * bounce has the same name each time, and whoever was told of is marked BOUNCED.
 * Use: if (resume_entry(&outcome, arena, &entry, f) < 0) it is done when the mail is taken next.
 *
 * Owns: nothing. Bounds: those of post/bounce. Errors: AT_SPOOL. Threads: one. Source: CONTRIBUTING.md, "Spool"; mysend-spool(5).
 */
#ifndef POST_RESUME_H
#define POST_RESUME_H

#include "post/outcome.h"

/* Does nothing where every verdict was acted on. */
MUST_CHECK int resume_entry(struct outcome *o, struct arena *in, struct entry *e, struct failure *f);

#endif
