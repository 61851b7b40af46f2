#include "mail/stamp.h"

#include <stdint.h>
#include <unistd.h>

enum { RANDOM = 10 };

const char *stamp_date_in(struct arena *in, time_t now, long east)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	long zone = east / 60;
	struct tm t = {.tm_mday = 1};

	now += zone * 60;
	if (!gmtime_r(&now, &t)) /* the year does not fit into an int */
		t = (struct tm){.tm_mday = 1, .tm_year = 70, .tm_wday = 4};
	return arena_printf(in, "%s, %02d %s %04ld %02d:%02d:%02d %c%02ld%02ld", days[t.tm_wday], t.tm_mday,
			    months[t.tm_mon], 1900L + t.tm_year, t.tm_hour, t.tm_min, t.tm_sec, zone < 0 ? '-' : '+',
			    (zone < 0 ? -zone : zone) / 60, (zone < 0 ? -zone : zone) % 60);
}

const char *stamp_date(struct arena *in, time_t now)
{
	struct tm t = {0};

	tzset(); /* localtime_r(3) may leave that out */
	return stamp_date_in(in, now, localtime_r(&now, &t) ? t.tm_gmtoff : 0);
}

/* Stands in for random bits where the kernel gives none: others may guess the result, but it does not come twice on one host. */
static void scramble(unsigned char to[RANDOM])
{
	struct timespec t = {.tv_sec = 0};
	uint64_t h = (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)to;

	clock_gettime(CLOCK_MONOTONIC, &t);
	h = (h ^ (uint64_t)t.tv_nsec) * 0x9e3779b97f4a7c15u ^ (uint64_t)t.tv_sec;
	for (size_t i = 0; i < RANDOM; i++) {
		h = (h ^ h >> 27) * 0x9e3779b97f4a7c15u + i;
		to[i] = (unsigned char)(h >> 40);
	}
}

const char *stamp_message_id(struct arena *in, const char *host, time_t now)
{
	static const char digit[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char bytes[RANDOM];
	char word[RANDOM * 8 / 5 + 1];
	struct tm t = {.tm_mday = 1};

	if (getentropy(bytes, sizeof bytes) < 0)
		scramble(bytes);
	for (size_t i = 0; i < sizeof word - 1; i++) {
		size_t bit = i * 5, at = bit / 8;
		unsigned two = (unsigned)bytes[at] << 8 | (at + 1 < sizeof bytes ? bytes[at + 1] : 0u);

		word[i] = digit[two >> (11 - bit % 8) & 31];
	}
	word[sizeof word - 1] = '\0';
	gmtime_r(&now, &t);
	return arena_printf(in, "<%04ld%02d%02d%02d%02d%02d.%s@%s>", 1900L + t.tm_year, t.tm_mon + 1, t.tm_mday,
			    t.tm_hour, t.tm_min, t.tm_sec, word, host);
}
