#include "mail/recipients.h"

#include <string.h>

static const char *const plain[] = {"To", "Cc", "Bcc"};
static const char *const resent[] = {"Resent-To",   "Resent-Cc",   "Resent-Bcc",	"Resent-From",
				     "Resent-Date", "Resent-Message-ID", "Resent-Sender", "Resent-Reply-To"};

enum { RECIPIENT_FIELDS = 3, RESENT_FIELDS = sizeof resent / sizeof *resent };

static size_t find_name(const char *const *names, size_t count, struct slice name)
{
	size_t i = 0;

	while (i < count && !slice_is(name, names[i]))
		i++;
	return i;
}

/* Each resending puts its fields in front, in a row (RFC 5322 3.6.6). So a name that was there already, but not
 * just now, begins an older block, whose recipients have had their mail. */
struct resent recipients_resent(const struct header *h)
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

int recipients_of_header(struct mailboxes *out, struct arena *in, const struct header *h, struct failure *f)
{
	struct resent b = recipients_resent(h);
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

static bool holds_addresses(struct slice name)
{
	static const char *const names[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc"};

	if (slice_begins(name, "Resent-"))
		name = (struct slice){name.p + 7, name.len - 7};
	return find_name(names, sizeof names / sizeof *names, name) < sizeof names / sizeof *names;
}

/* The body with each bare name replaced; false if there was none. */
static bool qualified(const struct mailboxes *list, struct slice body, const char *domain, struct buf *out)
{
	const char *at = body.p;
	bool any = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct mailbox *box = &list->box[i];

		if (!address_is_bare(box->address))
			continue;
		any = true;
		if (buf_add(out, at, (size_t)(box->spelled.p - at)) < 0 ||
		    buf_printf(out, "%s@%s", box->address, domain) < 0)
			return false;
		at = box->spelled.p + box->spelled.len;
	}
	return any && buf_add(out, at, (size_t)(body.p + body.len - at)) == 0;
}

/* True if it held a bare name. */
static bool field_qualify(struct header *h, struct field *field, const char *domain)
{
	struct mailboxes list = {.count = 0};
	struct arena scratch = {.block = NULL};
	struct failure ignored;
	struct buf body;
	bool bare = false;

	buf_start(&body, 64 + field->body.len * (strlen(domain) + 3));
	if (address_list(&list, &scratch, field->body, &ignored) == 0)
		for (size_t i = 0; i < list.count && !bare; i++)
			bare = address_is_bare(list.box[i].address);
	if (bare && *domain && qualified(&list, field->body, domain, &body))
		header_set_body(h, field, buf_slice_of(&body));
	buf_free(&body);
	arena_free(&scratch);
	return bare;
}

bool header_qualify(struct header *h, const char *domain)
{
	bool bare = false;

	for (size_t i = 0; i < h->fields; i++)
		if (holds_addresses(h->field[i].name))
			bare |= field_qualify(h, &h->field[i], domain);
	return bare && !*domain;
}
