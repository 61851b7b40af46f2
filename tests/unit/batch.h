/* What units of post/batch share: an input that is a line of text, and a ledger in a folder of its own. */
#ifndef UNIT_BATCH_H
#define UNIT_BATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "post/batch.h"

enum { MAILS = 2000, TO = 4, ACCOUNTS = 3 };

static struct account account[ACCOUNTS];
static char folder[] = "/tmp/mysend.XXXXXX", path[64], failed[64];

struct fed { /* a mail of the input */
	char key[32], to[TO][32];
	size_t recipients;
	unsigned account;
	bool bad, lost;
};

static struct input {
	struct fed mail[MAILS];
	size_t mails, at, reads; /* reads: how often it was begun */
	unsigned out;		 /* jobs that are not released */
	struct slice cell[2];
} input;

/* "k=a,b l=c@1 !x": keys with their recipients, and the account where it is not the first; after ! a bad mail, after !! the end. */
static inline void input_set(const char *text)
{
	struct slice rest = slice_of(text), word;
	bool more = true;

	input = (struct input){.reads = 1};
	while (more && rest.len) {
		struct fed *m = &input.mail[input.mails++];
		struct slice key, one;

		more = slice_cut(&rest, ' ', &word);
		if (!more)
			word = rest;
		m->bad = slice_begins(word, "!");
		m->lost = slice_begins(word, "!!");
		if (m->bad)
			continue;
		if (!slice_cut(&word, '=', &key))
			key = word;
		snprintf(m->key, sizeof m->key, "%.*s", (int)key.len, key.p);
		if (slice_cut(&word, '@', &one)) {
			m->account = (unsigned)(word.p[0] - '0');
			word = one;
		}
		while (slice_cut(&word, ',', &one))
			snprintf(m->to[m->recipients++], sizeof m->to[0], "%.*s", (int)one.len, one.p);
		snprintf(m->to[m->recipients++], sizeof m->to[0], "%.*s", (int)word.len, word.p);
	}
}

static inline int input_next(void *ctx, struct batch_mail *out, struct failure *f)
{
	const struct fed *m = &input.mail[input.at];
	struct job *j;

	assert_ptr_equal(ctx, &input);
	*out = (struct batch_mail){.file = "in", .number = input.at + 1};
	if (input.at == input.mails)
		return 0;
	input.at++;
	out->lost = m->lost;
	if (m->bad)
		return fail(f, AT_INPUT, EX_DATAERR, "bad %zu", input.at);
	j = calloc(1, sizeof *j);
	assert_non_null(j);
	j->account = &account[m->account];
	for (size_t i = 0; i < m->recipients; i++)
		envelope_add(&j->mail.envelope, &j->arena, m->to[i]);
	out->job = j;
	out->key = slice_of(arena_text(&j->arena, m->key, strlen(m->key)));
	input.out++;
	return 1;
}

static inline int input_rewind(void *ctx, struct failure *f)
{
	(void)f;
	assert_ptr_equal(ctx, &input);
	input.at = 0;
	input.reads++;
	return 0;
}

static inline void input_release(void *ctx, struct job *j)
{
	assert_ptr_equal(ctx, &input);
	input.out--;
	arena_free(&j->arena);
	free(j);
}

static inline void input_row(void *ctx, struct batch_row *out)
{
	static const struct slice column[] = {{"key", 3}, {"to", 2}};
	const struct fed *m = &input.mail[input.at ? input.at - 1 : 0];

	(void)ctx;
	input.cell[0] = slice_of(m->key);
	input.cell[1] = slice_of(m->to[0]);
	*out = (struct batch_row){.column = column, .cell = m->lost ? NULL : input.cell, .columns = 2, .separator = ','};
}

static const struct batch_input input_of = {&input, input_next, input_rewind, input_release, input_row};

static inline struct ledger *open_ledger(void)
{
	const struct ledger_order o = {path, "in", "-", "message-id", false};
	struct ledger *l = NULL;
	struct failure f;

	assert_int_equal(ledger_open(&l, &o, &f), 0);
	return l;
}

static inline bool make_folder(void)
{
	bool made = mkdtemp(folder) != NULL;

	snprintf(path, sizeof path, "%s/in.ledger", folder);
	snprintf(failed, sizeof failed, "%s/in.failed.csv", folder);
	for (unsigned i = 0; i < ACCOUNTS; i++)
		account[i] = (struct account){.id = i + 1, .name = (const char *const[]){"a", "b", "c"}[i], .window = 3, .sessions = 1, .max_recipients = 100, .timeout = 60, .rate = ""};
	return made;
}

#endif
