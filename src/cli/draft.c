#include "cli/draft.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "conf/value.h"
#include "mail/stamp.h"

static const char *const names[] = {
	[DRAFT_SUBJECT] = "Subject", [DRAFT_TO] = "To", [DRAFT_CC] = "Cc", [DRAFT_BCC] = "Bcc", [DRAFT_REPLY_TO] = "Reply-To",
	[DRAFT_DATE] = "Date", [DRAFT_MESSAGE_ID] = "Message-ID", [DRAFT_IN_REPLY_TO] = "In-Reply-To", [DRAFT_REFERENCES] = "References",
};

static int wrong(struct failure *f, const char *spelled, const char *wants, const char *value)
{
	return fail(f, AT_USAGE, EX_USAGE, "%s takes %s, not \"%s\"", spelled, wants, value);
}

static struct draft_field *add(struct draft *d, struct arena *run, enum draft_kind kind, const char *name, const char *value)
{
	d->field = arena_grow(run, d->field, d->fields, &d->field_room, sizeof *d->field);
	d->field[d->fields] = (struct draft_field){name, value, kind};
	return &d->field[d->fields++];
}

/* "Name: value" */
static int add_header(struct draft *d, struct arena *run, const char *value, struct failure *f)
{
	struct slice rest = slice_of(value), name;

	if (!slice_cut(&rest, ':', &name) || !(name = slice_trim(name)).len)
		return wrong(f, "--header", "'Name: value'", value);
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] < 33 || name.p[i] > 126)
			return wrong(f, "--header", "'Name: value' with a name of ASCII letters", value);
	if (slice_begins(name, "Content-") || slice_is(name, "MIME-Version"))
		return fail(f, AT_USAGE, EX_USAGE, "--header: %.*s is made by what the message consists of", (int)name.len, name.p);
	if (slice_is(name, "Bcc"))
		return fail(f, AT_USAGE, EX_USAGE, "--header makes nobody a recipient: use --bcc");
	rest = slice_trim(rest);
	add(d, run, DRAFT_HEADER, arena_text(run, name.p, name.len), arena_text(run, rest.p, rest.len));
	return 0;
}

static int add_priority(struct draft *d, struct arena *run, const char *value, struct failure *f)
{
	static const struct { const char *word, *number, *importance; } known[] = {
		{"high", "1 (Highest)", "high"}, {"normal", "3 (Normal)", "normal"}, {"low", "5 (Lowest)", "low"},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_is(slice_of(value), known[i].word)) {
			add(d, run, DRAFT_HEADER, "X-Priority", known[i].number);
			add(d, run, DRAFT_HEADER, "Importance", known[i].importance);
			return 0;
		}
	return wrong(f, "--priority", "high, normal or low", value);
}

/* @SECONDS, or a date of the calendar in local time; anything else is taken as it is written, if RFC 5322 would. */
static int add_date(struct draft *d, struct arena *run, const char *value, struct failure *f)
{
	struct tm t = {.tm_isdst = -1}, again = {0};
	const char *end;
	char *last;

	if (*value == '@' && value[1]) {
		long long seconds = strtoll(value + 1, &last, 10);

		if (!*last) {
			add(d, run, DRAFT_DATE, "Date", stamp_date(run, (time_t)seconds));
			return 0;
		}
	}
	end = strptime(value, "%Y-%m-%d %H:%M", &t);
	if (end && *end == ':')
		end = strptime(value, "%Y-%m-%d %H:%M:%S", &t);
	if (end && !*end) {
		add(d, run, DRAFT_DATE, "Date", stamp_date(run, mktime(&t)));
		return 0;
	}
	end = strptime(value, "%a, %d %b %Y %H:%M:%S ", &again);
	if (!end)
		end = strptime(value, "%d %b %Y %H:%M:%S ", &again);
	if (!end || !strchr("+-", *end) || strspn(end + 1, "0123456789") != 4)
		return wrong(f, "--date", "a date as \"2026-11-23 10:00\", @SECONDS or \"Mon, 23 Nov 2026 10:00:00 +0100\"", value);
	add(d, run, DRAFT_DATE, "Date", value);
	return 0;
}

