/*
 * post/job - one mail on its way through the program, and everything that lives as long as it does
 *
 * A job is made by intake/, or by post/claim for mail that waited; submit or a crew sends it, and post/result reports it.
 * Use: struct job j = {.account = a}; ... message_close(&j.message); arena_free(&j.arena);
 *
 * Owns: its arena and the message's descriptor. Units: milliseconds. Errors: none. Threads: one at a time, that which has the job.
 */
#ifndef POST_JOB_H
#define POST_JOB_H

#include <stdint.h>
#include <sys/types.h>

#include "conf/settings.h"
#include "mail/mail.h"
#include "mail/message.h"
#include "post/pace_state.h"

struct job {
	struct arena arena;
	struct message message; /* the message as it was read; the mail reads from descriptors that it holds */
	struct mail mail;
	const struct account *account; /* lives as long as the run does */
	int64_t began;		       /* clock_steady */
	bool encrypted, authenticated; /* the session was so */
	const char *tag;	       /* our name in syslog, or NULL */
	bool dialogue;		       /* standard output belongs to an SMTP client, or to who reads --json: no log goes there */
	const char *peer;	       /* the user for whom a service sends it, or NULL */
	uid_t uid;		       /* the user for whose share of the spool it counts */
	bool twice;		       /* some recipient may have got the mail already */
	const char *spooled;	       /* the name under which it waits in the spool, or NULL */
	const char *spool;	       /* the folder where it does, if it came there in this run; or NULL */
	const struct failure *unkept;  /* why it could not be put into the spool, or NULL */
	struct grant grant;	       /* of the account's rate, for the next transaction, where it is granted: */
	bool granted;
	bool again;		       /* the relay was sent too much: to be given again, in the same run */
	unsigned agains;	       /* how often that was */
	time_t due;		       /* when the rate lets it go, as far as is known, or 0 */
	bool later;		       /* it goes into the spool without a try */
	bool aloud;		       /* the user is at a terminal, and is also told that it waits */
	void *slot;		       /* what a batch knows of it, or NULL */
	bool mail_errors;	       /* refusals are told to the sender by mail, too (-oem) */
};

#endif
