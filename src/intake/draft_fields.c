#include "intake/draft.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "intake/raw_fields.h"
#include "mail/address.h"
#include "mail/ascii.h"
#include "mail/from.h"
#include "mail/mime.h"
#include "mail/when.h"
#include "mail/words.h"
#include "wire/idn.h"

enum { FIELD_MAX = 1024 * 1024 };

/* The syntax of a field's body, by its name. */
enum shape { UNKNOWN, TEXT, LIST, IDS, DATE };

/* Fields whose syntax is known. */
static enum shape shape_of(struct slice name)
{
	static const struct {
		const char *name;
		enum shape shape;
	} known[] = {
		{"From", LIST}, {"Sender", LIST}, {"Reply-To", LIST}, {"To", LIST}, {"Cc", LIST}, {"Bcc", LIST},
		{"Message-ID", IDS}, {"In-Reply-To", IDS}, {"References", IDS}, {"Subject", TEXT}, {"Date", DATE},
		{"Resent-From", LIST}, {"Resent-Sender", LIST}, {"Resent-To", LIST}, {"Resent-Cc", LIST},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_is(name, known[i].name))
			return known[i].shape;
	return UNKNOWN;
}

/* The line in which the field stands in the input; only while nothing has been put into the header. */
static size_t line_of(const struct message *m, const struct field *field)
{
	const char *first = m->header.field[0].raw.p;

	return 1 + slice_lines(m->mbox) + slice_lines((struct slice){first, (size_t)(field->raw.p - first)});
}

static int check_twice(const struct message *m, struct failure *f)
{
	for (size_t i = 0; i < HEADER_ONCE; i++) {
		const char *name = header_once[i];
		const struct field *first = header_find(&m->header, name, NULL), *second = first ? header_find(&m->header, name, first) : NULL;

		if (second)
			return fail(f, AT_INPUT, EX_DATAERR, "the message has two %s fields, in line %zu and line %zu", name, line_of(m, first),
				    line_of(m, second));
	}
	return 0;
}

/* How surely a line that looks like a field is one: "From: 10" and "Date: 2026-11-23" may be lines of a report. */
static enum proof { NONE, WEAK, STRONG } proof_of(const struct header *h, const struct field *field)
{
	const char *body = header_unfold(h, field);
	struct mailboxes list = {.count = 0};
	struct failure ignored;
	struct when when;

	switch (shape_of(field->name)) {
	case TEXT:
		return WEAK;
	case LIST:
		return strchr(body, '@') && address_list(&list, h->in, slice_of(body), &ignored) == 0 ? STRONG : NONE;
	case IDS:
		return strchr(body, '<') && strchr(body, '@') && strchr(body, '>') ? STRONG : NONE;
	case DATE:
		return when_read(body, &when) && when.zoned && strchr(body, ',') ? STRONG : NONE;
	case UNKNOWN:
		break;
	}
	return mime_is_field(field->name) ? STRONG : NONE;
}

bool draft_field_is_of_mail(struct slice name)
{
	static const char *const begins[] = {"X-", "Resent-", "List-", "ARC-", "DKIM-", "Auto-", "Disposition-"};
	static const char *const names[] = {"Received", "Return-Path", "Precedence", "Importance", "Priority", "Organization", "User-Agent", "Comments",
					    "Keywords", "Mailer", "Errors-To", "Delivered-To", "Authentication-Results", "Thread-Topic", "Status"};
	bool found = shape_of(name) != UNKNOWN || mime_is_field(name);

	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		found |= slice_begins(name, begins[i]);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		found |= slice_is(name, names[i]);
	return found;
}

/* The lines that look like fields are a header, and not text as "Error: disk full" is: an empty line follows them, and one of them
 * is surely a field, or they are a Subject and other names that are used in mail. */
static bool is_header(const struct message *m)
{
	bool all = true, weak = false;

	for (size_t i = 0; i < m->header.fields; i++) {
		enum proof proof = proof_of(&m->header, &m->header.field[i]);

		if (proof == STRONG)
			return m->facts.parted;
		weak |= proof == WEAK;
		all &= draft_field_is_of_mail(m->header.field[i].name);
	}
	return weak && all && m->facts.parted;
}

/* Appends the addresses of the list; their display names are encoded (RFC 2047) where they are not ASCII. */
static int add_boxes(struct buf *out, struct arena *in, const struct mailboxes *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *address = idn_address_or_same(in, list->box[i].address);
		const char *named = mailbox_again(in, list->box[i].name, address);

		if ((out->len && buf_text(out, ",\r\n ") < 0) || buf_text(out, named ? named : address) < 0)
			return -1;
	}
	return 0;
}

