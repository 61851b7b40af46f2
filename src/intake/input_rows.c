#include "intake/input_rows.h"

#include <string.h>
#include <sysexits.h>

#include "base/digests.h"
#include "intake/receiver.h"
#include "post/ledger_key.h"

enum { SHOWN = 60 };

/* A key's number in the table of keys is the line of its first row, doubled, and one more where other rows have it, too. */
enum { SEVERAL = 1 };

struct input_rows {
	struct merge *merge;
	struct intake *intake;
	const char *path;
	size_t column; /* whose values are the keys; none: the number of columns */
	const char *rule;
	char digest[SHA256_HEX];
	struct digests keys, rows; /* the second: the line of the first row with these cells */
	const struct ledger *ledger;
	bool checked, whole; /* all rows were read once; are read, in this pass */
	bool broken;	     /* the file is no table: no row is sent */
	struct failure lost; /* why it is none, or could not be read */
	uint64_t number; /* of rows so far */
	unsigned told;	 /* warnings (enum draft_warning) */
	struct slice key; /* of the row at hand */
	bool twin;	 /* that row is the same as one before it */
};

static void digest_of(unsigned char digest[SHA256_OCTETS], struct slice text)
{
	struct sha256 sum;

	sha256_begin(&sum);
	sha256_add(&sum, text);
	sha256_end(&sum, digest);
}

static bool has_column(const struct input_rows *rows)
{
	return rows->column < merge_table(rows->merge)->columns;
}

/* The key that tells the rows apart as long as no two have the same. */
static int first_key(const struct input_rows *rows, struct job *j, struct slice *key, struct failure *f)
{
	const struct table *t = merge_table(rows->merge);

	if (!has_column(rows)) {
		*key = ledger_key_recipients(&j->arena, &j->mail.envelope);
		return 0;
	}
	*key = slice_trim(t->cell[rows->column]);
	if (!key->len)
		return fail(f, AT_INPUT, EX_DATAERR, "%.*s is empty, and --key wants a value in each row", (int)t->name[rows->column].len,
			    t->name[rows->column].p);
	key->p = arena_text(&j->arena, key->p, key->len);
	return 0;
}

static struct slice row_key(const struct input_rows *rows, struct arena *in)
{
	const struct table *t = merge_table(rows->merge);

	return ledger_key_row(in, t->cell, t->columns);
}

static int same_as(struct input_rows *rows, uint64_t line, struct slice key, struct failure *f)
{
	const struct table *t = merge_table(rows->merge);
	char shown[SHOWN];

	rows->twin = !has_column(rows);
	if (rows->twin)
		return fail(f, AT_INPUT, EX_DATAERR, "the row is the same as line %llu, and is not sent twice", (unsigned long long)line);
	slice_printable(shown, sizeof shown, key);
	return fail(f, AT_INPUT, EX_DATAERR, "%.*s is %s in line %llu already, and --key wants another value in each row",
		    (int)t->name[rows->column].len, t->name[rows->column].p, shown, (unsigned long long)line);
}

/* In the first pass: which keys and rows there are. */
static int note_row(struct input_rows *rows, struct job *j, struct slice key, struct failure *f)
{
	const uint64_t line = merge_table(rows->merge)->line;
	unsigned char digest[SHA256_OCTETS];
	uint64_t known;

	if (digests_reserve(&rows->keys, 1) < 0 || digests_reserve(&rows->rows, 1) < 0)
		return fail(f, AT_INPUT, EX_OSERR, "no memory for the keys of so many rows");
	digest_of(digest, key);
	known = digests_find(&rows->keys, digest);
	if (known && has_column(rows))
		return same_as(rows, known / 2, key, f);
	digests_put(&rows->keys, digest, known ? known | SEVERAL : line * 2);
	if (has_column(rows))
		return 0;
	digest_of(digest, row_key(rows, &j->arena));
	known = digests_find(&rows->rows, digest);
	if (known)
		return same_as(rows, known, key, f);
	digests_put(&rows->rows, digest, line);
	return 0;
}

/* The ledger knows the key, with one of the mail's recipients. */
static bool is_noted(const struct input_rows *rows, struct slice key, const struct envelope *e)
{
	for (size_t i = 0; rows->ledger && i < e->recipients; i++)
		if (ledger_find(rows->ledger, key, e->recipient[i].address) != LEDGER_NEW)
			return true;
	return false;
}

static int not_checked(struct failure *f)
{
	return fail(f, AT_INPUT, EX_DATAERR, "it was not there when the table was checked: somebody changes the table");
}

/* The key of a row that has no column for it. Rows come and go between runs, and so others may have the same recipients now, or
 * no more: what the ledger knows of the row counts. */
static int recipients_key(struct input_rows *rows, struct job *j, struct slice key, struct slice *out, struct failure *f)
{
	const uint64_t line = merge_table(rows->merge)->line;
	const struct envelope *e = &j->mail.envelope;
	const struct slice row = row_key(rows, &j->arena);
	unsigned char digest[SHA256_OCTETS];
	uint64_t known, same;
	char shown[SHOWN];

	digest_of(digest, key);
	known = digests_find(&rows->keys, digest);
	digest_of(digest, row);
	same = digests_find(&rows->rows, digest);
	if (!known || !same)
		return not_checked(f);
	if (same != line)
		return same_as(rows, same, key, f);
	*out = is_noted(rows, row, e) || (known & SEVERAL) ? row : key;
	if (out->p == key.p || is_noted(rows, row, e) || !is_noted(rows, key, e))
		return 0;
	slice_printable(shown, sizeof shown, key);
	return fail(f, AT_INPUT, EX_DATAERR, "the ledger has a mail to %s, who is in several rows now, and cannot tell whose it was: take the row out of which it was made", shown);
}

