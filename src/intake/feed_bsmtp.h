/*
 * intake/feed_bsmtp - a file of SMTP commands (BSMTP) to one job after the other
 *
 * Nobody hears the answers, so that a command which cannot be taken spoils its whole transaction: nothing goes by halves.
 * Use: feed_bsmtp_open(&b, request, &intake, fd, f); while (feed_bsmtp_next(&b, true, &item, f) == FEED_GOT) ...; receiver_free(
 * item.job) when its verdict is told; feed_bsmtp_close(&b).
 *
 * Owns: what it reads with; an item's job is the caller's. Bounds: one message at a time, as intake/receiver has them.
 * Errors: -1 and *f: the input cannot be read (EX_IOERR), or ended in a message (EX_NOINPUT). What is wrong with one message is
 * that item's. Threads: one. Source: RFC 5321; sendmail(8) -bS.
 */
#ifndef INTAKE_FEED_BSMTP_H
#define INTAKE_FEED_BSMTP_H

#include "intake/feed_key.h"
#include "intake/intake.h"
#include "intake/receiver.h"

enum { FEED_END = 0, FEED_GOT = 1, FEED_LATER = 2 };

struct bsmtp_item {
	struct job *job;    /* a message that can be sent; NULL: it cannot, for the reason `why` */
	const char *key;    /* where feed_bsmtp.id is set: by what the mail is known again; in the job's arena */
	bool outside;	    /* it is no message, but a command outside of any message that could not be taken */
	struct failure why;
};

struct feed_bsmtp {
	struct receiver in;
	struct intake *intake;	 /* borrowed */
	struct bsmtp_item *item; /* the item that the next message is to fill */
	struct feed_id *id;	 /* each mail gets a key, which is set in it (intake/feed_key); borrowed. NULL, as feed_bsmtp_open sets it: none */
};

MUST_CHECK int feed_bsmtp_open(struct feed_bsmtp *b, const struct request *asked, struct intake *n, int fd, struct failure *f);
/* Reads the next item. wait: waits for it; else FEED_LATER: no whole message has come yet. */
MUST_CHECK int feed_bsmtp_next(struct feed_bsmtp *b, bool wait, struct bsmtp_item *item, struct failure *f);
void feed_bsmtp_close(struct feed_bsmtp *b);

#endif
