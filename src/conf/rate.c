#include "conf/rate.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { MS = 1000, MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, SECONDS_MOST = 31 * DAY };

static const struct unit {
	const char *words; /* as a choice; the first is the one that is printed */
	unsigned seconds;
} units[] = {
	{"day|d|days", DAY},
	{"h|hour|hours", HOUR},
	{"min|m|minute|minutes", MINUTE},
	{"s|sec|second|seconds", 1},
};

static int wrong(struct failure *f, struct slice limit, const char *why)
{
	return fail(f, AT_CONFIG, EX_CONFIG, "\"%.*s\" %s", limit.len > 60 ? 60 : (int)limit.len, limit.p, why);
}

static struct slice behind(struct slice s, size_t n)
{
	return slice_trim((struct slice){s.p + n, s.len - n});
}

/* Takes the digits from the beginning. */
static struct slice digits_of(struct slice *rest)
{
	struct slice digits = {rest->p, 0};

	while (digits.len < rest->len && rest->p[digits.len] >= '0' && rest->p[digits.len] <= '9')
		digits.len++;
	*rest = behind(*rest, digits.len);
	return digits;
}

static int time_of(int64_t *span, struct slice v, struct slice limit, struct failure *f)
{
	struct slice digits = digits_of(&v);
	uint64_t n = 1;
	size_t u = 0;

	if (digits.len && (!slice_number(digits, SECONDS_MOST, &n) || !n))
		return wrong(f, limit, "has no time of at least 1 s and at most 31 days");
	while (u < sizeof units / sizeof *units && value_choice(units[u].words, v) < 0)
		u++;
	if (u == sizeof units / sizeof *units)
		return fail(f, AT_CONFIG, EX_CONFIG, "\"%.*s\" is no time: s, min, h, day, or as in 5m", v.len > 60 ? 60 : (int)v.len, v.p);
	if (n > SECONDS_MOST / units[u].seconds)
		return wrong(f, limit, "has no time of at least 1 s and at most 31 days");
	*span = (int64_t)n * units[u].seconds * MS;
	return 0;
}

/* What is counted: nothing is said, or a word. */
static int counted(struct rate_limit *l, struct slice what, struct slice limit, struct failure *f)
{
	l->recipients = value_choice("recipients|recipient", what) >= 0;
	if (what.len && !l->recipients && value_choice("mails|mail|messages|message", what) < 0)
		return wrong(f, limit, "counts neither mails nor recipients");
	return 0;
}

static int parse_limit(struct rate_limit *l, struct slice limit, struct failure *f)
{
	struct slice rest = limit, digits = digits_of(&rest), what;
	uint64_t n;

	if (!digits.len)
		return limit.len ? wrong(f, limit, "begins with no number") : fail(f, AT_CONFIG, EX_CONFIG, "a limit is missing between two commas, or at the end");
	if (!slice_number(digits, RATE_MOST, &n) || !n)
		return wrong(f, limit, "has no number from 1 to 1000000");
	l->count = (uint32_t)n;
	if (slice_cut(&rest, '/', &what)) {
		rest = slice_trim(rest);
	} else { /* "100 per 5m", "2000 recipients per day" */
		size_t at = 0;

		while (at + 4 < rest.len && !(slice_begins((struct slice){rest.p + at, rest.len - at}, "per ") && (!at || octet_is_blank(rest.p[at - 1]))))
			at++;
		if (at + 4 >= rest.len)
			return wrong(f, limit, "names no time, as 30/min does");
		what = (struct slice){rest.p, at};
		rest = behind(rest, at + 4);
	}
	if (counted(l, slice_trim(what), limit, f) < 0)
		return -1;
	return time_of(&l->span, rest, limit, f);
}

int rate_parse(struct rate *out, struct slice v, struct failure *f)
{
	struct slice one;
	bool more = true;

	*out = (struct rate){0};
	v = slice_trim(v);
	if (!v.len || slice_is(v, "off"))
		return 0;
	while (more) {
		more = slice_cut(&v, ',', &one);
		if (out->limits == RATE_LIMITS)
			return fail(f, AT_CONFIG, EX_CONFIG, "there are more than %d limits", RATE_LIMITS);
		if (parse_limit(&out->limit[out->limits], slice_trim(more ? one : v), f) < 0)
			return -1;
		out->limits++;
	}
	return 0;
}

const char *rate_words(char to[static RATE_WORDS], const struct rate_limit *l)
{
	const struct unit *u = units;
	int64_t n = l->span / MS;
	struct slice word;
	char many[24] = "";

	while (n % u->seconds)
		u++;
	word = value_word(u->words, 0);
	if (n / u->seconds > 1)
		snprintf(many, sizeof many, "%lld", (long long)(n / u->seconds));
	snprintf(to, RATE_WORDS, "%lu%s/%s%.*s", (unsigned long)l->count, l->recipients ? " recipients" : "", many, (int)word.len, word.p);
	return to;
}

const char *kind_rate(struct arena *in, char *v)
{
	struct failure unused;
	struct rate r;

	(void)in;
	return rate_parse(&r, slice_of(v), &unused) == 0 ? v : NULL;
}
