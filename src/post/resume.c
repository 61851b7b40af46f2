#include "post/resume.h"

#include "base/log.h"
#include "post/bounce.h"
#include "post/verdict.h"

/* Why these are given up; the entry's last words may be of those who wait on. A runner that did not try them itself knows no more. */
static const char *reason(struct arena *in, const struct entry *e)
{
	const struct failure *why = tally_refusal(&e->envelope);

	return why ? entry_last(in, why) : e->last;
}

/* The sender is told of refused recipients before the mail leaves the queue. A runner that was killed may have done so already. */
static int tell_sender(struct outcome *o, struct arena *in, struct entry *e, struct failure *f)
{
	const char *why = reason(in, e);
	bool told = false;

	if (!entry_has(e, REFUSED))
		return 0;
	if (bounce_make(o->spool, e, spool_message(in, e), o->with, &told, f) < 0)
		return -1;
	bounce_note(e);
	log_warning("%s is given up%s after %u tries, %s: %s", e->id, entry_is_settled(e) ? "" : " for some of its recipients",
		    e->attempts, told ? "its sender is told" : "nobody is told", why);
	return entry_is_settled(e) ? 0 : spool_record(o->spool, e, f);
}

/* No recipient is left to be tried. */
static int leave_queue(struct outcome *o, struct entry *e, struct failure *f)
{
	bool failed = entry_has(e, REFUSED) || entry_has(e, BOUNCED);

	if (spool_finish(o->spool, e, failed, f) < 0)
		return -1;
	if (failed)
		o->sum->failed++;
	else
		o->sum->gone++;
	return 0;
}

int resume_entry(struct outcome *o, struct arena *in, struct entry *e, struct failure *f)
{
	if (tell_sender(o, in, e, f) < 0)
		return -1;
	return entry_is_settled(e) ? leave_queue(o, e, f) : 0;
}
