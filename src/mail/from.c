#include "mail/from.h"

#include <string.h>
#include <sysexits.h>

#include "mail/address.h"
#include "mail/lexer.h"
#include "mail/words.h"

enum { COLUMN = 6 }; /* after "From: " */

/* Names come from passwd and the environment, and may be in Latin-1: then each octet above 127 becomes two in UTF-8. */
struct slice text_in_utf8(struct arena *in, struct slice name)
{
	size_t used = 0;
	char *to;

	if (slice_is_utf8(name))
		return name;
	to = arena_zeroed(in, 2, name.len);
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c > 127)
			to[used++] = (char)(0xc0 | c >> 6);
		to[used++] = c > 127 ? (char)(0x80 | (c & 0x3f)) : (char)c;
	}
	return (struct slice){to, used};
}

/* The name and the address in <>; the address on a new line if both are too long for one. */
static const char *joined(struct arena *in, struct slice phrase, const char *address)
{
	const char *last = phrase.p, *p;
	size_t column;

	while ((p = memchr(last, '\n', phrase.len - (size_t)(last - phrase.p))))
		last = p + 1;
	column = phrase.len - (size_t)(last - phrase.p) + (last == phrase.p ? COLUMN : 0);
	return arena_printf(in, "%.*s%s<%s>", (int)phrase.len, phrase.p,
			    column + strlen(address) + 3 > HEADER_LINE ? "\r\n " : " ", address);
}

const char *mailbox_text(struct arena *in, const char *name, const char *address)
{
	struct slice text = text_in_utf8(in, slice_trim(slice_of(name)));
	const char *done = address;
	struct buf phrase;

	buf_start(&phrase, 64 + 16 * text.len); /* the Q encoding has 3 octets for each, and a frame for each line */
	if (text.len && words_phrase(&phrase, text, COLUMN) == 0)
		done = joined(in, buf_slice_of(&phrase), address);
	buf_free(&phrase);
	return done;
}

const char *mailbox_name(struct arena *in, struct slice written)
{
	struct lexer l = lexer_of(written);
	char *to = arena_zeroed(in, 2 * written.len + 1, 1);
	size_t used = 0, len;
	struct token t;

	for (lexer_next(&l, &t); t.kind != TOKEN_END; lexer_next(&l, &t)) {
		if (t.kind == TOKEN_BAD)
			return "";
		if (used && t.spaced)
			to[used++] = ' ';
		if (lexer_value(t.raw, to + used, t.raw.len, &len))
			used += len;
	}
	to[used] = '\0';
	return to;
}

/* The name is made of atoms, some of them encoded words: it can stay unchanged. */
static bool is_encoded(struct slice name)
{
	bool mark = false;

	for (size_t i = 0; i < name.len; i++) {
		mark |= i && name.p[i] == '?' && name.p[i - 1] == '=';
		if ((unsigned char)name.p[i] > 127 || (!lexer_is_atext(name.p[i]) && !strchr(" \t\r\n", name.p[i])))
			return false;
	}
	return mark;
}

const char *mailbox_again(struct arena *in, struct slice written, const char *address)
{
	const char *name;

	written = slice_trim(written);
	if (is_encoded(written))
		return joined(in, written, address);
	name = written.len ? mailbox_name(in, written) : "";
	return *name ? mailbox_text(in, name, address) : NULL;
}

/* The forced address, with the name that the field has, or else the name of the user. */
static const char *forced(struct header *h, const struct completion *c)
{
	const struct field *field = header_find_said(h, "From");
	struct mailboxes list = {.count = 0};
	struct failure ignored;
	const char *text = NULL;

	if (field && address_list(&list, h->in, field->body, &ignored) == 0 && list.count)
		text = mailbox_again(h->in, list.box[0].name, c->forced_from);
	return text ? text : mailbox_text(h->in, c->from_name, c->forced_from);
}

const char *from_text(struct arena *in, const struct completion *c, struct failure *f)
{
	const char *address = *c->forced_from ? c->forced_from : c->from_address;

	if (!*address) {
		fail(f, AT_USAGE, EX_USAGE, "the message has no From field, and no address is known for it");
		failure_hint(f, HINT_FROM_MISSING);
		return NULL;
	}
	return mailbox_text(in, c->from_name, address);
}

int from_complete(struct header *h, const struct completion *c, struct failure *f)
{
	const char *text;

	if (*c->forced_from) {
		header_put(h, "From", forced(h, c));
		header_remove(h, "Sender"); /* with a forced From no other sender is named */
		return 0;
	}
	if (c->from == PUT_NEVER || (c->from == PUT_MISSING && header_find_said(h, "From"))) {
		header_drop_silent(h, "From"); /* an empty From beside one with content is one too many */
		return 0;
	}
	text = from_text(h->in, c, f);
	if (!text)
		return -1;
	header_put(h, "From", text);
	return 0;
}
