/*
 * cli/batch_ahead - what a batch is going to send: looked at before the first mail leaves, printed, and asked about
 *
 * Use: if (batch_ahead_look(&survey, &source, &show, f) < 0) ...; if (batch_ahead_is_left(&survey, &source, f) > 0 &&
 * !batch_ahead_ask(&survey, &source)) ... nothing is sent. For
 * --dry-run and --preview: return batch_ahead_print(&source, &show, f).
 *
 * Owns: nothing. Bounds: as intake/input_survey. Errors: the input's; EX_CONFIG where what is set allows no mail, or a table
 * or its template is wrong as a whole; EX_DATAERR where bad mails are to stop the run, or one of them is to be printed; EX_USAGE where
 * there is no mail of that number. Threads: one. Source: mysend-batch(7).
 */
#ifndef CLI_BATCH_AHEAD_H
#define CLI_BATCH_AHEAD_H

#include "cli/batch_show.h"
#include "cli/batch_source.h"
#include "intake/input_survey.h"

enum { AHEAD_MANY = 1000 }; /* more mails than that should say how to leave the list */

/* The input cannot be read as what it is to be. Of a table that is EX_CONFIG, as EX_DATAERR says that all but the bad rows are sent.
 * Returns -1. */
int batch_ahead_no_input(const struct options *o, struct failure *f);
/* Whether somebody sits there who can be asked. */
bool batch_ahead_is_asked(const struct options *o);
/* Names the bad mails. */
MUST_CHECK int batch_ahead_look(struct input_survey *survey, struct batch_source *s, struct batch_show *show, struct failure *f);
/* Only the first one: whether what is set allows any mail at all. */
MUST_CHECK int batch_ahead_try(struct input_survey *survey, struct batch_source *s, struct batch_show *show, struct failure *f);
/* 1: somebody of the input is still to be sent to, or no ledger is open that could tell; 0: nobody is. -1: it cannot be read. */
MUST_CHECK int batch_ahead_is_left(const struct input_survey *survey, struct batch_source *s, struct failure *f);
bool batch_ahead_ask(const struct input_survey *survey, const struct batch_source *s);
/* --dry-run, --preview: prints one mail, and what the whole would be. The status, or -1. */
MUST_CHECK int batch_ahead_print(struct batch_source *s, struct batch_show *show, struct failure *f);

#endif
