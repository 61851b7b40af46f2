#include "intake/draft.h"

#include <string.h>
#include <sysexits.h>

#include "base/file.h"
#include "intake/content.h"
#include "intake/file_option.h"
#include "conf/value.h"
#include "mail/stamp.h"
#include "mail/when.h"

enum { NAME_MAX_OCTETS = 76, ID_OCTETS = 900, IDS_OCTETS = 256 * 1024 };

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
static bool cut_header(const char *value, struct slice *name, struct slice *rest)
{
	*rest = slice_of(value);
	if (!slice_cut(rest, ':', name))
		return false;
	*name = slice_trim(*name);
	*rest = slice_trim(*rest);
	return name->len > 0;
}

static enum draft_kind kind_of_field(struct slice name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i] && slice_is(name, names[i]))
			return (enum draft_kind)i;
	return DRAFT_HEADER;
}

static int add_header(struct draft *d, struct arena *run, const char *value, struct failure *f)
{
	struct slice rest, name;
	enum draft_kind kind;

	if (!cut_header(value, &name, &rest))
		return wrong(f, "--header", "'Name: value'", value);
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] < 33 || name.p[i] > 126 || name.len > NAME_MAX_OCTETS)
			return wrong(f, "--header", "'Name: value' with a name of ASCII letters", value);
	if (slice_begins(name, "Content-") || slice_is(name, "MIME-Version"))
		return fail(f, AT_USAGE, EX_USAGE, "--header: %.*s is made by what the message consists of", (int)name.len, name.p);
	kind = kind_of_field(name);
	if (kind != DRAFT_HEADER)
		return draft_option(d, run, kind, arena_printf(run, "--header %s:", names[kind]), arena_text(run, rest.p, rest.len), f);
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
			add(d, run, DRAFT_PRIORITY, "X-Priority", known[i].number);
			add(d, run, DRAFT_PRIORITY, "Importance", known[i].importance);
			return 0;
		}
	return wrong(f, "--priority", "high, normal or low", value);
}

static int add_date(struct draft *d, struct arena *run, const char *value, struct failure *f)
{
	struct when when;

	if (!when_read(value, &when))
		return wrong(f, "--date", "a date as 2026-11-23, \"2026-11-23 10:00\", @SECONDS or \"Mon, 23 Nov 2026 10:00:00 +0100\"", value);
	add(d, run, DRAFT_DATE, "Date", when.zoned ? stamp_date_in(run, when.time, when.east) : stamp_date(run, when.time));
	return 0;
}

/* <a@b>; the brackets may be left away. */
static bool cut_id(struct slice *rest, struct slice *id)
{
	if (!slice_cut(rest, ' ', id)) {
		*id = *rest;
		rest->len = 0;
	}
	*rest = slice_trim(*rest);
	if (id->len > 2 && id->p[0] == '<' && id->p[id->len - 1] == '>')
		*id = (struct slice){id->p + 1, id->len - 2};
	return id->len && id->len <= ID_OCTETS && memchr(id->p, '@', id->len) && !memchr(id->p, '<', id->len) && !memchr(id->p, '>', id->len) &&
	       slice_is_ascii(*id);
}

static int add_ids(struct draft *d, struct arena *run, enum draft_kind kind, const char *spelled, const char *value, struct failure *f)
{
	struct slice rest = slice_trim(slice_of(value)), one;
	struct buf all;
	int rc = 0;

	buf_start(&all, IDS_OCTETS);
	do {
		if (!cut_id(&rest, &one) || (rest.len && kind == DRAFT_MESSAGE_ID))
			rc = wrong(f, spelled, "<LEFT@RIGHT>", value);
		else if (buf_printf(&all, "%s<%.*s>", all.len ? "\r\n " : "", (int)one.len, one.p) < 0)
			rc = fail(f, AT_USAGE, EX_USAGE, "%s is longer than %d octets", spelled, IDS_OCTETS);
	} while (rc == 0 && rest.len);
	if (rc == 0)
		add(d, run, kind, names[kind], arena_text(run, all.p, all.len));
	buf_free(&all);
	return rc;
}

/* Notes that standard input is a file of the message, so that no text is read from it. No descriptor may be named twice: a pipe can be
 * read once only. */
static int take_input(struct draft *d, const char *path, struct failure *f)
{
	for (size_t i = 0; file_descriptor(path) >= 0 && i < d->files; i++)
		if (file_descriptor(d->file[i].path) == file_descriptor(path))
			return fail(f, AT_USAGE, EX_USAGE, "%s is named twice: what it has can be read once", path);
	if (strcmp(path, "-") != 0)
		return 0;
	if (d->takes_input)
		return fail(f, AT_USAGE, EX_USAGE, "standard input can be one file of the message, not two");
	d->takes_input = true;
	return 0;
}

static int add_file(struct draft *d, struct arena *run, const char *spelled, const char *value, bool inlined, struct failure *f)
{
	struct draft_file one = {.inlined = inlined};

	if (file_option(&one, run, spelled, value, f) < 0 || take_input(d, one.path, f) < 0)
		return -1;
	d->file = arena_grow(run, d->file, d->files, &d->file_room, sizeof *d->file);
	d->file[d->files++] = one;
	return 0;
}

const char *draft_recipients(struct arena *run, enum draft_kind kind, const char *value)
{
	struct slice name, rest;

	if (kind >= DRAFT_TO && kind <= DRAFT_BCC)
		return value;
	if (kind != DRAFT_HEADER || !cut_header(value, &name, &rest))
		return "";
	kind = kind_of_field(name);
	return kind >= DRAFT_TO && kind <= DRAFT_BCC ? arena_text(run, rest.p, rest.len) : "";
}

int draft_option(struct draft *d, struct arena *run, enum draft_kind kind, const char *spelled, const char *value, struct failure *f)
{
	d->used = true;
	if (kind != DRAFT_HTML && kind != DRAFT_ATTACH && kind != DRAFT_INLINE)
		value = arena_line(run, value);
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
		return add_file(d, run, spelled, value, kind == DRAFT_INLINE, f);
	case DRAFT_ARGUMENT:
		d->argument = arena_grow(run, d->argument, d->arguments, &d->argument_room, sizeof *d->argument);
		d->argument[d->arguments++] = value;
		return 0;
	case DRAFT_HTML:
		if (d->html)
			return fail(f, AT_USAGE, EX_USAGE, "--html is given twice: a message has one HTML text");
		d->html = file_option_path(value);
		return take_input(d, d->html, f);
	case DRAFT_CHARSET:
		if (!*value || !kind_charset(run, arena_printf(run, "%s", value)))
			return wrong(f, spelled, "the name of a charset", value);
		d->charset = value;
		return 0;
	case DRAFT_PLAIN:
		return 0;
	default: /* an empty value, as --cc "$CC" of a script may have, is as if the option were not there */
		if (kind == DRAFT_SUBJECT || slice_trim(slice_of(value)).len)
			add(d, run, kind, names[kind], value);
		return 0;
	}
}

bool draft_warns(const struct draft *d, enum draft_warning w)
{
	if (!d->told)
		return true;
	if (*d->told & w)
		return false;
	*d->told |= w;
	return true;
}
