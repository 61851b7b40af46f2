/*
 * cli/batch_options - what the options of --batch, --merge and --report ask for
 *
 * Use: struct batch_options b = batch_options_usual(); rows of flags.def call the functions. After the last argument:
 * if (batch_options_settle(o, run, said, count, f) < 0) ...; said are all options of a message and all arguments, in their order: only
 * then it is known whether they are templates and files.
 *
 * Owns: nothing; texts are argv's, lists the arena's. Units: seconds. Errors: AT_USAGE EX_USAGE, one line that names the right way.
 * Threads: one. Source: mysend(1), mysend-batch(7).
 */
#ifndef CLI_BATCH_OPTIONS_H
#define CLI_BATCH_OPTIONS_H

#include "intake/merge.h"
#include "post/batch.h"

enum batch_kind { BATCH_NONE, BATCH_OF_MAILS, BATCH_OF_TABLE };

struct batch_options {
	enum batch_kind kind;
	const char *report; /* --report, or NULL */
	const char *first;  /* as in --batch=FILE, or NULL */
	const char **input; /* what stands behind the options: files and folders */
	size_t inputs, input_room;
	const char *text, *html; /* --template, --html, or NULL */
	const char *charset, *unsubscribe, *key, *ledger, *failed; /* or NULL */
	struct merge_option *option; /* --to and its kind, with columns in them */
	size_t options, option_room;
	uint64_t preview, limit; /* 0: not asked for; no limit */
	unsigned shard, shards;	 /* as struct batch_order has them */
	unsigned pause[BATCH_PAUSES], pauses, patience;
	bool yes, template_changed, retry_failed, hold_unsure, stop_on_error, spool_rest;
};

struct options;

/* What they are without options. */
struct batch_options batch_options_usual(void);

int batch_options_mails(struct options *o, const char *value, struct failure *f);
int batch_options_table(struct options *o, const char *value, struct failure *f);
int batch_options_report(struct options *o, const char *value, struct failure *f);
int batch_options_preview(struct options *o, const char *value, struct failure *f);
int batch_options_limit(struct options *o, const char *value, struct failure *f);
int batch_options_shard(struct options *o, const char *value, struct failure *f);
int batch_options_unsure(struct options *o, const char *value, struct failure *f);
int batch_options_retries(struct options *o, const char *value, struct failure *f);

/* said: options of a message, and arguments (DRAFT_ARGUMENT). only: an option that has no meaning without a batch, or NULL. */
MUST_CHECK int batch_options_settle(struct options *o, struct arena *run, const struct merge_option *said, size_t count, struct failure *f);
MUST_CHECK int batch_options_none(const char *only, struct failure *f);

#endif
