/*
 * base/system_log - a line for syslog, which is never waited for
 *
 * Sent as syslog(3) does, but as a datagram of ours (base/datagram): syslog(3) waits without an end for a reader that has stalled.
 * Use: system_log("mysend", LOG_MAIL | LOG_ERR, line); the line is printable.
 *
 * Owns: nothing. Bounds: SYSTEM_LOG_LINE octets; 50 ms. Errors: where no syslog runs, the line is dropped; where it takes nothing, a
 * warning says so. Threads: any. Source: RFC 3164 4.1 (what /dev/log takes), syslog(3).
 */
#ifndef BASE_SYSTEM_LOG_H
#define BASE_SYSTEM_LOG_H

#include <syslog.h> /* priorities */

enum { SYSTEM_LOG_LINE = 64 * 1024 };

void system_log(const char *tag, int priority, const char *line);

#endif
