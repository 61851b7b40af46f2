#include "post/outcome.h"

#include <stdio.h>
#include <sys/random.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "post/bounce.h"
#include "post/defer.h"
#include "post/logline.h"

static struct source *message_of(struct arena *in, const struct entry *e)
{
	return source_file(in, e->fd, e->offset, e->size);
}

/* Who was refused is told of before the mail leaves the queue; it may have been done already, by whom a crash cut short. */
static int tell_sender(struct outcome *o, struct arena *in, struct entry *e, struct failure *f)
{
	bool told = false;

	if (!entry_has(e, REFUSED))
		return 0;
	if (bounce_make(o->spool, e, message_of(in, e), o->with, &told, f) < 0)
		return -1;
	bounce_told(e);
	log_warning("%s is given up%s after %u tries, %s: %s", e->id, entry_is_settled(e) ? "" : " for some of its recipients",
		    e->attempts, told ? "its sender is told" : "nobody is told", e->last);
	return entry_is_settled(e) ? 0 : spool_record(o->spool, e, f);
}

/* Nobody is left to be tried. */
static int finish(struct outcome *o, struct arena *in, struct entry *e, struct failure *f)
{
	bool failed = entry_has(e, REFUSED) || entry_has(e, TOLD);

	if (tell_sender(o, in, e, f) < 0 || spool_finish(o->spool, e, failed, f) < 0)
		return -1;
	if (failed)
		o->sum->failed++;
	else
		o->sum->gone++;
	return 0;
}

int outcome_go_on(struct outcome *o, struct arena *in, struct entry *e, struct failure *f)
{
	return (entry_is_settled(e) ? finish : tell_sender)(o, in, e, f);
}

/* What became of each goes back into the entry; what the relay said last, too, but not of whom it has not been asked for. */
static void settle(struct job *j, struct entry *e, bool tried)
{
	struct envelope *all = &e->envelope;
	const struct envelope *v = &j->mail.envelope;
	char words[FAILURE_WORDS];
	size_t k = 0;

	all->without = v->without;
	for (size_t i = 0; i < all->recipients && k < v->recipients; i++) {
		struct recipient *to = &all->recipient[i];
		const struct recipient *from = &v->recipient[k];
		bool doubt = from->verdict == UNSURE || (from->verdict == PENDING && to->verdict == UNSURE);

		if (to->address != from->address) /* it was settled before this try */
			continue;
		k++;
		to->verdict = doubt ? UNSURE : defer_waits(from) ? PENDING : from->verdict;
		to->why = from->why;
		if (from->verdict != ACCEPTED && from->why && (tried || from->verdict != PENDING))
			e->last = arena_printf(&j->arena, "%s", failure_words(words, from->why, WORDS_WHERE | WORDS_CODE, NULL));
	}
}

/* Too old: whoever has not got it by now is refused, with the last word that there was. */
static void expire(struct job *j, struct entry *e)
{
	const struct envelope *v = &e->envelope;

	for (size_t i = 0; i < v->recipients; i++) {
		struct recipient *to = &v->recipient[i];
		struct failure *why;

		if (verdict_is_settled(to->verdict))
			continue;
		why = arena_zeroed(&j->arena, 1, sizeof *why);
		*why = to->why ? *to->why : (struct failure){.stage = AT_SPOOL, .exit = EX_TEMPFAIL};
		if (!to->why)
			snprintf(why->text, sizeof why->text, "it could not be handed over in time: %s", e->last);
		snprintf(why->enhanced, sizeof why->enhanced, "4.4.7"); /* delivery time expired */
		to->verdict = REFUSED;
		to->why = why;
	}
}

static time_t began(const struct entry *e)
{
	return e->since ? e->since : e->arrived;
}

/* The clock was ahead, when it came or at a try, and has been set since: its age begins now, or it would never have one. */
static void not_before(struct entry *e, time_t now)
{
	if (began(e) > now)
		e->since = now;
	if (e->idle > now - began(e))
		e->idle = now - began(e);
}