/* The body of a field for that address list; unchanged where it is not ASCII and its charset is not known yet. */
static const char *addresses(struct arena *in, struct slice value, bool utf8, const char *name, struct failure *f)
{
	struct slice text = slice_trim(value);
	struct mailboxes list = {.count = 0};
	const char *done = NULL;
	struct buf out;
	int rc;

	if (address_list(&list, in, text, f) < 0) {
		f->stage = AT_INPUT;
		failure_in(f, "%s", name);
		return NULL;
	}
	if (!utf8 && !slice_is_ascii(text))
		return arena_text(in, text.p, text.len);
	if (!list.count) /* a group without members */
		return slice_is_ascii(text) ? arena_text(in, text.p, text.len) : UNDISCLOSED;
	for (size_t i = 0; i < list.count; i++)
		if (idn_ready(list.box[i].address, f) < 0)
			return NULL;
	buf_start(&out, FIELD_MAX);
	rc = add_boxes(&out, in, &list);
	if (rc == 0)
		done = arena_text(in, out.p, out.len);
	else
		fail(f, AT_INPUT, EX_DATAERR, "%s is longer than %d octets", name, FIELD_MAX);
	buf_free(&out);
	return done;
}

/* Joins the values of several fields of that name to one list. */
static const char *joined(struct arena *in, const char *const *value, size_t count, const char *name, struct failure *f)
{
	const char *text = NULL;
	struct buf all;
	int rc = 0;

	buf_start(&all, FIELD_MAX);
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = buf_printf(&all, "%s%s", i ? ", " : "", value[i]);
	if (rc == 0)
		text = addresses(in, buf_slice_of(&all), false, name, f);
	else
		fail(f, AT_INPUT, EX_DATAERR, "%s is longer than %d octets", name, FIELD_MAX);
	buf_free(&all);
	return text;
}

/* The UTF-8 text as encoded words. */
static const char *words(struct arena *in, const char *name, struct slice text)
{
	const char *done = "";
	struct buf out;

	buf_start(&out, FIELD_MAX);
	if (words_text(&out, text, strlen(name) + 2) == 0)
		done = arena_text(in, out.p ? out.p : "", out.len);
	buf_free(&out);
	return done;
}

/* Puts the first field of that name; where it is a list, with the values of the later ones. */
static int put_list(const struct draft *d, struct header *h, size_t at, struct failure *f)
{
	const char **all = arena_zeroed(h->in, d->fields, sizeof *all);
	const char *name = d->field[at].name, *text;
	size_t count = 0;

	for (size_t i = at; i < d->fields; i++)
		if (slice_is(slice_of(d->field[i].name), name))
			all[count++] = d->field[i].value;
	text = joined(h->in, all, count, name, f);
	if (!text)
		return -1;
	header_put(h, name, text);
	return 0;
}

/* A hash table of the field names so far: a header may have many thousand fields. */
struct names {
	struct slice *slot; /* more than twice as many as there are names */
	size_t slots;
};

static struct names names_of(struct arena *in, size_t most)
{
	size_t slots = 16;

	while (slots < 2 * most + 2)
		slots *= 2;
	return (struct names){arena_zeroed(in, slots, sizeof(struct slice)), slots};
}

/* The slot that holds the name, or the free one where it would go. */
static struct slice *names_slot(const struct names *n, struct slice name)
{
	uint32_t h = 2166136261u;
	size_t at;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i])) * 16777619u;
	for (at = h & (n->slots - 1); n->slot[at].len; at = (at + 1) & (n->slots - 1))
		if (n->slot[at].len == name.len && strncasecmp(n->slot[at].p, name.p, name.len) == 0)
			break;
	return &n->slot[at];
}

/* Adds the name; false: it was there already. */
static bool names_add(struct names *n, struct slice name)
{
	struct slice *slot = names_slot(n, name);

	if (slot->len)
		return false;
	*slot = name;
	return true;
}

/* An option takes the place of the text's own fields of that name; several --to are one list, several X-... are several.
 * there: the text has fields of that name; again: so has an option before. */
static int put_field(const struct draft *d, struct header *h, size_t at, bool there, bool again, struct failure *f)
{
	const struct draft_field *field = &d->field[at];
	enum shape shape = shape_of(slice_of(field->name));
	const char *text = field->value;

	if (shape == LIST)
		return again ? 0 : put_list(d, h, at, f);
	if ((field->kind == DRAFT_SUBJECT || field->kind == DRAFT_HEADER) && slice_is_ascii(slice_of(text)))
		text = words(h->in, field->name, slice_of(text));
	if (header_is_once(slice_of(field->name)) || (there && !again) || field->kind == DRAFT_PRIORITY)
		header_put(h, field->name, text);
	else
		header_append(h, field->name, text);
	return 0;
}

