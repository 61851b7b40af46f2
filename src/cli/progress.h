/*
 * cli/progress - the line that tells how far a run over many mails has come, and the line at its end
 *
 * Use: progress_note(&speed, clock_steady(), done) now and then; p.rate = progress_rate(&speed, clock_steady()); progress_line(line,
 * sizeof line, &p, clock_wall()); and in the end progress_sum(line, sizeof line, &p, failed).
 * Pure, but for the time zone. Owns: nothing. Units: mails; milliseconds of clock_steady where they are int64_t, else seconds.
 * Bounds: of a line for so many columns, parts that do not fit are left out as a whole; only the count, its first part, may be cut.
 * Errors: none. Threads: any.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct progress_counts {
	uint64_t all; /* 0: not known */
	uint64_t sent, refused, waiting, doubtful;
	uint64_t bad, spooled; /* cannot be sent; handed to the queue */
	uint64_t left, limit; /* not begun, since the run was to send no more than limit; or 0, 0 */
	bool holds;	       /* those in doubt are not sent again */
	bool before;	       /* all that is done was done by earlier runs */
	double rate; /* mails a second; 0: not known */
	unsigned sessions; /* 0: not known */
	const char *held; /* what all sessions wait for, or NULL: "the rate 5000/day is used up" */
	const char *again; /* how to go on with what is left; NULL: with the same command */
	time_t until;	  /* until then; 0: not known */
};

/* "4,211 of 10,000 sent, 12 refused, 3 wait; 9.8/s by 4 sessions; 10 min left". room: the columns and a NUL. */
void progress_line(char *to, size_t room, const struct progress_counts *p, time_t now);
/* "9,988 of 10,000 sent, 12 refused: people.csv.failed.csv". failed: where those are which were refused or are bad, or NULL. */
void progress_sum(char *to, size_t room, const struct progress_counts *p, const char *failed);
enum { PROGRESS_TIME = 32 };
const char *progress_number(char to[static PROGRESS_TIME], uint64_t n);     /* "4,211" */
const char *progress_time(char to[static PROGRESS_TIME], double seconds);   /* "10 min" */
const char *progress_span(char to[static PROGRESS_TIME], unsigned seconds); /* as an option takes it: "1h", "90s" */
/* "in 40 s", "at 14:05", "tomorrow at 09:14", "on 2026-12-03 at 09:14" */
void progress_when(char to[static 40], time_t then, time_t now);
/* "for 40 s", "until 14:05", "until tomorrow at 09:14", "until 2026-12-03 at 09:14" */
void progress_until(char to[static 48], time_t then, time_t now);

/* How many mails were done at which time. The rate is that of the last half minute, because a relay does not stay as fast as it was. */
enum { PROGRESS_SPAN = 30 };
struct progress_speed {
	int64_t at[PROGRESS_SPAN]; /* a second each */
	uint64_t done[PROGRESS_SPAN];
	size_t count, next;
};

void progress_note(struct progress_speed *s, int64_t now, uint64_t done);
double progress_rate(const struct progress_speed *s, int64_t now);

#endif
