#include <string.h>

#include "base/clock.h"
#include "base/ending.h"
#include "post/batch_inside.h"

/* A key belongs to the same shard in every run, wherever its row stands. */
bool batch_is_of_shard(const struct batch_order *o, struct slice key)
{
	unsigned char digest[SHA256_OCTETS];
	uint64_t n = 0;

	if (!o->shards)
		return true;
	ledger_name_digest(digest, key, SLICE(""));
	for (size_t i = 0; i < sizeof n; i++)
		n = n << 8 | digest[i];
	return n % o->shards == o->shard - 1;
}

struct asked {
	const struct batch *b;
	struct slice key;
	enum batch_class worst; /* of all */
	enum batch_class others; /* of those who are not due */
	bool later;    /* some are due in another pass */
	bool waits, others_wait; /* some had a temporary failure in this run; some of those who are not due had */
	bool unbegun;  /* some were not tried in this run, and are to be */
};

/* The relay has said nothing about the recipient. */
static bool is_unanswered(const struct asked *a, const char *address)
{
	struct arena in = {.block = NULL};
	const char *code, *text;
	bool none = ledger_said(a->b->order->ledger, a->key, address, &in, &code, &text) && !*code;

	arena_free(&in);
	return none;
}

static bool is_due(void *ctx, const struct recipient *r)
{
	struct asked *a = ctx;
	const struct batch_order *o = a->b->order;
	enum ledger_state s = ledger_find(o->ledger, a->key, r->address);
	enum ledger_turn turn = ledger_turn(s, o->retry_failed, o->hold_unsure);
	enum batch_class is = batch_class_of(s);
	bool fresh = ledger_is_fresh(o->ledger, a->key, r->address), waits = s == LEDGER_NEW && fresh, due;

	switch (a->b->pass) {
	case BATCH_NEW: due = turn == LEDGER_NOW; break;
	case BATCH_LOST: due = waits && is_unanswered(a, r->address); break;
	case BATCH_AGAIN: due = waits; break;
	case BATCH_DOUBT: due = turn == LEDGER_LAST; break;
	default: due = turn == LEDGER_LAST || (o->limit ? waits : s == LEDGER_NEW); /* BATCH_REST */
	}
	a->later |= turn == LEDGER_LAST;
	a->unbegun |= turn == LEDGER_NOW && !fresh;
	a->worst = is > a->worst ? is : a->worst;
	a->waits |= waits;
	a->others_wait |= waits && !due;
	if (!due)
		a->others = is > a->others ? is : a->others;
	return due;
}

/* Which account of the list this is, or accounts, where it is none of them. */
static size_t find_account(const struct batch *b, const struct account *account)
{
	size_t i = 0;

	while (i < b->accounts && b->account[i].account->id != account->id)
		i++;
	return i;
}

static void note_account(struct batch *b, const struct account *account)
{
	const struct account *only = b->order->account;

	if ((only && only->id != account->id) || find_account(b, account) < b->accounts)
		return;
	b->account = arena_grow(&b->in, b->account, b->accounts, &b->account_room, sizeof *b->account);
	b->account[b->accounts++] = (struct batch_account){account, false};
}

/* Counts a mail that earlier runs have done with, or that is in doubt. */
static void count_known(struct batch *b, enum batch_class is)
{
	if (is == BATCH_DOUBTFUL) {
		b->sum->doubtful++;
		return;
	}
	b->sum->before++;
	b->sum->before_refused += is == BATCH_REFUSED;
}

/* The run has begun with as many mails as it may. */
static bool is_used_up(const struct batch *b)
{
	bool counts = b->pass == BATCH_NEW || b->pass == BATCH_DOUBT;

	return b->counts_only || (counts && b->order->limit && b->begun >= b->order->limit);
}

static struct batch_slot *make_slot(const struct batch_mail *m, const struct asked *a, enum batch_class counted)
{
	struct arena *in = &m->job->arena;
	struct batch_slot *s = arena_zeroed(in, 1, sizeof *s);
	const char *file = m->file ? m->file : "";

