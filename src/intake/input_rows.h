/*
 * intake/input_rows - the rows of a table as the input of a batch: a mail of each, with the key by which a ledger knows it again
 *
 * The key is the value of the column that the order names; else the recipients, and where several rows have the same ones, the digest
 * of the row. Of two rows with the same cells, or the same value in that column, the second is bad. Which rows are so is known once
 * all were read, so that the first pass is for that alone (intake/input_survey): the keys in it are not yet those that count. Where
 * the rest of the table cannot be told apart or read, that pass ends, and its rewind fails.
 *
 * Use: if (input_rows_open(&rows, run, &order, &intake, f) < 0) ...; struct batch_input input = input_rows_input(rows), which is given
 * to intake/input_survey; with input_rows_digest(rows) and input_rows_rule(rows) the ledger is opened, and input_rows_use(rows, ledger)
 * tells of it; then the input is post/batch's. input_rows_table(rows) has the cells of the row that was returned last, and the
 * columns. input_rows_close(rows) in the end, whatever input_rows_open said; it may be NULL.
 *
 * Owns: the table, and digests of all keys and rows; jobs are whoever's they are given to. Bounds: 64 octets or so for each row, and the
 * memory of one (intake/merge). Errors: as intake/merge and intake_take, with file and line of the row in front.
 * Threads: one at a time. Source: mysend-batch(7), mysend-ledger(5), Keys.
 */
#ifndef INTAKE_INPUT_ROWS_H
#define INTAKE_INPUT_ROWS_H

#include "intake/intake.h"
#include "intake/merge.h"
#include "post/batch.h"

struct input_rows_order {
	struct merge_order merge;
	const char *key; /* the name of the column whose values are the keys; NULL: the recipients are */
};

struct input_rows;

MUST_CHECK int input_rows_open(struct input_rows **out, struct arena *run, const struct input_rows_order *o, struct intake *n, struct failure *f);
struct batch_input input_rows_input(struct input_rows *rows);
const char *input_rows_rule(const struct input_rows *rows);   /* "recipients", "column NAME" */
const char *input_rows_digest(const struct input_rows *rows); /* of all that the mails are made of but the rows */
/* Message-IDs are made of its run; and a row whose mail it knows under another key keeps that. */
void input_rows_use(struct input_rows *rows, const struct ledger *l);
const struct table *input_rows_table(const struct input_rows *rows);
void input_rows_close(struct input_rows *rows);

#endif
