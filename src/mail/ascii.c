#include "mail/ascii.h"

#include <string.h>

#include "mail/address.h"
#include "mail/from.h"
#include "mail/header_recipients.h"
#include "mail/lexer.h"
#include "mail/mime.h"
#include "mail/words.h"

/* The field is UTF-8, and the message does not say that it is in another charset. */
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

static bool is_phrases(struct slice name)
{
	return slice_is(name, "Keywords");
}

static bool is_encoded(struct slice name)
{
	return is_text(name) || header_holds_addresses(name) || is_phrases(name);
}

/* How many octets stand on the current line; the field's name counts on the first line. */
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

static bool has_comment(struct slice name)
{
	struct lexer l = lexer_of(name);
	struct token t;

	do
		lexer_next(&l, &t);
	while (t.kind != TOKEN_END && t.kind != TOKEN_BAD);
	return l.comment.p || t.kind == TOKEN_BAD;
}

/* Appends the name of a mailbox, encoded. Words that are encoded already stay; a name that has a comment in it stays as it came. */
static bool add_name(struct header *h, const struct field *field, struct slice name, struct buf *out)
{
	struct field one = {.body = name};

	if (holds(name, "=?") && !holds(name, "\""))
		return words_text(out, slice_of(header_unfold(h, &one)), column_of(field, out)) == 0;
	if (has_comment(name))
		return buf_slice(out, name) == 0;
	return words_phrase(out, slice_of(mailbox_name(h->in, name)), column_of(field, out)) == 0;
}

/* Appends the blank that an encoded word needs at either end (RFC 2047 5 (3)). */
static bool add_gap(struct buf *out)
{
	return (out->len && octet_is_space(out->p[out->len - 1])) || buf_text(out, " ") == 0;
}

/* Appends the text of a comment, up to a parenthesis. */
static bool add_ctext(struct header *h, const struct field *field, struct slice text, struct buf *out)
{
	struct field one = {.body = text};
	struct slice said;
	size_t len = 0;
	char *plain;

	if (slice_is_ascii(text))
		return buf_slice(out, text) == 0;
	said = slice_of(header_unfold(h, &one));
	if (holds(said, "\\")) { /* the character after a backslash may be a parenthesis: the whole text is encoded */
		plain = arena_zeroed(h->in, said.len + 1, 1);
		return lexer_value(said, plain, said.len, &len) && words_encode(out, (struct slice){plain, len}, column_of(field, out)) == 0;
	}
	return words_text(out, said, column_of(field, out)) == 0 && (!octet_is_space(said.p[said.len - 1]) || add_gap(out));
}

/* Appends blanks and comments (RFC 2047 5 (2)); comments may be nested. */
static bool add_comments(struct header *h, const struct field *field, struct slice text, struct buf *out)
{
	const char *run = text.p, *end = text.p + text.len;

	for (const char *p = run; p < end; p++) {
		if (*p == '\\') {
			p++;
		} else if (*p == '(' || *p == ')') {
			if (!add_ctext(h, field, (struct slice){run, (size_t)(p - run)}, out) || buf_add(out, p, 1) < 0)
				return false;
			run = p + 1;
		}
	}
	return add_ctext(h, field, (struct slice){run, (size_t)(end - run)}, out);
}

/* The phrase at the beginning of the text, if only it stands before the special, without comments; else an empty slice. */
static struct slice phrase_before(struct slice text, char special)
{
	struct lexer l = lexer_of(text);
	struct slice phrase = {text.p, 0};
	struct token t;

	for (lexer_next(&l, &t); t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED || (t.kind == TOKEN_SPECIAL && t.special == '.'); lexer_next(&l, &t)) {
		if (l.comment.p)
			return (struct slice){text.p, 0};
		phrase.len = (size_t)(t.raw.p + t.raw.len - text.p);
	}
	if ((t.kind == TOKEN_SPECIAL && t.special == special) || (t.kind == TOKEN_END && special == ','))
		return phrase;
	return (struct slice){text.p, 0};
}

