/*
 * cli/service - mail of many users by one account: who is at the other end of the socket, and what he may say (--service)
 *
 * Use: service_open(&peer, 0, arena, f); service_admit; service_check_sender after MAIL, service_check_message when the message is whole,
 * before it is completed; service_tell when something went wrong. Root may send as anybody, over any number of connections.
 *
 * Owns: a descriptor until the process ends: the connection's slot. Texts in the arena. Bounds: service_connections of the
 * account; SERVICE_OCTETS a message, where message_size_limit is not set.
 * Errors: service_open: AT_USAGE EX_USAGE, standard input is no local socket; service_admit, service_check_sender and
 * service_check_message: 421 or 550 for the client. Threads: one (getpwuid). Source: unix(7) SO_PEERCRED, getpeereid(3) on the BSDs; RFC 5321 4.4.
 */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include <sys/types.h>

#include "post/job.h"

enum { SERVICE_OCTETS = 64 * 1024 * 1024 };

struct peer {
	bool known; /* we run as a service; otherwise the peer is the user who runs us */
	uid_t uid;
	uid_t counted; /* the user for whom connections and mails count: a uid of a user's range in /etc/subuid counts for that user */
	const char *name; /* the login name, or the uid as digits */
};

MUST_CHECK int service_open(struct peer *p, int fd, struct arena *in, struct failure *f);
/* Whether the peer may have one more connection; the slots are in that account's spool. */
MUST_CHECK int service_admit(const struct peer *p, const struct account *a, struct arena *in, struct failure *f);
/* Prints a line for the administrator of the service on standard error: whose mail it was, and what became of it. */
void service_tell(const struct peer *p, struct job *j, const struct failure *why);
/* Whether the account's service_from lets this peer send as that address. */
MUST_CHECK int service_check_sender(const struct peer *p, struct job *j, const char *sender, struct failure *f);
/* Checks the From field (at most one; added with the peer's address where a message with a null sender has none), Sender, and the
 * Resent- fields in the same way, and puts a Received field in front. */
MUST_CHECK int service_check_message(const struct peer *p, struct job *j, const char *sender, bool extended, struct failure *f);

#endif
