/*
 * post/resume - acts on the verdicts recorded in an entry: tells the sender of refusals, and removes a mail that is done
 *
 * A runner records the verdicts, then acts on them. One that is killed in between has acted on some of them or on none. So the
 * runner that takes the mail next calls this first (post/claim); after a try the runner itself does (post/outcome). It may be done
 * twice: a bounce has the same name each time, and recipients that a bounce has told of are marked BOUNCED.
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
