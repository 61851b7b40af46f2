/*
 * post/job - one mail on its way through the house, and everything that dies with it
 *
 * Made by intake/, or by post/claim of what waits; carried by submit or a crew, told of by result. Whoever holds the pointer owns it.
 * Use: struct job j = {.account = a}; ... message_close(&j.message); arena_free(&j.arena);
 *
 * Owns: its arena and the message's descriptor. Units: milliseconds. Errors: none. Threads: whoever holds it.
 */
#ifndef POST_JOB_H
#define POST_JOB_H

#include <stdint.h>
#include <sys/types.h>

#include "conf/settings.h"
#include "mail/mail.h"
#include "mail/message.h"

struct job {
	struct arena arena;
	struct message message; /* as it is read; the mail is made of it, and reads from what it holds open */
	struct mail mail;
	const struct account *account; /* lives as long as the run */
	int64_t began;		       /* clock_steady */
	bool encrypted, authenticated; /* how it went out */
	const char *tag;	       /* what syslog calls us, or NULL */
	bool dialogue;		       /* standard output is that of an SMTP client */
	const char *peer;	       /* whom a service does it for, or NULL */
	uid_t uid;		       /* for whose share of the spool it counts */
	bool twice;		       /* somebody may have got it already */
	const char *spooled;	       /* under which name it waits, or NULL */
	const struct failure *unkept;  /* why it cannot wait, or NULL */
	bool later;		       /* it is not to be tried now */
	bool aloud;		       /* somebody watches, who is told that it waits, too */
	bool mail_errors;	       /* its sender wants to be told of refusals by mail, too */
};

#endif
