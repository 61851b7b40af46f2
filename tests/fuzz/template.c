/*
 * Templates with any values: a header has no field but those of its template, and no address but the values'; what a value says in
 * text, in HTML, in a name and in a Subject is read back as the same.
 */
#include "fuzz.h"

#include "decode.h"
#include "mail/address.h"
#include "mail/from.h"
#include "mail/header.h"
#include "mail/template.h"

enum { COLUMNS = 3 };

static const struct slice column[COLUMNS] = {{"a", 1}, {"b", 1}, {"c d", 3}};

/* False: the template or the row is bad. */
static bool render(struct arena *in, enum template_kind kind, const char *field, struct slice said, const struct slice *cell, struct buf *out)
{
	struct template_text text = {kind, field, said};
	struct template *t;
	struct failure f;

	buf_clear(out);
	if (template_read(&t, in, &text, column, COLUMNS, &f) == 0 && template_render(t, in, cell, out, &f) == 0)
		return true;
	fuzz_is_clean(f.text);
	return false;
}

static struct header fields(struct arena *in, const struct buf *out)
{
	struct slice rest = {arena_text(in, out->p, out->len), out->len};
	struct header h = {.in = in};

	HOLDS(header_parse(&h, &rest), buf_slice_of(out));
	return h;
}

/* The fields are those that come of harmless values; one of addresses may have none and be left out. */
static void check_mail(struct arena *in, struct slice text, const struct slice *cell, struct buf *out)
{
	struct slice harmless[COLUMNS];
	struct header are, would_be;
	size_t k = 0;

	for (size_t i = 0; i < COLUMNS; i++)
		harmless[i] = slice_trim(cell[i]).len ? SLICE("x@x") : SLICE("");
	if (!render(in, TEMPLATE_MAIL, NULL, text, cell, out))
		return;
	are = fields(in, out);
	/* Which sections there are depends on the values, where they are compared with something. */
	if ((text.len && memchr(text.p, '=', text.len)) || !render(in, TEMPLATE_MAIL, NULL, text, harmless, out))
		return;
	would_be = fields(in, out);
	for (size_t i = 0; i < are.fields; i++, k++) {
		while (k < would_be.fields && !fuzz_same(are.field[i].name, would_be.field[k].name))
			k++;
		HOLDS(k < would_be.fields, are.field[i].raw);
	}
}

static void check_text(struct arena *in, const struct slice *cell, struct buf *out)
{
	static const char *const name[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
	size_t used = 0;

	HOLDS(render(in, TEMPLATE_TEXT, NULL, SLICE("{{a}}"), cell, out) && fuzz_same(buf_slice_of(out), cell[0]), cell[0]);
	HOLDS(render(in, TEMPLATE_HTML, NULL, SLICE("{{a}}"), cell, out), cell[0]);
	for (size_t i = 0; i < out->len; used++) {
		HOLDS(used < cell[0].len, cell[0]);
		HOLDS(!out->p[i] || !strchr("<>\"'", out->p[i]), cell[0]);
		if (out->p[i] != '&') {
			HOLDS(out->p[i++] == cell[0].p[used], cell[0]);
			continue;
		}
		for (size_t k = 0; k < 5; k++)
			if (strncmp(out->p + i, name[k], strlen(name[k])) == 0) {
				HOLDS("&<>\"'"[k] == cell[0].p[used], cell[0]);
				i += strlen(name[k]) - 1;
				break;
			}
		HOLDS(out->p[i] == ';', cell[0]);
		i++;
	}
	HOLDS(used == cell[0].len, cell[0]);
}

/* Blanks in a row as one: a line is folded there, and long ones of them go (mail/words). */
static struct slice squeezed(struct arena *in, struct slice s)
{
	char *to = arena_zeroed(in, s.len + 1, 1);
	size_t used = 0;

	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != ' ' || !used || to[used - 1] != ' ')
			to[used++] = s.p[i];
	return (struct slice){to, used};
}

