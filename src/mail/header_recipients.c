#include "mail/header_recipients.h"

#include <string.h>
#include <sysexits.h>

static const char *const plain[] = {"To", "Cc", "Bcc"};
static const char *const resent[] = {"Resent-To",   "Resent-Cc",   "Resent-Bcc",	"Resent-From",
				     "Resent-Date", "Resent-Message-ID", "Resent-Sender", "Resent-Reply-To"};

enum { RENAMED_MAX = 4 * 1024 * 1024, RECIPIENT_FIELDS = 3, RESENT_FIELDS = sizeof resent / sizeof *resent };

static size_t find_name(const char *const *names, size_t count, struct slice name)
{
	size_t i = 0;

	while (i < count && !slice_is(name, names[i]))
		i++;
	return i;
}

/* The first Resent- block. Each resending puts its fields in front, one after the other (RFC 5322 3.6.6). So a name that comes once
 * more, but not directly after itself, begins an older block, whose recipients have got their mail. */
struct resent header_resent(const struct header *h)
{
	size_t i = 0, name, before = RESENT_FIELDS;
	unsigned seen = 0;
	struct resent b;

	while (i < h->fields && !slice_begins(h->field[i].name, "Resent-"))
		i++;
	b = (struct resent){.begin = i};
	for (; i < h->fields && slice_begins(h->field[i].name, "Resent-"); i++) {
		name = find_name(resent, RESENT_FIELDS, h->field[i].name);
		if (name < RESENT_FIELDS && name != before && (seen & 1u << name))
			break;
		if (name < RESENT_FIELDS)
			seen |= 1u << name;
		b.recipients |= name < RECIPIENT_FIELDS;
		before = name;
	}
	b.end = i;
	return b;
}

int header_recipients(struct mailboxes *out, struct arena *in, const struct header *h, struct failure *f)
{
	struct resent b = header_resent(h);
	const char *const *names = b.recipients ? resent : plain;
	size_t end = b.recipients ? b.end : h->fields;

	for (size_t i = b.recipients ? b.begin : 0; i < end; i++) {
		const struct field *field = &h->field[i];

		if (find_name(names, RECIPIENT_FIELDS, field->name) < RECIPIENT_FIELDS &&
		    address_list(out, in, field->body, f) < 0)
			return failure_in(f, "%.*s", (int)field->name.len, field->name.p);
	}
	return 0;
}

static bool is_any(struct slice name, const char *const *names, size_t count)
{
	if (slice_begins(name, "Resent-"))
		name = (struct slice){name.p + 7, name.len - 7};
	return find_name(names, count, name) < count;
}

bool header_holds_addresses(struct slice name)
{
	static const char *const names[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc"};

	return is_any(name, names, sizeof names / sizeof *names);
}

/* The text around an address that becomes several: of "Name <root>" all is replaced. A route (<@a:root>) stays. */
static struct slice around(const struct mailbox *box, struct slice body)
{
	const char *begin = box->spelled.p, *end = begin + box->spelled.len, *stop = body.p + body.len;

	while (begin > body.p && octet_is_space(begin[-1]))
		begin--;
	if (begin == body.p || begin[-1] != '<')
		return box->spelled;
	while (end < stop && octet_is_space(*end))
		end++;
	if (end == stop || *end != '>')
		return box->spelled;
	end++;
	begin--;
	if (box->name.len && box->name.p >= body.p && box->name.p < begin)
		begin = box->name.p;
	return (struct slice){begin, (size_t)(end - begin)};
}

static int too_long(struct failure *f)
{
	return fail(f, AT_INPUT, EX_DATAERR, "it grows too long with what its names stand for");
}

/* Writes the body with each address replaced for which the naming has another text; *any: there was one. */
static int rename_addresses(const struct naming *n, struct arena *in, bool recipients, struct slice body, struct buf *out, bool *any,
			    struct failure *f)
{
	struct mailboxes list = {.count = 0};
	const char *at = body.p;

	*any = false;
	/* A field that cannot be read stays as it is. */
	if (address_list(&list, in, body, f) < 0)
		return 0;
	for (size_t i = 0; i < list.count; i++) {
		const struct mailbox *box = &list.box[i];
		struct slice old = box->spelled;
		const char *text = NULL;

		if (n->text(n->ctx, in, box, recipients, &text, f) < 0)
			return -1;
		if (!text)
			continue;
		if (strchr(text, '\n'))
			old = around(box, body);
		*any = true;
		if (buf_add(out, at, (size_t)(old.p - at)) < 0 || buf_text(out, text) < 0)
			return too_long(f);
		at = old.p + old.len;
	}
	if (*any && buf_add(out, at, (size_t)(body.p + body.len - at)) < 0)
		return too_long(f);
	return 0;
}

/* room: how many octets this field and all later fields may have. */
static int field_rename(struct header *h, struct field *field, const struct naming *n, size_t *room, struct failure *f)
{
	bool recipients = is_any(field->name, plain, RECIPIENT_FIELDS);
	struct arena scratch = {.block = NULL};
	struct buf body;
	bool any;
	int rc;

	buf_start(&body, *room);
	rc = rename_addresses(n, &scratch, recipients, field->body, &body, &any, f);
	*room -= body.len;
	if (rc == 0 && any)
		header_set_body(h, field, buf_slice_of(&body));
	buf_free(&body);
	arena_free(&scratch);
	return rc < 0 ? failure_in(f, "%.*s", (int)field->name.len, field->name.p) : 0;
}

int header_rename(struct header *h, const struct naming *n, struct failure *f)
{
	size_t room = RENAMED_MAX;

	for (size_t i = 0; i < h->fields; i++)
		if (header_holds_addresses(h->field[i].name) && field_rename(h, &h->field[i], n, &room, f) < 0)
			return -1;
	return 0;
}

bool header_names_recipients(const struct header *h)
{
	for (size_t i = 0; i < RECIPIENT_FIELDS; i++)
		if (header_find(h, plain[i], NULL) || header_find(h, resent[i], NULL))
			return true;
	return false;
}

void header_remove_blind(struct header *h)
{
	header_remove(h, "Bcc");
	header_remove(h, "Resent-Bcc");
}

size_t header_remove_recipients(struct header *h)
{
	size_t removed = 0;

	for (size_t i = 0; i < RECIPIENT_FIELDS; i++)
		removed += header_remove(h, plain[i]) + header_remove(h, resent[i]);
	return removed;
}