static int put_all(const struct draft *d, struct header *h, struct failure *f)
{
	struct arena scratch = {.block = NULL};
	struct names own = names_of(&scratch, h->fields), options = names_of(&scratch, d->fields);
	int rc = 0;

	for (size_t i = 0; i < h->fields; i++)
		names_add(&own, h->field[i].name);
	for (size_t i = 0; i < d->fields && rc == 0; i++) {
		struct slice name = slice_of(d->field[i].name);
		bool again = !names_add(&options, name);

		rc = put_field(d, h, i, names_slot(&own, name)->len > 0, again, f);
	}
	arena_free(&scratch);
	return rc;
}

/* Names are encoded and domains are A-labels by now: what is not ASCII is a local part, and needs SMTPUTF8 (RFC 6532 1). */
static bool needs_utf8(const struct header *h)
{
	for (size_t i = 0; i < h->fields; i++)
		if (shape_of(h->field[i].name) == LIST && !slice_is_ascii(h->field[i].body))
			return true;
	return false;
}

/* The recipients that are arguments become the To field, as mail(1) does it, unless the message has a field of recipients. */
static int put_arguments(const struct draft *d, struct message *m, struct failure *f)
{
	struct header *h = &m->header;
	const char *text;

	if (!d->arguments || !m->facts.no_header || header_find(h, "To", NULL))
		return 0;
	text = joined(h->in, d->argument, d->arguments, "recipient", f);
	if (!text)
		return -1;
	header_put(h, "To", text);
	return 0;
}

int draft_fields(const struct draft *d, struct job *j, bool from_header, struct failure *f)
{
	struct message *m = &j->message;

	if (!d->used)
		return 0;
	if ((m->header.fields || m->mbox.len) && !from_header && !is_header(m))
		message_unsplit(m, &j->arena);
	if (check_twice(m, f) < 0)
		return -1;
	return put_all(d, &m->header, f) < 0 || put_arguments(d, m, f) < 0 ? -1 : 0;
}

static struct names option_names(struct arena *in, const struct draft *d)
{
	struct names all = names_of(in, d->fields);

	for (size_t i = 0; i < d->fields; i++)
		names_add(&all, slice_of(d->field[i].name));
	return all;
}

/* Encodes one field of a message that options make. A field that the text itself brought stays as it came if it cannot be read. */
static int encode(struct header *h, struct field *field, struct slice utf8, bool option, struct failure *f)
{
	struct field one = {.body = utf8};
	enum shape shape = shape_of(field->name);
	const char *text = header_unfold(h, &one), *name = arena_text(h->in, field->name.p, field->name.len);
	struct failure ignored;

	if (shape == LIST) {
		text = addresses(h->in, slice_of(text), true, name, option ? f : &ignored);
		if (!text)
			return option ? -1 : 0;
	} else if (shape == TEXT || option) {
		text = words(h->in, name, slice_trim(slice_of(text)));
	} else {
		ascii_field(h, field, utf8);
		return 0;
	}
	header_set_body(h, field, slice_of(arena_printf(h->in, " %s", text)));
	return 0;
}

int draft_texts(const struct draft *d, struct job *j, const struct charsets *c, struct failure *f)
{
	struct header *h = &j->message.header;
	const char *said = mime_charset(h->in, h);
	struct charsets own = {c->in, c->types, *said ? said : c->said, c->set};
	struct names options = {NULL, 0};
	int rc = 0;

	if (!d->used)
		return raw_fields(j, c, f);

	for (size_t i = 0; i < h->fields && rc == 0; i++) {
		struct field *field = &h->field[i];
		bool option;

		if (slice_is_ascii(field->body))
			continue;
		if (!options.slots)
			options = option_names(h->in, d);
		option = names_slot(&options, field->name)->len > 0;
		rc = encode(h, field, charset_text(option ? c : &own, !option, field->body), option, f);
	}
	j->mail.envelope.smtputf8 = needs_utf8(h);
	return rc;
}

int draft_defaults(struct job *j, const struct charsets *c, struct failure *f)
{
	const struct account *a = j->account;
	struct header *h = &j->message.header;
	const char *text;

	if (*a->subject && !header_find(h, "Subject", NULL))
		header_put(h, "Subject", words(h->in, "Subject", charset_text(c, true, slice_of(a->subject))));
	if (!*a->reply_to || header_find_said(h, "Reply-To"))
		return 0;
	text = addresses(h->in, charset_text(c, true, slice_of(a->reply_to)), true, "Reply-To", f);
	if (!text)
		return -1;
	header_put(h, "Reply-To", text);
	return 0;
}