static void check_subject(struct arena *in, const struct slice *cell, struct buf *out)
{
	struct slice text;
	char *flat, *said;

	if (!render(in, TEMPLATE_FIELD, "Subject", SLICE("{{a}}"), cell, out))
		return;
	HOLDS(slice_is_ascii(buf_slice_of(out)), cell[0]);
	flat = arena_zeroed(in, out->len + 1, 1);
	said = arena_zeroed(in, out->len + 1, 1);
	text = (struct slice){flat, decode_unfold(flat, buf_slice_of(out))};
	text = (struct slice){said, decode_words(said, text)};
	HOLDS(fuzz_same(squeezed(in, text), squeezed(in, slice_trim(cell[0]))), buf_slice_of(out));
}

/* One member: its address is the template's, whatever the name is. */
static void check_name(struct arena *in, const struct slice *cell, struct buf *out)
{
	struct mailboxes list = {0};
	struct failure f;
	char *flat, *said;
	struct slice name;

	if (!render(in, TEMPLATE_FIELD, "To", SLICE("{{a}} <x@example.org>"), cell, out))
		return;
	HOLDS(slice_is_ascii(buf_slice_of(out)), cell[0]);
	HOLDS(address_list(&list, in, buf_slice_of(out), &f) == 0, buf_slice_of(out));
	HOLDS(list.count == 1 && strcmp(list.box[0].address, "x@example.org") == 0, buf_slice_of(out));
	name = list.box[0].name;
	flat = arena_zeroed(in, name.len + 1, 1);
	said = arena_zeroed(in, name.len + 1, 1);
	name = (struct slice){flat, decode_unfold(flat, name)};
	if (name.len && *name.p == '"')
		name = slice_of(mailbox_name(in, name));
	else
		name = (struct slice){said, decode_words(said, name)};
	HOLDS(fuzz_same(name, slice_trim(cell[0])), buf_slice_of(out));
}

/* Within <> stands one address, and what a list in a value names is what the field names. */
static void check_addresses(struct arena *in, const struct slice *cell, struct buf *out)
{
	struct mailboxes list = {0}, want = {0};
	struct failure f;

	if (render(in, TEMPLATE_FIELD, "To", SLICE("{{b}} <{{a}}>, y@x"), cell, out)) {
		HOLDS(address_list(&list, in, buf_slice_of(out), &f) == 0, buf_slice_of(out));
		HOLDS(list.count == 1 + (slice_trim(cell[0]).len > 0), buf_slice_of(out));
	}
	list.count = 0;
	if (!render(in, TEMPLATE_FIELD, "Cc", SLICE("{{a}}"), cell, out))
		return;
	HOLDS(address_list(&list, in, buf_slice_of(out), &f) == 0 && address_list(&want, in, cell[0], &f) == 0, buf_slice_of(out));
	HOLDS(list.count == want.count, buf_slice_of(out));
	for (size_t i = 0; i < list.count; i++)
		HOLDS(strcmp(list.box[i].address, want.box[i].address) == 0, buf_slice_of(out));
}

/* The template and the cells of a row, with \1 between them. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct arena in = {0};
	struct slice rest = fuzz_copy(&in, octets, len), text = rest, cell[COLUMNS] = {{"", 0}, {"", 0}, {"", 0}};
	struct buf out;

	if (slice_cut(&rest, '\1', &text))
		for (size_t i = 0; i < COLUMNS; i++)
			if (!slice_cut(&rest, '\1', &cell[i])) {
				cell[i] = rest;
				rest.len = 0;
			}
	for (size_t i = 0; i < COLUMNS; i++)
		if (!slice_is_utf8(cell[i]))
			cell[i] = (struct slice){"", 0};
	buf_start(&out, 64 * len + 4096);
	check_mail(&in, text, cell, &out);
	check_text(&in, cell, &out);
	check_subject(&in, cell, &out);
	check_name(&in, cell, &out);
	check_addresses(&in, cell, &out);
	buf_free(&out);
	arena_free(&in);
	return 0;
}
