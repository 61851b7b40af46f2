#include "post/batch_inside.h"

#include "base/ending.h"

void batch_shut(struct batch *b, const struct failure *why)
{
	if (b->turn >= b->accounts || b->account[b->turn].shut)
		return;
	if (!b->failed && !b->shut)
		b->why = *why;
	b->account[b->turn].shut = b->shut = true;
}

bool batch_is_shut(const struct batch *b)
{
	return b->turn < b->accounts && b->account[b->turn].shut;
}

void batch_list_clear(struct batch_list *l)
{
	*l = (struct batch_list){.first = NULL};
	l->end = &l->first;
}

void batch_list_add(struct batch_list *l, struct batch_slot *s)
{
	s->next = NULL;
	*l->end = s;
	l->end = &s->next;
	l->count++;
}

void batch_list_put_first(struct batch_list *l, struct batch_slot *s)
{
	s->next = l->first;
	if (!l->first)
		l->end = &s->next;
	l->first = s;
	l->count++;
}

struct batch_slot *batch_list_take(struct batch_list *l)
{
	struct batch_slot *s = l->first;

	if (!s)
		return NULL;
	l->first = s->next;
	if (!l->first)
		l->end = &l->first;
	l->count--;
	return s;
}

void batch_fail(struct batch *b, const struct failure *why)
{
	if (!b->failed)
		b->why = *why;
	b->failed = true;
}

bool batch_is_over(const struct batch *b)
{
	return b->failed || (b->pass != BATCH_REST && ending_asked());
}

enum batch_class batch_class_of(enum ledger_state s)
{
	switch (s) {
	case LEDGER_FAILED: return BATCH_REFUSED;
	case LEDGER_NEW: return BATCH_WAITING;
	case LEDGER_SPOOLED: return BATCH_SPOOLED;
	case LEDGER_DOUBT: return BATCH_DOUBTFUL;
	default: return BATCH_ACCEPTED;
	}
}

void batch_tell(struct batch *b, struct batch_event *e, const struct batch_slot *s)
{
	if (s) {
		e->job = s->job;
		e->key = s->key;
		e->file = s->file;
		e->number = s->number;
		e->line = s->line;
	}
	b->sum->crew.open = b->crew ? b->crew->open : 0;
	if (b->order->on_event)
		b->order->on_event(b->order->ctx, e);
}

static uint64_t *counter(struct batch_sum *sum, enum batch_class c)
{
	switch (c) {
	case BATCH_ACCEPTED: return &sum->accepted;
	case BATCH_SPOOLED: return &sum->spooled;
	case BATCH_REFUSED: return &sum->refused;
	case BATCH_WAITING: return &sum->waits;
	case BATCH_DOUBTFUL: return &sum->doubtful;
	case BATCH_UNCOUNTED: break;
	}
	return NULL;
}

void batch_count(struct batch_sum *sum, enum batch_class from, enum batch_class to)
{
	uint64_t *was = counter(sum, from), *is = counter(sum, to);

	if (was)
		--*was;
	if (is)
		++*is;
}
