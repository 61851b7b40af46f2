#include "post/verdict.h"

#include <sysexits.h>

#include "post/defer.h"

enum weight { NOTHING, TAKEN_CARE_OF, WAITING, WAITING_IN_VAIN, RETRY, FINAL };

/* The status that this recipient alone would make. */
static int status_of(const struct recipient *r)
{
	const struct failure *why = r->why;

	switch (r->verdict) {
	case ACCEPTED:
		return EX_OK;
	case WAITS: /* without a failure the mail was never tried: it was queued at once */
		return why ? defer_status(why) : EX_OK;
	case REFUSED:
	case BOUNCED: /* a temporary failure: the mail was given up for its age */
		if (!r->expired && defer_waits(r) && !defer_needs_admin(why)) /* it was to wait, and there is no queue */
			return EX_TEMPFAIL;
		return why && !failure_is_temporary(why) ? why->exit : EX_UNAVAILABLE;
	case PENDING:
		return why ? why->exit : EX_TEMPFAIL;
	case DEFERRED:
		return why->exit == EX_PROTOCOL ? EX_PROTOCOL : EX_TEMPFAIL;
	case UNSURE:
		break;
	}
	return EX_TEMPFAIL;
}

static enum weight weight_of(const struct recipient *r, int status)
{
	if (status == EX_OK)
		return NOTHING;
	if (r->verdict == BOUNCED)
		return TAKEN_CARE_OF;
	if (r->verdict == WAITS)
		return status == EX_TEMPFAIL ? WAITING : WAITING_IN_VAIN;
	return status == EX_TEMPFAIL ? RETRY : FINAL;
}

/* Another try may help; also after an answer that made no sense. */
static bool may_be_tried_again(const struct recipient *r)
{
	return r->verdict == DEFERRED || r->verdict == UNSURE ||
	       (r->verdict == PENDING && (!r->why || failure_is_temporary(r->why) || r->why->exit == EX_PROTOCOL));
}

static void count(struct tally *t, enum verdict v)
{
	t->accepted += v == ACCEPTED;
	t->waits += v == WAITS;
	t->refused += v == REFUSED || v == BOUNCED;
	t->unsure += v == UNSURE;
	t->pending += v == PENDING || v == DEFERRED;
}

const char *verdict_word(enum verdict v)
{
	switch (v) {
	case ACCEPTED:
		return "accepted";
	case REFUSED:
	case BOUNCED:
		return "refused";
	case UNSURE:
		return "unsure";
	case WAITS:
		return "waits";
	case PENDING:
	case DEFERRED:
		break;
	}
	return NULL;
}

struct tally tally_of(const struct envelope *e)
{
	struct tally t = {.status = EX_OK};
	enum weight most = NOTHING;

	for (size_t i = 0; i < e->recipients; i++) {
		const struct recipient *r = &e->recipient[i];
		int status = status_of(r);
		enum weight weight = weight_of(r, status);

		count(&t, r->verdict);
		if (!t.retry && may_be_tried_again(r))
			t.retry = r->why;
		if (weight <= most)
			continue;
		most = weight;
		t.status = status;
		t.decides = r->why;
	}
	return t;
}

int tally_exit(const struct tally *t)
{
	return t->refused || t->unsure || t->pending ? t->status : EX_OK;
}

const struct failure *tally_waits_for(const struct envelope *e)
{
	const struct failure *first = NULL;

	for (size_t i = 0; i < e->recipients; i++) {
		const struct recipient *r = &e->recipient[i];

		if (!defer_waits(r))
			continue;
		if (defer_needs_admin(r->why))
			return r->why;
		first = first ? first : r->why;
	}
	return first;
}

const struct failure *tally_refusal(const struct envelope *e)
{
	for (size_t i = 0; i < e->recipients; i++)
		if (e->recipient[i].verdict == REFUSED && e->recipient[i].why)
			return e->recipient[i].why;
	return NULL;
}

static bool is_among(const struct failure *why, const struct recipient *const *told, size_t count)
{
	while (count-- > 0)
		if (told[count]->why == why)
			return true;
	return false;
}

size_t tally_failures(const struct envelope *e, bool (*is_told)(const void *ctx, const struct recipient *r), const void *ctx,
		      const struct recipient **told, size_t most, size_t *more)
{
	size_t count = 0;

	*more = 0;
	for (size_t i = 0; i < e->recipients; i++) {
		const struct recipient *r = &e->recipient[i];

		if (!r->why || !is_told(ctx, r) || is_among(r->why, told, count))
			continue;
		if (count == most)
			++*more;
		else
			told[count++] = r;
	}
	return count;
}
