#include "conf/settings.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "base/trusted.h"
#include "conf/rate.h"
#include "conf/vault.h"

enum type { FLAG, COUNT, SECONDS, BYTES, TEXT, SECRET, CHOICE };

struct row {
	const char *name, *dflt, *arg, *words, *summary;
	size_t field; /* offset in struct account */
	value_kind *kind;
	uint64_t least, most;
	enum type type;
};

#define TYPE_FLAG .type = FLAG, .words = "off|on"
#define TYPE_COUNT(low, high) .type = COUNT, .words = "", .least = (low), .most = (high)
#define TYPE_SECONDS(low, high) .type = SECONDS, .words = "", .least = (low), .most = (high)
#define TYPE_BYTES(low, high) .type = BYTES, .words = "", .least = (low), .most = (high)
#define TYPE_TEXT(how) .type = TEXT, .words = "", .kind = kind_##how
#define TYPE_SECRET .type = SECRET, .words = ""
#define TYPE_CHOICE(list) .type = CHOICE, .words = #list

static const struct row rows[SETTINGS] = {
#define SETTING(n, t, d, a, sum) \
	{.name = #n, .dflt = d, .arg = #a, .summary = sum, .field = offsetof(struct account, n), TYPE_##t},
#include "conf/settings.def"
};

static const struct { const char *name, *map; enum setting target; } aliases[] = {
#define ALIAS(n, t, m) {#n, m, SET_##t},
#include "conf/settings.def"
};

static bool same(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != (b[i] == '-' ? '_' : b[i]))
			return false;
	return a[len] == '\0';
}

enum setting setting_find(const char *name, size_t len)
{
	for (unsigned s = 0; s < SETTINGS; s++)
		if (same(rows[s].name, name, len))
			return (enum setting)s;
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (!*aliases[i].map && same(aliases[i].name, name, len))
			return aliases[i].target;
	return SETTINGS;
}

const char *setting_nearest(struct slice name)
{
	const char *nearest = NULL;

	for (unsigned s = 0; s < SETTINGS; s++)
		nearest = slice_nearer(name, nearest, rows[s].name);
	return nearest;
}

const char *setting_name(enum setting s)
{
	return rows[s].name;
}

const char *setting_argument(enum setting s)
{
	return *rows[s].words ? rows[s].words : rows[s].arg;
}

const char *setting_summary(enum setting s)
{
	return rows[s].summary;
}

bool setting_takes_optional(enum setting s)
{
	return setting_takes_word(s, SLICE("on"));
}

bool setting_takes_word(enum setting s, struct slice word)
{
	return value_choice(rows[s].words, word) >= 0;
}

bool setting_is_secret(enum setting s)
{
	return rows[s].type == SECRET;
}

bool setting_is_path(enum setting s)
{
	return rows[s].kind == kind_path || rows[s].kind == kind_trust || rows[s].kind == kind_pin;
}

bool setting_is_set(const struct account *a, enum setting s)
{
	return a->origin[s].rank != RANK_DEFAULT;
}

unsigned setting_rules(const struct account *a, enum setting s)
{
	return a->origin[s].rank == RANK_OPTION ? 0 : TRUSTED_TEXT;
}

static void *field_of(struct account *a, enum setting s)
{
	return (char *)a + rows[s].field;
}

static const void *value_of(const struct account *a, enum setting s)
{
	return (const char *)a + rows[s].field;
}

const char **account_text(struct account *a, enum setting s)
{
	return rows[s].type == TEXT ? field_of(a, s) : NULL;
}

static struct slice word_of(const struct account *a, enum setting s)
{
	const void *v = value_of(a, s);

	return value_word(rows[s].words, rows[s].type == FLAG ? *(const bool *)v : *(const unsigned *)v);
}

bool setting_is(const struct account *a, enum setting s, const char *word)
{
	struct slice w = word_of(a, s);

	return w.len == strlen(word) && memcmp(w.p, word, w.len) == 0;
}

