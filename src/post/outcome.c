#include "post/outcome.h"

#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "post/bounce.h"
#include "post/defer.h"
#include "post/hint.h"
#include "post/lifetime.h"
#include "post/result.h"
#include "post/resume.h"
#include "post/verdict.h"

enum how { SO_FAR, LEFT, TRIED, EXPIRED };

/* The recipient's verdict after the try: settled, or to be tried again. */
static enum verdict after(const struct recipient *r, enum verdict before)
{
	if (r->verdict == UNSURE || (r->verdict == PENDING && before == UNSURE))
		return UNSURE;
	return defer_waits(r) ? PENDING : r->verdict;
}

/* Writes the verdicts of the job into the entry, and the failure that decides, unless this was no try. At the end of a try the job
 * gets the result, too: WAITS for recipients that the queue keeps, BOUNCED for those that a bounce tells of. */
static void note_verdicts(struct job *j, struct entry *e, enum how how)
{
	struct envelope *all = &e->envelope, *v = &j->mail.envelope;
	struct tally t;
	size_t k = 0;

	all->without = v->without;
	for (size_t i = 0; i < all->recipients && k < v->recipients; i++) {
		struct recipient *to = &all->recipient[i], *from = &v->recipient[k];

		if (to->address != from->address) /* settled before this try: the job holds the very same text of all other addresses */
			continue;
		k++;
		to->verdict = after(from, to->verdict);
		to->expired = how == EXPIRED && !verdict_is_settled(to->verdict);
		if (to->expired)
			to->verdict = REFUSED;
		to->why = from->why;
		if (how != SO_FAR)
			from->verdict = to->verdict == REFUSED ? BOUNCED : to->verdict == ACCEPTED ? ACCEPTED : WAITS;
	}
	t = tally_of(v);
	if (how != LEFT && t.decides) {
		e->last = entry_last(&j->arena, t.decides);
		e->hint = hint_of(&j->arena, t.decides);
		e->needs_admin = defer_needs_admin(t.decides);
	}
}

static int warn_sender(struct outcome *o, struct arena *in, struct entry *e, struct failure *f)
{
	bool told = false;

	if (!lifetime_warns(e, o->with, clock_wall()))
		return 0;
	if (bounce_warn(o->spool, e, spool_message(in, e), o->with, &told, f) < 0)
		return -1;
	e->warned = true;
	return spool_record(o->spool, e, f);
}

static void record(struct outcome *o, struct job *j, struct entry *e, enum how how)
{
	struct failure f;

	note_verdicts(j, e, how);
	if (spool_record(o->spool, e, &f) < 0)
		log_warning("%s", f.text);
}

void outcome_so_far(struct outcome *o, struct job *j, struct entry *e)
{
	record(o, j, e, SO_FAR);
}

void outcome_leave(struct outcome *o, struct job *j, struct entry *e)
{
	record(o, j, e, LEFT);
	o->sum->wait++;
	o->sum->cut++;
	(void)result_log(j);
}

void outcome_note(struct outcome *o, struct job *j, struct entry *e)
{
	time_t now = clock_wall();
	unsigned chance = DEFER_EVEN;
	struct failure f;
	bool settled;
	int rc;

	lifetime_correct(e, now);
	lifetime_idle(e, now, DEFER_FAR); /* a try that comes later than any pause is long: nothing ran the queue meanwhile */
	note_verdicts(j, e, lifetime_is_over(e, o->with, now) ? EXPIRED : TRIED);
	e->attempts++;
	(void)!getrandom(&chance, sizeof chance, 0);
	e->next = now + defer_pause(e->attempts, chance);
	settled = entry_is_settled(e);
	/* The verdicts are recorded before the mail leaves the queue, so that whatever happens now no recipient gets it twice. */
	rc = settled && !entry_has(e, REFUSED) ? 0 : spool_record(o->spool, e, &f);
	if (rc == 0)
		rc = resume_entry(o, &j->arena, e, &f);
	if (rc == 0 && !settled)
		rc = warn_sender(o, &j->arena, e, &f);
	o->sum->wait += !settled;
	/* The mail cannot be taken out of the queue: its verdicts are recorded, so that at least no recipient gets it again. */
	if (rc < 0 && settled) {
		log_warning("%s", f.text);
		rc = spool_record(o->spool, e, &f);
	}
	if (rc < 0)
		log_warning("%s", f.text);
	(void)result_log(j);
}