static time_t age(const struct entry *e, time_t now)
{
	return now - began(e) - e->idle;
}

/* It waits, and for long. */
static int warn_sender(struct outcome *o, struct arena *in, struct entry *e, struct failure *f)
{
	bool told = false;

	if (e->warned || age(e, clock_wall()) < (time_t)o->with->queue_warning)
		return 0;
	if (bounce_warn(o->spool, e, message_of(in, e), o->with, &told, f) < 0)
		return -1;
	e->warned = true;
	return spool_record(o->spool, e, f);
}

void outcome_idle(struct entry *e, time_t now, time_t beyond)
{
	time_t due = e->next ? e->next : began(e);

	if (now - due > beyond)
		e->idle += now - due - beyond;
}

/* Whoever waits may be tried again, unless that would be in vain until somebody mends the configuration. */
static int waiting(const struct envelope *v)
{
	int status = EX_TEMPFAIL;

	for (size_t i = 0; i < v->recipients && status == EX_TEMPFAIL; i++) {
		const struct recipient *r = &v->recipient[i];

		if (defer_waits(r) && r->why)
			status = defer_status(r->why);
	}
	return status;
}

/* What the log says: else the first refusal of this try decides. */
static int status_of(const struct job *j, const struct entry *e, bool settled)
{
	const struct envelope *v = &e->envelope;

	if (!settled)
		return waiting(&j->mail.envelope);
	for (size_t i = 0; i < v->recipients; i++) {
		const struct failure *why = v->recipient[i].why;

		if (v->recipient[i].verdict != ACCEPTED && why)
			return failure_is_temporary(why) ? EX_UNAVAILABLE : why->exit; /* its time is over */
	}
	return EX_OK;
}

bool outcome_was_left(const struct envelope *v)
{
	for (size_t i = 0; i < v->recipients; i++) {
		const struct recipient *to = &v->recipient[i];

		if (to->verdict == PENDING || to->verdict == UNSURE || (to->why && to->why->code == 421))
			return true;
	}
	return false;
}

bool outcome_is_open(const struct envelope *v)
{
	for (size_t i = 0; i < v->recipients; i++)
		if (v->recipient[i].verdict != PENDING)
			return false;
	return true;
}

void outcome_so_far(struct outcome *o, struct job *j, struct entry *e)
{
	struct failure f;

	settle(j, e, false);
	if (spool_record(o->spool, e, &f) < 0)
		log_warning("%s", f.text);
}

void outcome_leave(struct outcome *o, struct job *j, struct entry *e)
{
	outcome_so_far(o, j, e);
	o->sum->wait++;
	o->sum->cut++;
	logline_write(j, NULL, EX_TEMPFAIL);
}

void outcome_note(struct outcome *o, struct job *j, struct entry *e)
{
	time_t now = clock_wall();
	unsigned chance = 0;
	struct failure f;
	bool settled;
	int ok;

	settle(j, e, true);
	not_before(e, now);
	outcome_idle(e, now, QUEUE_FAR);
	if (age(e, now) > (time_t)o->with->queue_lifetime)
		expire(j, e);
	e->attempts++;
	(void)!getrandom(&chance, sizeof chance, 0);
	e->next = now + defer_pause(e->attempts, chance);
	settled = entry_is_settled(e);
	/* Before the mail goes: who has it, and whose refusal is final, stays so whatever happens now. */
	ok = settled && !entry_has(e, REFUSED) ? 0 : spool_record(o->spool, e, &f);
	if (ok == 0)
		ok = (settled ? finish : tell_sender)(o, &j->arena, e, &f);
	if (ok == 0 && !settled)
		ok = warn_sender(o, &j->arena, e, &f);
	o->sum->wait += !settled;
	/* It cannot be taken out: then at least nobody gets it again. */
	if (ok < 0 && settled) {
		log_warning("%s", f.text);
		ok = spool_record(o->spool, e, &f);
	}
	if (ok < 0)
		log_warning("%s", f.text);
	logline_write(j, NULL, status_of(j, e, settled));
}
