#define _GNU_SOURCE /* timegm, strptime */
#include "mail/when.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static bool digits(const char *p, size_t count)
{
	return strspn(p, "0123456789") >= count;
}

/* Reads HH:MM or HH:MM:SS, and skips a fraction; returns what follows, or NULL. */
static const char *read_time(const char *p, struct tm *t)
{
	const char *end = strptime(p, "%H:%M", t);

	if (end && *end == ':')
		end = strptime(p, "%H:%M:%S", t);
	if (end && *end == '.' && digits(end + 1, 1))
		end += 1 + strspn(end + 1, "0123456789");
	return end;
}

/* Reads +HHMM, +HH:MM, Z, GMT, UT or UTC as seconds east; returns what follows, or NULL where it is no zone. */
static const char *read_zone(const char *p, long *east)
{
	static const char *const none[] = {"Z", "GMT", "UTC", "UT"};
	long sign = *p == '-' ? -1 : 1, hours, minutes;

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		if (strncmp(p, none[i], strlen(none[i])) == 0) {
			*east = 0;
			return p + strlen(none[i]);
		}
	if ((*p != '+' && *p != '-') || !digits(p + 1, 2))
		return NULL;
	hours = (p[1] - '0') * 10 + (p[2] - '0');
	p += p[3] == ':' ? 4 : 3;
	if (!digits(p, 2))
		return NULL;
	minutes = (p[0] - '0') * 10 + (p[1] - '0');
	*east = sign * (hours * 60 + minutes) * 60;
	return hours < 24 && minutes < 60 ? p + 2 : NULL;
}

/* Nothing follows, or only a comment, as (CET). */
static bool is_end(const char *p)
{
	const char *close = *p == '(' ? strchr(p, ')') : NULL;

	return !*p || (close && !*blanks(close + 1));
}

/* The day exists, and has the weekday that is said, if one is. */
static bool is_real(const struct tm *said, bool weekday)
{
	struct tm again = *said;
	time_t t;

	again.tm_isdst = 0;
	t = timegm(&again);
	(void)t;
	return again.tm_mday == said->tm_mday && again.tm_mon == said->tm_mon && again.tm_hour == said->tm_hour && again.tm_min == said->tm_min &&
	       said->tm_year > -1900 && said->tm_year < 8100 && (!weekday || again.tm_wday == said->tm_wday);
}

/* The moment fits into a time_t; one of 32 bits ends in 2038. -1, the second before 1970, counts as an error, too. */
static bool is_held(time_t moment, struct when *w)
{
	w->time = moment;
	return moment != (time_t)-1 || sizeof moment > 4;
}

/* Reads what follows the day, and computes the moment. */
static bool when_finish(const char *p, struct tm *t, bool weekday, bool zoned, struct when *w)
{
	bool time = *p == 'T';
	const char *zone;

	p = time ? p + 1 : blanks(p);
	if (*p || time) {
		p = read_time(p, t);
		if (!p)
			return false;
	}
	if (!is_real(t, weekday))
		return false;
	zone = blanks(p);
	if (!*zone && !zoned) {
		t->tm_isdst = -1;
		return is_held(mktime(t), w);
	}
	p = read_zone(zone, &w->east);
	if (!p || !is_end(blanks(p)))
		return false;
	w->zoned = true;
	if (!is_held(timegm(t), w))
		return false;
	w->time -= w->east;
	return true;
}

static bool read_seconds(const char *p, struct when *w)
{
	char *end;
	long long seconds;

	errno = 0;
	seconds = strtoll(p, &end, 10);
	w->time = (time_t)seconds;
	return end > p && !*end && errno == 0 && w->time == seconds && seconds > -62135596800 && seconds < 253402300800; /* the years 1 to 9999 */
}

bool when_read(const char *text, struct when *w)
{
	const char *p = blanks(text), *end;
	struct tm t = {0};
	bool weekday;
	int wday;

	*w = (struct when){0};
	if (*p == '@')
		return read_seconds(p + 1, w);
	if (digits(p, 4)) {
		end = strptime(p, "%Y-%m-%d", &t);
		return end && when_finish(end, &t, false, false, w);
	}
	end = strptime(p, "%a,", &t);
	weekday = end && p[3] == ',';
	if (end && !weekday) /* a weekday written out, as in "Tuesday, 23 ..." */
		return false;
	wday = t.tm_wday;
	end = strptime(blanks(weekday ? end : p), "%d %b %Y", &t); /* musl skips no blank before %d; some C libraries compute the weekday here */
	t.tm_wday = wday;
	return end && digits(end - 4, 4) && when_finish(end, &t, weekday, weekday, w);
}
