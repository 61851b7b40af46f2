/*
 * base/datagram - a datagram to a local service that may not be listening: the system's log, a service manager
 *
 * Use: datagram_send("/dev/log", bytes, 50). A path that begins with @ is of the abstract kind.
 * syslog(3) is not used since it waits for who reads the socket, without an end: a log that has stalled would stall each mail
 * behind it, after it has been sent.
 *
 * Owns: nothing; a socket a call. Units: milliseconds. Bounds: ms is waited at most, where the socket's queue is full.
 * Errors: -1 and errno; EAGAIN: it was not taken in time, and is dropped. Threads: any.
 * Source: RFC 3164 4.1, without the host as /dev/log has it; sd_notify(3); unix(7).
 */
#ifndef BASE_DATAGRAM_H
#define BASE_DATAGRAM_H

#include "base/bytes.h"
#include "base/failure.h"

MUST_CHECK int datagram_send(const char *path, struct slice bytes, unsigned ms);

#endif
