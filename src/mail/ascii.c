#include "mail/ascii.h"

#include <string.h>

#include "mail/address.h"
#include "mail/complete.h"
#include "mail/mime.h"
#include "mail/words.h"

enum { LINE = 78 };

/* As far as the octets go, it can be what the message says. */
static bool is_utf8(const struct field *field, const char *charset)
{
	if (*charset && !slice_is(slice_of(charset), "utf-8") && !slice_is(slice_of(charset), "us-ascii"))
		return false;
	return slice_is_utf8(field->body);
}

static bool is_one_of(struct slice name, const char *const *names)
{
	while (*names && !slice_is(name, *names))
		names++;
	return *names;
}

static bool is_text(struct slice name)
{
	static const char *const names[] = {"Subject", "Comments", "Content-Description", "Organization", "Thread-Topic", NULL};

	return slice_begins(name, "X-") || is_one_of(name, names);
}

static bool is_list(struct slice name)
{
	static const char *const names[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc", NULL};

	if (slice_begins(name, "Resent-"))
		name = (struct slice){name.p + 7, name.len - 7};
	return is_one_of(name, names);
}

/* Octets on the line at hand; the field's name stands before the first one. */
static size_t column_of(const struct field *field, const struct buf *out)
{
	for (size_t i = out->len; i; i--)
		if (out->p[i - 1] == '\n')
			return out->len - i;
	return field->name.len + 1 + out->len;
}

static bool holds(struct slice s, const char *what)
{
	size_t len = strlen(what);

	for (size_t i = 0; i + len <= s.len; i++)
		if (memcmp(s.p + i, what, len) == 0)
			return true;
	return false;
}

/* The name of a mailbox. What of it is encoded stays; a comment within it would be lost: false. */
static bool add_name(struct header *h, const struct field *field, const struct mailbox *box, struct buf *out)
{
	bool comment = box->name.p > box->spelled.p;
	struct field one = {.body = box->name};
	const char *text = header_unfold(h, &one);

	if (comment || (holds(box->name, "=?") && !holds(box->name, "\"")))
		return words_text(out, slice_of(text), column_of(field, out)) == 0;
	if (holds(box->name, "("))
		return false;
	return words_phrase(out, slice_of(mailbox_name(h->in, box->name)), column_of(field, out)) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* An encoded word has a blank at either end (RFC 2047 5 (3)). */
static bool add_gap(struct buf *out)
{
	return (out->len && is_blank(out->p[out->len - 1])) || buf_text(out, " ") == 0;
}

/* What stands between a name and the end of its address; on a line of its own if that is where it fits. */
static bool add_rest(const struct field *field, struct slice rest, struct buf *out)
{
	bool blank = rest.len && is_blank(*rest.p);

	if (rest.len && column_of(field, out) + rest.len + !blank > LINE && *rest.p != '\r' && buf_text(out, "\r\n") < 0)
		return false;
	return (!rest.len || blank || buf_text(out, " ") == 0) && buf_slice(out, rest) == 0;
}

static bool add_list(struct header *h, const struct field *field, struct buf *out)
{
	const char *at = field->body.p, *end = at + field->body.len;
	struct mailboxes list = {.count = 0};
	struct failure ignored;

	if (address_list(&list, h->in, field->body, &ignored) < 0)
		return false;
	for (size_t i = 0; i < list.count; i++) {
		const struct mailbox *box = &list.box[i];
		const char *stop;

		if (slice_is_ascii(box->name))
			continue;
		if (box->name.p < at || box->name.p > end || buf_add(out, at, (size_t)(box->name.p - at)) < 0 ||
		    (box->name.p < box->spelled.p && !add_gap(out)) || !add_name(h, field, box, out))
			return false;
		at = box->name.p + box->name.len;
		stop = box->spelled.p > at ? box->spelled.p + box->spelled.len : at;
		if (!add_rest(field, (struct slice){at, (size_t)(stop - at)}, out))
			return false;
		at = stop;
	}
	return buf_add(out, at, (size_t)(end - at)) == 0;
}

static bool add_text(struct header *h, const struct field *field, struct buf *out)
{
	return buf_text(out, " ") == 0 && words_text(out, slice_of(header_unfold(h, field)), field->name.len + 2) == 0;
}

static void encode(struct header *h, struct field *field)
{
	struct buf out;
	bool done;

	buf_start(&out, 64 + 16 * field->body.len);
	done = is_text(field->name) ? add_text(h, field, &out) : add_list(h, field, &out);
	if (done && slice_is_ascii(buf_slice_of(&out)))
		header_set_body(h, field, (struct slice){arena_text(h->in, out.p, out.len), out.len});
	buf_free(&out);
}

void ascii_field(struct header *h, struct field *field, struct slice utf8)
{
	struct field as_it_came = *field;

	if (!is_text(field->name) && !is_list(field->name))
		return;
	header_set_body(h, field, utf8);
	encode(h, field);
	if (!slice_is_ascii(field->body))
		*field = as_it_came;
}

void ascii_fields(struct header *h)
{
	const char *charset = mime_charset(h->in, h);

	if (mime_is_signed(h))
		return;
	for (size_t i = 0; i < h->fields; i++) {
		struct field *field = &h->field[i];

		if (!slice_is_ascii(field->body) && (is_text(field->name) || is_list(field->name)) && is_utf8(field, charset))
			encode(h, field);
	}
}
