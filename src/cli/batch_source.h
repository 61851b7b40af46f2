/*
 * cli/batch_source - where the mails of a batch come from, and the ledger that goes with them
 *
 * Use: if (batch_source_open(&source, &options, run, f) < 0) ...; the input is looked at (cli/batch_ahead), as input_rows wants it;
 * batch_source_ledger(&source, f); source.input is post/batch's; batch_source_close(&source, f) in the end, whatever was said before.
 *
 * Owns: the intake, the input, the ledger. Bounds: as intake/input_rows, intake/input_files and post/ledger. Errors: theirs; -1 of
 * batch_source_close: something that was noted did not get to the disk. Threads: one at a time. Source: mysend-batch(7).
 */
#ifndef CLI_BATCH_SOURCE_H
#define CLI_BATCH_SOURCE_H

#include "cli/options.h"
#include "intake/input_files.h"
#include "intake/input_rows.h"

struct batch_source {
	const struct options *options;
	struct arena *run;
	struct intake intake;
	struct input_rows *rows;   /* of a table, or */
	struct input_files *files; /* of mails */
	struct batch_input input;
	const char *path; /* of the ledger; NULL: one without a name, for standard input cannot be given again */
	const char *failed; /* the file for the rows that are refused; NULL: the input is no table, or has no name */
	struct ledger *ledger;
};

MUST_CHECK int batch_source_open(struct batch_source *s, const struct options *o, struct arena *run, struct failure *f);
MUST_CHECK int batch_source_ledger(struct batch_source *s, struct failure *f);
MUST_CHECK int batch_source_close(struct batch_source *s, struct failure *f);

#endif