/* Sets s to a value; an empty value sets it back to its default. */
static int parse(struct account *a, struct arena *in, enum setting s, struct slice v)
{
	const struct row *r = &rows[s];
	void *field = field_of(a, s);
	const char *text;
	int place;

	switch (r->type) {
	case TEXT:
		text = r->kind(in, arena_text(in, v.p, v.len));
		if (text)
			*(const char **)field = text;
		return text ? 0 : -1;
	case SECRET:
		*(unsigned *)field = v.len ? vault_keep(v) : 0;
		return v.len && !*(unsigned *)field ? -1 : 0;
	case FLAG:
		place = value_choice(r->words, v);
		*(bool *)field = place == 1;
		return place < 0 ? -1 : 0;
	case CHOICE:
		place = value_choice(r->words, v);
		*(unsigned *)field = place < 0 ? 0 : (unsigned)place;
		return place < 0 ? -1 : 0;
	case SECONDS:
		return value_seconds(v, (unsigned)r->least, (unsigned)r->most, field);
	case BYTES:
		return value_bytes(v, r->least, r->most, field);
	case COUNT:
		if (v.len || *r->dflt)
			return value_count(v, (unsigned)r->least, (unsigned)r->most, field);
		*(unsigned *)field = 0;
		return 0;
	}
	return -1;
}

/* Tabs may stand in a command and in a time format; in a text for people they become spaces; in all other values they are
 * refused. */
static bool has_control(const struct row *r, struct slice v)
{
	for (size_t i = 0; i < v.len; i++)
		if (slice_has_control((struct slice){v.p + i, 1}) && !(v.p[i] == '\t' && (r->kind == kind_command || r->kind == kind_line)))
			return true;
	return false;
}

const char *origin_text(const struct origin *o, char *to, size_t room)
{
	if (o->line)
		snprintf(to, room, "%s:%u", o->file, o->line);
	else
		snprintf(to, room, "%s", o->file);
	return to;
}

const char *origin_subject(const struct origin *from, enum setting s, char *to, size_t room)
{
	if (from->line)
		snprintf(to, room, "%s:%u: %s", from->file, from->line, rows[s].name);
	else
		snprintf(to, room, "%s", from->file);
	return to;
}

/* A URL may hold a password, and may be given where only a host is wanted. */
static bool may_hold_password(const struct row *r, struct slice v)
{
	return (r->kind == kind_url || r->kind == kind_pop || r->kind == kind_host || r->kind == kind_name) && v.len &&
	       memchr(v.p, '@', v.len);
}

static int rate_takes(struct slice v, const char *what, enum stage at, int exit, struct failure *f)
{
	struct rate unused;

	if (rate_parse(&unused, v, f) < 0)
		failure_in(f, "%s", what);
	f->stage = at;
	f->exit = exit;
	return -1;
}

static int takes(enum setting s, struct slice v, const struct origin *from, struct failure *f)
{
	enum stage at = from->rank == RANK_OPTION ? AT_USAGE : AT_CONFIG;
	int exit = from->rank == RANK_OPTION ? EX_USAGE : EX_CONFIG;
	const struct row *r = &rows[s];
	int len = v.len > 100 ? 100 : (int)v.len;
	char what[300];

	origin_subject(from, s, what, sizeof what);
	if (has_control(r, v))
		return fail(f, at, exit, "%s holds a control character", what);
	if (r->type == SECRET)
		return fail(f, at, exit, "%s has no room in locked memory", what);
	if (may_hold_password(r, v))
		return fail(f, at, exit, "%s takes %s", what, r->arg);
	if (r->type == COUNT)
		return fail(f, at, exit, "%s takes a number from %u to %u, not \"%.*s\"", what, (unsigned)r->least,
			    (unsigned)r->most, len, v.p);
	if (r->type == SECONDS)
		return fail(f, at, exit, "%s takes a time as 30, 30s, 5m, 2h or 1d, not \"%.*s\"", what, len, v.p);
	if (r->type == BYTES)
		return fail(f, at, exit, "%s takes off or a size as 5000, 500k, 20M or 2G, not \"%.*s\"", what, len,
			    v.p);
	if (r->kind == kind_rate)
		return rate_takes(v, what, at, exit, f);
	fail(f, at, exit, "%s takes %s, not \"%.*s\"", what, *r->words ? r->words : r->arg, len, v.p);
	if (r->kind == kind_offers)
		return failure_hint(f, HINT_OFFER_NAMES);
	if (r->kind == kind_url && memchr(v.p, ' ', v.len))
		return failure_hint(f, HINT_PORT_COLON);
	if (r->kind == kind_word && memchr(v.p, ' ', v.len))
		return failure_hint(f, HINT_WORD_BLANK);
	return r->kind == kind_host && value_has_port(v) ? failure_hint(f, HINT_HOST_PORT) : -1;
}

