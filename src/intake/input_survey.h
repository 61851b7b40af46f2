/*
 * intake/input_survey - what a batch is going to send, for whoever is asked whether it shall: it reads the whole input once
 *
 * Use: input_survey(&input, &survey, each, ctx, f). It rewinds the input in the end, which begins with its first mail again.
 *
 * Owns: nothing. Bounds: one mail at a time. Errors: as input.rewind has them. Bad mails are no error: they are counted, and given to
 * each. Threads: one.
 */
#ifndef INTAKE_INPUT_SURVEY_H
#define INTAKE_INPUT_SURVEY_H

#include "post/batch.h"

enum { SURVEY_ADDRESS = 320 }; /* octets of an address that is shown; a longer one is cut */

struct input_survey {
	uint64_t mails, bad, recipients; /* recipients: of the mails that can be sent */
	bool lost;			 /* the input could not be read to its end */
	char first[SURVEY_ADDRESS], last[SURVEY_ADDRESS], sender[SURVEY_ADDRESS]; /* first and last recipient; sender of the first mail */
	const struct account *account;	 /* of the first mail; NULL: there is none */
	bool accounts;			 /* other mails have other accounts */
	uint64_t unsubscribes;		 /* mails with a List-Unsubscribe */
};

/* each, unless it is NULL, is called for each mail while it has its job, and for each bad one, with *why; false ends the survey. */
MUST_CHECK int input_survey(const struct batch_input *input, struct input_survey *out,
			    bool (*each)(void *ctx, const struct batch_mail *m, const struct failure *why), void *ctx, struct failure *f);

#endif
