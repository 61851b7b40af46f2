/*
 * mail/stamp - when a message was made, and what it is called
 *
 * Use: stamp_date(arena, now), stamp_message_id(arena, "host.example.org", now).
 * The date is local time with its zone as a number, the names English in any locale; the identifier is the
 * UTC time to the second, 80 random bits, and the host.
 *
 * Owns: nothing; texts live in the arena. Errors: none; without a source of random bits the clock and the
 * process stand in. Threads: any. Source: RFC 5322 3.3, 3.6.4.
 */
#ifndef MAIL_STAMP_H
#define MAIL_STAMP_H

#include <time.h>

#include "base/arena.h"

const char *stamp_date(struct arena *in, time_t now);
const char *stamp_date_in(struct arena *in, time_t now, long east); /* the date in a zone so many seconds east of UTC */
const char *stamp_message_id(struct arena *in, const char *host, time_t now); /* with < and > */

#endif
