#include "post/claim.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "post/resume.h"
#include "post/unconfigured.h"

void claim_release(struct claim *c)
{
	spool_release(&c->entry);
	arena_free(&c->job.arena);
	free(c);
}

/* Each job that a run gives out is part of a claim. */
struct claim *claim_of(struct job *j)
{
	return (struct claim *)(void *)((char *)j - offsetof(struct claim, job));
}

/* Locks the mail, and reads it again: select looked at it without a lock, and another runner may have tried it since. */
static struct claim *lock(struct claims *all, const char *id)
{
	struct claim *c = calloc(1, sizeof *c);
	struct failure f;
	int got;

	if (!c)
		return NULL;
	got = spool_take(all->spool, &c->job.arena, id, all->patience, &c->entry, &f);
	if (got < 0)
		all->outcome->sum->failed += select_set_aside(all->spool, &c->entry, id, &f);
	/* Finishes first what a runner that died left undone: it recorded verdicts, and made no bounce or did not unlink the
	 * mail. */
	else if (got == SPOOL_TAKEN && resume_entry(all->outcome, &c->job.arena, &c->entry, &f) < 0)
		log_warning("%s", f.text);
	else if (got == SPOOL_TAKEN && select_is_due(all->which, &c->entry, clock_wall()) && !entry_is_settled(&c->entry) &&
		 !(all->cramped && entry_pending(&c->entry) > 1))
		return c;
	claim_release(c);
	return NULL;
}

/* The local names in mail that came before any relay was set are looked up now; the mail may have another name in the queue
 * then. */
static struct claim *lock_known(struct claims *all, struct candidate *d)
{
	struct claim *c = lock(all, d->id);
	const char *id = NULL;
	struct failure f;
	int got = c && !all->orphaned ? unconfigured_requeue(all->spool, &c->entry, &c->job.arena, all->outcome->with, &id, &f) : 0;

	if (got < 0) { /* the look-up failed: the mail waits, since the relay would not know the local names in it */
		log_warning("%s", f.text);
		claim_release(c);
		return NULL;
	}
	if (got > 0) {
		d->id = arena_text(all->in, id, strlen(id));
		claim_release(c);
		c = lock(all, d->id);
	}
	return c;
}

/* The job's recipients have the very same texts as addresses as the entry's, by which post/outcome finds them again. */
static void add_unsettled(struct claim *c)
{
	struct envelope *all = &c->entry.envelope, *v = &c->job.mail.envelope;

	*v = envelope_without_recipients(all);
	for (size_t i = 0; i < all->recipients; i++) {
		const struct recipient *from = &all->recipient[i];

		if (verdict_is_settled(from->verdict))
			continue;
		c->job.twice |= from->verdict == UNSURE;
		if (from->verdict == UNSURE)
			log_debug("%s may arrive twice at %s", c->entry.id, from->address);
		(void)envelope_add_like(v, &c->job.arena, from->address, from); /* no address is twice in an entry: entry_parse */
	}
}

struct claim *claim_take(struct claims *all, struct candidate *d)
{
	struct claim *c = lock_known(all, d);
	struct job *j;

	if (!c)
		return NULL;
	add_unsettled(c);
	if (all->orphaned)
		c->entry.envelope.ret = RET_HDRS;
	c->of = d;
	j = &c->job;
	j->account = all->outcome->with;
	j->began = clock_steady();
	j->spooled = c->entry.id;
	mail_of(&j->mail, &j->arena, spool_message(&j->arena, &c->entry), c->entry.eightbit);
	return c;
}