/* A row's key, in the job's arena. Called once its recipients are known. */
static int find_key(struct input_rows *rows, struct job *j, struct failure *f)
{
	unsigned char digest[SHA256_OCTETS];
	uint64_t known;
	struct slice key;

	if (first_key(rows, j, &key, f) < 0)
		return -1;
	rows->key = key;
	if (!rows->checked)
		return note_row(rows, j, key, f);
	if (!has_column(rows))
		return recipients_key(rows, j, key, &rows->key, f);
	digest_of(digest, key);
	known = digests_find(&rows->keys, digest);
	if (!known)
		return not_checked(f);
	return known / 2 == merge_table(rows->merge)->line ? 0 : same_as(rows, known / 2, key, f);
}

static int choose_id(void *ctx, struct job *j, const char *host, const char **id, struct failure *f)
{
	struct input_rows *rows = ctx;

	if (find_key(rows, j, f) < 0)
		return -1;
	if (rows->ledger)
		*id = ledger_message_id(rows->ledger, rows->key, host, &j->arena);
	return 0;
}

static int next_row(void *ctx, struct batch_mail *out, struct failure *f)
{
	struct input_rows *rows = ctx;
	const struct table *t = merge_table(rows->merge);
	struct job *j = receiver_make_job();
	struct request r;
	int got;

	rows->twin = false;
	got = merge_next(rows->merge, &r, j, f);
	*out = (struct batch_mail){.file = rows->path, .number = rows->number + (got != 0), .line = t->line, .lost = t->lost};
	rows->number = out->number;
	if (got == 1) {
		r.choose_id = choose_id;
		r.ctx = rows;
		r.draft.told = &rows->told;
		if (intake_take(rows->intake, j, &r, f) < 0)
			got = failure_in(f, "%s: line %zu", rows->path, t->line);
	}
	rows->whole = got == 0;
	if (got == 1) {
		out->job = j;
		out->key = rows->key;
		return 1;
	}
	receiver_free(j);
	/* A row with cells too few or too many is not one bad row: a quote or a separator is wrong somewhere, and cells of the rows
	 * around it may stand under another column's name. */
	if (rows->checked || got == 0 || (!out->lost && t->whole))
		return got;
	out->lost = rows->broken = true;
	rows->lost = *f; /* told once, by rewind_rows */
	return 0;
}

static int rewind_rows(void *ctx, struct failure *f)
{
	struct input_rows *rows = ctx;

	if (rows->broken) {
		*f = rows->lost;
		return -1;
	}
	rows->checked |= rows->whole;
	rows->number = 0;
	return merge_rewind(rows->merge, f);
}

static void release_row(void *ctx, struct job *j)
{
	(void)ctx;
	receiver_free(j);
}

static int find_column(struct input_rows *rows, struct arena *run, const char *name, struct failure *f)
{
	const struct table *t = merge_table(rows->merge);
	const char *nearest = NULL;

	rows->column = t->columns;
	rows->rule = "recipients";
	if (!name)
		return 0;
	for (size_t i = 0; i < t->columns; i++) {
		const char *column = arena_text(run, t->name[i].p, t->name[i].len);

		if (strcmp(column, name) == 0)
			rows->column = i;
		nearest = slice_nearer(slice_of(name), nearest, column);
	}
	rows->rule = arena_printf(run, "column %s", name);
	if (has_column(rows))
		return 0;
	return fail(f, AT_USAGE, EX_USAGE, "--key %s: %s has no such column%s%s%s", name, rows->path, nearest ? " (\"" : "", nearest ? nearest : "",
		    nearest ? "\"?)" : "");
}

int input_rows_open(struct input_rows **out, struct arena *run, const struct input_rows_order *o, struct intake *n, struct failure *f)
{
	struct input_rows *rows = arena_zeroed(run, 1, sizeof *rows);

	*out = rows;
	rows->intake = n;
	rows->path = strcmp(o->merge.table, "-") == 0 ? "standard input" : o->merge.table;
	if (merge_open(&rows->merge, run, &o->merge, f) < 0 || find_column(rows, run, o->key, f) < 0)
		return -1;
	merge_digest(rows->merge, rows->digest);
	return 0;
}

/* A row that is there twice is no row to mend: sent out of a table of refused rows, its recipient would have it a second time. */
static void row_of(void *ctx, struct batch_row *out)
{
	const struct input_rows *rows = ctx;
	const struct table *t = merge_table(rows->merge);

	*out = (struct batch_row){.column = t->name, .cell = t->whole && !rows->twin ? t->cell : NULL, .columns = t->columns, .separator = t->separator, .mark = t->marked};
}

struct batch_input input_rows_input(struct input_rows *rows)
{
	return (struct batch_input){rows, next_row, rewind_rows, release_row, row_of};
}

const char *input_rows_rule(const struct input_rows *rows)
{
	return rows->rule;
}

const char *input_rows_digest(const struct input_rows *rows)
{
	return rows->digest;
}

void input_rows_use(struct input_rows *rows, const struct ledger *l)
{
	rows->ledger = l;
}

const struct table *input_rows_table(const struct input_rows *rows)
{
	return merge_table(rows->merge);
}

void input_rows_close(struct input_rows *rows)
{
	if (!rows)
		return;
	merge_close(rows->merge);
	digests_free(&rows->keys);
	digests_free(&rows->rows);
}
