/*
 * cli/smtpd_answer - what a client of ours is told, in SMTP, of a failure or of what became of its mail
 *
 * Use: struct smtpd_answer a; if (smtpd_answer_verdicts(&a, &job) == 0) say(a.code, a.lines.p);
 * smtpd_answer_free(&a).
 *
 * Owns: the lines; parted by LF, each with its enhanced code, as dialogue_say has them. Bounds: ANSWER_MAX octets; ten failures.
 * Errors: -1: no memory. Threads: any. Source: RFC 5321 4.2, RFC 3463.
 */
#ifndef CLI_SMTPD_ANSWER_H
#define CLI_SMTPD_ANSWER_H

#include "base/bytes.h"
#include "post/job.h"

struct smtpd_answer {
	int code;
	struct buf lines;
};

MUST_CHECK int smtpd_answer_failure(struct smtpd_answer *a, const struct failure *why);
MUST_CHECK int smtpd_answer_verdicts(struct smtpd_answer *a, const struct job *j);
/* The failure that decides the answer, or why the mail waits; NULL: it was not tried, or all recipients have it. */
const struct failure *smtpd_answer_why(const struct envelope *e);
void smtpd_answer_free(struct smtpd_answer *a);

#endif
