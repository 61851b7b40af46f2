#include "cli/draft.h"

#include <string.h>
#include <sysexits.h>

#include "mail/address.h"
#include "mail/complete.h"
#include "mail/idn.h"
#include "mail/mime.h"
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

/* --header 'From: ...': a name may have to be encoded, an address must not be. */
static bool is_list(const char *name)
{
	static const char *const lists[] = {"From", "Sender", "Reply-To", "To", "Cc", "Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc"};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (slice_is(slice_of(name), lists[i]))
			return true;
	return false;
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
	const char *text = list || is_list(field->name) ? addresses(h->in, field->value, field->name, f)
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

int draft_fields(const struct draft *d, struct job *j, bool from_header, struct failure *f)
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
	return 0;
}

int draft_defaults(struct job *j, struct failure *f)
{
	const struct account *a = j->account;
	struct header *h = &j->mail.message.header;
	const char *text;

	if (*a->subject && !header_find(h, "Subject", NULL))
		header_put(h, "Subject", words(h->in, "Subject", a->subject));
	if (!*a->reply_to || header_find(h, "Reply-To", NULL))
		return 0;
	text = addresses(h->in, a->reply_to, "Reply-To", f);
	if (!text)
		return -1;
	header_put(h, "Reply-To", text);
	return 0;
}
