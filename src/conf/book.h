/*
 * conf/book - the accounts of a process: chosen by name or by sender, built once each, found by name and file
 *
 * Use: struct book b; book_open(&b, arena, config, option, options, f); then for each mail book_account(&b, name, sender,
 * &account, f) and book_fallbacks(&b, account, f).
 * A queue's mail: book_find(&b, name, config, &account, f).
 * An account is built when it is asked for first: its files, MYSEND_ variables, then options (of a fallback, no options).
 * From then on it is the same one, of the same address and id; what is kept of it (a password, a session) is kept by its id,
 * which no other account of this process ever has.
 *
 * Owns: nothing; all in the arena, which has to live as long as the accounts. Bounds: those of conf/config.
 * Errors: AT_CONFIG EX_CONFIG (of options AT_USAGE EX_USAGE), as often as that account is asked for. Variables and options
 * are looked at once, when the first account is asked for. Threads: one at a time; accounts are only read.
 * Source: CONTRIBUTING.md, "Configuration".
 */
#ifndef CONF_BOOK_H
#define CONF_BOOK_H

#include "conf/accounts.h"

struct override { /* a setting from the command line */
	enum setting setting;
	const char *value, *spelled; /* "--host" */
};

struct configuration;

struct book {
	struct arena *in;
	const struct override *option;
	size_t options;
	struct configuration *own;  /* the files of this run */
	struct configuration *read; /* other files, under which waiting mail was queued */
};

MUST_CHECK int book_open(struct book *b, struct arena *run, const char *config, const struct override *option, size_t options, struct failure *f);
/* book_open has failed so: all mail is for one account without a relay, and may wait until the files are mended. -1: it may not, since
 * they say where mail waits, or whether it does, or a file was named for this run only. */
MUST_CHECK int book_go_without(struct book *b, const struct failure *why);
/* The account chosen by name (-a), else by sender; both may be NULL. To choose builds no account. *out is set even where the account names no relay (out->unconfigured) or contradicts itself, which is a failure. */
MUST_CHECK int book_account(struct book *b, const char *name, const char *sender, const struct account **out, struct failure *f);
/* Sets account->next to the accounts that `fallback` names; to be called before mail is sent by the account. */
MUST_CHECK int book_fallbacks(struct book *b, const struct account *a, struct failure *f);
/* The account of mail that waited, with its fallbacks: looked up by name in the configuration file that was named when the mail was
 * queued (NULL: the usual files). */
MUST_CHECK int book_find(struct book *b, const char *name, const char *config, const struct account **out, struct failure *f);
/* The name of the account that a mail from that sender would have by the usual files, or NULL: they leave it open. */
const char *book_choice(struct book *b, const char *sender);
/* This run's files, also where book_open failed. */
const struct accounts *book_files(const struct book *b);
/* The name of the account behind that one in this run's files, each once; of the first for NULL; or NULL. */
const char *book_next(const struct book *b, const char *after);
/* The first account of this run's files, or NULL. */
const char *book_first(const struct book *b);

#endif
