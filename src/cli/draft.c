#include "cli/draft.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "mail/address.h"
#include "mail/complete.h"
#include "mail/idn.h"
#include "mail/mime.h"
#include "mail/stamp.h"
#include "mail/words.h"

enum { FIELD_MAX = 1024 * 1024 };

/* RFC 5322 3.6: at most once in a message. */
static const char *const once[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject", "Date"};

static bool is_once(struct slice name)
{
	for (size_t i = 0; i < sizeof once / sizeof *once; i++)
		if (slice_is(name, once[i]))
			return true;
	return false;
}

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
	struct tm t = {.tm_isdst = -1}, again;
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
	one.path = strcmp(text, "/dev/stdin") == 0 ? "-" : text;
	if (strcmp(one.path, "-") == 0 && d->takes_input)
		return fail(f, AT_USAGE, EX_USAGE, "standard input can be attached once");
	d->takes_input |= strcmp(one.path, "-") == 0;
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
		d->html = value;
		return 0;
	case DRAFT_CHARSET:
		if (!*value || value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+")])
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

static unsigned line_of(const struct header *h, const struct field *field)
{
	unsigned line = 1;

	for (const char *p = h->field[0].raw.p; p < field->raw.p; p++)
		line += *p == '\n';
	return line;
}

static int check_twice(const struct header *h, struct failure *f)
{
	for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
		const struct field *first = header_find(h, once[i], NULL), *second = first ? header_find(h, once[i], first) : NULL;

		if (second)
			return fail(f, AT_INPUT, EX_DATAERR, "the message has two %s fields, in line %u and line %u", once[i], line_of(h, first),
				    line_of(h, second));
	}
	return 0;
}

/* "Error: disk full" is text; a header has a field that mail knows, and ends with an empty line. */
static bool is_header(const struct message *m)
{
	bool known = mime_is_said(&m->header);

	for (size_t i = 0; i < m->header.fields; i++)
		known |= is_once(m->header.field[i].name);
	return known && m->facts.parted;
}

/* Names are encoded where they have to be, addresses never. */
static const char *addresses(struct arena *in, const char *value, const char *name, struct failure *f)
{
	struct mailboxes list = {.count = 0};
	const char *text = "";

	if (address_list(&list, in, text_in_utf8(in, slice_of(value)), f) < 0) {
		f->stage = AT_INPUT;
		failure_in(f, "%s", name);
		return NULL;
	}
	for (size_t i = 0; i < list.count; i++) {
		const char *ascii = idn_address(in, list.box[i].address);
		const char *one = mailbox_text(in, mailbox_name(in, list.box[i].name), ascii ? ascii : list.box[i].address);

		text = arena_printf(in, "%s%s%s", text, *text ? ",\r\n " : "", one);
	}
	return text;
}

static const char *words(struct arena *in, const char *name, const char *value)
{
	struct slice text = text_in_utf8(in, slice_of(value));
	const char *done = "";
	struct buf out;

	buf_start(&out, FIELD_MAX);
	if (words_text(&out, text, strlen(name) + 2) == 0)
		done = arena_text(in, out.p ? out.p : "", out.len);
	buf_free(&out);
	return done;
}

static bool was_before(const struct draft *d, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (slice_is(slice_of(d->field[i].name), d->field[at].name))
			return true;
	return false;
}

/* An option takes the place of the text's own fields of that name; several --to are one list, several X-... are several. */
static int put(const struct draft *d, struct header *h, size_t at, struct failure *f)
{
	const struct draft_field *field = &d->field[at];
	bool again = was_before(d, at), list = field->kind >= DRAFT_TO && field->kind <= DRAFT_REPLY_TO;
	const char *text = list ? addresses(h->in, field->value, field->name, f)
			   : field->kind == DRAFT_SUBJECT || field->kind == DRAFT_HEADER ? words(h->in, field->name, field->value)
											 : field->value;

	if (!text)
		return -1;
	if (list && again) {
		const struct field *old = header_find(h, field->name, NULL);

		text = arena_printf(h->in, "%.*s,\r\n %s", (int)slice_trim(old->body).len, slice_trim(old->body).p, text);
	}
	if (!again || list || is_once(slice_of(field->name)))
		header_put(h, field->name, text);
	else
		header_append(h, field->name, text);
	return 0;
}

int draft_apply(const struct draft *d, struct job *j, bool from_header, struct failure *f)
{
	struct message *m = &j->mail.message;

	if (!d->used)
		return 0;
	if (m->header.fields && !from_header && !is_header(m))
		message_unsplit(m, &j->arena);
	if (check_twice(&m->header, f) < 0)
		return -1;
	for (size_t i = 0; i < d->fields; i++)
		if (put(d, &m->header, i, f) < 0)
			return -1;
	return draft_compose(d, j, f);
}
