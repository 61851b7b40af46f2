#include "spool/names.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "spool/inside.h"

enum { TIME_DIGITS = 10, RANDOM_DIGITS = 16, DIGITS = TIME_DIGITS + RANDOM_DIGITS };

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char state_suffix[] = ".state";

/* Names sort by time, and no two are the same, on whatever host they are made: ten digits of milliseconds, and 80 random bits. */
int spool_name(const struct spool *s, char id[SPOOL_ID], struct failure *f)
{
	unsigned char random[RANDOM_DIGITS];
	struct timespec now;
	uint64_t ms;

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return spool_fails(s, "a name for a mail", f);
	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec < 0) /* the name's digits have no sign */
		now.tv_sec = 0;
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	for (int i = TIME_DIGITS - 1; i >= 0; i--, ms /= 32)
		id[i] = digits[ms % 32];
	for (int i = 0; i < RANDOM_DIGITS; i++)
		id[TIME_DIGITS + i] = digits[random[i] % 32];
	id[DIGITS] = '\0';
	return 0;
}

time_t spool_name_time(const char *id)
{
	uint64_t ms = 0;

	for (int i = 0; i < TIME_DIGITS; i++)
		ms = ms * 32 + (uint64_t)(strchr(digits, id[i]) - digits);
	return (time_t)(ms / 1000);
}

void spool_name_bounce(char id[SPOOL_ID], const struct entry *of, bool warning)
{
	snprintf(id, SPOOL_ID, "%.*s.%c%u", DIGITS, of->id, warning ? 'd' : 'b', of->attempts % 1000);
}

bool spool_is_bounce(const char *id)
{
	return id[DIGITS] != '\0';
}

static bool is_bounce_suffix(const char *s)
{
	return s[0] == '.' && (s[1] == 'b' || s[1] == 'd') && s[2] && strlen(s + 2) <= 3 && !s[2 + strspn(s + 2, "0123456789")];
}

bool spool_is_name(const char *name)
{
	return strspn(name, digits) == DIGITS && (!name[DIGITS] || is_bounce_suffix(name + DIGITS));
}

void spool_name_state(char name[static SPOOL_STATE_NAME], const char *id)
{
	snprintf(name, SPOOL_STATE_NAME, "%s%s", id, state_suffix);
}

bool spool_is_state(const char *name, char id[static SPOOL_ID])
{
	enum { SUFFIX = sizeof state_suffix - 1 };
	size_t len = strlen(name);

	if (len < SUFFIX || len - SUFFIX >= SPOOL_ID || strcmp(name + len - SUFFIX, state_suffix) != 0)
		return false;
	memcpy(id, name, len - SUFFIX);
	id[len - SUFFIX] = '\0';
	return spool_is_name(id);
}