int account_set(struct account *a, struct arena *in, enum setting s, struct slice value, const struct origin *from,
		struct failure *f)
{
	if (has_control(&rows[s], value) || parse(a, in, s, value) < 0)
		return takes(s, value, from, f);
	a->origin[s] = *from;
	return 0;
}

void account_unset(struct account *a, enum setting s)
{
	struct arena unused = {0};

	if (rows[s].type == TEXT) /* the default is a literal, which needs no copy */
		*account_text(a, s) = rows[s].dflt;
	else
		(void)!parse(a, &unused, s, slice_of(rows[s].dflt));
	a->origin[s] = (struct origin){RANK_DEFAULT, 0, "default"};
}

void account_defaults(struct account *a)
{
	memset(a, 0, sizeof *a);
	a->name = "default";
	a->files = "";
	for (unsigned s = 0; s < SETTINGS; s++)
		account_unset(a, (enum setting)s);
}

void account_copy(struct account *to, const struct account *from, enum setting s)
{
	switch (rows[s].type) {
	case FLAG:
		*(bool *)field_of(to, s) = *(const bool *)value_of(from, s);
		break;
	case TEXT:
		*account_text(to, s) = *(const char *const *)value_of(from, s);
		break;
	case BYTES:
		*(uint64_t *)field_of(to, s) = *(const uint64_t *)value_of(from, s);
		break;
	case COUNT:
	case SECONDS:
	case CHOICE:
	case SECRET:
		*(unsigned *)field_of(to, s) = *(const unsigned *)value_of(from, s);
		break;
	}
	to->origin[s] = from->origin[s];
}

void settings_list(FILE *out)
{
	for (unsigned s = 0; s < SETTINGS; s++)
		fprintf(out, "%s\t%s\t%s\t%s\n", rows[s].name, setting_argument((enum setting)s),
			rows[s].dflt, rows[s].summary);
}

/* The colon in scheme://name:password@host, or NULL. */
static const char *url_password(const char *v)
{
	const char *begin = strstr(v, "://"), *at = strrchr(v, '@');

	begin = begin ? begin + 3 : v;
	return at && at > begin ? memchr(begin, ':', (size_t)(at - begin)) : NULL;
}

bool setting_holds_secret(const struct account *a, enum setting s)
{
	const void *v = value_of(a, s);

	return rows[s].type == SECRET || (rows[s].kind == kind_url && url_password(*(const char *const *)v));
}

static void show_url(const char *v, FILE *out)
{
	const char *colon = url_password(v);

	if (colon)
		fprintf(out, "%.*s:(set)%s", (int)(colon - v), v, strrchr(v, '@'));
	else
		fputs(v, out);
}

static void show_value(const struct account *a, enum setting s, FILE *out)
{
	const void *v = value_of(a, s);
	unsigned number;
	struct slice word;

	switch (rows[s].type) {
	case TEXT:
		if (rows[s].kind == kind_url)
			show_url(*(const char *const *)v, out);
		else
			fputs(*(const char *const *)v, out);
		break;
	case SECRET:
		number = *(const unsigned *)v;
		fputs(number ? "(set)" : "", out);
		break;
	case FLAG:
	case CHOICE:
		word = word_of(a, s);
		fprintf(out, "%.*s", (int)word.len, word.p);
		break;
	case BYTES:
		if (*(const uint64_t *)v)
			fprintf(out, "%" PRIu64, *(const uint64_t *)v);
		else
			fputs("off", out);
		break;
	case SECONDS:
		number = *(const unsigned *)v;
		if (number == rows[s].most) /* this number means "off" */
			fputs("off", out);
		else
			fprintf(out, "%u", number);
		break;
	case COUNT:
		number = *(const unsigned *)v;
		if (number || !rows[s].least) /* 0 means "not set" */
			fprintf(out, "%u", number);
		break;
	}
}

void account_show(const struct account *a, FILE *out)
{
	char where[512];

	fprintf(out, "# account %s\n# files %s\n", a->name, a->files);
	for (unsigned s = 0; s < SETTINGS; s++) {
		fprintf(out, "%s ", rows[s].name);
		show_value(a, (enum setting)s, out);
		fprintf(out, "\t# %s\n", origin_text(&a->origin[s], where, sizeof where));
	}
}