/* Appends text that is no name of a mailbox: comments, and phrases before the special, are encoded. fresh: a member begins at the
 * text's beginning. */
static bool add_between(struct header *h, const struct field *field, struct slice text, bool fresh, char special, struct buf *out)
{
	const char *last = text.p, *end = text.p + text.len;
	struct lexer l = lexer_of(text);
	struct slice phrase;
	struct token t;

	for (lexer_next(&l, &t); t.kind != TOKEN_END && t.kind != TOKEN_BAD; lexer_next(&l, &t)) {
		if (!add_comments(h, field, (struct slice){last, (size_t)(t.raw.p - last)}, out))
			return false;
		last = t.raw.p;
		phrase = fresh ? phrase_before((struct slice){last, (size_t)(end - last)}, special) : (struct slice){last, 0};
		if (!slice_is_ascii(phrase)) {
			if (!add_gap(out) || !add_name(h, field, phrase, out))
				return false;
			last = l.p = phrase.p + phrase.len;
			if (last < end && !octet_is_space(*last) && buf_text(out, " ") < 0)
				return false;
		} else if (buf_slice(out, t.raw) == 0) {
			last = l.p;
		} else {
			return false;
		}
		fresh = t.kind == TOKEN_SPECIAL && (t.special == ',' || t.special == ';');
	}
	text = (struct slice){last, (size_t)(end - last)};
	return t.kind == TOKEN_BAD ? buf_slice(out, text) == 0 : add_comments(h, field, text, out);
}

/* Appends what follows a name, to the end of its address; on a new line if it does not fit on this one. */
static bool add_rest(struct header *h, const struct field *field, struct slice rest, struct buf *out)
{
	bool blank = rest.len && octet_is_space(*rest.p);

	if (rest.len && column_of(field, out) + rest.len + !blank > HEADER_LINE && *rest.p != '\r' && buf_text(out, "\r\n") < 0)
		return false;
	return (!rest.len || blank || buf_text(out, " ") == 0) && add_between(h, field, rest, false, ':', out);
}

/* Appends the body of an address field. False: the field stays as it came, also where an address is not ASCII, so that the relay
 * has to take UTF-8 in any case (RFC 6532). */
static bool add_list(struct header *h, const struct field *field, struct buf *out)
{
	const char *at = field->body.p, *end = at + field->body.len;
	struct mailboxes list = {.count = 0};
	struct failure ignored;
	bool fresh = true;

	if (address_list(&list, h->in, field->body, &ignored) < 0)
		return false;
	for (size_t i = 0; i < list.count; i++)
		if (!address_is_ascii(list.box[i].address))
			return false;
	for (size_t i = 0; i < list.count; i++) {
		const struct mailbox *box = &list.box[i];
		const char *stop;

		if (slice_is_ascii(box->name) || box->name.p > box->spelled.p) /* the name is a comment after the address */
			continue;
		if (!add_between(h, field, (struct slice){at, (size_t)(box->name.p - at)}, fresh, ':', out) || !add_gap(out) || !add_name(h, field, box->name, out))
			return false;
		at = box->name.p + box->name.len;
		stop = box->spelled.p + box->spelled.len;
		if (!add_rest(h, field, (struct slice){at, (size_t)(stop - at)}, out))
			return false;
		at = stop;
		fresh = false;
	}
	return add_between(h, field, (struct slice){at, (size_t)(end - at)}, fresh, ':', out);
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
	done = is_text(field->name)      ? add_text(h, field, &out)
	       : is_phrases(field->name) ? add_between(h, field, field->body, true, ',', &out)
					 : add_list(h, field, &out);
	if (done)
		header_set_body(h, field, (struct slice){arena_text(h->in, out.p, out.len), out.len});
	buf_free(&out);
}

void ascii_field(struct header *h, struct field *field, struct slice utf8)
{
	struct field as_it_came = *field;

	if (!is_encoded(field->name))
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

		if (!slice_is_ascii(field->body) && is_encoded(field->name) && is_utf8(field, charset))
			encode(h, field);
	}
}
