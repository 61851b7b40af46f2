/*
 * intake/identity - who the mail is from: envelope sender, address and name for a From field (mysend-compat(7), HEADER AND SENDER)
 *
 * Use: identity_read(&id, &job, &request, f) after the account is chosen.
 * Owns: nothing; texts in the job's arena.
 * Errors: EX_USAGE or EX_DATAERR for what the caller gave, EX_CONFIG naming `from` or `maildomain` where no
 * domain is known. Threads: one. Source: mysend-compat(7), LOCAL NAMES, HEADER AND SENDER.
 */
#ifndef INTAKE_IDENTITY_H
#define INTAKE_IDENTITY_H

#include "intake/request.h"
#include "post/job.h"

struct identity {
	const char *sender; /* of the envelope; "" is the null sender */
	const char *from;   /* for a From field that has to be made */
	const char *name;   /* beside it, or "" */
	const char *forced; /* force_from, or "" */
	const char *domain; /* for bare names; "" until somebody needed it */
};

MUST_CHECK int identity_read(struct identity *id, struct job *j, const struct request *r, struct failure *f);
/* Makes sure of id->domain; -1 where there is none to be had for `name`: the hint is the caller's. */
MUST_CHECK int identity_domain(struct identity *id, struct job *j, const char *name, struct failure *f);
/* What stands for a local name that sends, on a host that has no domain to give it: the address of force_from or from; or
 * "". Never for one that receives: whoever has that address would get mail of everybody here. */
const char *identity_instead(const struct identity *id, struct job *j);
/* Whose account it is to be: -f, else the From field; NULL where neither can be read, then it is the default one. */
const char *identity_for_choice(struct job *j, const struct request *r);

#endif