/* <a@b>, one or several; the brackets may be left away. */
static int add_ids(struct draft *d, struct arena *run, enum draft_kind kind, const char *spelled, const char *value, struct failure *f)
{
	struct slice rest = slice_trim(slice_of(value)), one;
	const char *text = "";

	for (bool more = true; more;) {
		more = slice_cut(&rest, ' ', &one);
		if (!more)
			one = rest;
		rest = slice_trim(rest);
		if (one.len > 2 && one.p[0] == '<' && one.p[one.len - 1] == '>')
			one = (struct slice){one.p + 1, one.len - 2};
		if (!one.len || !memchr(one.p, '@', one.len) || memchr(one.p, '<', one.len) || memchr(one.p, '>', one.len) || !slice_is_ascii(one) ||
		    (more && kind == DRAFT_MESSAGE_ID))
			return wrong(f, spelled, "<LEFT@RIGHT>", value);
		text = arena_printf(run, "%s%s<%.*s>", text, *text ? "\r\n " : "", (int)one.len, one.p);
	}
	add(d, run, kind, names[kind], text);
	return 0;
}

/* The next ;key= of those that are known, or NULL. */
static char *next_key(char *text, size_t *which)
{
	static const char *const keys[] = {"type=", "name=", "disposition=", "id="};

	for (; (text = strchr(text, ';')); text++)
		for (*which = 0; *which < sizeof keys / sizeof *keys; ++*which)
			if (strncmp(text + 1, keys[*which], strlen(keys[*which])) == 0)
				return text;
	return NULL;
}

static const char *path_of(const char *text)
{
	return strcmp(text, "/dev/stdin") == 0 || strcmp(text, "/dev/fd/0") == 0 ? "-" : text;
}

/* Standard input is then no text. */
static int take_input(struct draft *d, const char *path, struct failure *f)
{
	if (strcmp(path, "-") != 0)
		return 0;
	if (d->takes_input)
		return fail(f, AT_USAGE, EX_USAGE, "standard input can be one file of the message, not two");
	d->takes_input = true;
	return 0;
}

/* PATH;key=value;...: a path, and a value, may have a ; in it. */
static int add_file(struct draft *d, struct arena *run, const char *value, bool shown, struct failure *f)
{
	struct draft_file one = {.shown = shown};
	char *text = arena_printf(run, "%s", value), *at;
	const char **to[] = {&one.type, &one.name, &one.disposition, &one.id};
	size_t which;

	for (at = next_key(text, &which); at;) {
		*at = '\0';
		*to[which] = strchr(at + 1, '=') + 1;
		at = next_key(at + 1, &which);
	}
	one.path = path_of(text);
	if (take_input(d, one.path, f) < 0)
		return -1;
	d->file = arena_grow(run, d->file, d->files, &d->file_room, sizeof *d->file);
	d->file[d->files++] = one;
	return 0;
}

int draft_option(struct draft *d, struct arena *run, enum draft_kind kind, const char *spelled, const char *value, struct failure *f)
{
	d->used = true;
	if (slice_has_control(slice_of(value)) && kind != DRAFT_HTML && kind != DRAFT_ATTACH && kind != DRAFT_INLINE)
		return fail(f, AT_USAGE, EX_DATAERR, "%s has a line end or control character in it", spelled);
	switch (kind) {
	case DRAFT_HEADER:
		return add_header(d, run, value, f);
	case DRAFT_PRIORITY:
		return add_priority(d, run, value, f);
	case DRAFT_DATE:
		return add_date(d, run, value, f);
	case DRAFT_MESSAGE_ID:
	case DRAFT_IN_REPLY_TO:
	case DRAFT_REFERENCES:
		return add_ids(d, run, kind, spelled, value, f);
	case DRAFT_ATTACH:
	case DRAFT_INLINE:
		return add_file(d, run, value, kind == DRAFT_INLINE, f);
	case DRAFT_HTML:
		d->html = path_of(value);
		return take_input(d, d->html, f);
	case DRAFT_CHARSET:
		if (!*value || !kind_charset(run, arena_printf(run, "%s", value)))
			return wrong(f, spelled, "the name of a charset", value);
		d->charset = value;
		return 0;
	case DRAFT_PLAIN:
		return 0;
	default:
		add(d, run, kind, names[kind], value);
		return 0;
	}
}
