/*
 * intake/input_files - files that hold mail, one or several, as the input of a batch
 *
 * Each path is what intake/feed takes. They are read in the order in which they were named; each mail has one number, from 1, through
 * all of them. Standard input, pipes and their kind are read to their end at once, for a batch reads its input several times.
 * A second mail with the key of an earlier one, and with one of its recipients, is bad: a ledger could not tell the two apart.
 *
 * Use: input_files_open(&files, run, &order, f); input_survey(input_files_input(files), &survey, NULL, NULL, f); the ledger is opened,
 * with the rule INPUT_FILES_RULE, and input_files_use(files, ledger) tells of it; batch.input = input_files_input(files);
 * input_files_close(files).
 * Owns: the feeds. A job is its receiver's until it is released. Bounds: one message at a time, and for each recipient of a mail 16
 * octets of a digest and 8 of a number (base/digests); 16 octets for each path.
 * Errors: from input_files_open, before a mail has left: EX_USAGE where standard input is named twice; what feed_open says of a path
 * that cannot be opened, or of the only path. A path of several that holds no mail is a bad mail. Threads: one at a time.
 */
#ifndef INTAKE_INPUT_FILES_H
#define INTAKE_INPUT_FILES_H

#include "intake/intake.h"
#include "post/batch.h"

#define INPUT_FILES_RULE "message-id" /* how keys are made (struct ledger_order) */

struct input_files;

struct input_files_order {
	const char *const *path; /* borrowed */
	size_t paths;
	const struct request *request; /* what is asked for all of them; borrowed */
	struct intake *intake;	       /* borrowed */
};

MUST_CHECK int input_files_open(struct input_files **out, struct arena *run, const struct input_files_order *o, struct failure *f);
const struct batch_input *input_files_input(struct input_files *in);
/* From now on mail that has no Message-ID gets the ledger's. */
void input_files_use(struct input_files *in, const struct ledger *l);
void input_files_close(struct input_files *in); /* NULL is allowed */

#endif
