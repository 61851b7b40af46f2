/*
 * intake/intake - a message and what is asked for it, to a job that is ready to travel
 *
 * Every counter takes mail in the same way, and in this order: the text, the account by its From, the sender, the recipients, the
 * header (mail/complete).
 * Use: intake_open(&n, &request, config, called, run, f) once; for each message read into a job's message:
 * intake_take(&n, &job, &request, f), after which nothing changes the mail any more; intake_close(&n) in the end, whatever
 * intake_open said; a second time does no harm.
 *
 * Owns: the process that looks into files (mail/filetype), once it was needed; accounts and aliases are in the run's arena, the rest in the job's.
 * Errors: the stage and status of whatever is wrong: with the request, the message, the configuration.
 * Threads: one. Source: mysend-compat(7), DECISIONS, HEADER AND SENDER.
 */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include <time.h>

#include "intake/recipients.h"
#include "conf/book.h"

enum { INTAKE_DATE = 64 };

struct chosen;

struct intake {
	struct arena *run;
	const char *host; /* as whoami_host has it */
	time_t dated; /* the second whose text for Date is in date */
	char date[INTAKE_DATE];
	struct book book;
	struct filetypes *types; /* own */
	struct chosen *chosen; /* the accounts that were chosen so far */
};

/* r: the request of the first message. config: the file that was named, or NULL. called: argv[0]. */
MUST_CHECK int intake_open(struct intake *n, const struct request *r, const char *config, const char *called, struct arena *run, struct failure *f);
/* For addresses alone: the mail has no octets, and goes only to the recipients that the request names. */
MUST_CHECK int intake_take_addresses(struct intake *n, struct job *j, const struct request *r, struct failure *f);
MUST_CHECK int intake_take(struct intake *n, struct job *j, const struct request *r, struct failure *f);
void intake_close(struct intake *n);
/* Finds the account and the aliases for a sender (NULL: not known); the same account always has the same aliases. aliases: or NULL. */
MUST_CHECK int intake_account(struct intake *n, struct job *j, const struct request *r, const char *sender,
			      struct aliases **aliases, struct failure *f);

#endif
