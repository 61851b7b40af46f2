#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "post/batch_inside.h"
#include "post/failed_rows.h"

/* Why the row is in the file of failed rows; false: it is not. */
static bool find_refusal(const struct batch *b, const struct batch_mail *m, struct arena *in, struct failed_row_why *why)
{
	const struct ledger *l = b->order->ledger;
	const struct envelope *e = &m->job->mail.envelope;

	*why = (struct failed_row_why){"", "", "refused"};
	for (size_t i = 0; i < e->recipients; i++)
		if (ledger_find(l, m->key, e->recipient[i].address) == LEDGER_FAILED) {
			(void)!ledger_said(l, m->key, e->recipient[i].address, in, &why->code, &why->text);
			return true;
		}
	return false;
}

/* Why the row is bad, without the place in this table: in the new one it has another. */
static const char *without_place(const struct batch_mail *m, const char *text)
{
	char place[40];
	size_t len = (size_t)snprintf(place, sizeof place, ": line %" PRIu64 ": ", m->line);
	const char *at = strstr(text, place);

	return at ? at + len : text;
}

/* 1: the next row was looked at; 0: there is none. */
static int look_at_row(struct batch *b, struct failed_rows *to, struct failure *f)
{
	const struct batch_input *input = b->order->input;
	struct batch_mail m = {.job = NULL};
	struct arena in = {.block = NULL};
	struct failed_row_why why;
	struct batch_row row;
	struct failure bad;
	int got = input->next(input->ctx, &m, &bad), rc = 0;
	bool listed = got < 0;

	if (got == 0 || (got < 0 && m.lost))
		return 0;
	if (got < 0)
		why = (struct failed_row_why){"", without_place(&m, bad.text), "bad"};
	else
		listed = batch_is_of_shard(b->order, m.key) && find_refusal(b, &m, &in, &why);
	input->row(input->ctx, &row);
	if (listed && row.cell) {
		rc = failed_rows_add(to, row.cell, &why, f);
		b->sum->failed_rows += rc == 0;
	}
	if (got > 0)
		input->release(input->ctx, m.job);
	arena_free(&in);
	return rc < 0 ? -1 : 1;
}

/* There is something that the file is to have; or a file is there, and a run that was broken off has not seen all it may be about. */
static bool is_wanted(const struct batch_sum *s, bool there)
{
	return s->bad || s->refused || s->before_refused || (there && !s->whole);
}

int batch_write_failed(struct batch *b, struct failure *f)
{
	const struct batch_input *input = b->order->input;
	struct failed_rows_order order = {.path = b->order->failed};
	struct failed_rows *to;
	struct batch_row row;
	bool there = access(b->order->failed, F_OK) == 0;
	int rc = 1;

	/* One that is there would be taken for this run's. */
	if (!input->row || (!is_wanted(b->sum, there) && !there))
		return 0;
	if (batch_rewind(b, f) < 0)
		return -1;
	input->row(input->ctx, &row);
	order.separator = row.separator;
	order.mark = row.mark;
	order.column = row.column;
	order.columns = row.columns;
	if (failed_rows_open(&to, &order, f) < 0)
		return -1;
	while (rc > 0 && is_wanted(b->sum, there))
		rc = look_at_row(b, to, f);
	if (rc < 0) {
		failed_rows_drop(to);
		return -1;
	}
	return failed_rows_close(to, f);
}