	*s = (struct batch_slot){.job = m->job, .key = m->key, .file = arena_text(in, file, strlen(file)), .number = m->number, .line = m->line,
				 .counted = counted, .others = a->others, .others_wait = a->others_wait,
				 .also = counted == BATCH_DOUBTFUL && a->waits};
	m->job->slot = s;
	return s;
}

/* This account's mail is sent now. */
static bool has_turn(const struct batch *b, const struct account *account)
{
	return b->pass == BATCH_REST || (b->turn < b->accounts && find_account(b, account) == b->turn);
}

/* The mail as the crew is to have it, with those recipients who are due; or NULL, and the job is released. */
static struct batch_slot *consider(struct batch *b, const struct batch_mail *m)
{
	struct envelope *e = &m->job->mail.envelope;
	struct asked a = {.b = b, .key = m->key};
	bool unknown = b->at > b->known, known = false, due = false;

	if (batch_is_of_shard(b->order, m->key)) {
		envelope_keep(e, is_due, &a);
		due = e->recipients > 0 && !(b->pass == BATCH_DOUBT && a.unbegun); /* then all of it is the next run's */
		if (b->first && (due || a.later))
			note_account(b, m->job->account);
		b->sum->seen += unknown;
		known = !a.unbegun || a.worst == BATCH_DOUBTFUL;
		if (unknown && known)
			count_known(b, a.worst);
	}
	if (due && has_turn(b, m->job->account) && !is_used_up(b)) {
		b->begun += b->pass == BATCH_NEW || b->pass == BATCH_DOUBT;
		return make_slot(m, &a, known ? a.worst : BATCH_UNCOUNTED);
	}
	b->order->input->release(b->order->input->ctx, m->job);
	return NULL;
}

static void tell_bad(struct batch *b, const struct batch_mail *m, const struct failure *why)
{
	struct batch_event e = {.what = BATCH_BAD, .key = m->key, .file = m->file, .number = m->number, .line = m->line, .why = why};

	bool unknown = b->at > b->known;

	if (unknown) {
		b->sum->seen++;
		b->sum->bad++;
		batch_tell(b, &e, NULL);
	}
	if (!m->lost && !((unknown || b->pass == BATCH_REST) && b->order->stop_on_error))
		return;
	b->ended = b->broken = true;
	b->broken_by = *why;
}

static struct batch_slot *read_due(struct batch *b)
{
	const struct batch_input *input = b->order->input;

	while (!b->ended && !batch_is_over(b)) {
		struct batch_mail m = {.job = NULL};
		struct batch_slot *s;
		struct failure f;
		int got = input->next(input->ctx, &m, &f);

		b->at += got != 0;
		s = NULL;
		if (got < 0)
			tell_bad(b, &m, &f);
		else if (got == 0)
			b->ended = b->sum->whole = true;
		else
			s = consider(b, &m);
		b->known = b->at > b->known ? b->at : b->known;
		if (s)
			return s;
	}
	return NULL;
}

int batch_rewind(struct batch *b, struct failure *f)
{
	b->ended = false;
	b->at = 0;
	return b->order->input->rewind(b->order->input->ctx, f);
}

/* Mails that were read and could not be leased. */
static void give_up(struct batch *b, struct batch_list *l)
{
	struct batch_slot *s;

	while ((s = batch_list_take(l)))
		b->order->input->release(b->order->input->ctx, s->job);
}

void batch_read_ahead(struct batch *b, size_t most)
{
	struct batch_list read;
	struct batch_slot *s;
	struct failure f;
	size_t n = 0;

	batch_list_clear(&read);
	while (n < most && n < b->leases && (s = read_due(b))) {
		b->lease[n++] = (struct ledger_mail){s->key, &s->job->mail.envelope};
		batch_list_add(&read, s);
	}
	if (n && ledger_lease(b->order->ledger, b->lease, n, &f) < 0) {
		batch_fail(b, &f);
		give_up(b, &read);
		return;
	}
	while ((s = batch_list_take(&read))) {
		s->leased = clock_steady();
		batch_list_add(&b->ready, s);
	}
}
