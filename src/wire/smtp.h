/*
 * wire/smtp - mail transactions over a session, one or ten thousand (RFC 5321 3.3, 2920, 3030)
 *
 * smtp_run asks next() for mails and tells done() of each, once, with every recipient's verdict in its
 * envelope. One queue of expected replies serves stop-and-wait, pipelined DATA and pipelined BDAT; they
 * differ only in when the next command has to wait for an answer.
 *
 * Owns: nothing; mails are the caller's and stay as they are, but for their envelopes: verdicts and failures land in each mail's arena.
 * Units: seconds; octets. Bounds: limits.window mails and 1 MiB of them under way without an answer.
 * After a lost connection: PENDING was never wholly sent or came after a 421, and may be sent again freely;
 * UNSURE was wholly sent without an answer. Both have the session's failure as their why, unless it is SMTP_ANOTHER.
 * Told to end (base/ending): what is wholly written has its answer waited for, ENDING_MS at most; what is not is left, and
 * a mail that is not through stays PENDING for the rest of its recipients, which is -1; no mail is begun if next() says so.
 * Errors: 0 when next() has no more; -1 and *f when the session is of no more use; SMTP_ANOTHER (and *f, for the curious) when
 * it is of no more use and nothing has failed: a goodbye between transactions, an offer that does not hold. Who is PENDING
 * then may be given again over another session at once; recipients of whom more is known are passed over.
 * Threads: the session's. Source: RFC 5321 3.3, 3.8, 4.5.3; RFC 2920 3.1; RFC 3030 2, 4.2.
 */
#ifndef WIRE_SMTP_H
#define WIRE_SMTP_H

#include "mail/mail.h"
#include "wire/session.h"

struct smtp_limits {
	unsigned window;     /* messages under way */
	unsigned recipients; /* recipients in one transaction */
	unsigned timeout;    /* seconds for one transaction, all in all */
	int64_t until;	     /* of clock_steady: an unwritten message is given up then; one mail at a time; 0: never */
	bool verify;	     /* MAIL, RCPT, RSET: ask, and send nothing; ACCEPTED has the relay's words as its why, the envelope RSET's as its answer */
};

struct smtp_client { /* where the mails come from; ctx is passed to each function */
	void *ctx;
	/* NULL: none now. *when (clock_steady): it is asked again then, and what is under way is answered meanwhile; 0: no more. */
	struct mail *(*next)(void *ctx, int64_t *when);
	void (*done)(void *ctx, struct mail *m);
	/* One transaction of the mail has its answers, and others are to come: called before the message of the next one is sent.
	 * NULL: the transactions need not wait for each other. */
	void (*part)(void *ctx, struct mail *m);
	/* Asked right before each MAIL; a mail may need several transactions. True: it is written, and end() gets *ticket once the
	 * transaction is over. False: *when as for next(), but 0: not in this session, which ends as one in which nothing has failed
	 * (SMTP_ANOTHER). NULL: each may begin. */
	bool (*begin)(void *ctx, struct mail *m, size_t recipients, void **ticket, int64_t *when);
	/* counted: the relay has answered MAIL, or may have read it. why: the refusal of the transaction, or of the last of its
	 * recipients that was refused; or NULL. Set where begin is. */
	void (*end)(void *ctx, struct mail *m, void *ticket, bool counted, const struct failure *why);
};

enum { SMTP_ANOTHER = 1 };

MUST_CHECK int smtp_run(struct session *s, const struct smtp_limits *limits, const struct smtp_client *client,
			struct failure *f);

#endif
