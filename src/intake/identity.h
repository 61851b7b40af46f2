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
	const char *sender; /* the sender in the envelope; "" is the null sender */
	const char *from;   /* the address for a From field that has to be added */
	const char *name;   /* the name for that field, or "" */
	const char *forced; /* force_from, or "" */
	const char *domain; /* the domain for bare names; "" until identity_domain was called */
};

MUST_CHECK int identity_read(struct identity *id, struct job *j, const struct request *r, struct failure *f);
/* Finds id->domain, for the bare name `name`; -1 where no domain is known: the caller adds the hint. */
MUST_CHECK int identity_domain(struct identity *id, struct job *j, const char *name, struct failure *f);
/* The address that replaces a local name as sender, on a host that has no domain for it: that of force_from or from; or "". Never
 * used for a recipient: one address would get the mail of all users of this host. */
const char *identity_instead(const struct identity *id, struct job *j);
/* The sender by which the account is chosen: -f, else the From field; NULL where neither can be read, so that it is the default
 * account. */
const char *identity_for_choice(struct job *j, const struct request *r);

#endif
