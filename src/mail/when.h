/*
 * mail/when - a moment, as people and programs write it
 *
 * @SECONDS; 2026-11-23, with 10:00 or T10:00:00 and a zone behind it if you like; 23 Nov 2026 10:00; and what stands in a
 * Date field. Without a zone it is local time; a day without a time is its first second.
 * Use: struct when w; if (when_read(text, &w)) ...
 *
 * Owns: nothing. Bounds: what a time_t holds, year 1 to 9999. Errors: false: no such form, or no such day.
 * Threads: any. Source: RFC 5322 3.3, 4.3; RFC 3339 5.6.
 */
#ifndef MAIL_WHEN_H
#define MAIL_WHEN_H

#include <stdbool.h>
#include <time.h>

struct when {
	time_t time;
	bool zoned; /* the text tells the zone */
	long east;  /* the zone: seconds east of UTC */
};

bool when_read(const char *text, struct when *w);

#endif
