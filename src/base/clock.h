/*
 * base/clock - what time it is, and how long something took
 *
 * Units: seconds since 1970 (wall), milliseconds since some start (steady: never goes back).
 * Owns: nothing. Errors: none. Threads: any. Tests link their own.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

time_t clock_wall(void);
int64_t clock_steady(void); /* milliseconds */
int64_t clock_boot(void);   /* the same, and counts while the host sleeps, where the system has such a clock */
int64_t clock_wall_ms(void); /* milliseconds since 1970 */

enum { CLOCK_LEFT = 32 };
/* "83 days", "5 hours", "41 minutes", in whole ones; of less than a minute "less than a minute". */
const char *clock_left(char to[static CLOCK_LEFT], int64_t seconds);

#endif
