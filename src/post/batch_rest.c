#include <sysexits.h>

#include "post/batch_inside.h"
#include "post/enqueue.h"

enum { MAILS = 16 }; /* are leased together */

/* Marks who may have the mail already: the spool keeps that, and the log tells it. */
static bool mark_doubtful(const struct batch *b, struct batch_slot *s)
{
	struct envelope *e = &s->job->mail.envelope;
	bool any = false;

	for (size_t i = 0; i < e->recipients; i++)
		if (ledger_was_in_doubt(b->order->ledger, s->key, e->recipient[i].address)) {
			e->recipient[i].verdict = UNSURE;
			any = true;
		}
	return any;
}

static void put_into_spool(struct batch *b, struct batch_slot *s)
{
	struct failure unsure, f;
	bool doubt = mark_doubtful(b, s);

	fail(&unsure, AT_END, EX_TEMPFAIL, "no answer came to an earlier try: it may have arrived");
	if (enqueue_all(s->job, doubt ? &unsure : NULL, &f) < 0)
		batch_fail(b, &f);
	if (doubt) /* *unsure ends here */
		for (size_t i = 0; i < s->job->mail.envelope.recipients; i++)
			s->job->mail.envelope.recipient[i].why = NULL;
	batch_settle(b, s);
}

/* What stopped the run does not stop this, unless it is the ledger. */
void batch_spool_rest(struct batch *b)
{
	const bool failed = b->failed;
	const struct failure why = b->why;
	struct batch_slot *s;
	struct failure f;

	if (ledger_check(b->order->ledger, &f) < 0)
		return;
	b->pass = BATCH_REST;
	b->failed = false;
	if (batch_rewind(b, &f) < 0)
		batch_fail(b, &f);
	do {
		batch_read_ahead(b, MAILS);
		while ((s = batch_list_take(&b->ready)))
			if (b->failed)
				batch_drop(b, s);
			else
				put_into_spool(b, s);
	} while (!b->ended && !b->failed);
	if (b->broken)
		batch_fail(b, &b->broken_by);
	if (!failed)
		return;
	b->failed = true;
	b->why = why;
}
