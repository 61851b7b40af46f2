#include "conf/keyword.h"

#include <ctype.h>
#include <string.h>
#include <sysexits.h>

enum old { ALIAS_OF, IGNORED_BUT, ONLY_THIS };

static const struct row {
	const char *name;
	enum old old;
	enum setting setting;
	const char *value; /* ALIAS: its map; IGNORED: the value that needs no warning; ONLY: that value */
	const char *why;
} rows[] = {
#define ALIAS(n, target, map) {#n, ALIAS_OF, SET_##target, map, NULL},
#define IGNORED(n, harmless, w) {#n, IGNORED_BUT, SETTINGS, harmless, w},
#define ONLY(n, v, w) {#n, ONLY_THIS, SETTINGS, v, w},
#include "conf/settings.def"
};

/* Values of msmtp that stand for others here; case does not count, as in all settings. */
static const struct { const char *name, *value, *taken, *why; enum setting setting; } instead[] = {
#define INSTEAD(n, v, t, w) {#n, #v, #t, w, SET_##n},
#include "conf/settings.def"
};

static bool equal(struct slice s, const char *text, size_t len)
{
	return s.len == len && (!len || memcmp(s.p, text, len) == 0);
}

/* Looks up a value in a map ("on=auto|off=off"); a value that the map lacks stays, and the setting refuses it. */
static struct slice mapped(const char *map, struct slice value)
{
	if (!value.len && *map)
		value = SLICE("on");
	while (*map) {
		size_t key = strcspn(map, "="), end = strcspn(map, "|");

		if (equal(value, map, key))
			return (struct slice){map + key + 1, end - key - 1};
		map += end + (map[end] == '|');
	}
	return value;
}

static int old_keyword(struct keyword *out, const struct row *r, struct slice value, struct failure *f)
{
	int len = value.len > 60 ? 60 : (int)value.len;

	switch (r->old) {
	case ALIAS_OF:
		*out = (struct keyword){.setting = r->setting, .value = mapped(r->value, value)};
		return 0;
	case IGNORED_BUT:
		*out = (struct keyword){.setting = SETTINGS};
		out->why = equal(value, r->value, strlen(r->value)) || !value.len ? NULL : r->why;
		return 0;
	case ONLY_THIS:
		*out = (struct keyword){.setting = SETTINGS};
		if (equal(value, r->value, strlen(r->value)))
			return 0;
		return fail(f, AT_CONFIG, EX_CONFIG, "%s takes %s, not \"%.*s\": %s", r->name, r->value, len, value.p,
			    r->why);
	}
	return -1;
}

static void take_instead(struct keyword *k)
{
	for (size_t i = 0; i < sizeof instead / sizeof *instead; i++)
		if (k->setting == instead[i].setting && slice_is(k->value, instead[i].value)) {
			k->value = slice_of(instead[i].taken);
			k->why = instead[i].why;
		}
}

int keyword_read(struct keyword *out, struct slice word, struct slice value, struct failure *f)
{
	const char *nearest;
	size_t known = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (equal(word, rows[i].name, strlen(rows[i].name)))
			return old_keyword(out, &rows[i], value, f);
	*out = (struct keyword){.setting = setting_find(word.p, word.len), .value = value};
	if (out->setting != SETTINGS) {
		if (!value.len && setting_takes_optional(out->setting))
			out->value = SLICE("on");
		take_instead(out);
		return 0;
	}
	/* For a line as password=SECRET: what follows the keyword must not be shown. */
	while (known < word.len && known < 60 && (strchr("_-", word.p[known]) || isalnum((unsigned char)word.p[known])))
		known++;
	fail(f, AT_CONFIG, EX_CONFIG, "unknown keyword \"%.*s\"", (int)known, word.p);
	if (known && known < word.len && strchr("=:", word.p[known]))
		return failure_hint(f, HINT_KEYWORD_BLANK, (char[]){word.p[known], '\0'});
	nearest = setting_nearest(word);
	if (nearest)
		return failure_hint(f, HINT_KEYWORD_NEAREST, nearest);
	return slice_mentions(word, "secret") ? failure_hint(f, HINT_KEYWORD_SECRET) : failure_hint(f, HINT_KEYWORDS);
}
