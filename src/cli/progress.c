#include "cli/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/failure.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

const char *progress_number(char to[static PROGRESS_TIME], uint64_t n)
{
	char digits[PROGRESS_TIME];
	size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n), at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			to[at++] = ',';
		to[at++] = digits[i];
	}
	to[at] = '\0';
	return to;
}

/* Appends the part; where it does not fit it is left out, unless it is the first. */
static void append_part(char *to, size_t room, const char *fmt, ...) PRINTF(3, 4);
static void append_part(char *to, size_t room, const char *fmt, ...)
{
	size_t len = strlen(to);
	va_list ap;
	int more;

	va_start(ap, fmt);
	more = vsnprintf(to + len, room - len, fmt, ap);
	va_end(ap);
	if (len && more >= 0 && (size_t)more >= room - len)
		to[len] = '\0';
}

static void append_counts(char *to, size_t room, const struct progress_counts *p)
{
	char n[PROGRESS_TIME], all[PROGRESS_TIME];

	*to = '\0';
	if (p->all)
		append_part(to, room, "%s of %s sent", progress_number(n, p->sent), progress_number(all, p->all));
	else
		append_part(to, room, "%s sent", progress_number(n, p->sent));
}

static void append_count(char *to, size_t room, uint64_t count, const char *one, const char *more)
{
	char n[PROGRESS_TIME];

	if (count)
		append_part(to, room, ", %s %s", progress_number(n, count), count == 1 ? one : more);
}

static void append_others(char *to, size_t room, const struct progress_counts *p)
{
	append_count(to, room, p->waiting, "waits", "wait");
	append_count(to, room, p->spooled, "in the queue", "in the queue");
	append_count(to, room, p->doubtful, "in doubt", "in doubt");
}

void progress_when(char to[static 40], time_t then, time_t now)
{
	struct tm at, today, tomorrow;
	time_t next = now + DAY;

	if (then < now + 90) {
		snprintf(to, 40, "in %d s", then > now ? (int)(then - now) : 0);
		return;
	}
	localtime_r(&then, &at);
	localtime_r(&now, &today);
	localtime_r(&next, &tomorrow);
	if (at.tm_yday == today.tm_yday && at.tm_year == today.tm_year)
		strftime(to, 40, "at %H:%M", &at);
	else if (at.tm_yday == tomorrow.tm_yday && at.tm_year == tomorrow.tm_year)
		strftime(to, 40, "tomorrow at %H:%M", &at);
	else
		strftime(to, 40, "on %Y-%m-%d at %H:%M", &at);
}

void progress_until(char to[static 48], time_t then, time_t now)
{
	char when[40];

	progress_when(when, then, now);
	if (strncmp(when, "in ", 3) == 0)
		snprintf(to, 48, "for %s", when + 3);
	else
		snprintf(to, 48, "until %s", when + (when[0] == 't' ? 0 : 3)); /* "at ", "on " */
}

static void append_speed(char *to, size_t room, const struct progress_counts *p)
{
	char n[PROGRESS_TIME], by[PROGRESS_TIME + 16] = "";

	if (p->sessions)
		snprintf(by, sizeof by, " by %u %s", p->sessions, p->sessions == 1 ? "session" : "sessions");
	if (p->rate >= 100)
		append_part(to, room, "; %s/s%s", progress_number(n, (uint64_t)p->rate), by);
	else if (p->rate >= 1)
		append_part(to, room, "; %.1f/s%s", p->rate, by);
	else
		append_part(to, room, "; %.1f/min%s", p->rate * MINUTE, by);
}

static uint64_t done_of(const struct progress_counts *p)
{
	return p->sent + p->refused + p->bad + p->spooled;
}

/* In one unit; "" for what is no time any more. */
const char *progress_time(char to[static PROGRESS_TIME], double seconds)
{
	if (seconds < 90)
		snprintf(to, PROGRESS_TIME, "%.0f s", seconds < 1 ? 1 : seconds);
	else if (seconds < 90 * MINUTE)
		snprintf(to, PROGRESS_TIME, "%.0f min", seconds / MINUTE);
	else if (seconds < 2 * DAY)
		snprintf(to, PROGRESS_TIME, "%.0f h", seconds / HOUR);
	else if (seconds < 9999.0 * DAY)
		snprintf(to, PROGRESS_TIME, "%.0f days", seconds / DAY);
	else
		*to = '\0';
	return to;
}

const char *progress_span(char to[static PROGRESS_TIME], unsigned seconds)
{
	if (seconds % HOUR == 0 && seconds)
		snprintf(to, PROGRESS_TIME, "%uh", seconds / HOUR);
	else if (seconds % MINUTE == 0 && seconds)
		snprintf(to, PROGRESS_TIME, "%um", seconds / MINUTE);
	else
		snprintf(to, PROGRESS_TIME, "%us", seconds);
	return to;
}

static void append_left(char *to, size_t room, const struct progress_counts *p)
{
	const uint64_t done = done_of(p);
	char time[PROGRESS_TIME];

	if (done < p->all && *progress_time(time, (double)(p->all - done) / p->rate))
		append_part(to, room, "; %s left", time);
}

void progress_line(char *to, size_t room, const struct progress_counts *p, time_t now)
{
	char when[40];

	append_counts(to, room, p);
	append_count(to, room, p->refused, "refused", "refused");
	append_count(to, room, p->bad, "bad", "bad");
	append_others(to, room, p);
	if (p->held) {
		append_part(to, room, "; %s", p->held);
		if (p->until) {
			progress_when(when, p->until, now);
			append_part(to, room, ": goes on %s", when);
		}
		append_part(to, room, " (Ctrl-C is safe: the same command goes on)");
	} else if (p->rate > 0) {
		append_speed(to, room, p);
		append_left(to, room, p);
	}
}

void progress_sum(char *to, size_t room, const struct progress_counts *p, const char *failed)
{
	const bool doubt = p->doubtful && !p->holds, again = p->waiting || doubt || done_of(p) + p->doubtful < p->all;
	char n[PROGRESS_TIME];

	append_counts(to, room, p);
	append_count(to, room, p->refused, "refused", "refused");
	append_count(to, room, p->bad, "bad", "bad");
	if ((p->refused || p->bad) && failed)
		append_part(to, room, again || p->spooled || p->doubtful || p->before ? " (%s)" : ": %s", failed);
	append_others(to, room, p);
	if (p->left)
		append_part(to, room, ", %s left (--limit %" PRIu64 ")", progress_number(n, p->left), p->limit);
	if (again)
		append_part(to, room, ": %s", p->again ? p->again : "run the same command again");
	else if (p->doubtful)
		append_part(to, room, ": with --unsure retry the same command sends them once more");
	else if (p->before)
		append_part(to, room, ": all before this run");
}

void progress_note(struct progress_speed *s, int64_t now, uint64_t done)
{
	const size_t last = (s->next + PROGRESS_SPAN - 1) % PROGRESS_SPAN;

	if (s->count && now - s->at[last] < 1000)
		return;
	s->at[s->next] = now;
	s->done[s->next] = done;
	s->next = (s->next + 1) % PROGRESS_SPAN;
	s->count += s->count < PROGRESS_SPAN;
}

double progress_rate(const struct progress_speed *s, int64_t now)
{
	const size_t last = (s->next + PROGRESS_SPAN - 1) % PROGRESS_SPAN, first = s->count < PROGRESS_SPAN ? 0 : s->next;
	const int64_t time = s->count ? now - s->at[first] : 0;

	return s->count < 2 || time <= 0 ? 0 : (double)(s->done[last] - s->done[first]) * 1000 / (double)time;
}
