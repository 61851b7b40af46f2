/*
 * cli/service - mail of many users by one account: who is at the other end of the socket, and what he may say (--service)
 *
 * Use: service_open(&peer, 0, arena, f); service_admit; service_check_sender after MAIL, service_stamp when the message is whole,
 * before it is completed; service_tell when something went wrong. Root may send as anybody, over any number of connections.
 *
 * Owns: a descriptor until the process ends: the connection's slot. Texts in the arena. Bounds: service_connections of the
 * account; SERVICE_OCTETS a message, where message_size_limit is not set.
 * Errors: service_open: AT_USAGE EX_USAGE, standard input is no local socket; service_admit, service_check_sender and
 * service_stamp: 421 or 550 for the client. Threads: one (getpwuid). Source: unix(7) SO_PEERCRED, getpeereid(3) on the BSDs; RFC 5321 4.4.
 */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include <sys/types.h>

#include "post/job.h"

enum { SERVICE_OCTETS = 64 * 1024 * 1024 };

struct peer {
	bool known; /* of a service: otherwise it is whoever runs us */
	uid_t uid;
	uid_t counted; /* for whom his connections and mails count: a number out of a user's range of /etc/subuid is that user's */
	const char *name; /* of the login, or the number */
};

MUST_CHECK int service_open(struct peer *p, int fd, struct arena *in, struct failure *f);
/* May he have one more connection? The spool of that account knows. */
MUST_CHECK int service_admit(const struct peer *p, const struct account *a, struct arena *in, struct failure *f);
/* A line for who runs the service, on standard error: whose mail it was, and what became of it. */
void service_tell(const struct peer *p, struct job *j, const struct failure *why);
/* May this peer send as that address? service_from of the account says. */
MUST_CHECK int service_check_sender(const struct peer *p, struct job *j, const char *sender, struct failure *f);
/* The same for the one From field there may be (of a message with a null sender and no such field, it becomes the user's), Sender, and the Resent- ones; and a Received field in front. */
MUST_CHECK int service_stamp(const struct peer *p, struct job *j, const char *sender, bool extended, struct failure *f);

#endif
