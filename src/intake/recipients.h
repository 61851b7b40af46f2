/*
 * intake/recipients - who gets the mail: what the caller named, through the aliases, into the envelope and the header
 *
 * Use: recipients_open(&who, &job, &request, aliases, &identity, host), then recipients_take(&who, f), and who.naming for complete_message():
 * what a local name in the header stands for. The arguments, with -t the header's fields too; with nobody named, the
 * setting `to`.
 *
 * Owns: nothing; texts in the job's arena.
 * Errors: EX_DATAERR for what cannot be read, EX_USAGE for nobody at all, EX_CONFIG for an alias that leads nowhere
 * and for a local name where no domain is known. Threads: one. Source: mysend-compat(7), DECISIONS, LOCAL NAMES, RECIPIENTS.
 */
#ifndef INTAKE_RECIPIENTS_H
#define INTAKE_RECIPIENTS_H

#include "intake/identity.h"
#include "conf/aliases.h"
#include "mail/header_recipients.h"

struct recipients {
	struct job *job;
	const struct request *request;
	struct aliases *aliases;
	struct identity *identity;
	const char *host; /* this one's name, as whoami_host has it */
	struct naming naming;
};

void recipients_open(struct recipients *who, struct job *j, const struct request *r, struct aliases *a, struct identity *id, const char *host);
MUST_CHECK int recipients_take(struct recipients *who, struct failure *f);

#endif
